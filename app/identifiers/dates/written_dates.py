"""Reads the forms in which people and systems write a date, and refuses those that could be two."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from app.identifiers.cell_values.text import blank, certain
from app.identifiers.dates.calendar_days import as_number, calendar_day, is_on_weekday
from app.identifiers.dates.calendar_words import month_of, weekdays_of
from app.identifiers.dates.date_format import DateFormat
from app.identifiers.dates.date_patterns import (
    BETWEEN,
    CLOCK,
    END,
    GAP,
    NAME,
    ORDINAL,
    YEAR_WORD,
    ZONE,
)
from app.identifiers.dates.short_years import read_short_years
from app.identifiers.texts.names import letters, lower
from app.identifiers.texts.script_digits import in_ascii_digits

_YEAR: Final = rf"(?<year>[0-9]{{4}}){YEAR_WORD}"
_YEAR_FIRST: Final = (
    r"^(?<a>[0-9]{4})(?:[-/.\s]+|\s*[年년]\s*)(?<b>[0-9]{1,2})(?:[-/.\s]+|\s*[月월]\s*)(?<c>[0-9]{1,2})"
    rf"[日일.]?(?:\s?[月火水木金土日월화수목금토일](?:曜日?|요일))?{END}"
)
_YEAR_LAST: Final = (
    rf"^(?<a>[0-9]{{1,2}}){BETWEEN}(?<b>[0-9]{{1,2}}){BETWEEN}(?<c>[0-9]{{4}})\.?{YEAR_WORD}{END}"
)
_NAMED: Final = (
    rf"^(?<day>[0-9]{{1,2}}){ORDINAL}{GAP}*{NAME}{GAP}*(?:del?\s+)?{_YEAR}{END}",
    rf"^{NAME}{GAP}*(?<day>[0-9]{{1,2}}){ORDINAL}{GAP}+(?<year>[0-9]{{4}}){END}",
    rf"^(?<year>[0-9]{{4}}){GAP}*{NAME}{GAP}*(?<day>[0-9]{{1,2}}){ORDINAL}{END}",
    # Mar 14 00:00:00 CET 1985, as Java, Ruby and the shell write it
    rf"^{NAME}\s+(?<day>[0-9]{{1,2}})\s+{CLOCK}{ZONE}\s+(?<year>[0-9]{{4}})$",
)
_EIGHT_DIGITS: Final = r"^([0-9]{8})(?:\.0+|t[0-9]{4,6}(?:[.,][0-9]+)?(?:z|[+-][0-9:]{2,5})?)?$"
_SLICES: Final = {
    "YMD": ((0, 4), (4, 2), (6, 2)),
    "DMY": ((4, 4), (2, 2), (0, 2)),
    "MDY": ((4, 4), (0, 2), (2, 2)),
}
"""Offset and length of year, month and day in eight digits."""

_WEEKDAYS: Final = (
    r"^(?<word>\p{L}[\p{L}\p{M}.-]*)(?:\s*,\s*|\s+)(?<rest>\S.*[0-9].*)$",
    r"^(?<rest>.*[0-9][^\s,]*?)[\s,]*[\s,(（]\s*(?<word>\p{L}[\p{L}\p{M}.-]*)\s*[)）]?$",  # noqa: RUF001
)
"""The day of the week before a date, and behind it."""


@dataclass(frozen=True, slots=True)
class Years:
    """The years a date may be of, both included, and the day on which ages are counted."""

    first: int
    last: int
    today: date


def read_dates(text: pl.Series, *, form: DateFormat | None, years: Years) -> pl.DataFrame:
    """Columns date (Int32, as 19970216) and reason (String) for trimmed texts.

    `form` is the date format an export names; its order decides what could be read in two ways.
    Without it such a date is `dob_ambiguous`, as a year of two digits is unless `form` says that
    years have two (short_years.py). What is a calendar date outside `years` is `dob_out_of_range`,
    the rest `dob_invalid`, also a date that is not on the day of the week it names.
    """
    small = in_ascii_digits(lower(text)).alias("text")
    dates = _judged(pl.DataFrame([_year_first(small)]), small, years)
    waiting = (dates["date"].is_null() & small.is_not_null()).arg_true()
    if waiting.is_empty():
        return dates
    dates = _scattered(dates, waiting, _by_all_forms(small.gather(waiting), form, years))
    for written in _WEEKDAYS:
        unread = (dates["reason"] == "dob_invalid") & small.str.contains(r"\p{L}")
        places = certain(unread).arg_true()
        if places.is_empty():
            break
        dates = _scattered(dates, places, _of_weekday(small.gather(places), written, form, years))
    return dates


def _of_weekday(
    text: pl.Series, written: str, form: DateFormat | None, years: Years
) -> pl.DataFrame:
    """The dates of texts that name their day of the week so, if they are on it."""
    found = _groups(text.alias("text"), written)
    days = weekdays_of(letters(found["word"]))
    rest = found["rest"].set(days.is_null(), None).str.strip_chars(" ,.(（").alias("text")  # noqa: RUF001
    dates = _by_all_forms(rest, form, years)
    other = dates["date"].is_not_null() & ~is_on_weekday(dates["date"], days)
    reason = dates["reason"].set(other | rest.is_null(), "dob_invalid")
    return pl.DataFrame([dates["date"].set(other, None), reason])


def _by_all_forms(text: pl.Series, form: DateFormat | None, years: Years) -> pl.DataFrame:
    order = form.order if form is not None else None
    dates = _judged(pl.DataFrame(_readings(text, order)), text, years)
    unread = certain(dates["reason"] == "dob_invalid").arg_true()
    if unread.is_empty():
        return dates
    part = text.gather(unread)
    day, reason = read_short_years(part, form, years.today)
    reason = reason.fill_null("dob_invalid").set(day.is_not_null(), None)
    return _scattered(dates, unread, pl.DataFrame([day.alias("date"), reason.alias("reason")]))


def _judged(readings: pl.DataFrame, text: pl.Series, years: Years) -> pl.DataFrame:
    """The one date that the readings of each text agree on, or why there is none."""
    # nobody is born tomorrow; what is no date yet takes no reading away from one that is
    known = pl.all().is_between(years.first * 10_000, as_number(years.today))
    possible = readings.select(pl.when(known).then(pl.all()))
    day = possible.select(pl.coalesce(pl.all())).to_series()
    another = pl.any_horizontal((pl.all() != day).fill_null(value=False))
    other = possible.select(another).to_series()
    shaped = readings.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    reason = blank(text).set(text.is_not_null(), "dob_invalid").set(shaped, "dob_out_of_range")
    reason = reason.set(day.is_not_null(), None).set(other, "dob_ambiguous")
    return pl.DataFrame([day.set(other, None).alias("date"), reason.alias("reason")])


def _scattered(whole: pl.DataFrame, places: pl.Series, part: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame([cells.scatter(places, part[cells.name]) for cells in whole])


def _readings(text: pl.Series, order: str | None) -> list[pl.Series]:
    return [
        _year_first(text),
        *_year_last(text, order),
        *_in_eight_digits(text, order),
        *(_with_name(text, form) for form in _NAMED),
    ]


def _year_first(text: pl.Series) -> pl.Series:
    found = _groups(text, _YEAR_FIRST)
    return calendar_day(found["a"], found["b"], found["c"]).alias("year first")


def _year_last(text: pl.Series, order: str | None) -> list[pl.Series]:
    found = _groups(text, _YEAR_LAST)
    readings = {
        "DMY": calendar_day(found["c"], found["b"], found["a"]),
        "MDY": calendar_day(found["c"], found["a"], found["b"]),
    }
    names = [order] if order in readings else [*readings]
    return [readings[name].alias(name) for name in names]


def _in_eight_digits(text: pl.Series, order: str | None) -> list[pl.Series]:
    digits = text.str.extract(_EIGHT_DIGITS)
    readings = {
        name: calendar_day(*(digits.str.slice(*place) for place in places))
        for name, places in _SLICES.items()
    }
    if order is not None:
        return [readings[order].fill_null(readings["YMD"]).alias("digits")]
    return [reading.alias(f"digits {name}") for name, reading in readings.items()]


def _with_name(text: pl.Series, form: str) -> pl.Series:
    found = _groups(text, form)
    month = month_of(letters(found["name"]))
    return calendar_day(found["year"], month, found["day"]).alias(form)


def _groups(text: pl.Series, form: str) -> pl.DataFrame:
    return text.to_frame().select(pl.col("text").str.extract_groups(form)).unnest("text")
