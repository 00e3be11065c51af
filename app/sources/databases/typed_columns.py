"""Text in which servers write floats and truth values, as columns of these types.

What the rules make of a float depends on how many digits it can hold, which its text does not tell: one
that names 4915112345678 exactly may be written 4.915112345678e12, and 1e20 is no number of anybody.
"""

from collections.abc import Collection, Mapping

import polars as pl

FloatType = type[pl.Float32] | type[pl.Float64]


def as_floats(frame: pl.DataFrame, columns: Mapping[str, FloatType]) -> pl.DataFrame:
    """`frame` with these String columns as floats of the server's own width; null stays null."""
    return frame.with_columns(
        pl.col(name).cast(kind, strict=False) for name, kind in columns.items()
    )


def as_booleans(frame: pl.DataFrame, columns: Collection[str], *, true: str) -> pl.DataFrame:
    """`frame` with these String columns as truth values; `true` is how the server writes one."""
    return frame.with_columns(pl.col(name) == true for name in columns)
