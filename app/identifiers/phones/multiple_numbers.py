"""Tells whether a text is one phone number or several: `+1 650 555 1212 / +1 650 555 1213`."""

import re
from typing import Final

from app.identifiers.cell_values.list_texts import SEPARATOR
from app.identifiers.cell_values.multiple_values import Split
from app.identifiers.cell_values.placeholders import is_nothing

_BETWEEN: Final = re.compile(
    rf"\s*(?:[;,|/\n\r、{SEPARATOR}]|:{{2,}}|\s(?:or|and|und|oder|y|o|et|ou|e|&)\s|\s+(?=\+))\s*"
)
_MAYBE: Final = (
    rf"[;,|/\n\r&A-Za-z{SEPARATOR}]|::|[\s\x1c-\x1f]\+|[^\x00-\x7F]|(?:[0-9][\t -/:-~]*){{16}}"
)
"""Finds, in one pass over a column, every text that is not plainly one number."""

_GAP: Final = re.compile(r"\s+")
_SHORTEST: Final = 7
"""Digits of a number that is one by itself; fewer are an area code, an extension, a last block."""

_LONGEST: Final = 15
"""Digits of any number (E.164)."""


def numbers(text: str) -> list[str]:
    """The numbers that one text holds, each once; the text itself where it is no more than one.

    A text is split only where every part has as many digits as a number by itself: the sign between
    area code and number (`030/1234567`), an extension and a last block stay with their number.
    """
    parts = [part for part in _BETWEEN.split(text) if part and not is_nothing(part.strip())]
    if SEPARATOR in text:
        return [*dict.fromkeys(parts)] or [text]
    if len(parts) == 1 and _digits(parts[0]) > _LONGEST:
        parts = _GAP.split(parts[0].strip())
    whole = all(_digits(part) >= _SHORTEST for part in parts)
    return [*dict.fromkeys(parts)] if len(parts) > 1 and whole else [text]


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


NUMBERS: Final = Split(numbers, _MAYBE)
"""How PHONE is split."""
