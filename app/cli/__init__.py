"""The command line `audience-export`: one module per command; it composes, the rest does the work.

Commands import what they need when they run, so that `--help` and small commands answer at once.
"""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from app.cli import (
    api_keys,
    connections,
    demo,
    exports,
    keys,
    migrate,
    openapi,
    runs,
    sandbox,
    segments,
    serve,
    worker,
)
from app.cli.environment import ConfigurationError
from app.errors import AppError


class Commands(TyperGroup):
    """Turns our errors into one sentence and an exit status: 2 for settings, 1 for the rest."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except AppError as error:
            sys.stdout.flush()
            typer.echo(f"audience-export: {error.detail}", err=True)
            raise typer.Exit(2 if isinstance(error, ConfigurationError) else 1) from error


app = typer.Typer(
    name="audience-export",
    help="Exports customer segments to Meta custom audiences of type customer list.",
    cls=Commands,
    no_args_is_help=True,
    # a traceback with local variables could show a secret
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("migrate")(migrate.migrate)
app.command("openapi")(openapi.openapi)
app.command("sandbox")(sandbox.sandbox)
app.command("demo")(demo.demo)
app.add_typer(keys.app, name="keys")
app.add_typer(connections.app, name="connections")
app.add_typer(segments.app, name="segments")
app.add_typer(exports.app, name="exports")
app.add_typer(runs.app, name="runs")
app.add_typer(api_keys.app, name="api-keys")
