"""Works a column off by its distinct values where cells repeat, and row by row where they do not.

Names, cities, countries and dates of birth repeat: their rules and hashes then cost a fraction.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

_SMALLEST: Final = 4_096
"""Frames below this are not worth the look."""

_SHARE: Final = 48
"""One cell in so many is looked at."""

_LARGEST_TABLE: Final = 1 << 20


def by_distinct(frame: pl.DataFrame, solve: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """`solve(frame)`, evaluated once for equal rows; `solve` must be row-wise and keep the height.

    Its first column is the one that repeats or not. Which way is taken shows in the time only.
    """
    if not _repeats(frame.to_series()):
        return solve(frame)
    codes, places = _numbered(frame)
    solved = solve(frame[places])
    return pl.DataFrame([_spread(column, codes) for column in solved.iter_columns()])


def _spread(column: pl.Series, codes: pl.Series) -> pl.Series:
    if column.null_count() == column.len():  # as reasons mostly are
        return column.new_from_index(0, codes.len())
    return column.gather(codes)


def _numbered(frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """For each row the number of its distinct value, and for each number a row that has it.

    A table over all combinations while they are few, which is twice as fast as a join.
    """
    total, width = np.zeros(frame.height, dtype=np.int64), 1
    for column in frame.iter_columns():
        codes, count = _codes(column)
        if width * count > _LARGEST_TABLE:
            _, total = np.unique(total, return_inverse=True)
            width = int(total.max(initial=0)) + 1
        total, width = total * count + codes, width * count
    if width > _LARGEST_TABLE:
        _, first, number = np.unique(total, return_index=True, return_inverse=True)
        return _index(number), _index(first)
    table = np.full(width, -1, dtype=np.int64)
    table[total] = np.arange(frame.height)
    used = np.flatnonzero(table >= 0)
    first = table[used]
    table[used] = np.arange(used.size)
    return _index(table[total]), _index(first)


def _codes(column: pl.Series) -> tuple[NDArray[np.int64], int]:
    """A number below the second result for each cell, the same for equal ones; null is one, too."""
    if column.dtype == pl.String:
        # categories of their own: those of the process would be kept as long as it lives
        numbers = column.cast(pl.Categorical(pl.Categories.random())).to_physical()
    else:
        given = column.alias("cell").to_frame()
        known = given.unique().with_row_index("number")
        joined = given.join(known, on="cell", how="left", nulls_equal=True, maintain_order="left")
        numbers = joined.get_column("number")
    codes = numbers.cast(pl.Int64).fill_null(-1).to_numpy() + 1
    return codes, int(codes.max(initial=0)) + 1


def _index(places: NDArray[np.int64]) -> pl.Series:
    return pl.Series(places.astype(np.uint32))


def _repeats(column: pl.Series) -> bool:
    """Whether distinct values are probably fewer than half the cells.

    By the birthday rule: `m` cells drawn from `d` equally frequent values hold about m²/2d
    repeats, and more if some values are frequent.
    """
    if column.len() < _SMALLEST:
        return False
    sample = column.gather_every(_SHARE).drop_nulls()
    repeats = sample.len() - sample.n_unique()
    return repeats * column.len() > sample.len() ** 2
