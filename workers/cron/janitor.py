"""Cron: start what is due, announce runs again, take back dead leases, close hopeless ones, tidy up."""

from typing import Any

from app.db.rotation import seal_plain_answers
from app.errors import AppError
from app.observability.logs import get_logger
from app.runs.maintenance.compaction import compact_batches
from app.runs.maintenance.recovery import recover_runs
from app.runs.maintenance.retention import CleanedUp, clean_up
from app.schedules.due import start_due
from app.segments.pushed import forget_replaced
from workers.context import WorkerContext

log = get_logger(__name__)


async def sweep_runs(ctx: dict[str, Any]) -> None:
    """One round; whoever comes second finds it being done."""
    worker: WorkerContext = ctx["worker"]
    try:
        await start_due(worker.database, worker.notifier)
        done = await recover_runs(
            worker.database,
            worker.notifier,
            budget=worker.limits.attempt_budget,
            account_runs=worker.limits.account_runs,
        )
    except AppError as error:
        log.warning("janitor.paused", code=error.code)
        return
    if done is not None and (done.reclaimed or done.closed):
        log.info(
            "janitor.swept", notified=done.notified, reclaimed=done.reclaimed, closed=done.closed
        )


async def clean_up_after_runs(ctx: dict[str, Any]) -> None:
    """One clean-up; the cron's rhythm says how often, the lock who does it."""
    worker: WorkerContext = ctx["worker"]
    try:
        await worker.notifier.forget_dead_cron_jobs()
        await seal_plain_answers(worker.database, worker.vault)
        pushes = await forget_replaced(worker.database, worker.store)
        cleaned = await clean_up(worker.database, worker.store, history=worker.limits.history)
        lines = None
        if worker.limits.batches is not None:
            lines = await compact_batches(worker.database, after=worker.limits.batches)
    except AppError as error:
        log.warning("janitor.paused", code=error.code)
        return
    if pushes:
        log.info("janitor.forgot_replaced_members", pushes=pushes)
    if lines:
        log.info("janitor.compacted_batches", lines=lines)
    if cleaned is not None and cleaned != CleanedUp():
        log.info(
            "janitor.cleaned",
            runs=cleaned.runs,
            evaluations=cleaned.evaluations,
            answers=cleaned.answers,
            folders=cleaned.folders,
        )
