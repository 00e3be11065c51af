"""Takes the first value out of cells that may hold several."""

from collections.abc import Callable
from typing import Final

import polars as pl

from app.identifiers.columns.lists import SEPARATOR

SEVERAL: Final = "several_values"
"""The reason of a cell that holds several values where one is taken, or more than anybody has."""

MOST: Final = 20
"""Values in one cell; a cell with more is a mistake of the export that made it."""

Split = Callable[[str], list[str]]
"""The values a text holds, at least one."""


def first_of(text: pl.Series, split: Split) -> pl.DataFrame:
    """Columns first, rest (String, null where nothing is left) and reason, for each text."""
    return pl.DataFrame(
        [_first(cell, split) for cell in text],
        schema=dict.fromkeys(("first", "rest", "reason"), pl.String),
        orient="row",
    )


def _first(text: str | None, split: Split) -> tuple[str | None, str | None, str | None]:
    if text is None:
        return None, None, None
    values = split(text)
    if len(values) > MOST:
        return text, None, SEVERAL
    return values[0], SEPARATOR.join(values[1:]) or None, None
