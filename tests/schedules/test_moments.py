"""A simulated year of wall clocks against a list made another way: none missing, none doubled (L58-L61)."""

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, time

import pytest

from app.schedule_times import Cron, Rule, Weekdays, check_cron, check_zone, next_time, zones
from tests.schedules.wall import END, START, ZONES, at, moments


def year_of(rule: Rule) -> list[datetime]:
    found: list[datetime] = []
    moment = next_time(rule, START)
    while moment is not None and moment <= END:
        found.append(moment)
        moment = next_time(rule, moment)
    return found


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("days", "times"),
    [
        (range(7), ["02:30"]),
        (range(7), ["00:00", "00:30", "02:00", "03:00"]),
        ([6], ["00:15", "01:45", "02:15", "02:45"]),  # Sundays, when clocks are changed
        ([0, 3], ["23:45"]),
    ],
)
def test_a_year_of_fixed_times(zone: str, days: list[int], times: list[str]) -> None:
    rule = Weekdays(frozenset(days), frozenset(map(time.fromisoformat, times)), zone)
    assert year_of(rule) == moments(zone, at(times, days))


CRONS: dict[str, Callable[[datetime], bool]] = {
    "30 2 * * *": at(["02:30"]),
    "15 0,2 * * 0": at(["00:15", "02:15"], [6]),
    "45 1-3 * * 6-7": at(["01:45", "02:45", "03:45"], [5, 6]),
    "0 0 L * *": lambda face: (
        face.time() == time(0) and face.day == monthrange(face.year, face.month)[1]
    ),
}
OFTEN: dict[str, Callable[[datetime], bool]] = {
    "*/30 * * * *": lambda face: face.minute in {0, 30},
    "0 */2 * * *": lambda face: face.minute == 0 and face.hour % 2 == 0,
}


@pytest.mark.parametrize(
    ("zone", "expression"),
    [
        *((zone, expression) for zone in ZONES[:5] for expression in CRONS),
        *zip(("Europe/Berlin", "Australia/Lord_Howe"), OFTEN, strict=True),
    ],
)
def test_a_year_of_cron(zone: str, expression: str) -> None:
    assert year_of(Cron(expression, zone)) == moments(zone, (CRONS | OFTEN)[expression])


def test_the_two_nights_of_berlin_by_hand() -> None:
    """02:30 does not exist on 29 March 2026 and exists twice on 25 October 2026."""
    rule = Cron("30 2 * * *", "Europe/Berlin")
    found = [
        moment for moment in year_of(rule) if (moment.month, moment.day) in {(3, 29), (10, 25)}
    ]
    assert found == [
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),  # 03:00, the first moment after the gap
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # the first 02:30
    ]


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "* * *",
        "* * * * * *",
        "60 * * * *",
        "0 24 * * *",
        "x y z a b",
        "0 0 30 2 *",
        "0 0 * * 8",
    ],
)
def test_what_is_no_cron_expression(bad: str) -> None:
    with pytest.raises(ValueError, match=r"cron|fields|day") as caught:
        check_cron(bad)
    assert bad == "" or bad not in str(caught.value)


def test_time_zones_are_those_of_the_iana_database() -> None:
    assert {"UTC", "Europe/Berlin", "Asia/Kolkata"} <= set(zones())
    assert not {"localtime", "posixrules", "Factory"} & set(zones())
    for bad in ("Berlin", "europe/berlin", "../etc/passwd", ""):
        with pytest.raises(ValueError, match="IANA"):
            check_zone(bad)
