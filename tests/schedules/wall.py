"""When schedules are due, found without the code under test: by watching a clock on the wall for a year."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

STEP = timedelta(minutes=15)
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
# half an hour's daylight saving; changes at midnight; no summer but a Ramadan time; none at all
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Kolkata",
)


@cache
def watch(zone: str) -> list[tuple[datetime, datetime]]:
    """(moment, time shown) of a year, each time once: when it is first shown, or first passed over."""
    place = ZoneInfo(zone)
    found, now = [], START - timedelta(days=2)
    shown = now.astimezone(place).replace(tzinfo=None)
    while now < END:
        now += STEP
        face = now.astimezone(place).replace(tzinfo=None)
        while shown < face:
            shown += STEP
            if now > START:
                found.append((now, shown))
    return found


def moments(zone: str, wanted: Callable[[datetime], bool]) -> list[datetime]:
    """Every moment in (START, END] that stands for a wanted time; times are multiples of 15 minutes."""
    return sorted({moment for moment, shown in watch(zone) if wanted(shown)})


def at(times: Iterable[str], days: Iterable[int] = range(7)) -> Callable[[datetime], bool]:
    """Wanted: these times on these days (Monday = 0)."""
    clock_times, weekdays = {time.fromisoformat(text) for text in times}, set(days)
    return lambda face: face.time() in clock_times and face.weekday() in weekdays
