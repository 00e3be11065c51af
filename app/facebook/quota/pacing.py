"""How far apart calls must be so that a filling quota drains as fast as it fills.

What one call costs is learned from the headers: by how much a quota rose over how many calls. A
development account's score allows one write every fifteen seconds, a full one ten a second; no
fixed figure fits both.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from app.facebook.usage_headers import Level

_CALM = 70.0  # percent below which nothing slows down
_FULL = 90.0  # percent from which calls come only as fast as the quota drains
_BRIM = 95.0  # percent above which it must drain faster than it fills
_UNKNOWN_COST = 1.0  # seconds apart near the brim before a cost is known
_LONGEST = 60.0
_MEMORY = 0.5  # weight of what was learned before
_SHORTEST_LIFE = 30.0  # seconds; a pace nobody renews ends


@dataclass(frozen=True, slots=True)
class Pace:
    """Calls of a scope that many seconds apart, for that many seconds; 0 lifts it."""

    scope: str
    interval: float
    lifetime: float


@dataclass(slots=True)
class _Reading:
    calls: int
    percent: float
    at: float
    cost: float | None = None  # percent of the quota for one call
    interval: float = 0.0


class Pacer:
    """Readings of every quota, in one process."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._now = monotonic
        self._readings: dict[tuple[str, str], _Reading] = {}
        self._told: dict[str, tuple[float, float]] = {}

    def changes(
        self,
        levels: Iterable[tuple[str, Level]],
        *,
        calls: Mapping[str, int],
        in_flight: Mapping[str, int],
    ) -> list[Pace]:
        """What to tell everybody: paces that changed noticeably or would soon end.

        `levels` by scope as just read; `calls`: admitted so far; `in_flight`: not answered yet.
        """
        touched: dict[str, float] = {}
        for scope, level in levels:
            reading = self._read(scope, level, calls.get(scope, 0))
            ahead = (reading.cost or 0.0) * in_flight.get(scope, 0)
            reading.interval = _interval(level, reading.cost, level.percent + ahead)
            touched[scope] = max(touched.get(scope, 0.0), reading.interval)
        told = []
        for scope, interval in touched.items():
            before, ends = self._told.get(scope, (0.0, 0.0))
            lifetime = max(_SHORTEST_LIFE, 10 * interval)
            renew = interval > 0 and ends - self._now() < lifetime / 2
            if renew or abs(interval - before) > 0.1 * before:
                self._told[scope] = interval, self._now() + lifetime
                told.append(Pace(scope, interval, lifetime))
        return told

    def _read(self, scope: str, level: Level, calls: int) -> _Reading:
        now, key = self._now(), (scope, level.quota)
        last = self._readings.get(key)
        if last is None or calls < last.calls:  # the shared count began anew
            self._readings[key] = last = _Reading(calls, level.percent, now)
        made, passed = calls - last.calls, now - last.at
        # percentages may be whole numbers, so a rise means something only from two points on
        telling = abs(level.percent - last.percent) >= 2 or passed > level.window / 10
        if made > 0 and telling and level.percent < 100:
            # how fast a nearly empty quota drains is not to be seen
            drained = min(passed * 100 / level.window, last.percent) if level.percent >= 50 else 0
            cost = (level.percent - last.percent + drained) / made
            if cost > 0:
                known = cost if last.cost is None else last.cost
                last.cost = _MEMORY * known + (1 - _MEMORY) * cost
            last.calls, last.percent, last.at = calls, level.percent, now
        return last


def _interval(level: Level, cost: float | None, expected: float) -> float:
    """Seconds between calls; `expected`: percent once the calls in flight are counted."""
    if expected < _CALM:
        return 0.0
    if cost is None:
        return 0.0 if expected < _FULL else _UNKNOWN_COST
    urgency = min(1.0, (expected - _CALM) / (_FULL - _CALM))
    if expected >= _BRIM:
        urgency = 1.5
    return min(_LONGEST, cost * level.window / 100 * urgency)
