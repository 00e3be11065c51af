# ruff: noqa: RUF001
"""Reads the forms in which people and systems write a date, and refuses those that could be two."""

from functools import cache
from typing import Final

import polars as pl

from app.identifiers.columns.lookup import Lookup
from app.identifiers.columns.text import blank, certain
from app.identifiers.dates.months import MONTH_OF
from app.identifiers.texts.names import letters, lower
from app.identifiers.texts.script_digits import in_ascii_digits

_GAP: Final = r"[-/.,\s]"
_YEAR: Final = r"(?<year>[0-9]{4})(?:\s?г\.?)?"
_TIME: Final = r"(?:[t\s,]+[0-9]{1,2}:[0-9]{2}.*)?$"
_ORDINAL: Final = r"(?:st|nd|rd|th|er|[.ºª°])?"
_NAME: Final = r"(?:de\s+|of\s+)?(?<name>\p{L}[\p{L}\p{M}]{1,20})\.?"
_YEAR_FIRST: Final = (
    r"^(?<a>[0-9]{4})(?:[-/.\s]+|\s*[年년]\s*)(?<b>[0-9]{1,2})(?:[-/.\s]+|\s*[月월]\s*)(?<c>[0-9]{1,2})"
    rf"[日일.]?{_TIME}"
)
_YEAR_LAST: Final = (
    rf"^(?<a>[0-9]{{1,2}})[-/.\s]+(?<b>[0-9]{{1,2}})[-/.\s]+(?<c>[0-9]{{4}})\.?(?:\s?г\.?)?{_TIME}"
)
_NAMED: Final = (
    rf"^(?<day>[0-9]{{1,2}}){_ORDINAL}{_GAP}*{_NAME}{_GAP}*(?:del?\s+)?{_YEAR}{_TIME}",
    rf"^{_NAME}{_GAP}*(?<day>[0-9]{{1,2}}){_ORDINAL}{_GAP}+(?<year>[0-9]{{4}}){_TIME}",
    rf"^(?<year>[0-9]{{4}}){_GAP}*{_NAME}{_GAP}*(?<day>[0-9]{{1,2}}){_ORDINAL}{_TIME}",
)
_EIGHT_DIGITS: Final = r"^([0-9]{8})(?:\.0+)?$"
_SHORT_YEAR: Final = (
    rf"^(?:[0-9]{{1,2}}{_GAP}+[0-9]{{1,2}}|[0-9]{{1,2}}{_GAP}*\p{{L}}{{3,}}\.?|\p{{L}}{{3,}}{_GAP}*[0-9]{{1,2}})"
    rf"{_GAP}+'?[0-9]{{2}}$"
)
_SLICES: Final = {
    "YMD": ((0, 4), (4, 2), (6, 2)),
    "DMY": ((4, 4), (2, 2), (0, 2)),
    "MDY": ((4, 4), (0, 2), (2, 2)),
}
"""Offset and length of year, month and day in eight digits."""


def read_dates(text: pl.Series, *, order: str | None, years: tuple[int, int]) -> pl.DataFrame:
    """Columns date (Int32, as 19970216) and reason (String) for trimmed texts.

    `order` (DMY, MDY, YMD) is the date format an export names; it decides what could be read in
    two ways. Without it such a date is `dob_ambiguous`, as a year of two digits always is. What
    is a calendar date outside `years` (both included) is `dob_out_of_range`, the rest
    `dob_invalid`.
    """
    small = in_ascii_digits(lower(text)).alias("text")
    dates = _read(small, order, years, year_first=True)
    open_places = (dates["date"].is_null() & small.is_not_null()).arg_true()
    if open_places.is_empty():
        return dates
    others = _read(small.gather(open_places), order, years, year_first=False)
    return pl.DataFrame([cells.scatter(open_places, others[cells.name]) for cells in dates])


def _read(
    text: pl.Series, order: str | None, years: tuple[int, int], *, year_first: bool
) -> pl.DataFrame:
    """`read_dates` by the form nearly all systems write, or by all forms."""
    readings = pl.DataFrame([_year_first(text)] if year_first else _all_readings(text, order))
    first, last = years
    known = pl.all().is_between(first * 10_000, last * 10_000 + 1_231)
    possible = readings.select(pl.when(known).then(pl.all()))
    date = possible.select(pl.coalesce(pl.all())).to_series()
    another = pl.any_horizontal((pl.all() != date).fill_null(value=False))
    other = possible.select(another).to_series()
    shaped = readings.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    short = text.str.contains(_SHORT_YEAR)
    reason = blank(text).set(text.is_not_null(), "dob_invalid").set(shaped, "dob_out_of_range")
    reason = reason.set(short, "dob_ambiguous").set(date.is_not_null(), None)
    return pl.DataFrame(
        [date.set(other, None).alias("date"), reason.set(other, "dob_ambiguous").alias("reason")]
    )


def _all_readings(text: pl.Series, order: str | None) -> list[pl.Series]:
    return [
        _year_first(text),
        *_year_last(text, order),
        *_in_eight_digits(text, order),
        *(_with_name(text, form) for form in _NAMED),
    ]


def _year_first(text: pl.Series) -> pl.Series:
    found = _groups(text, _YEAR_FIRST)
    return _calendar(found["a"], found["b"], found["c"]).alias("year first")


def _year_last(text: pl.Series, order: str | None) -> list[pl.Series]:
    found = _groups(text, _YEAR_LAST)
    readings = {
        "DMY": _calendar(found["c"], found["b"], found["a"]),
        "MDY": _calendar(found["c"], found["a"], found["b"]),
    }
    names = [order] if order in readings else [*readings]
    return [readings[name].alias(name) for name in names]


def _in_eight_digits(text: pl.Series, order: str | None) -> list[pl.Series]:
    digits = text.str.extract(_EIGHT_DIGITS)
    readings = {
        name: _calendar(*(digits.str.slice(*place) for place in places))
        for name, places in _SLICES.items()
    }
    if order is not None:
        return [readings[order].fill_null(readings["YMD"]).alias("digits")]
    return [reading.alias(f"digits {name}") for name, reading in readings.items()]


def _with_name(text: pl.Series, form: str) -> pl.Series:
    found = _groups(text, form)
    month = month_of(letters(found["name"]))
    return _calendar(found["year"], month, found["day"]).alias(form)


def month_of(name: pl.Series) -> pl.Series:
    """The number (Int64) of each month's name, written as letters only; null for other words."""
    return _months()(name)


@cache
def _months() -> Lookup:
    return Lookup(MONTH_OF)


def _groups(text: pl.Series, form: str) -> pl.DataFrame:
    return text.to_frame().select(pl.col("text").str.extract_groups(form)).unnest("text")


def _calendar(year: pl.Series, month: pl.Series, day: pl.Series) -> pl.Series:
    """Year, month and day as one number if there was such a day, else null."""
    y, m, d = (part.cast(pl.Int32, strict=False) for part in (year, month, day))
    leap = (y % 4 == 0) & ((y % 100 != 0) | (y % 400 == 0))
    days = 30 + (m + m // 8) % 2
    days = days.set(m == 2, 28) + (leap & (m == 2)).cast(pl.Int32)
    real = (m >= 1) & (m <= 12) & (d >= 1) & (d <= days)
    return (y * 10_000 + m * 100 + d).set(~certain(real), None)
