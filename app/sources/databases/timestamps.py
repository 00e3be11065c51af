"""Turns the text of moments in UTC, as Postgres writes `timestamptz`, into columns of moments.

As text they would pass for dates as somebody wrote them; as moments in UTC they can be read in the
zone in which the members live.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final

import polars as pl

_FORMATS: Final = ("%Y-%m-%d %H:%M:%S%#z", "%Y-%m-%d %H:%M:%S%.f%#z")
_NO_MOMENT: Final = datetime(1, 1, 1, tzinfo=UTC)
"""What stands for infinity and for years before 1 and after 9999: no date of anybody."""


def as_timestamps(frame: pl.DataFrame, columns: Collection[str]) -> pl.DataFrame:
    """`frame` with these String columns as Datetime in UTC, microseconds; null stays null."""
    return frame.with_columns(
        pl.when(pl.col(name).is_not_null())
        .then(pl.coalesce(*(_moment(name, form) for form in _FORMATS), pl.lit(_NO_MOMENT)))
        .alias(name)
        for name in columns
    )


def _moment(name: str, form: str) -> pl.Expr:
    read = pl.col(name).str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False)
    # where polars reads a year of another length the text does not say it
    return pl.when(pl.col(name).str.contains(r"^[0-9]{4}-[^B]*$")).then(read)
