"""Reads dates whose year has two digits, for exports whose date format says that years are so."""

from collections.abc import Iterator
from datetime import date
from typing import Final

import polars as pl

from app.identifiers.cell_values.text import blank
from app.identifiers.dates.calendar_days import calendar_day, likely_birth
from app.identifiers.dates.calendar_words import month_of
from app.identifiers.dates.date_format import ORDERS, DateFormat
from app.identifiers.dates.date_patterns import BETWEEN, END, GAP, NAME, ORDINAL, YEAR_WORD
from app.identifiers.texts.names import letters

_SHORT: Final = r"'?(?<year>[0-9]{2})"
_NUMBERS: Final = {
    "DMY": rf"^(?<day>[0-9]{{1,2}}){BETWEEN}(?<month>[0-9]{{1,2}}){BETWEEN}{_SHORT}\.?{YEAR_WORD}{END}",
    "MDY": rf"^(?<month>[0-9]{{1,2}}){BETWEEN}(?<day>[0-9]{{1,2}}){BETWEEN}{_SHORT}\.?{END}",
    "YMD": rf"^{_SHORT}{BETWEEN}(?<month>[0-9]{{1,2}}){BETWEEN}(?<day>[0-9]{{1,2}})\.?{END}",
}
_YEAR_LAST: Final = (
    rf"^(?<day>[0-9]{{1,2}}){ORDINAL}{GAP}*{NAME}{GAP}*(?:del?\s+)?{_SHORT}{YEAR_WORD}{END}",
    rf"^{NAME}{GAP}*(?<day>[0-9]{{1,2}}){ORDINAL}{GAP}+{_SHORT}{END}",
)
_YEAR_FIRST: Final = (rf"^{_SHORT}{GAP}*{NAME}{GAP}*(?<day>[0-9]{{1,2}}){ORDINAL}{END}",)
_NAMED: Final = {"DMY": _YEAR_LAST, "MDY": _YEAR_LAST, "YMD": _YEAR_FIRST}
_SIX_DIGITS: Final = {
    "DMY": r"^(?<day>[0-9]{2})(?<month>[0-9]{2})(?<year>[0-9]{2})(?:\.0+)?$",
    "MDY": r"^(?<month>[0-9]{2})(?<day>[0-9]{2})(?<year>[0-9]{2})(?:\.0+)?$",
    "YMD": r"^(?<year>[0-9]{2})(?<month>[0-9]{2})(?<day>[0-9]{2})(?:\.0+)?$",
}
_CENTURIES: Final = (1900, 2000)


def read_short_years(
    text: pl.Series, form: DateFormat | None, today: date
) -> tuple[pl.Series, pl.Series]:
    """Day (Int32, as 19970216) and reason for lower-case texts; both null for other texts.

    The century is the one that makes the person YOUNGEST to OLDEST; `dob_ambiguous` where neither
    does, and for all where `form` does not say that years have two digits.
    """
    named = form is not None and form.short_year
    orders = [form.order] if form is not None and named else [*ORDERS]
    read = pl.DataFrame({"day": blank(text).cast(pl.Int32), "shaped": text.is_null() & False})
    day, shaped = read["day"], read["shaped"]
    for year, month, number in _parts(text, orders):
        for century in _CENTURIES:
            one = calendar_day(year + century, month, number)
            shaped = shaped | one.is_not_null()
            day = day.fill_null(one.set(~likely_birth(one, today), None))
    if not named:
        day = day.clear(text.len())
    return day, blank(text).set(shaped & day.is_null(), "dob_ambiguous")


def _parts(text: pl.Series, orders: list[str]) -> Iterator[tuple[pl.Series, pl.Series, pl.Series]]:
    """Year of the century, month and day (Int32) of each form of these orders."""
    frame = text.alias("text").to_frame()
    forms = [one for order in orders for one in (_NUMBERS[order], _SIX_DIGITS[order])]
    forms += dict.fromkeys(one for order in orders for one in _NAMED[order])
    for form in forms:
        found = frame.select(pl.col("text").str.extract_groups(form)).unnest("text")
        if found["year"].null_count() == found.height:
            continue
        if "name" in found.columns:
            month = month_of(letters(found["name"])).cast(pl.Int32)
        else:
            month = found["month"].cast(pl.Int32)
        yield found["year"].cast(pl.Int32), month, found["day"].cast(pl.Int32)
