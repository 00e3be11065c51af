"""Works a column off by its distinct values where cells repeat, and row by row where they do not.

Names, cities, countries and dates of birth repeat: their rules and hashes then cost a fraction.
"""

from collections.abc import Callable
from typing import Final

import polars as pl

_SMALLEST: Final = 4_096
"""Frames below this are not worth the look."""

_SHARE: Final = 48
"""One cell in so many is looked at."""


def by_distinct(frame: pl.DataFrame, solve: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """`solve(frame)`, evaluated once for equal rows; `solve` must be row-wise and keep the height.

    Its first column is the one that repeats or not. Which way is taken shows in the time only.
    """
    if not _repeats(frame.to_series()):
        return solve(frame)
    distinct = frame.unique()
    solved = distinct.hstack(solve(distinct))
    joined = frame.join(
        solved, on=frame.columns, how="left", nulls_equal=True, maintain_order="left"
    )
    return joined.drop(frame.columns)


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
