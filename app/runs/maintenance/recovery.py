"""What keeps runs moving when a notice, a worker or Redis is lost. One process at a time does it.

Called by the workers' cron and by a loop in the API process: the cron needs Redis, the loop does not.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import not_, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.db.baselines import forget_plans, remember_unfinished
from app.db.liveness import alive
from app.db.models import Run
from app.db.session import Database
from app.observability import metrics
from app.observability.crashes import crashes_told
from app.queue import QueueNotifier
from app.runs.execution import error_document, worker_lost
from app.runs.queueing.order import MANY, line
from app.runs.queueing.wait_reasons import WaitReason, waiting_document
from app.runs.states import RunStatus
from app.webhooks.run_events import announce_ends

_LOCK = 7_201_883_442
# a notice is given this long to be answered before it is repeated
_PATIENCE = timedelta(seconds=2)
_AT_ONCE = 500
# a worker that lives takes a run sooner, unless all are busy
_TAKEN_WITHIN = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Recovered:
    """What one round did."""

    notified: int = 0
    reclaimed: int = 0
    closed: int = 0


async def recover_runs(
    database: Database, notifier: QueueNotifier, *, budget: int, account_runs: int = MANY
) -> Recovered | None:
    """Announce runs whose notice was lost, take back dead leases, close hopeless runs.

    None if another process is at it.
    """
    async with database.transaction() as session:
        if not await session.scalar(text("select pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}):
            return None
        now = clock.now()
        dead = (Run.status == RunStatus.RUNNING) & (Run.lease_until < now)
        waits = (Run.status == RunStatus.QUEUED) & (Run.due_at <= now)
        over = {
            "phase": None,
            "finished_at": now,
            "lease_until": None,
            "throttled_until": None,
            "waiting": None,
            "fence": Run.fence + 1,
        }
        # canceled while its worker died, or was about to hand it back
        canceled = await session.execute(
            update(Run)
            .where(dead | (Run.status == RunStatus.QUEUED), Run.cancel_requested_at.is_not(None))
            .values(status=RunStatus.CANCELED, **over)
            .returning(Run)
        )
        ended = list(canceled.scalars())
        closed = await session.execute(
            update(Run)
            .where(dead | waits, Run.attempt >= budget)
            .values(status=RunStatus.FAILED, error=error_document(worker_lost()), **over)
            .returning(Run)
        )
        ended += closed.scalars()
        for run in ended:
            # one that nobody foresaw must not keep all others from being closed, or taken back; but where
            # the database failed the round is repeated, since this one would forget the plan
            with crashes_told("run.not_remembered", within=True, run_id=run.id):
                async with session.begin_nested():
                    await remember_unfinished(session, [run])
        await forget_plans(session, ended)
        await announce_ends(session, ended)
        reclaimed = await session.execute(
            update(Run)
            .where(dead)
            .values(status=RunStatus.QUEUED, lease_until=None, due_at=now)
            .returning(Run.id)
        )
        counts = (len(ended), len(reclaimed.all()))
        queued = line(now)
        # those beyond their account's bound are announced when one of its runs has ended
        waiting = (
            await session.execute(
                select(queued.c.id, queued.c.fence, queued.c.due_at)
                .where(queued.c.share <= account_runs)
                .order_by(queued.c.place)
                .limit(_AT_ONCE)
            )
        ).all()
        await _explain_waiting(session)
    metrics.RUNS_RECLAIMED.inc(counts[1])
    notified = 0
    for run_id, fence, due_at in waiting:
        if due_at > now - _PATIENCE and not counts[1] and fence == 0:
            continue  # just made: its own notice is on the way
        if not await notifier.notify(run_id, fence):
            break  # Redis is away; the next round tries again
        notified += 1
    return Recovered(notified=notified, reclaimed=counts[1], closed=counts[0])


async def _explain_waiting(session: AsyncSession) -> None:
    """Say of due runs that nobody takes that no worker is there; unsay it once one is."""
    said = Run.waiting["reason"].astext == WaitReason.NO_WORKER
    queued = Run.status == RunStatus.QUEUED
    if await alive(session):
        await session.execute(update(Run).where(queued, said).values(waiting=None))
        return
    now = clock.now()
    waiting = waiting_document(None, WaitReason.NO_WORKER, now=now, until=None)
    await session.execute(
        update(Run)
        .where(queued, Run.due_at < now - _TAKEN_WITHIN, or_(Run.waiting.is_(None), not_(said)))
        .values(waiting=waiting, throttled_until=None)
    )
