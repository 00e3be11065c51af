"""The command line `audience-export`: one module per command; it composes, the rest does the work.

A command's module is imported when the command runs, so that `--help` answers at once; what it would
say of itself there stands in the table below, and a test compares the two.
"""

import importlib
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand

from app.cli.command_groups import Group, group
from app.errors import AppError, ConfigurationError

COMMANDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "serve": (
            "app.cli.server.serve:serve",
            "Run the API and its workers; what is not configured runs embedded, under DATA_DIR.",
        ),
        "worker": (
            "app.cli.server.worker:worker",
            "Perform runs until stopped; DATABASE_URL and REDIS_URL are required.",
        ),
        "migrate": (
            "app.cli.server.migrate:migrate",
            "Bring the database at DATABASE_URL to the newest schema; waits up to 60 s for it.",
        ),
        "openapi": (
            "app.cli.server.openapi:openapi",
            "Print the OpenAPI document: sorted, indented JSON.",
        ),
        "sandbox": (
            "app.cli.server.sandbox:sandbox",
            "Run a local Graph API that keeps state in memory and refuses what Meta refuses.",
        ),
        "demo": (
            "app.cli.demo:demo",
            "Export a generated segment to a local Graph API, from an empty folder to the last count.",
        ),
        "keys": ("app.cli.server.keys:app", "Keys that encrypt secrets at rest."),
        "consent": (
            "app.cli.client.consent:consent",
            "Show the data-privacy text and its version.",
        ),
        "connections": ("app.cli.client.connections:app", "Connections to ad accounts."),
        "segments": ("app.cli.client.segments:app", "Segments of members."),
        "exports": ("app.cli.client.exports:app", "Exports of segments to audiences."),
        "runs": (
            "app.cli.client.runs:app",
            (
                "Runs of exports. Exit status: 0 succeeded, 1 refused or unreachable, 2 usage, "
                "3 run failed, 4 skipped, 5 timed out, 6 canceled."
            ),
        ),
        "config": (
            "app.cli.client.config:app",
            "The configuration, to be kept or read into another deployment.",
        ),
        "schedule": ("app.cli.client.schedule:app", "The refresh schedule of the system."),
        "explain": (
            "app.cli.client.explain:explain",
            "Show what becomes of one member's values, rule by rule; nothing is kept or sent.",
        ),
        "hash": (
            "app.cli.hash_command:hash_members",
            "Hash members outside of the service: Parquet in, hashed Parquet and its tally out.",
        ),
        "erasures": ("app.cli.client.erasures:app", "People who asked to be forgotten."),
        "webhooks": ("app.cli.client.webhooks:app", "Addresses that are told of events."),
        "audit": ("app.cli.client.audit:audit", "List who changed what, newest first."),
        "api-keys": ("app.cli.client.api_keys:app", "API keys of callers."),
    }
)


class Commands(Group):
    """Loads a command when it is run, and turns our errors into one sentence and an exit status.

    The status is 2 for settings and usage, 1 for the rest.
    """

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's signature
        """All names that are installed, in the order of the table: the command line alone has no server."""
        return [name for name in COMMANDS if _is_here(name)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - click's signature
        """What help lists: the command's name and its sentence."""
        if cmd_name not in COMMANDS:
            return None
        if not _is_here(cmd_name):
            raise ConfigurationError(
                f"{cmd_name} is a command of the service: install audience-export, which has both."
            )
        return TyperCommand(cmd_name, short_help=COMMANDS[cmd_name][1])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """What is run, or completed: the command itself."""
        name, stand_in, rest = super().resolve_command(ctx, args)
        return name, load(name) if name and stand_in else stand_in, rest

    def invoke(self, ctx: Any) -> Any:
        """Run it; our own errors end in a sentence on standard error."""
        try:
            return super().invoke(ctx)
        except AppError as error:
            sys.stdout.flush()
            typer.echo(f"audience-export: {error.detail}", err=True)
            raise typer.Exit(2 if isinstance(error, ConfigurationError) else 1) from error


def _is_here(name: str) -> bool:
    try:
        return find_spec(COMMANDS[name][0].partition(":")[0]) is not None
    except ModuleNotFoundError:  # its whole room is missing
        return False


def load(name: str) -> Any:
    """The command of that name, with its module imported."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if not isinstance(found, typer.Typer):
        single = group()
        single.command(name)(found)
        found = single
    command = typer.main.get_command(found)
    command.name = name
    return command


app = typer.Typer(
    name="audience-export",
    help="Exports customer segments to Meta custom audiences of type customer list.",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    # a traceback with local variables could show a secret
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import distributions  # noqa: PLC0415 - see above

        # of the service, or of the command line alone
        own = next(iter(distributions(name="audience-export")), None)
        own = own or next(iter(distributions(name="audience-export-cli")))
        typer.echo(f"audience-export {own.version}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Exports customer segments to Meta custom audiences of type customer list."""
