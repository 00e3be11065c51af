"""Where the API reads sources: a few threads, shared fairly, whose work ends when its asker is gone.

A run reads in its worker. Here somebody waits for an answer: a file that takes minutes to unpack must
not keep the threads from all others, and not at all once nobody waits for it.
"""

import asyncio
import contextvars
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from app.edge.fair_queue import Lane
from app.errors import Conflict, TooManyRequests
from app.sources import wanted

Result = TypeVar("Result")

_PATIENCE_SECONDS = 10.0
_SHARE_SECONDS = 2.0


class Readers:
    """Threads that read sources for callers of the API."""

    def __init__(self, places: int) -> None:
        """`places`: how many sources are read at once; one caller has half of them at most."""
        self.threads = ThreadPoolExecutor(places, thread_name_prefix="source")
        self._lane = Lane(places, _PATIENCE_SECONDS)
        self._share = max(1, places // 2)
        self._held: Counter[str] = Counter()
        self._refreshing: set[str] = set()
        self._freed = asyncio.Event()

    async def read(self, caller_id: str, work: Callable[[], Result]) -> Result:
        """What the work returns, done in a thread; it is given up if this is cancelled.

        Raises `TooManyRequests` (`reads-busy`) beyond the caller's share, and `Overloaded`.
        """
        await self._own_share(caller_id)
        try:
            place = await self._lane.enter(caller_id)
        except BaseException:
            self._release(caller_id)
            raise

        def left(future: asyncio.Future[Any]) -> None:
            # the thread itself has ended: only now is its place free
            place.leave()
            self._release(caller_id)
            if not future.cancelled():
                future.exception()

        with wanted():
            context = contextvars.copy_context()
            reading = asyncio.get_running_loop().run_in_executor(self.threads, context.run, work)
            reading.add_done_callback(left)
            return await asyncio.shield(reading)

    @asynccontextmanager
    async def refresh(self, segment_id: str) -> AsyncIterator[None]:
        """One refresh of a segment at a time. Raises `Conflict` (`refresh-in-progress`)."""
        if segment_id in self._refreshing:
            raise Conflict(
                "This segment is being refreshed by another request; wait for its end.",
                code="refresh-in-progress",
            )
        self._refreshing.add(segment_id)
        try:
            yield
        finally:
            self._refreshing.discard(segment_id)

    async def _own_share(self, caller_id: str) -> None:
        """Take one of the caller's own places; most reads are short, so one is waited for a moment."""
        try:
            async with asyncio.timeout(_SHARE_SECONDS):
                while self._held[caller_id] >= self._share:
                    self._freed.clear()
                    await self._freed.wait()
        except TimeoutError:
            raise TooManyRequests(
                "As many sources as one caller may have read at once are being read for you; wait "
                "for one of them.",
                code="reads-busy",
                retry_after=5,
            ) from None
        self._held[caller_id] += 1

    def _release(self, caller_id: str) -> None:
        self._held[caller_id] -= 1
        if not self._held[caller_id]:
            del self._held[caller_id]
        self._freed.set()
