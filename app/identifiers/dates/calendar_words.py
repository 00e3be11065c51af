"""Knows months and days of the week by their names, as calendar_words.tsv has them."""

from functools import cache

import polars as pl

from app.identifiers.columns.table_lookup import Lookup
from app.identifiers.tsv_tables import read_table


def month_of(name: pl.Series) -> pl.Series:
    """The number (Int64) of each month's name, written as letters only; null for other words."""
    return _meanings("month")(name)


def weekdays_of(name: pl.Series) -> pl.Series:
    """The days (Int64; bit 1 is Monday, bit 7 Sunday) a word can mean; null for other words."""
    return _meanings("day")(name)


@cache
def _meanings(kind: str) -> Lookup:
    found: dict[str, int] = {}
    for its_kind, number, names in read_table("app.identifiers.dates", "calendar_words.tsv"):
        for name in names.split() if its_kind == kind else ():
            if kind == "month":
                found[name] = int(number)
            else:
                found[name] = found.get(name, 0) | 1 << int(number)
    return Lookup(found)
