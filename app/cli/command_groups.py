"""How a group of commands is made, so that all of them look and answer alike."""

from typing import Any

import typer
from typer.core import TyperGroup


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
