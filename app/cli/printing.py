"""What commands print: a readable table, or the API's own JSON for scripts (`--json`)."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="Print the API's JSON.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")]

# in a pipe there is no width to fit into, and an id must not be cut
_PIPE_WIDTH = 250


def console(*, stderr: bool = False) -> Console:
    """Standard output, or standard error, as it is."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        stderr=stderr, width=None if stream.isatty() else _PIPE_WIDTH, highlight=False, emoji=False
    )


def print_json(value: object) -> None:
    """JSON with an indent; a list is a JSON array."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_list(items: Sequence[Mapping[str, Any]], *columns: str, as_json: bool) -> None:
    """One line per item; a column is a field, or a path of fields such as `counts.staged`."""
    if as_json:
        print_json(items)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        numbers = items and all(_is_number(_field(item, name)) for item in items)
        table.add_column(
            name.rpartition(".")[2].replace("_", " "),
            justify="right" if numbers else "left",
            overflow="fold",
            no_wrap=name == "id",
        )
    for item in items:
        table.add_row(*(Text(_shown(_field(item, name))) for name in columns))
    console().print(table if items else Text("none"))


def print_one(item: Mapping[str, Any], *, as_json: bool) -> None:
    """Every field that says something, one per line."""
    if as_json:
        print_json(item)
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _flat(item):
        table.add_row(Text(name), Text(_shown(value)))
    console().print(table)


def _flat(item: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in item.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{name}.")
        elif value is not None and value != []:
            rows.append((prefix + name, value))
    return rows


def _field(item: Mapping[str, Any], path: str) -> Any:
    value: Any = item
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _shown(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case list() if all(isinstance(item, (str, int)) for item in value):
            return ", ".join(map(str, value))
        case list() | dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)
