"""Reads lists that came as a text: JSON, Postgres arrays, and what Python prints for its own.

One rule for every source: a list of texts or numbers is its values, everything else with a
structure of its own is no text.
"""

import json
import re
from typing import Any, Final

SEPARATOR: Final = "\x1e"
"""Stands between the values of one cell (ASCII's record separator)."""

OBJECT: Final = '{"": ""}'
"""What a struct becomes whose fields nobody can name."""

_BRACKETS: Final = {"[": "]", "{": "}"}
_LONGEST: Final = 20_000
_ITEM: Final = re.compile(
    r"""\s*(?:"((?:[^"\\]|\\.|"")*)"|'((?:[^'\\]|\\.|'')*)'|([^,"'\[\]{}:]*))\s*(,|$)"""
)
_ESCAPE: Final = re.compile(r"\\(.)|(\"|')\2")


class NotText(Exception):
    """The cell holds an object, or lists of lists."""


def listed(text: str) -> list[str] | None:
    """The values of a trimmed text that is a list; None if it is none.

    Raises:
        NotText: for objects, lists of objects or lists, and what only looks like one of them.

    """
    if SEPARATOR in text:
        return [part for part in text.split(SEPARATOR) if part.strip()]
    if _BRACKETS.get(text[:1]) != text[-1:] or len(text) < 2:
        return None
    if len(text) > _LONGEST:
        raise NotText
    try:
        read = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return _flat(text[1:-1])
    if read in ({}, []):
        return []
    if isinstance(read, dict):
        raise NotText
    return [_scalar(item) for item in read if item is not None and item != ""]


def _scalar(item: Any) -> str:
    if isinstance(item, (dict, list)):
        raise NotText
    if not isinstance(item, str):
        return json.dumps(item)
    # half a surrogate pair is a lost letter
    return item.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _flat(inner: str) -> list[str]:
    items: list[str] = []
    place = 0
    while place < len(inner):
        found = _ITEM.match(inner, place)
        if found is None or "\\x" in found[0]:
            raise NotText
        quoted = found[1] if found[1] is not None else found[2]
        item = found[3].strip() if quoted is None else _ESCAPE.sub(r"\1\2", quoted)
        if item and not (quoted is None and item.lower() in ("null", "none", "nan")):
            items.append(item)
        place = found.end()
    return items
