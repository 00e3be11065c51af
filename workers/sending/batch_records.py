"""Answered batches on their way into the database, many in one write when many came in.

A batch that is written down is never sent again, so it is written right after it is answered, and
what was answered is written however the delivery ends. Each write also hears of a cancel, which is how
one takes effect within a batch.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from app.runs.execution import BatchRecord, record_batches
from workers.lease import Lease

# between two writes: a write costs as much as an upload, whether of one batch or of ten, and Meta
# takes far longer to answer
_PAUSE_SECONDS = 0.1


class BatchRecorder:
    """Takes records at any moment and writes them from a task of its own."""

    def __init__(self, lease: Lease, fail: Callable[[BaseException], None]) -> None:
        """`fail` is told what made a write impossible; nothing more is written then."""
        self._lease = lease
        self._fail = fail
        self._answered: list[BatchRecord] = []
        self._news = asyncio.Event()
        self._closed = asyncio.Event()

    def note(self, record: BatchRecord) -> None:
        """Have the answer written."""
        self._answered.append(record)
        self._news.set()

    def close(self) -> None:
        """Let `run` end once everything noted is written."""
        self._closed.set()
        self._news.set()

    async def run(self) -> None:
        """Write until closed."""
        while True:
            await self._news.wait()
            self._news.clear()
            batches, self._answered = self._answered, []
            try:
                if batches and await self._write(batches):
                    self._lease.cancel_requested.set()
            except Exception as error:  # noqa: BLE001 - handed on, not swallowed
                self._fail(error)
                return
            if self._closed.is_set() and not self._answered:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(_PAUSE_SECONDS):
                    await self._closed.wait()

    async def _write(self, batches: Sequence[BatchRecord]) -> bool:
        return await self._lease.write(
            lambda session, claim: record_batches(session, claim, batches)
        )
