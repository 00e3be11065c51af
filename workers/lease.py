"""A run's lease while it is worked on: kept alive, watched for a cancel, and given up when lost.

Every write goes through `Lease.write`, which waits out a database that is away: the statements carry
the fence and change nothing twice, so they can be repeated.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.session import Database
from app.errors import Unavailable
from app.observability.logs import get_logger
from app.runs.execution import Claim, LeaseLost, keep_alive

log = get_logger(__name__)

T = TypeVar("T")

_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)


class CancelRequested(Exception):
    """Somebody asked for the end of this run."""


async def patiently(
    database: Database, step: Callable[[AsyncSession], Awaitable[T]], *, patience: float = 120.0
) -> T:
    """Run a repeatable step in a transaction, again and again while the database is away.

    Raises `Unavailable` after `patience` seconds of that.
    """
    deadline, tries = time.monotonic() + patience, 0
    while True:
        try:
            async with database.transaction() as session:
                return await step(session)
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1


async def ended(work: "asyncio.Future[Any]") -> None:
    """Wait until it has, however: what it raises is for whoever asks, and they may have gone."""
    await asyncio.wait({work})
    if not work.cancelled():
        work.exception()


class Lease:
    """`async with Lease(…)`: the block is cancelled when the lease is lost, and ends in `LeaseLost`."""

    def __init__(self, database: Database, claim: Claim, *, seconds: float) -> None:
        """`seconds` is how long the claim holds without a sign of life."""
        self.claim = claim
        self.cancel_requested = asyncio.Event()
        self._database = database
        self._seconds = seconds
        self.lost = False
        self._sure_until = 0.0
        self._ending = False
        self._asking = asyncio.Lock()
        self._task: asyncio.Task[object] | None = None
        self._heart: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to beat. Raises `LeaseLost`."""
        self._task = asyncio.current_task()
        await self._keep_alive()
        self._heart = asyncio.create_task(self._beat())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop beating; a cancellation that the loss caused becomes `LeaseLost`."""
        assert self._heart is not None
        self._heart.cancel()
        await asyncio.gather(self._heart, return_exceptions=True)
        if self.lost and isinstance(error, asyncio.CancelledError):
            assert self._task is not None
            if self._task.uncancel() == 0:
                raise LeaseLost from None

    async def write(self, step: Callable[[AsyncSession, Claim], Awaitable[T]]) -> T:
        """Run a fenced step in its own transaction. Raises `LeaseLost`."""
        return await patiently(self._database, lambda session: step(session, self.claim))

    async def write_last(self, step: Callable[[AsyncSession, Claim], Awaitable[T]]) -> T:
        """`write` for the step that gives the run up, which is no loss. Raises `LeaseLost`."""
        self._ending = True
        return await self.write(step)

    async def assure(self) -> None:
        """Return while the run is surely ours: before rows leave for Meta, where no fence holds.

        After a stall, or a database that is away, ask first. Raises `LeaseLost`.
        """
        async with self._asking:
            if time.monotonic() >= self._sure_until:
                await self._keep_alive()

    def check_cancel(self) -> None:
        """Raises `CancelRequested` once somebody asked; called between batches and chunks."""
        if self.cancel_requested.is_set():
            raise CancelRequested

    async def unless_canceled(
        self, work: "asyncio.Future[T]", *, seconds: float | None = None
    ) -> bool:
        """Whether the work ended (within so many seconds). Raises `CancelRequested` once somebody asks."""
        asked = asyncio.ensure_future(self.cancel_requested.wait())
        try:
            waited: set[asyncio.Future[Any]] = {work, asked}
            await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
        if not work.done():
            self.check_cancel()
        return work.done()

    async def _beat(self) -> None:
        try:
            while True:
                await asyncio.sleep(min(self._seconds / 6, 1.0))
                await self._keep_alive()
        except LeaseLost:
            if not self._ending:
                self._give_up("lease.lost")
        except Unavailable:
            # nobody can tell whether the lease still stands, so it does not
            self._give_up("lease.unreachable")

    async def _keep_alive(self) -> None:
        began = time.monotonic()
        asked = await self.write(
            lambda session, claim: keep_alive(session, claim, lease_seconds=self._seconds)
        )
        # from before the question: the answer may have been long on its way
        self._sure_until = began + self._seconds
        if asked:
            self.cancel_requested.set()

    def _give_up(self, event: str) -> None:
        log.warning(event, fence=self.claim.fence)
        self.lost = True
        assert self._task is not None
        self._task.cancel()
