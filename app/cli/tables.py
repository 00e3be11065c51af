"""Readable tables for the terminal, as wide as it is."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

_GAP = 1  # between columns
# a text goes on below itself, in a column of at least so many; and so does a word that is longer than this
_NARROWEST, _LONGEST_WORD = 16, 24
_WHOLE = re.compile(
    r"[a-z]{2,8}_[0-9a-f]{32}|[0-9-]{10}T[0-9:]{8}Z"
)  # ids, to be copied, and moments
_FRACTION = re.compile(r"([0-9-]{10}T[0-9:]{8})\.[0-9]+Z")
# a column of these is named by what they belong to: an ad account's id is the column "ad account"
_BELONGS = frozenset({"id", "name", "display_name", "code", "mode", "status"})
_LINE = 250  # of a pipe, which has no width to fit into


def console(*, stderr: bool = False, width: int = _LINE) -> Console:
    """Standard output, or standard error, as it is; `width` where it is no terminal."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        stderr=stderr, width=None if stream.isatty() else width, highlight=False, emoji=False
    )


def show_list(items: Sequence[Mapping[str, Any]], *columns: str) -> None:
    """One line per item; a column is a field, or a path of fields such as `counts.staged`.

    The first columns matter most: on a narrow terminal the last ones are left out, and named. Nothing
    is cut: a text that is wider than its column goes on in the next line.
    """
    if not items:
        console().print(Text("none"))
        return
    cells = {
        name: [_FRACTION.sub(r"\1Z", _shown(_field(item, name))) for item in items]
        for name in columns
    }
    widest = {name: _width(name, cells) for name in columns}
    out = console(width=sum(widest.values()) + _GAP * len(columns))
    shown = _fitting(widest, {name: _least(name, cells) for name in columns}, out.width)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for name, width in shown.items():
        numbers = all(_is_number(_field(item, name)) for item in items)
        table.add_column(
            _title(name), justify="right" if numbers else "left", overflow="fold", width=width
        )
    for row in zip(*(cells[name] for name in shown), strict=True):
        table.add_row(*map(Text, row))
    out.print(table)
    if len(shown) < len(columns):
        left_out = ", ".join(_title(name) for name in columns if name not in shown)
        console(stderr=True).print(Text(f"not shown: {left_out} (--json, or a wider terminal)"))


def _fitting(widest: Mapping[str, int], least: Mapping[str, int], width: int) -> dict[str, int]:
    """As many of the columns as stand side by side, with the width of each.

    What is left goes to those that would be wider, the first ones first.
    """
    shown: dict[str, int] = {}
    left = width
    for name, wide in least.items():
        gap = _GAP if shown else 0
        if shown and gap + wide > left:
            break
        shown[name] = min(wide, left)
        left -= gap + shown[name]
    for name, wide in shown.items():
        more = min(widest[name] - wide, left)
        shown[name], left = wide + more, left - more
    return shown


def _least(name: str, cells: Mapping[str, Sequence[str]]) -> int:
    """What a column takes at least: as much as lets its words stand, also those of its title."""
    words = [word for text in cells[name] for word in text.split()]
    whole = [cell_len(word) for word in words if _WHOLE.fullmatch(word)]
    longest = max((cell_len(word) for word in words), default=0)
    of_title = max(map(len, _title(name).split()))
    texts = any(" " in text for text in cells[name])
    least = max(min(longest, _LONGEST_WORD), _NARROWEST if texts else 0, of_title, *whole, 0)
    return min(_width(name, cells), least)


def _width(name: str, cells: Mapping[str, Sequence[str]]) -> int:
    return max(len(_title(name)), *(cell_len(text) for text in cells[name]))


def _title(name: str) -> str:
    owner, _, last = name.rpartition(".")
    shown = owner.rpartition(".")[2] if owner and last in _BELONGS else last
    return shown.replace("_", " ")


def show_one(item: Mapping[str, Any]) -> None:
    """Every field that says something, one per line."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    rows = [(name, _shown(value)) for name, value in _flat(item)]
    for name, text in rows:
        table.add_row(Text(name), Text(text))
    wide = sum(max((cell_len(row[side]) for row in rows), default=0) for side in (0, 1))
    console(width=wide + 3 * _GAP).print(table)


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
        case list() | dict():
            return _several(value) if value else "-"
        case _:
            return str(value)


def _several(values: list[Any] | dict[str, Any]) -> str:
    if isinstance(values, list) and all(isinstance(item, (str, int)) for item in values):
        return ", ".join(map(str, values))
    if isinstance(values, dict) and all(
        not isinstance(item, (list, dict)) for item in values.values()
    ):
        return ", ".join(f"{name} {_shown(item)}" for name, item in values.items())
    if isinstance(values, list) and all(isinstance(item, dict) for item in values):
        # each in lines of its own, as the object alone would be written
        return "\n".join(map(_several, values))
    return json.dumps(values, ensure_ascii=False)
