"""Cron: start what is due, announce runs again, take back dead leases, close hopeless ones, tidy up.

Each of these is done whatever became of the one before, unless the database is away.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from app.db.rotation import seal_plain_answers
from app.errors import AppError, Unavailable
from app.observability.crashes import crashes_told
from app.observability.logs import get_logger
from app.runs.maintenance.compaction import compact_batches
from app.runs.maintenance.recovery import recover_runs
from app.runs.maintenance.retention import CleanedUp, clean_up
from app.schedules.due import start_due
from app.segments.pushed import forget_replaced
from workers.context import WorkerContext

log = get_logger(__name__)

T = TypeVar("T")


async def sweep_runs(ctx: dict[str, Any]) -> None:
    """One round; whoever comes second finds it being done."""
    worker: WorkerContext = ctx["worker"]
    try:
        await _part("schedules", lambda: start_due(worker.database, worker.notifier))
        done = await _part(
            "runs",
            lambda: recover_runs(
                worker.database,
                worker.notifier,
                budget=worker.limits.attempt_budget,
                account_runs=worker.limits.account_runs,
            ),
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
        await _part("cron", worker.notifier.forget_dead_cron_jobs)
        await _part("answers", lambda: seal_plain_answers(worker.database, worker.vault))
        pushes = await _part("pushes", lambda: forget_replaced(worker.database, worker.store))
        history = worker.limits.history
        cleaned = await _part(
            "history", lambda: clean_up(worker.database, worker.store, history=history)
        )
        lines, after = None, worker.limits.batches
        if after is not None:
            lines = await _part("batches", lambda: compact_batches(worker.database, after=after))
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


async def _part(name: str, job: Callable[[], Awaitable[T]]) -> T | None:
    """One thing of a round; None if it could not be done, which is said. Raises `Unavailable`."""
    try:
        with crashes_told("janitor.crashed", job=name):
            return await job()
    except Unavailable:
        raise
    except AppError as error:
        log.warning("janitor.paused", job=name, code=error.code)
    return None
