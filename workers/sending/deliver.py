"""Staged rows → Meta: batches in flight, each answer recorded, nothing sent twice that was recorded.

Bodies are built in threads, ahead of the uploads by a bounded queue. However delivery ends (a fatal
answer, a cancel, a deploy), the batches in flight are let finish and are recorded first.

Its lines are more than 300: what may happen to a batch is one story.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import polars as pl

from app import clock
from app.exports.members.staging import NOBODY
from app.facebook.errors import Fatal, Rejected
from app.facebook.graph import Graph
from app.facebook.upload.body import UploadSession, match_invalid_samples
from app.facebook.upload.receipts import UploadReceipt
from app.observability.crashes import failures_to
from app.observability.logs import get_logger
from app.observability.tracing import span
from app.runs.execution import note
from app.snapshots import BatchReader, BatchSlice
from workers.context import WorkerContext
from workers.delivery_plan import Step
from workers.lease import CancelRequested, Lease
from workers.sending.batch import KEPT, Batch, Half, Notes, Outcome, Prepared, prepare
from workers.sending.batch_records import BatchRecorder
from workers.sending.replacement import Replacement, replacement_ended
from workers.sending.suppression import SuppressionOfRun
from workers.sending.task_group import task_group
from workers.sending.upload_sessions import SessionBook

log = get_logger(__name__)

_BUILDERS = 2
# a removal Meta refuses since the audience would become too small (C14)
TOO_SMALL = "audience-too-small"
# refusals in a row after which a batch is not a matter of single rows
_MOST_HALVINGS = 64
_SESSION_OVER = frozenset({"replace-session-finished", "replace-session-expired"})


class Delivery:
    """Sends the batches of one step after another."""

    def __init__(
        self,
        worker: WorkerContext,
        lease: Lease,
        graph: Graph,
        audience_id: str,
        *,
        done: set[int],
        session_ids: Sequence[str] = (),
        fresh: bool = False,
        withheld: SuppressionOfRun | None = None,
    ) -> None:
        """`done` are the sequences recorded by earlier attempts, `session_ids` their sessions.

        `fresh`: the audience was made a moment ago, and Meta may not know it everywhere yet.
        `withheld`: whom additions leave out although they were staged.
        """
        self._worker = worker
        self._lease = lease
        # a process that stalled may wake up between any two steps, so the last one asks
        self._graph = graph.guarded(lease.assure)
        self._audience = audience_id
        self._done = done
        self._sessions = list(session_ids)
        self._fresh = fresh
        self._withheld = withheld
        self._recorder = BatchRecorder(lease, self._fail)
        self._stop = asyncio.Event()
        self._error: BaseException | None = None
        self.notes = Notes()

    async def run(self, steps: Sequence[Step]) -> None:
        """Deliver every step. Raises what ended it early, after recording what was answered."""
        work = asyncio.create_task(self._run(steps))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            self._stop.set()
            grace = 0 if self._lease.lost else self._worker.limits.grace_seconds
            await asyncio.wait({work}, timeout=grace)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            raise

    async def _run(self, steps: Sequence[Step]) -> None:
        recorder = asyncio.create_task(self._recorder.run())
        watch = asyncio.create_task(self._watch_for_cancel())
        try:
            for step in steps:
                await self._deliver(step)
                if self._stop.is_set():
                    break
        finally:
            watch.cancel()
            self._stop.set()
            self._recorder.close()
            await asyncio.gather(watch, return_exceptions=True)
            await recorder
        if self._error is not None:
            raise self._error

    async def _deliver(self, step: Step) -> None:
        pending = [batch for batch in step.slices if step.sequence_of(batch) not in self._done]
        if not pending:
            return
        reader = BatchReader(self._worker.store, step.manifest, hexadecimal=True)
        if step.operation == "replace":
            book, pending = await self._open_replacement(step, pending, reader)
        else:
            book = SessionBook(step.rows)
        await self._begin_session(book)
        closing = bool(pending) and pending[-1] is step.slices[-1]
        # the batch that closes the session leaves when all others are answered
        together = pending[:-1] if closing else pending
        await self._send_together(step, together, reader, book)
        if closing and not self._stop.is_set():
            prepared = await self._prepare(step, pending[-1], reader, book, last=True)
            await self._upload(step, prepared, book)
        self.notes.shortfall += book.shortfall()

    async def _open_replacement(
        self, step: Step, pending: list[BatchSlice], reader: BatchReader
    ) -> tuple[SessionBook, list[BatchSlice]]:
        """The session with its first batch at Meta, and the batches that are left."""
        replacement = Replacement(self._lease, self._graph, self._audience, self._sessions)
        first_is_done = step.first_sequence in self._done
        book: SessionBook | None = await replacement.find(step, first_is_done=first_is_done)
        if first_is_done and book is not None:
            return book, pending
        first, last = pending[0], len(step.slices) == 1
        if book is None:
            # alone: it empties the audience, and the others count only after it
            async def send(fresh: SessionBook) -> None:
                await self._upload(
                    step, await self._prepare(step, first, reader, fresh, last=last), fresh
                )

            begun = await replacement.begin(step, send)
            if not begun.taken:
                return begun, pending[1:]
            book = begun
        # taken, although its answer was lost
        session = UploadSession(book.session_id, 1, last, step.rows)
        taken = Outcome(received=first.rows, attempts=1)
        self._recorder.note(
            taken.record(step.first_sequence, step.operation, session, first.rows, clock.now())
        )
        return book, pending[1:]

    async def _send_together(
        self, step: Step, batches: Sequence[BatchSlice], reader: BatchReader, book: SessionBook
    ) -> None:
        if not batches:
            return
        concurrency = min(self._worker.limits.upload_concurrency, len(batches))
        ready: asyncio.Queue[Prepared | None] = asyncio.Queue(maxsize=concurrency)
        waiting = iter(batches)

        async def build() -> None:
            for batch in waiting:
                if self._stop.is_set():
                    return
                await ready.put(await self._prepare(step, batch, reader, book, last=False))

        async def upload() -> None:
            while (prepared := await ready.get()) is not None:
                # after a stop the queue is only emptied, so that no builder waits for a place
                if self._stop.is_set():
                    continue
                with failures_to(self._fail):
                    await self._upload(step, prepared, book)

        async with task_group(self._fail) as start:
            uploads = [start(upload()) for _ in range(concurrency)]
            builders = [start(build()) for _ in range(_BUILDERS)]
            await asyncio.gather(*builders, return_exceptions=True)
            for _ in uploads:
                await ready.put(None)

    async def _prepare(
        self, step: Step, batch: BatchSlice, reader: BatchReader, book: SessionBook, *, last: bool
    ) -> Prepared:
        sequence, session = step.sequence_of(batch), book.next(last=last)
        adds = step.operation == "add"
        erased = await self._withheld.now() if adds and self._withheld else NOBODY
        work = partial(prepare, sequence, Batch(reader, batch, erased), session)
        return await asyncio.get_running_loop().run_in_executor(self._worker.cpu, work)

    async def _upload(self, step: Step, prepared: Prepared, book: SessionBook) -> None:
        """Send a batch until it is answered for good, and note the answer."""
        rows, number = prepared.height, prepared.sequence
        with span("batch", sequence=number, operation=step.operation, rows=rows):
            await self._answered(step, prepared, book)

    async def _answered(self, step: Step, prepared: Prepared, book: SessionBook) -> None:
        began = clock.now()
        try:
            outcome = await self._send(step, prepared, book)
        except Rejected as error:
            log.warning(
                "batch.bisected",
                sequence=prepared.sequence,
                code=error.code,
                graph_code=error.graph_code,
            )
            rows = await asyncio.to_thread(prepared.batch.rows)
            outcome = await self._bisect(step, prepared.sequence, rows, book, error)
            if not outcome.received and (prepared.height > 1 or error.lasting):
                # not one row passes: it is not a matter of single rows, nor of how many there are
                raise (error.lasting or error) from error
        except Fatal as error:
            if step.operation == "replace":
                raise replacement_ended(error) from error
            if error.code != TOO_SMALL or step.operation != "remove":
                raise
            kept = prepared.height
            outcome = Outcome(refused=kept, reasons={KEPT: kept}, trace_id=error.fbtrace_id)
        self._recorder.note(
            outcome.record(
                prepared.sequence,
                step.operation,
                prepared.session,
                prepared.height,
                began,
                withheld=prepared.withheld,
            )
        )

    async def _send(self, step: Step, prepared: Prepared, book: SessionBook) -> Outcome:
        send = self._sender(step.operation, prepared.session)
        try:
            receipt = await send(self._audience, prepared.body, fresh=self._fresh)
        except Fatal as error:
            if error.code not in _SESSION_OVER or step.operation == "replace":
                raise
            # the session is closed: an addition or a removal may simply be repeated under a new one
            if book.session_id == prepared.session.session_id:
                book.renew()
                await self._begin_session(book)
            prepared = await asyncio.to_thread(prepared.under, book.next(last=False))
            receipt = await send(self._audience, prepared.body, fresh=self._fresh)
        height = prepared.height
        book.answered(prepared.session.session_id, rows=height, num_received=receipt.num_received)
        if receipt.version_warning is not None:
            self.notes.version_warning = receipt.version_warning
        reasons: dict[str, int] = {}
        if receipt.invalid_samples:
            rows = await asyncio.to_thread(prepared.batch.rows)
            reasons = match_invalid_samples(receipt.invalid_samples, rows)
        return Outcome(
            received=height,
            invalid=receipt.num_invalid_entries,
            reasons=reasons,
            attempts=receipt.attempts,
            trace_id=receipt.trace_id,
        )

    def _sender(
        self, operation: str, session: UploadSession
    ) -> Callable[..., Awaitable[UploadReceipt]]:
        if operation == "replace":
            return partial(self._graph.replace_users, first=session.batch_seq == 1)
        return self._graph.remove_users if operation == "remove" else self._graph.add_users

    async def _bisect(
        self, step: Step, sequence: int, rows: pl.DataFrame, book: SessionBook, error: Rejected
    ) -> Outcome:
        """Isolate the rows Meta refuses for their content; the others are delivered."""
        if rows.height == 1:
            return Outcome(refused=1, trace_id=error.fbtrace_id)
        total, middle = Outcome(attempts=1, trace_id=error.fbtrace_id), rows.height // 2
        for half in (rows[:middle], rows[middle:]):
            session = book.next(last=False)
            prepared = await asyncio.to_thread(prepare, sequence, Half(half), session)
            try:
                outcome = await self._send(step, prepared, book)
            except Rejected as again:
                outcome = await self._bisect(step, sequence, half, book, again)
            total = total.plus(outcome)
            if total.attempts > _MOST_HALVINGS and not total.received:
                # nothing passes at all: it is not a matter of single rows
                raise (error.lasting or error) from error
        return total

    async def _begin_session(self, book: SessionBook) -> None:
        """Write the session down before it is used: from here on rows may be at Meta."""
        self._sessions = list(dict.fromkeys([*self._sessions, str(book.session_id)]))
        ids = self._sessions
        await self._lease.write(lambda session, claim: note(session, claim, session_ids=ids))

    async def _watch_for_cancel(self) -> None:
        await self._lease.cancel_requested.wait()
        self._fail(CancelRequested())

    def _fail(self, error: BaseException) -> None:
        """The first reason to stop is the one that counts."""
        if self._error is None:
            self._error = error
        self._stop.set()
