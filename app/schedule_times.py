"""When a schedule says so: wall-clock times → moments; pure, so that a year can be looked at at once.

A schedule names times as a clock on the wall shows them. A time that does not exist, because clocks go
forward, stands for the first moment after the gap; one that exists twice, because they go back, for the
first of the two; times that fall on one moment are one (the rule of POSIX cron for fixed times).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# files of the database that are no places: the machine's own zone, and "not configured"
_NO_ZONES = frozenset({"Factory", "localtime", "posixrules"})
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Certain times on certain days of the week; days count from Monday = 0."""

    days: frozenset[int]
    times: frozenset[time]
    zone: str

    def wall_times(self, after: datetime) -> Iterator[datetime]:
        """Wall-clock times from the day before `after` to a week later, in order."""
        for offset in range(-1, 9):
            day = after.date() + timedelta(days=offset)
            if day.weekday() in self.days:
                for clock_time in sorted(self.times):
                    yield datetime.combine(day, clock_time)


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression of five fields (minute, hour, day of month, month, day of week)."""

    expression: str
    zone: str

    def wall_times(self, after: datetime) -> Iterator[datetime]:
        """Wall-clock times later than `after`, in order; ends if there is none for 50 years."""
        yield from CronSim(self.expression, after)


Rule = Weekdays | Cron


@lru_cache(maxsize=8192)
def next_time(rule: Rule, after: datetime) -> datetime | None:
    """The first moment of the rule later than `after` (aware), in UTC; None if there is none."""
    zone = ZoneInfo(rule.zone)
    # an earlier wall time is never a later moment, so nothing before this one can be missed
    for wall in rule.wall_times(after.astimezone(zone).replace(tzinfo=None, fold=0)):
        moment = _moment(wall, zone)
        if moment > after:
            return moment
    return None


def is_due(rule: Rule, since: datetime, now: datetime) -> bool:
    """Whether the rule has a moment in (since, now]."""
    moment = next_time(rule, since)
    return moment is not None and moment <= now


@cache
def zones() -> tuple[str, ...]:
    """The names of the IANA time zone database, in order."""
    return tuple(sorted(available_timezones() - _NO_ZONES))


def utc_offset(name: str, now: datetime) -> str:
    """The zone's offset at that moment, such as `+05:30`."""
    return now.astimezone(ZoneInfo(name)).isoformat(timespec="minutes")[-6:]


def check_zone(name: str) -> str:
    """The name. Raises `ValueError`, without repeating it, if it is no time zone."""
    if name not in zones():
        msg = "must be a time zone of the IANA database, such as Europe/Berlin"
        raise ValueError(msg)
    return name


def check_cron(expression: str) -> str:
    """The expression, single-spaced. Raises `ValueError` if it is none, or names a day that never is."""
    fields = expression.split()
    if len(fields) != 5:
        msg = "must have five fields: minute, hour, day of month, month, day of week"
        raise ValueError(msg)
    tidy = " ".join(fields)
    try:
        next(CronSim(tidy, datetime(2000, 1, 1)))  # noqa: DTZ001 - a wall clock has no zone
    except CronSimError as error:
        # cronsim names the field, never what stands in it
        msg = f"is no cron expression: {str(error).lower()}"
        raise ValueError(msg) from None
    except StopIteration:
        msg = "names a day that never comes"
        raise ValueError(msg) from None
    return tidy


def _moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which a clock there first shows that time, or would have."""
    while True:
        moment = wall.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == wall:
            return moment
        wall += _MINUTE
