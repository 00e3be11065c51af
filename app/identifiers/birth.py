"""Splits dates of birth into the three columns Meta has for them, and pads single parts."""

from functools import cache, partial
from typing import Final

import polars as pl

from app.identifiers.cells import Cells
from app.identifiers.digest import sha256
from app.identifiers.distinct import by_distinct
from app.identifiers.keys import BIRTH_KEYS
from app.identifiers.names import letters, lower
from app.identifiers.peculiar import OWN, kinds
from app.identifiers.rule import Outcome, Rule, Steps, outcome
from app.identifiers.script_digits import in_ascii_digits
from app.identifiers.text import as_text, blank, certain
from app.identifiers.written_dates import month_of, read_dates

FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2199
_NUMBER: Final = r"^0*([0-9]{1,4})(?:\.0+)?$"


def birth_cells(
    column: pl.Series, *, order: str | None, this_year: int, steps: Steps
) -> dict[str, Cells]:
    """DOBY, DOBM and DOBD of a column of dates of any type.

    The refusal is the date's: each of the three cells carries the same reason.
    """
    if column.dtype in (pl.Date, pl.Datetime):
        found = _of_dates(column, this_year)
        filled = column.len() - column.null_count()
    else:
        solve = partial(_of_text, order=order, years=(FIRST_YEAR, this_year), steps=steps)
        found = by_distinct(column.alias("source").to_frame(), solve)
        filled = int(found["given"].sum())
    date = found["date"]
    steps.note("as a calendar date", date.cast(pl.String))
    parts = {"DOBY": date // 10_000, "DOBM": date // 100 % 100, "DOBD": date % 100}
    return {
        key: _gathered(part - (FIRST_YEAR if key == "DOBY" else 0), key, found["reason"], filled)
        for key, part in parts.items()
    }


def birth_part(key: str, this_year: int) -> Rule:
    """The rule of a DOBY, DOBM or DOBD column: a number in range, as four or two digits.

    `doby_out_of_range` and so on outside 1900 to this year, 1 to 12 (or a month's name), 1 to 31;
    `doby_invalid` and so on for what is no number
    (https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences).
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
        in_range = certain(number.is_between(low, high))
        text = number.set(~in_range, None).cast(pl.String).str.zfill(width)
        steps.note(f"number of {width} digits", text)
        found = outcome(given, text, f"{name}_invalid")
        outside = number.is_not_null() & ~in_range
        if outside.any():
            return Outcome(found.text, found.reason.set(outside, f"{name}_out_of_range"))
        return found

    return rule


def _of_text(
    frame: pl.DataFrame, *, order: str | None, years: tuple[int, int], steps: Steps
) -> pl.DataFrame:
    text, _ = as_text(frame["source"])
    steps.note("trim", text)
    kind, _ = kinds(text)
    found = read_dates(text, order=order, years=years)
    # a hash of a whole date cannot be split into Meta's three columns
    reason = kind.set(kind == OWN, "dob_hashed").fill_null(found["reason"])
    given = text.is_not_null().alias("given")
    return pl.DataFrame([found["date"], reason.alias("reason"), given])


def _of_dates(column: pl.Series, this_year: int) -> pl.DataFrame:
    year = column.dt.year()
    number = year * 10_000 + column.dt.month().cast(pl.Int32) * 100 + column.dt.day()
    unknown = ~year.is_between(FIRST_YEAR, this_year)
    date = number.set(unknown, None).cast(pl.Int32)
    reason = blank(column).set(unknown, "dob_out_of_range")
    return pl.DataFrame([date.alias("date"), reason.alias("reason")])


def _gathered(index: pl.Series, key: str, reason: pl.Series, filled: int) -> Cells:
    text, digest = _table(key)
    return Cells(digest.gather(index), text.gather(index), reason, filled)


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
