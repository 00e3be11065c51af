"""Dates of birth: two-digit years, days of the week, zones of columns; that date, or refused."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from app.identifiers import IdentifierPlan, KeyIdentifier, explain, keep
from app.identifiers.dates.date_format import DateFormat, parse_date_format
from app.identifiers.rulebook import Found, apply_rules
from app.identifiers.tsv_tables import read_table
from app.schedule_times import zones
from tables import calendar_words
from tests.conftest import tries

TODAY = datetime(2026, 11, 28, 12, tzinfo=UTC)
ENGLISH = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
FORMATS = {
    "DD/MM/YYYY": ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d%m%Y", "%d %b %Y"),
    "MM/DD/YYYY": ("%m/%d/%Y", "%m-%d-%Y", "%m%d%Y", "%b %d, %Y", "%d-%b-%Y"),
    "DD/MM/YY": ("%d/%m/%y", "%d.%m.%Y", "%d%m%y", "%d-%b-%y", "%d %B '%y"),
    "MM/DD/YY": ("%m/%d/%y", "%m/%d/%Y", "%m%d%y", "%d-%b-%y", "%B %d, %y", "%Y-%m-%d"),
    "YY-MM-DD": ("%y-%m-%d", "%y%m%d", "%Y-%m-%d", "%y/%m/%d", "%y-%b-%d"),
}
DAY_FIRST = ("{day}, {date}", "{day} {date}", "{short} {date}", "{date} ({day})", "{date}, {short}")
TIMES = (
    *("", " 00:00", " 0:00:00", " 12:00:00 AM", "T23:30:00Z", "T00:00:00.000+01:00", "Z", " UTC"),
    *(
        " 00:00:00 GMT+0100 (Central European Standard Time)",
        " 23:30:00-05",
        "+09:00",
        " 10:15 CEST",
    ),
)
AROUND = ("{}", "  {} ", "'{}", '"{}"', '="{}"', "\u200b{}", "({})", "{}\u00a0", "\ufeff{}")


def parts(found: Found) -> list[str | None]:
    cells = [found.cells[key][0].text for key in ("DOBY", "DOBM", "DOBD")]
    return [None if None in one else "-".join(one) for one in zip(*cells, strict=True)]


def read(column: pl.Series, **fields: str) -> list[str | None]:
    plan = IdentifierPlan(KeyIdentifier.EMAIL, {"DOB": ("born",)}, **fields)  # type: ignore[arg-type]
    return parts(apply_rules(column.alias("born").to_frame(), plan))


@settings(max_examples=tries(250), deadline=None)
@given(
    # thirteen to a hundred years old in 2026 and some years after
    day=st.dates(date(1940, 1, 1), date(2013, 11, 28)),
    form=st.sampled_from(sorted(FORMATS)),
    place=st.integers(0, 5),
    time=st.sampled_from(TIMES),
    weekday=st.sampled_from(("{date}", *DAY_FIRST)),
    around=st.sampled_from(AROUND),
)
def test_a_decorated_date_is_that_date_or_refused(
    day: date, form: str, place: int, time: str, weekday: str, around: str
) -> None:
    written = FORMATS[form][place % len(FORMATS[form])]
    named = ENGLISH[day.weekday()]
    text = weekday.format(date=day.strftime(written) + time, day=named, short=named[:3])
    text = around.format(text)
    assert read(pl.Series([text]), date_format=form)[0] in {str(day), None}
    if (weekday, around) == ("{date}", "{}"):
        assert read(pl.Series([day.strftime(written)]), date_format=form) == [str(day)]
    # without a format never another date, and a century is not guessed
    found = read(pl.Series([text]))[0]
    assert found in ({str(day), None} if "%Y" in written else {None})


@settings(max_examples=60, deadline=None)
@given(day=st.dates(date(1926, 11, 29), date(2026, 11, 28)))
def test_the_century_of_two_digits_is_the_likely_one_or_none(day: date) -> None:
    with time_machine.travel(TODAY, tick=False):
        (found,) = read(pl.Series([day.strftime("%d.%m.%y")]), date_format="DD.MM.YY")
        age = TODAY.year - day.year - ((day.month, day.day) > (TODAY.month, TODAY.day))
        leap = day.strftime("%m%d") == "0229"
        # who would be younger than 13 may be 100 years old, and no older
        other = None if age or leap else str(day.replace(year=day.year - 100))
        assert found == (str(day) if age >= 13 else other) or (leap and found is None)


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ("DD/MM/YYYY", DateFormat("DMY", short_year=False)),
        ("MM/DD/YY", DateFormat("MDY", short_year=True)),
        ("DD-MON-RR", DateFormat("DMY", short_year=True)),
        ("YYMMDD", DateFormat("YMD", short_year=True)),
        ("%m/%d/%y", DateFormat("MDY", short_year=True)),
        ("%Y-%m-%d", DateFormat("YMD", short_year=False)),
        ("MMM DD, YY", DateFormat("MDY", short_year=True)),
        ("DD.MM.YYYY HH:MM", DateFormat("DMY", short_year=False)),
        ("DMY", DateFormat("DMY", short_year=False)),
        ("DD/DD/YY", None),
        ("YYYY", None),
        ("day/month/year", None),
    ],
)
def test_date_formats(written: str, understood: DateFormat | None) -> None:
    assert parse_date_format(written) == understood


def test_the_words_are_those_of_their_source() -> None:
    table = read_table("app.identifiers.dates", "calendar_words.tsv")
    assert table == [list(row) for row in calendar_words.rows()]


def test_columns_of_instants_have_the_date_of_the_export_s_zone() -> None:
    """What Postgres calls timestamptz comes as a moment in UTC."""
    berlin = ZoneInfo("Europe/Berlin")
    born = datetime(1985, 3, 14, tzinfo=berlin)
    instants = pl.Series([born.astimezone(UTC), None]).cast(pl.Datetime("us", "UTC"))
    assert read(instants) == ["1985-03-13", None]
    assert read(instants, time_zone="Europe/Berlin") == ["1985-03-14", None]
    # its own zone is known, or there is none: as written
    own = instants.dt.convert_time_zone("Europe/Berlin")
    naive = own.dt.replace_time_zone(None)
    for column in (own, naive, naive.dt.date()):
        assert read(column, time_zone="America/New_York") == ["1985-03-14", None]
    texts = pl.Series(["1985-03-13 23:00:00+00", "1985-03-14T00:00:00+01:00"])
    assert read(texts, time_zone="Europe/Berlin") == ["1985-03-13", "1985-03-14"]


def test_pushed_columns_of_instants_too() -> None:
    frame = pl.DataFrame({"DOB": [datetime(1985, 3, 13, 23, tzinfo=UTC)]})
    days = [keep(frame, time_zone=zone).rows["DOBD"] for zone in ("UTC", "Europe/Berlin")]
    assert days[0].to_list() != days[1].to_list()


def test_instants_of_every_zone_and_unit() -> None:
    born = datetime(1985, 3, 14, 12, tzinfo=UTC)
    for number, zone in enumerate(zones()):
        unit = ("ms", "us", "ns")[number % 3]
        column = pl.Series([born]).cast(pl.Datetime(unit, "UTC"))  # type: ignore[arg-type]
        there = born.astimezone(ZoneInfo(zone)).date()
        assert read(column, time_zone=zone) == [str(there)], zone


def test_impossible_dates_are_counted_by_reason() -> None:
    texts = ["1985-02-30", "30/30/1985", "1899-01-01", "03/04/1985", "09/30/84", "1985-03-14"]
    plan = IdentifierPlan(KeyIdentifier.EMAIL, {"DOB": ("born",)})
    found = apply_rules(pl.DataFrame({"born": texts}), plan)
    assert found.refused == {"DOB": {"dob_ambiguous": 2, "dob_invalid": 2, "dob_out_of_range": 1}}
    assert found.filled == {"DOB": 6}


def test_explain_reads_years_of_two_digits() -> None:
    plan = IdentifierPlan(KeyIdentifier.EMAIL, {"DOB": ("born",)}, date_format="MM/DD/YY")
    found = explain({"born": " 09/30/84 "}, plan)
    assert [one.text for one in found] == ["1984", "09", "30"]
    assert found[0].steps == (("trim", "09/30/84"), ("as a calendar date", "19840930"))


def test_a_weekday_must_be_that_of_the_date() -> None:
    first = date(1985, 3, 11)
    for shift in range(7):
        day = first + timedelta(days=shift)
        texts = [f"{name}, {day:%d %B %Y}" for name in ENGLISH]
        expected = [str(day) if number == shift else None for number in range(7)]
        assert read(pl.Series(texts)) == expected
