"""How far apart calls must be so that a filling quota drains as fast as it fills.

What one call costs is learned from the headers: by how much a quota rose over how many calls. A
development account's score allows one write every fifteen seconds, a full one ten a second; no
fixed figure fits both. Scores drain evenly; the quota of an hour counts the calls of the last hour,
so what was spent at once comes back at once, and nothing before.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from app.facebook.usage_headers import HOUR, Level

_CALM = 70.0  # percent below which nothing slows down
_FULL = 90.0  # percent from which calls come only as fast as the quota drains
_BRIM = 96.0  # percent above which a quota must drain faster than it fills
_UNKNOWN_COST = 1.0  # seconds apart near the brim before a cost is known
_LONGEST = 60.0
_MEMORY = 0.5  # weight of what was learned before
_RARE = 1.0  # seconds between calls
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
    # what it asks for, and until when that counts though nothing is read of it again
    interval: float = 0.0
    until: float = 0.0


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
        ahead: Mapping[str, int],
    ) -> list[Pace]:
        """What to tell everybody: paces that changed noticeably or would soon end.

        `levels` by scope as just read; `calls`: admitted up to the call that read them; `ahead`: admitted
        since, by anybody, which the reading may not know of.
        """
        touched = dict[str, None]()
        for scope, level in levels:
            reading = self._read(scope, level, calls.get(scope, 0))
            cost = reading.cost
            if cost is not None:
                # an answer counts the call it answers, so none takes more than the answer tells
                cost = min(cost, level.percent)
            before = reading.interval
            expected = level.percent + (cost or 0.0) * ahead.get(scope, 0)
            reading.interval = _interval(level, cost, expected)
            reading.until = self._now() + _lifetime(reading.interval)
            # a quota that is calm as ever says nothing against what another one asked for
            if before or reading.interval:
                touched[scope] = None
        told = []
        for scope in touched:
            interval = self._asked_for(scope)
            before, ends = self._told.get(scope, (0.0, 0.0))
            lifetime = _lifetime(interval)
            # calls that are rare tell each time: others may have told something else since
            renew = interval >= _RARE or (interval > 0 and ends - self._now() < lifetime / 2)
            if renew or abs(interval - before) > 0.1 * before:
                self._told[scope] = interval, self._now() + lifetime
                told.append(Pace(scope, interval, lifetime))
        return told

    def _asked_for(self, scope: str) -> float:
        """The slowest pace of all quotas of the scope; an answer tells of one, and the others stay."""
        return max(
            reading.interval
            for (of, _), reading in self._readings.items()
            if of == scope and reading.until > self._now()
        )

    def _read(self, scope: str, level: Level, calls: int) -> _Reading:
        now, key = self._now(), (scope, level.quota)
        last = self._readings.get(key)
        # answers overtake each other; but a count that is far lower began anew
        if last is None or calls < last.calls // 2:
            self._readings[key] = last = _Reading(calls, level.percent, now, cost=level.write_cost)
        made, passed = calls - last.calls, now - last.at
        # percentages may be whole numbers, so a rise means something only from two points on
        telling = abs(level.percent - last.percent) >= 2 or passed > level.window / 10
        if made > 0 and telling and level.percent < 100:
            # how fast a nearly empty quota drains is not to be seen, nor when that of an hour does
            even = level.percent >= 50 and level.window < HOUR
            drained = passed * 100 / level.window if even else 0
            cost = (level.percent - last.percent + drained) / made
            # after so long it may have stood empty meanwhile
            if cost > 0 and drained <= last.percent:
                known = cost if last.cost is None else last.cost
                last.cost = _MEMORY * known + (1 - _MEMORY) * cost
            last.calls, last.percent, last.at = calls, level.percent, now
        return last


def _lifetime(interval: float) -> float:
    """Seconds for which a pace counts."""
    return max(_SHORTEST_LIFE, 10 * interval)


def _interval(level: Level, cost: float | None, expected: float) -> float:
    """Seconds between calls; `expected`: percent once the calls in flight are counted."""
    if expected < _CALM:
        return 0.0
    if cost is None:
        return 0.0 if expected < _FULL else _UNKNOWN_COST
    urgency = min(1.0, (expected - _CALM) / (_FULL - _CALM))
    if expected >= _BRIM:
        # a score drains all the time, so a little more is enough; an hour that was filled at once gives
        # nothing back before its end: what is left must last as long
        urgency = 1.5 if level.window < HOUR else 100 / max(100 - expected, 1.0)
    return min(_LONGEST, cost * level.window / 100 * urgency)
