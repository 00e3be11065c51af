"""What is known about the quotas of an ad account: a port, and its form in this process's memory.

Times go in and out as durations in seconds, so that every form may use a clock of its own. A scope
is an ad account or the app; a call belongs to one or both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

LONGEST_BLOCK = 3600.0  # a guess doubles up to this; what Meta names is taken as it is


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call may go now; if not, why and for how long (seconds, 0 when that is unknown).

    `calls`: calls admitted so far, by scope; `held`: calls of everybody under way, this one included,
    by scope, as far as they are limited; `tracked`: `leave` must be called afterwards; `calm`:
    nothing limits or spaces calls at present.
    """

    word: Literal["go", "blocked", "full", "pace"]
    wait: float = 0.0
    calls: tuple[int, ...] = ()
    held: tuple[int, ...] = ()
    tracked: bool = False
    calm: bool = False


class QuotaState(Protocol):
    """The knowledge shared by everybody who calls Meta for the same accounts."""

    async def enter(self, scopes: Sequence[str], holder: str, *, also: int = 0) -> Verdict:
        """Asks for admission of one call; `holder` names it uniquely.

        `also`: calls that went without asking, which are counted with it.
        """

    async def leave(self, scopes: Sequence[str], holder: str, *, passed: bool) -> None:
        """Ends an admitted, tracked call; success lets the number of calls at once grow."""

    async def block(self, scope: str, seconds: float, *, named: bool, in_flight: int) -> float:
        """Admits nothing for so long, and half as many at once afterwards.

        `named` times are Meta's own; others are guesses, which double each time in a row. Returns
        the seconds until the block ends.
        """

    async def pace(self, scope: str, interval: float, lifetime: float) -> None:
        """Keeps calls that many seconds apart, for as long as `lifetime`; 0 lifts it."""

    async def blocked(self, scopes: Sequence[str]) -> float:
        """Seconds until nothing blocks a call any more."""

    async def lift(self, scope: str) -> int:
        """Forgets the block, and how often it was met; how often that was done by now."""

    async def lifts(self, scope: str) -> int:
        """How often blocks were lifted, so that a block from before can be told."""


@dataclass(slots=True)
class _Scope:
    blocked_until: float = 0.0
    strikes: int = 0
    limit: float | None = None  # calls at once; None: not limited
    holders: dict[str, float] = field(default_factory=dict)
    interval: float = 0.0
    interval_ends: float = 0.0
    next_at: float = 0.0
    calls: int = 0
    lifts: int = 0


class MemoryQuota:
    """One process's own knowledge."""

    def __init__(
        self, monotonic: Callable[[], float], *, ceiling: int = 64, lease: float = 120.0
    ) -> None:
        """`ceiling`: calls at once above which no limit is kept; `lease`: seconds a call is
        counted at most, should its end never be told.
        """
        self._now = monotonic
        self._ceiling = ceiling
        self._lease = lease
        self._scopes: dict[str, _Scope] = {}

    async def enter(self, scopes: Sequence[str], holder: str, *, also: int = 0) -> Verdict:
        now, states = self._now(), [self._scope(name) for name in scopes]
        blocked = max(state.blocked_until for state in states) - now
        if blocked > 0:
            return Verdict("blocked", blocked)
        for state in states:
            state.holders = {name: end for name, end in state.holders.items() if end > now}
            if state.limit is not None and len(state.holders) >= int(state.limit):
                return Verdict("full")
        paced = [state for state in states if state.interval > 0 and state.interval_ends > now]
        wait = max((state.next_at for state in paced), default=now) - now
        if wait > 0:
            return Verdict("pace", wait)
        for state in paced:
            state.next_at = now + state.interval
        tracked = False
        for state in states:
            state.calls += 1 + also
            if state.limit is not None:
                state.holders[holder] = now + self._lease
                tracked = True
        return Verdict(
            "go",
            calls=tuple(state.calls for state in states),
            held=tuple(len(state.holders) for state in states),
            tracked=tracked,
        )

    async def leave(self, scopes: Sequence[str], holder: str, *, passed: bool) -> None:
        now = self._now()
        for state in (self._scope(name) for name in scopes):
            state.holders.pop(holder, None)
            if passed and state.blocked_until <= now and state.limit is not None:
                state.strikes = 0
                state.limit += 1 / state.limit
                if state.limit >= self._ceiling:
                    state.limit = None

    async def block(self, scope: str, seconds: float, *, named: bool, in_flight: int) -> float:
        now, state = self._now(), self._scope(scope)
        if state.blocked_until <= now:
            state.strikes += 1
            held = in_flight if state.limit is None else state.limit
            state.limit = max(1.0, held // 2)
        if not named:
            seconds = min(seconds * 2 ** (state.strikes - 1), LONGEST_BLOCK)
        state.blocked_until = max(state.blocked_until, now + seconds)
        return state.blocked_until - now

    async def pace(self, scope: str, interval: float, lifetime: float) -> None:
        now, state = self._now(), self._scope(scope)
        state.next_at = min(state.next_at, now + interval)
        state.interval, state.interval_ends = interval, now + lifetime

    async def blocked(self, scopes: Sequence[str]) -> float:
        now = self._now()
        return max(0.0, *(self._scope(name).blocked_until - now for name in scopes))

    async def lift(self, scope: str) -> int:
        state = self._scope(scope)
        state.blocked_until, state.strikes = 0.0, 0
        state.lifts += 1
        return state.lifts

    async def lifts(self, scope: str) -> int:
        return self._scope(scope).lifts

    def _scope(self, name: str) -> _Scope:
        return self._scopes.setdefault(name, _Scope())
