"""Keeps all calls to an ad account within what Meta allows, across calls, runs and workers.

Three things happen, each shared through Redis: a refusal blocks the account until the time Meta
names; usage near the limit spaces calls out to the pace at which the quota drains; and after a
refusal half as many calls run at once, growing again by one for every round that passes. While
Redis is away, the process goes by what it has seen itself. Where nothing is limited or spaced it asks
twenty times a second and not for every call, so that what another process learns takes that long.
https://developers.facebook.com/docs/marketing-api/overview/rate-limiting
"""

import asyncio
import logging
import random as chance
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from app import clock
from app.errors import Unavailable
from app.facebook.errors import Scope, Throttled
from app.facebook.quota.pacing import Pacer
from app.facebook.quota.state import MemoryQuota, QuotaState, Verdict
from app.facebook.usage_headers import Usage
from app.ids import new_id

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_APP_SCOPE = "app"
_PATIENCE = 1.0  # seconds for one step at Redis
_AWAY = 2.0  # seconds without asking again after Redis failed
_POLL = 0.05  # seconds between looks when others hold all places
_CALM = 0.05  # seconds for which "nothing is limited" holds
_LONG = 1.0  # seconds from which on a wait is worth to be known of
_NAP = 5.0  # seconds slept at most before looking again: the block may have changed


@dataclass(slots=True)
class _Calm:
    """While it lasts calls go without asking; `calls` were admitted before, by scope."""

    until: float
    calls: tuple[int, ...]
    unasked: int = 0


class Slot:
    """One admitted call; its holder reports how it went."""

    def __init__(self, governor: "Governor", account: str | None, verdict: Verdict) -> None:
        self._governor = governor
        self._account = account
        self._calls = verdict.calls
        self.passed = False

    async def answered(self, usage: Usage) -> None:
        """Meta carried the call out, with these usage headers."""
        self.passed = True
        await self._governor.learn(self._account, usage, self._calls)

    async def refused(self, error: Throttled, usage: Usage) -> None:
        """Meta refused; sets the error's wait to what all of us now keep."""
        await self._governor.learn(self._account, usage, self._calls)
        await self._governor.punish(self._account, error)


class Governor:
    """Admission to Meta, one for each process; the knowledge is shared through `shared`."""

    def __init__(
        self,
        shared: QuotaState | None = None,
        *,
        max_wait: float = 60.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = chance.random,
    ) -> None:
        """`max_wait`: seconds a call waits for a block to end; a longer block raises Throttled."""
        self.max_wait = max_wait
        self._shared = shared
        self._local = MemoryQuota(monotonic)
        self._sleep = sleep
        self._now = monotonic
        self._random = random
        self._away_until = 0.0
        self._gates: dict[str | None, asyncio.Lock] = {}
        self._in_flight: dict[str, int] = {}
        # of everybody, as far as it is known here
        self._admitted: dict[str, int] = {}
        self._held: dict[str, int] = {}
        self._calm: dict[Sequence[str], _Calm] = {}
        # calls that sleep before they ask again, by what they wait for; a result wakes them
        self._asleep: dict[asyncio.Future[None], Sequence[str]] = {}
        # until when the next call of a scope waits, where that is long
        self._waits: dict[str, float] = {}
        # how often the blocks of a scope had been lifted when ours was met
        self._lifts: dict[str, int] = {}
        self._pacer = Pacer(monotonic)

    @asynccontextmanager
    async def slot(self, account: str | None) -> AsyncIterator[Slot]:
        """A place for one call on that ad account (None: only the app's limits count).

        Waits for a place, the pace, and blocks up to `max_wait`. Raises Throttled.
        """
        scopes, holder = _scopes(account), new_id("call")
        # only the first in line asks, so that waiting costs one question at a time
        async with self._gates.setdefault(account, asyncio.Lock()):
            state, verdict = await self._admission(scopes, holder)
        for scope in scopes:
            self._in_flight[scope] = self._in_flight.get(scope, 0) + 1
        self._admitted.update(zip(scopes, verdict.calls, strict=False))
        self._held.update(zip(scopes, verdict.held, strict=False))
        slot = Slot(self, account, verdict)
        try:
            yield slot
        finally:
            for scope in scopes:
                self._in_flight[scope] -= 1
            if verdict.tracked:
                await self._tell(state, lambda s: s.leave(scopes, holder, passed=slot.passed))

    async def throttled_until(self, account: str | None) -> datetime | None:
        """When calls on that ad account may go on, or None when they may go now."""
        wait = await self._blocked(_scopes(account))
        return clock.now() + timedelta(seconds=wait) if wait > 0 else None

    def waits(self, account: str | None) -> bool:
        """Whether calls of this process on that ad account wait for their turn, a second or longer."""
        return self._waits.get(_scopes(account)[0], 0.0) > self._now()

    async def learn(self, account: str | None, usage: Usage, calls: Sequence[int]) -> None:
        """Takes in what the usage headers say; `calls`: admitted so far, by scope."""
        scopes = _scopes(account)
        counted = dict(zip(scopes, calls, strict=False))
        levels = [(scopes[0], level) for level in usage.levels] if account else []
        if usage.app_level is not None:
            levels.append((_APP_SCOPE, usage.app_level))
        ahead = {
            scope: max(
                self._admitted.get(scope, 0) - counted.get(scope, 0),
                self._in_flight.get(scope, 1) - 1,
                self._held.get(scope, 1) - 1,
            )
            for scope in scopes
        }
        for pace in self._pacer.changes(levels, calls=counted, ahead=ahead):
            told = (pace.scope, pace.interval, pace.lifetime)
            await self._everywhere(pace.scope, lambda s, told=told: s.pace(*told))  # type: ignore[misc]
        if account and usage.regain_seconds > 0:
            await self._block(scopes[0], usage.regain_seconds, named=True)

    async def punish(self, account: str | None, error: Throttled) -> None:
        """Blocks what the refusal is about, and tells the error how long that is."""
        if error.scope is Scope.AUDIENCE:
            return
        scope = _scopes(None if error.scope is Scope.APP else account)[0]
        error.retry_after = await self._block(scope, error.wait_seconds, named=error.named)

    async def lift(self, account: str) -> None:
        """Forgets the block of an ad account, here and in every process that shares the knowledge.

        Raises `Unavailable` when the others cannot be told.
        """
        scope = _scopes(account)[0]
        told = await self._everywhere(scope, lambda s: s.lift(scope))
        if self._shared is not None and len(told) < 2:
            raise Unavailable(
                "Redis cannot be reached; try again shortly.", code="redis-unavailable"
            )

    async def _admission(self, scopes: Sequence[str], holder: str) -> tuple[QuotaState, Verdict]:
        while True:
            state, verdict = await self._ask(scopes, holder)
            if verdict.word == "go":
                return state, verdict
            if verdict.word == "blocked" and verdict.wait > self.max_wait:
                raise Throttled(
                    "Meta asked for a pause for this ad account; calls go on after it.",
                    retry_after=verdict.wait,
                )
            if verdict.wait >= _LONG:
                self._waits[scopes[0]] = self._now() + verdict.wait
            if verdict.word == "full":
                await self._sleep(_POLL * (0.5 + self._random()))
            else:
                # whoever waits wakes a little apart from the others
                await self._nap(scopes, min(verdict.wait, _NAP) + _POLL * self._random())

    async def _nap(self, scopes: Sequence[str], seconds: float) -> None:
        """Sleeps until something new is learned here of what the call waits for; so long at most."""
        news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sleep = asyncio.ensure_future(self._sleep(seconds))
        self._asleep[news] = scopes
        try:
            await asyncio.wait((news, sleep), return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._asleep[news]
            sleep.cancel()

    async def _ask(self, scopes: Sequence[str], holder: str) -> tuple[QuotaState, Verdict]:
        own = await self._own_block(scopes)
        if own > 0:
            return self._local, Verdict("blocked", own)
        shared = self._reachable()
        if shared is not None:
            calm = self._calm.get(scopes)
            if calm is not None and self._now() < calm.until:
                calm.unasked += 1
                return shared, Verdict("go", calls=tuple(n + calm.unasked for n in calm.calls))
            also = calm.unasked if calm else 0
            verdict = await self._tell(shared, lambda s: s.enter(scopes, holder, also=also))
            if verdict is not None:
                if verdict.word == "go":
                    until = self._now() + _CALM if verdict.calm else 0.0
                    self._calm[scopes] = _Calm(until, verdict.calls)
                return shared, verdict
        return self._local, await self._local.enter(scopes, holder)

    async def _blocked(self, scopes: Sequence[str]) -> float:
        own = await self._own_block(scopes)
        shared = self._reachable()
        others = await self._tell(shared, lambda s: s.blocked(scopes)) if shared else None
        return max(own, others or 0.0)

    async def _own_block(self, scopes: Sequence[str]) -> float:
        """Seconds of the block that was met here; one that somebody lifted meanwhile is forgotten."""
        own = await self._local.blocked(scopes)
        shared = self._reachable()
        if own <= 0 or shared is None:
            return own
        for scope in scopes:
            lifts = await self._tell(shared, lambda s, scope=scope: s.lifts(scope))  # type: ignore[misc]
            if lifts is not None and lifts > self._lifts.get(scope, 0):
                self._lifts[scope] = lifts
                await self._local.lift(scope)
        return await self._local.blocked(scopes)

    async def _block(self, scope: str, seconds: float, *, named: bool) -> float:
        in_flight = max(1, self._in_flight.get(scope, 0))
        waits = await self._everywhere(
            scope, lambda s: s.block(scope, seconds, named=named, in_flight=in_flight)
        )
        shared = self._reachable()
        lifts = await self._tell(shared, lambda s: s.lifts(scope)) if shared else None
        if lifts is not None:
            self._lifts[scope] = lifts
        return max(waits)

    async def _everywhere(
        self, scope: str, step: Callable[[QuotaState], Awaitable[_T]]
    ) -> list[_T]:
        """The step here and, if Redis answers, there: what we learn must survive its absence."""
        for calm in self._calm.values():
            calm.until = 0.0
        results = [await step(self._local)]
        shared = self._reachable()
        if shared is not None and (result := await self._tell(shared, step)) is not None:
            results.append(result)
        for news, scopes in self._asleep.items():
            if scope in scopes and not news.done():
                news.set_result(None)
        return results

    def _reachable(self) -> QuotaState | None:
        return self._shared if self._now() >= self._away_until else None

    async def _tell(
        self, state: QuotaState, step: Callable[[QuotaState], Awaitable[_T]]
    ) -> _T | None:
        """The step's result, or None when the state could not be reached."""
        if state is self._local:
            return await step(state)
        try:
            async with asyncio.timeout(_PATIENCE):
                return await step(state)
        except Exception as error:  # noqa: BLE001 - whatever a Redis client raises: uploads go on
            self._away_until = self._now() + _AWAY
            _log.warning("graph-quota-state-unreachable", extra={"reason": type(error).__name__})
            return None


def _scopes(account: str | None) -> tuple[str, ...]:
    if account is None:
        return (_APP_SCOPE,)
    return f"account:{account.removeprefix('act_')}", _APP_SCOPE
