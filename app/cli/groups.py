"""How a group of commands is made, so that all of them look and answer alike."""

import typer


def group(help_text: str | None = None) -> typer.Typer:
    """A group that shows its help when no command is named; plain help costs half the time."""
    return typer.Typer(
        help=help_text,
        no_args_is_help=help_text is not None,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
