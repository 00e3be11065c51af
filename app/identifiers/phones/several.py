"""Takes the first phone number out of cells that hold several: `+1 650 555 1212 / +1 650 555 1213`."""

import re
from typing import Final

import polars as pl

from app.identifiers.columns.lists import SEPARATOR
from app.identifiers.columns.nothing import is_nothing
from app.identifiers.columns.rule import Outcome, Rule, Steps
from app.identifiers.columns.text import blank, certain
from app.identifiers.columns.wrapping import SEVERAL

_SUSPECT: Final = rf"[;,|/\n{SEPARATOR}]|::|.\s+\+|^.{{19,}}"
_BETWEEN: Final = re.compile(
    rf"\s*(?:[;,|/\n\r、{SEPARATOR}]|:{{2,}}|\s(?:or|and|und|oder|y|o|et|ou|e|&)\s|\s+(?=\+))\s*"
)
_GAP: Final = re.compile(r"\s+")
_SHORTEST: Final = 7
"""Digits of a number that is one by itself; fewer are an area code, an extension, a last block."""

_LONGEST: Final = 15
"""Digits of any number (E.164)."""

_MOST: Final = 20


def of_several(rule: Rule) -> Rule:
    """`rule`, given the first number of each cell; the others are the outcome's `rest`.

    A cell is split only where every part has as many digits as a number by itself: the sign between
    area code and number (`030/1234567`), an extension and a last block stay with their number.
    """

    def first(frame: pl.DataFrame, steps: Steps) -> Outcome:
        text = frame["text"]
        suspects = certain(text.str.contains(_SUSPECT)).arg_true()
        if suspects.is_empty():
            return rule(frame, steps)
        cells = [(numbers(cell) if cell else []) for cell in text.gather(suspects)]
        if max(map(len, cells), default=0) < 2:
            return rule(frame, steps)
        heads = [some[0] if len(some) <= _MOST else None for some in cells]
        many = pl.Series([len(some) > _MOST for some in cells])
        rest = [SEPARATOR.join(some[1:]) or None if len(some) <= _MOST else None for some in cells]
        single = text.scatter(suspects, pl.Series(heads, dtype=pl.String))
        steps.note("first of several", single)
        found = rule(frame.with_columns(single.alias("text")), steps)
        reason = (
            found.reason.scatter(suspects.filter(many), SEVERAL) if many.any() else found.reason
        )
        return Outcome(found.text, reason, blank(text).scatter(suspects, pl.Series(rest)))

    return first


def numbers(text: str) -> list[str]:
    """The numbers that one text holds, each once; the text itself where it is no more than one."""
    parts = [part for part in _BETWEEN.split(text) if part and not is_nothing(part.strip())]
    if SEPARATOR in text:
        return [*dict.fromkeys(parts)] or [text]
    if len(parts) == 1 and _digits(parts[0]) > _LONGEST:
        parts = _GAP.split(parts[0].strip())
    whole = all(_digits(part) >= _SHORTEST for part in parts)
    return [*dict.fromkeys(parts)] if len(parts) > 1 and whole else [text]


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))
