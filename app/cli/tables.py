"""Readable tables for the terminal, as wide as it is."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

# in a pipe there is no width to fit into, and an id must not be cut
_PIPE_WIDTH = 250
_GAP = 1  # between columns
_SHORTENED = 28  # what a long name is cut to on a narrow terminal


def console(*, stderr: bool = False) -> Console:
    """Standard output, or standard error, as it is."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        stderr=stderr, width=None if stream.isatty() else _PIPE_WIDTH, highlight=False, emoji=False
    )


def show_list(items: Sequence[Mapping[str, Any]], *columns: str) -> None:
    """One line per item; a column is a field, or a path of fields such as `counts.staged`.

    The first columns matter most: on a narrow terminal the last ones are left out, and named, rather
    than any of them cut into letters.
    """
    if not items:
        console().print(Text("none"))
        return
    out = console()
    cells = {name: [_shown(_field(item, name)) for item in items] for name in columns}
    shown = _fitting(cells, out.width)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in shown:
        numbers = all(_is_number(_field(item, name)) for item in items)
        first = name == columns[0]
        table.add_column(
            _title(name),
            justify="right" if numbers else "left",
            overflow="fold" if first else "ellipsis",
            no_wrap=True,
            min_width=_width(name, cells) if first or numbers else None,
        )
    for row in zip(*(cells[name] for name in shown), strict=True):
        table.add_row(*map(Text, row))
    out.print(table)
    if len(shown) < len(columns):
        left_out = ", ".join(_title(name) for name in columns if name not in shown)
        console(stderr=True).print(Text(f"not shown: {left_out} (--json, or a wider terminal)"))


def _fitting(cells: Mapping[str, Sequence[str]], width: int) -> list[str]:
    """As many of the columns as stand side by side; the second may be shortened to fit."""
    shown: list[str] = []
    taken = 0
    for place, name in enumerate(cells):
        wide = min(_width(name, cells), _SHORTENED) if place == 1 else _width(name, cells)
        if shown and taken + _GAP + wide > width:
            break
        shown.append(name)
        taken += wide + (_GAP if place else 0)
    return shown


def _width(name: str, cells: Mapping[str, Sequence[str]]) -> int:
    return max(len(_title(name)), *(cell_len(text) for text in cells[name]))


def _title(name: str) -> str:
    return name.rpartition(".")[2].replace("_", " ")


def show_one(item: Mapping[str, Any]) -> None:
    """Every field that says something, one per line."""
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
