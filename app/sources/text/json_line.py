"""One line of JSON, judged by one set of rules (RFC 8259, https://www.rfc-editor.org/rfc/rfc8259).

Readers differ on what the RFC leaves open: half a surrogate pair (section 8.2), keys that come twice
(section 4), numbers without bounds (section 6). Such a value is unreadable, and no other with it.
"""

import json
import math
import re
from collections.abc import Sequence
from typing import Any

UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_HALVES = re.compile("[\ud800-\udfff\0]")


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def parsed(line: bytes) -> dict[str, Any] | None:
    """The object on the line, {} for a blank one; None if there is no object. Numbers are int or float."""
    value = _load(line)
    if not isinstance(value, dict):
        return None
    return {
        key: (float(item) if set(item) & set(".eE") else 0) if isinstance(item, _Number) else item
        for key, item in value.items()
    }


def rewritten(line: bytes, columns: Sequence[str]) -> bytes | None:
    """The line with these keys only, so that every reader agrees on it; None if it is no object.

    Lists and objects become their JSON text; what cannot be read holds U+FFFD.
    """
    value = _load(line)
    if not isinstance(value, dict):
        return None
    cells = (
        f"{json.dumps(column)}:{_cell(value[column])}" for column in columns if column in value
    )
    return ("{" + ",".join(cells) + "}").encode()


def _load(line: bytes) -> Any:
    if not line.strip():
        return {}
    try:
        return json.loads(
            line.decode(),
            object_pairs_hook=_once,
            parse_int=_Number,
            parse_float=_number,
            parse_constant=lambda _: UNREADABLE,
        )
    except (ValueError, RecursionError):
        return None


def _number(written: str) -> str:
    return _Number(written) if math.isfinite(float(written)) else UNREADABLE


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Keys once each; one that has two values has none that can be told."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = value if key not in found or found[key] == value else UNREADABLE
    return found


def _cell(value: Any) -> str:
    if isinstance(value, (list, dict)):
        return json.dumps(_written(value), ensure_ascii=False)
    return _written(value)


def _written(value: Any) -> str:
    """JSON with numbers as they were, and without what is no text."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, str):
        return json.dumps(_HALVES.sub(UNREADABLE, value), ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{_written(key)}: {_written(item)}" for key, item in value.items())
            + "}"
        )
    return json.dumps(value)
