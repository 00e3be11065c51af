"""What commands print: a readable table, or the API's own JSON for scripts (`--json`).

Tables are drawn by a library that takes longer to import than help takes to print.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print the API's JSON.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")]


def print_json(value: object) -> None:
    """JSON with an indent; a list is a JSON array."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_list(items: Sequence[Mapping[str, Any]], *columns: str, as_json: bool) -> None:
    """The items as JSON, or one line each with these columns, those that matter most first."""
    if as_json:
        print_json(items)
        return
    from app.cli.tables import show_list  # noqa: PLC0415 - see above

    show_list(items, *columns)


def print_one(item: Mapping[str, Any], *, as_json: bool) -> None:
    """The item as JSON, or every field that says something, one per line."""
    if as_json:
        print_json(item)
        return
    from app.cli.tables import show_one  # noqa: PLC0415 - see above

    show_one(item)


def print_text(text: str) -> None:
    """Paragraphs, in lines of the terminal's width."""
    from app.cli.tables import console  # noqa: PLC0415 - see above

    paragraphs = (" ".join(part.split()) for part in text.split("\n\n"))
    console().print("\n\n".join(paragraphs), markup=False)


def say(sentence: str) -> None:
    """A sentence for the person at the terminal: on standard error, so that it is no output."""
    typer.echo(sentence, err=True)
