"""Takes the first value out of cells that may hold several."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import polars as pl

from app.identifiers.cell_values.list_texts import SEPARATOR
from app.identifiers.cell_values.text import blank, certain

SEVERAL: Final = "several_values"
"""The reason of a cell that holds several values where one is taken, or more than anybody has."""

MOST: Final = 20
"""Values in one cell; a cell with more is a mistake of the export that made it."""

_PARTS: Final = ("first", "rest", "reason")


@dataclass(frozen=True, slots=True)
class Split:
    """Takes texts of one key apart: `values` gives what a text holds, at least one.

    Only texts that the pattern `suspects` finds may hold more than themselves.
    """

    values: Callable[[str], list[str]]
    suspects: str


def first_of(text: pl.Series, split: Split) -> pl.DataFrame:
    """Columns first, rest (String, null where nothing is left) and reason, for each text."""
    places = certain(text.str.contains(split.suspects)).arg_true()
    none = blank(text)
    found = pl.DataFrame(
        [_first(cell, split) for cell in text.gather(places)],
        schema=dict.fromkeys(_PARTS, pl.String),
        orient="row",
    )
    whole = {"first": text, "rest": none, "reason": none}
    return pl.DataFrame(
        [whole[name].clone().scatter(places, found[name]).alias(name) for name in _PARTS]
    )


def _first(text: str, split: Split) -> tuple[str, str | None, str | None]:
    values = split.values(text)
    if len(values) > MOST:
        return text, None, SEVERAL
    return values[0], SEPARATOR.join(values[1:]) or None, None
