"""The job: claim the run, perform it, record how it ended."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.connections.account_health.account_blocks import BLOCKED, blocked_until, note_block
from app.db.models import Connection, Run
from app.errors import AppError, Unavailable
from app.facebook.errors import AmbiguousOutcome, Retryable, Scope, Throttled
from app.observability import metrics
from app.observability.crashes import STOPS, tell_of_crash
from app.observability.logs import get_logger
from app.observability.tracing import span
from app.runs.execution import Claim, LeaseLost, claim_next, park_run
from app.runs.queueing.order import next_in_queue
from app.runs.queueing.wait_reasons import WaitReason
from app.runs.states import RunStatus
from app.snapshots import SnapshotError
from workers.context import WorkerContext
from workers.finish import conclude
from workers.lease import CancelRequested, Lease, patiently
from workers.perform import perform
from workers.staging.segments import RunSkipped
from workers.waiting.audience_turn import call_next
from workers.waiting.parked import RunParked

log = get_logger(__name__)


async def export_run(ctx: dict[str, Any], run_id: str) -> None:  # noqa: ARG001 - the name in the job
    """Work on the run whose turn it is: a job says that one waits, `app.runs.queueing.order` which."""
    worker: WorkerContext = ctx["worker"]
    limits = worker.limits
    if "job_id" in ctx:
        await worker.notifier.answered(ctx["job_id"])
    await worker.pressure.room(worker.working)
    # one at a time: the others of this process would only wait with a connection each
    async with worker.claiming:
        run = await patiently(
            worker.database,
            lambda session: claim_next(
                session,
                lease_seconds=limits.lease_seconds,
                budget=limits.attempt_budget,
                account_runs=limits.account_runs,
            ),
        )
    if run is None:
        return  # taken already, not due yet, over, or of an account that has enough under way
    job = asyncio.current_task()
    assert job is not None
    worker.working[job] = run.ad_account_id
    try:
        await _work_on(worker, run)
    finally:
        del worker.working[job]


async def _work_on(worker: WorkerContext, run: Run) -> None:
    limits, run_id = worker.limits, run.id
    with (
        structlog.contextvars.bound_contextvars(
            run_id=run_id, export_id=run.export_id, fence=run.fence
        ),
        span(
            "run",
            kind="consumer",
            parent=run.traceparent,
            run_id=run_id,
            export_id=run.export_id,
            attempt=run.attempt,
        ) as traced,
    ):
        began = time.monotonic()
        log.info("run.claimed", attempt=run.attempt)
        lease = Lease(worker.database, Claim(run.id, run.fence), seconds=limits.lease_seconds)
        try:
            async with lease:
                status = await _work(worker, run, lease)
        except (LeaseLost, Unavailable) as error:
            # the run is another's, or will be reclaimed when its lease ends
            metrics.LEASE_LOSSES.inc(isinstance(error, LeaseLost))
            log.warning("run.left", code=error.code)
            return
        except asyncio.CancelledError:
            # this process was told to stop: another one may go on at once
            await asyncio.shield(_hand_back(worker, run, lease, RunParked(seconds=0)))
            raise
        traced.set(outcome=str(status or "parked"))
        await call_next(worker, run_id)
        await _notify_next(worker, run)
        if status is None:
            log.info("run.left", seconds=round(time.monotonic() - began, 3))


async def _notify_next(worker: WorkerContext, ended: Run) -> None:
    """Tell of who waited until its account has a place; the janitor would, a little later."""
    limits = worker.limits

    async def waiting(session: AsyncSession) -> tuple[str, int] | None:
        return await next_in_queue(
            session, account_runs=limits.account_runs, budget=limits.attempt_budget
        )

    try:
        found = await patiently(worker.database, waiting)
    except Unavailable as error:
        log.warning("run.next_not_notified", code=error.code)
        return
    if found is not None:
        await worker.notifier.notify(*found, after=f"{ended.id}:{ended.fence}")


async def _work(worker: WorkerContext, run: Run, lease: Lease) -> RunStatus | None:
    """Perform the run and record its end; None when it was handed back to go on later."""
    try:
        return await perform(worker, run, lease)
    except (LeaseLost, Unavailable, *STOPS):
        raise
    except BaseException as error:  # noqa: BLE001 - the run must end, and say so
        parked = _later(worker, run, error)
        if parked is None:
            return await _end(worker, run, lease, *_ending(error))
        await _hand_back(worker, run, lease, parked)
        return None


def _later(worker: WorkerContext, run: Run, error: BaseException) -> RunParked | None:
    """When to go on after an error that passes; None for one that ends the run."""
    last = run.attempt >= worker.limits.attempt_budget
    if isinstance(error, RunParked):
        return None if error.counted and last else error
    if isinstance(error, Throttled):
        seconds = max(error.wait_seconds, 1.0)
        # a pause may be a block that somebody must look at, and the run shows only how long it is
        log.warning(
            "run.throttled", code=error.code, graph_code=error.graph_code, seconds=round(seconds, 1)
        )
        return RunParked(seconds=seconds, throttled=True, waits_for=_reason_of(error), reason=error)
    if _passes(error) and not last:
        seconds = worker.limits.retry_seconds * 2 ** (run.attempt - 1)
        log.warning(
            "run.retries",
            code=getattr(error, "code", None),
            graph_code=getattr(error, "graph_code", None),
            seconds=seconds,
        )
        return RunParked(
            seconds=seconds,
            counted=True,
            waits_for=WaitReason.RETRY,
            reason=error if isinstance(error, AppError) else None,
        )
    return None


def _reason_of(error: Throttled) -> WaitReason:
    if error.scope is Scope.AUDIENCE:
        return WaitReason.AUDIENCE_BUSY
    return WaitReason.ACCOUNT_BLOCKED if error.code == BLOCKED else WaitReason.THROTTLED


def _passes(error: BaseException) -> bool:
    """Whether the same may go well a little later: Meta or the snapshot storage was away."""
    if isinstance(error, SnapshotError):
        return error.code == SnapshotError.code
    return isinstance(error, (Retryable, AmbiguousOutcome))


def _ending(error: BaseException) -> tuple[RunStatus, AppError | None]:
    """The status and the error that a run keeps."""
    if isinstance(error, CancelRequested):
        return RunStatus.CANCELED, None
    if isinstance(error, RunSkipped):
        return RunStatus.SKIPPED, error
    if isinstance(error, RunParked) and error.reason is not None:
        error = error.reason
    if isinstance(error, AppError):
        return RunStatus.FAILED, error
    # the text of an unknown error may hold a value, so only its class and place are kept
    tell_of_crash("run.crashed", error)
    return RunStatus.FAILED, AppError(
        f"The worker met an unexpected {type(error).__name__}; its log has the place under this run's id."
    )


async def _end(
    worker: WorkerContext, run: Run, lease: Lease, status: RunStatus, error: AppError | None = None
) -> RunStatus:
    await conclude(worker, run, lease, status, error=error)
    return status


async def _hand_back(worker: WorkerContext, run: Run, lease: Lease, parked: RunParked) -> None:
    until = clock.now() + timedelta(seconds=parked.seconds)

    async def park(session: AsyncSession, claim: Claim) -> WaitReason | None:
        waits_for, reason = parked.waits_for, parked.reason
        if waits_for is WaitReason.ACCOUNT_BLOCKED and run.ad_account_id and reason:
            await note_block(session, run.ad_account_id, reason, until=until)
        elif waits_for is WaitReason.THROTTLED and (block := await _block_of(session, run)):
            # the governor only says that calls must wait: why was said to the run that met the block
            waits_for, reason = WaitReason.ACCOUNT_BLOCKED, block
        await park_run(
            session,
            claim,
            until=until,
            throttled=parked.throttled,
            counted=parked.counted,
            reason=waits_for,
            error=reason,
            budget=worker.limits.attempt_budget,
        )
        return waits_for

    try:
        waits_for = await lease.write_last(park)
    except (LeaseLost, Unavailable) as error:
        metrics.LEASE_LOSSES.inc(isinstance(error, LeaseLost))
        log.warning("run.not_handed_back", code=error.code)
    else:
        metrics.RUNS_PARKED.labels(waits_for or "none").inc()
        log.info(
            "run.parked",
            seconds=round(parked.seconds, 1),
            throttled=parked.throttled,
            waits_for=waits_for,
        )
        if parked.seconds <= 0:
            await worker.notifier.notify(lease.claim.run_id, lease.claim.fence)


async def _block_of(session: AsyncSession, run: Run) -> AppError | None:
    """What Meta said when it blocked the run's ad account, while that lasts."""
    row = await session.get(Connection, run.connection_id) if run.connection_id else None
    if row is None or row.blocked is None or blocked_until(row) is None:
        return None
    block = row.blocked
    return Throttled(block["reason"], code=block["code"], help_url=block.get("help_url"))
