"""Splits dates of birth into the three columns Meta has for them, and pads single parts."""

from datetime import date
from functools import cache, partial
from typing import Final

import polars as pl

from app.identifiers.cell_values.prehashed_and_placeholders import OWN
from app.identifiers.cell_values.rule import Outcome, Rule, Steps, outcome
from app.identifiers.cell_values.text import blank, certain
from app.identifiers.cell_values.to_text import read_texts
from app.identifiers.columns.apply_rule import Cells
from app.identifiers.columns.digest import sha256
from app.identifiers.columns.distinct_values import Memory, by_distinct
from app.identifiers.dates.calendar_days import OLDEST, YOUNGEST, as_number
from app.identifiers.dates.calendar_words import month_of
from app.identifiers.dates.date_format import DateFormat
from app.identifiers.dates.written_dates import Years, read_dates
from app.identifiers.keys import BIRTH_KEYS
from app.identifiers.texts.names import letters, lower
from app.identifiers.texts.script_digits import in_ascii_digits

FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2199
_INSTANTS: Final = frozenset({"UTC", "Etc/UTC", "Etc/GMT", "GMT", "Etc/Universal", "Etc/Zulu"})
"""Zones of columns that say when something was, and not where."""

_TWO_DIGITS: Final = r"^'?\p{Nd}{2}(?:\.0+)?$"
_NUMBER: Final = r"^0*([0-9]{1,4})(?:\.0+)?$"


def birth_cells(
    column: pl.Series,
    *,
    form: DateFormat | None,
    zone: str,
    today: date,
    steps: Steps,
    memory: Memory | None = None,
) -> dict[str, Cells]:
    """DOBY, DOBM and DOBD of a column of dates of any type.

    `form` is the date format of texts. A column of moments in UTC holds instants (a `timestamptz`
    of Postgres, say): their date is that of `zone` (IANA name). Moments of another zone, and texts,
    have the date they are written with.

    The refusal is the date's: each of the three cells carries the same reason.
    """
    if column.dtype in (pl.Date, pl.Datetime):
        solve = partial(_of_dates, zone=zone, today=today, steps=steps)
    else:
        solve = partial(
            _of_text, form=form, years=Years(FIRST_YEAR, today.year, today), steps=steps
        )
    found = by_distinct(column.alias("source").to_frame(), solve, memory, "DOB")
    filled, refused = found.count("given"), found.tally("reason")
    reason = partial(found.__getitem__, "reason")
    return {
        key: Cells(
            found[key],
            partial(found.__getitem__, f"{key} text"),
            reason,
            filled,
            refused=refused,
        )
        for key in BIRTH_KEYS
    }


def birth_part(key: str, this_year: int, *, short_year: bool = False) -> Rule:
    """The rule of a DOBY, DOBM or DOBD column: a number in range, as four or two digits.

    `doby_out_of_range` and so on outside 1900 to this year, 1 to 12 (or a month's name), 1 to 31;
    `doby_invalid` and so on for what is no number
    (https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences). With
    `short_year` a DOBY of two digits is of the century that makes the person YOUNGEST to OLDEST.
    """
    low, high = {"DOBY": (FIRST_YEAR, this_year), "DOBM": (1, 12), "DOBD": (1, 31)}[key]
    width = 4 if key == "DOBY" else 2
    name = key.lower()

    def rule(frame: pl.DataFrame, steps: Steps) -> Outcome:
        given = frame["text"]
        number = in_ascii_digits(given).str.extract(_NUMBER).cast(pl.Int32)
        if key == "DOBM":
            named = month_of(letters(lower(given)))
            number = number.fill_null(named)
        elif short_year:
            number = number.zip_with(
                certain(~given.str.contains(_TWO_DIGITS)), _whole(number, this_year)
            )
        in_range = certain(number.is_between(low, high))
        text = number.set(~in_range, None).cast(pl.String).str.zfill(width)
        steps.note(f"number of {width} digits", text)
        found = outcome(given, text, f"{name}_invalid")
        outside = number.is_not_null() & ~in_range
        if outside.any():
            return Outcome(found.text, found.reason.set(outside, f"{name}_out_of_range"))
        return found

    return rule


def _whole(short: pl.Series, this_year: int) -> pl.Series:
    """Years of two digits as four, null where no century gives a likely age."""
    centuries = [short + 1900, short + 2000]
    likely = [
        year.set(~certain((this_year - year).is_between(YOUNGEST, OLDEST)), None)
        for year in centuries
    ]
    return likely[0].fill_null(likely[1])


def _of_text(
    frame: pl.DataFrame, *, form: DateFormat | None, years: Years, steps: Steps
) -> pl.DataFrame:
    read = read_texts(frame["source"], "DOB", steps)
    text, kind = read.text, read.kind
    found = read_dates(text, form=form, years=years)
    # a hash of a whole date cannot be split into Meta's three columns
    reason = kind.set(kind == OWN, "dob_hashed").fill_null(found["reason"])
    return _parts(found["date"], reason, text.is_not_null(), steps)


def _of_dates(frame: pl.DataFrame, *, zone: str, today: date, steps: Steps) -> pl.DataFrame:
    column = frame["source"]
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone in _INSTANTS:
        column = column.dt.convert_time_zone(zone)
    year = column.dt.year()
    number = year * 10_000 + column.dt.month().cast(pl.Int32) * 100 + column.dt.day()
    unknown = ~number.is_between(FIRST_YEAR * 10_000, as_number(today))
    day = number.set(unknown, None).cast(pl.Int32)
    reason = blank(column).set(unknown, "dob_out_of_range")
    return _parts(day, reason, column.is_not_null(), steps)


def _parts(day: pl.Series, reason: pl.Series, given: pl.Series, steps: Steps) -> pl.DataFrame:
    """Hash and text of each part of these dates (as numbers, 20260131), the refusals and `given`."""
    steps.note("as a calendar date", day.cast(pl.String))
    columns = [reason.alias("reason"), given.alias("given")]
    places = {"DOBY": day // 10_000 - FIRST_YEAR, "DOBM": day // 100 % 100, "DOBD": day % 100}
    for key, place in places.items():
        text, digest = _table(key)
        columns += [digest.gather(place).alias(key), text.gather(place).alias(f"{key} text")]
    return pl.DataFrame(columns)


@cache
def _table(key: str) -> tuple[pl.Series, pl.Series]:
    """Every text a part can be, and its hash, by position: years from 1900, else by number."""
    if key == "DOBY":
        texts = [str(year) for year in range(FIRST_YEAR, _LAST_YEAR + 1)]
    else:
        texts = [f"{number:02}" for number in range(32)]
    assert key in BIRTH_KEYS
    text = pl.Series(key, texts)
    return text, sha256(text)
