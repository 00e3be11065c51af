"""Calculates with days of the calendar written as one number, 19970216, whole columns at a time."""

from datetime import date
from typing import Final

import polars as pl

from app.identifiers.cell_values.text import certain

YOUNGEST: Final = 13
"""Nobody younger may have an account at Meta (https://www.facebook.com/legal/terms, section 3.1)."""

OLDEST: Final = 100
"""In whole years. Older people exist; a year of two digits does not mean them."""


def as_number(day: date) -> int:
    """A day as 19970216."""
    return day.year * 10_000 + day.month * 100 + day.day


def calendar_day(year: pl.Series, month: pl.Series, day: pl.Series) -> pl.Series:
    """Year, month and day as one number (Int32) if there was such a day, else null."""
    y, m, d = (part.cast(pl.Int32, strict=False) for part in (year, month, day))
    leap = (y % 4 == 0) & ((y % 100 != 0) | (y % 400 == 0))
    days = 30 + (m + m // 8) % 2
    days = days.set(m == 2, 28) + (leap & (m == 2)).cast(pl.Int32)
    real = (m >= 1) & (m <= 12) & (d >= 1) & (d <= days)
    return (y * 10_000 + m * 100 + d).set(~certain(real), None)


def likely_birth(day: pl.Series, today: date) -> pl.Series:
    """Which days make a person YOUNGEST to OLDEST (false for null)."""
    now = as_number(today)
    youngest = day <= now - YOUNGEST * 10_000
    return certain(youngest & (day > now - (OLDEST + 1) * 10_000))


def is_on_weekday(day: pl.Series, weekdays: pl.Series) -> pl.Series:
    """Which days are one of `weekdays` (bit 1 is Monday, bit 7 Sunday); false for null."""
    frame = pl.DataFrame([day.alias("day"), weekdays.alias("weekdays")])
    number = pl.date(pl.col("day") // 10_000, pl.col("day") // 100 % 100, pl.col("day") % 100)
    bit = pl.lit(2).pow(number.dt.weekday().cast(pl.Int64))
    told = (pl.col("weekdays") & bit.cast(pl.Int64)) != 0
    return frame.select(told.fill_null(value=False)).to_series()
