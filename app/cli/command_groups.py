"""How a group of commands is made, so that all of them look and answer alike."""

from typing import Any

import typer
from typer.core import TyperGroup

_WHOLE = 500  # characters, more than any sentence has


class Group(TyperGroup):
    """typer's, without pydantic where no command is run.

    typer has pydantic convert a flag that is absent (None, such as `--help`), and to import it takes
    longer than any help takes to print.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        """All options; an absent flag is False."""
        found: list[Any] = super().get_params(ctx)
        for option in found:
            if option.default is None and getattr(option, "is_flag", False):
                option.default = False
        return found

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Each command with its whole sentence; click would cut it to one line."""
        named = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        shown = [(name, one.get_short_help_str(_WHOLE)) for name, one in named if one is not None]
        with formatter.section("Commands"):
            formatter.write_dl(shown)


def group(help_text: str | None = None) -> typer.Typer:
    """A group that shows its help when no command is named; plain help costs half the time."""
    return typer.Typer(
        help=help_text,
        cls=Group,
        no_args_is_help=help_text is not None,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
