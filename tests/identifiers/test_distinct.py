"""Columns whose cells repeat are worked off by their distinct values, whatever their type."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from app.identifiers.columns.distinct_values import by_distinct

ROWS = 10_000
CELLS = {
    "texts": ["a", "", "A", None],
    "whole numbers": [1, 2, None],
    "numbers": [1.5, float("nan"), 0.0, None],
    "booleans": [True, False, None],
    "bytes": [b"a", b"", None],
    "dates": [dt.date(2020, 1, 1), dt.date(2021, 1, 1), None],
    "moments": [dt.datetime(2020, 1, 1, 12), None],  # noqa: DTZ001 - as a source gives it
    "times": [dt.time(1), None],
    "decimals": [Decimal("1.10"), Decimal("2.20"), None],
    "nothing": [None],
}


def _repeated(cells):
    return (cells * ROWS)[:ROWS]


@pytest.mark.parametrize("cells", CELLS.values(), ids=CELLS.keys())
@pytest.mark.parametrize("with_region", [False, True])
def test_each_row_gets_what_its_own_value_gives(cells, with_region):
    frame = pl.DataFrame({"source": _repeated(cells)}, strict=False)
    if with_region:
        regions = _repeated(["de", "us", None, "at", "ch"])
        frame = frame.with_columns(pl.Series("region", regions))
    seen = []

    def solve(rows):
        seen.append(rows.height)
        return rows.select(pl.all().name.prefix("solved "), pl.lit(None).alias("reason"))

    solved = by_distinct(frame, solve).frame()
    expected = frame.select(pl.all().name.prefix("solved "), pl.lit(None).alias("reason"))
    assert solved.equals(expected, null_equal=True)
    if any(cell is not None for cell in cells):
        assert seen == [frame.n_unique()]


@pytest.mark.parametrize("regions", [700, 30_000])
def test_very_many_combinations_are_still_told_apart(regions):
    source = [f"name {n * 7 % 30_000}" for n in range(ROWS * 10)]
    region = [f"region {n % regions}" for n in range(ROWS * 10)]
    frame = pl.DataFrame({"source": source, "region": region})
    solved = by_distinct(frame, lambda rows: rows.rename({"source": "s", "region": "r"})).frame()
    assert solved.rename({"s": "source", "r": "region"}).equals(frame)
