"""One run at a time changes an audience; the others wait for their turn (L52b).

Exports that add to and remove from one audience may share it. Side by side, what it holds in the end
would be chance. The unique index on the runs that hold an audience decides who has it: from before the
first look at Meta until the run ends, also while it is parked or its worker is dead.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import NoReturn

from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app import clock
from app.db.listing import written_out
from app.db.models import Run
from app.errors import Culprit, RunError, Unavailable
from app.observability.logs import get_logger
from app.runs.execution import Claim, note
from app.runs.queueing.wait_reasons import WaitReason
from app.runs.states import ACTIVE, RunStatus
from workers.context import WorkerContext
from workers.lease import Lease, patiently
from workers.waiting.parked import RunParked

log = get_logger(__name__)

_INDEX = "uq_runs_one_holder_per_audience"
# whoever ends calls the next one; this is for the case that nobody could
_LOOK_AGAIN_SECONDS = 3.0
_PAUSE_SECONDS = 0.1


async def take_turn(worker: WorkerContext, run: Run, lease: Lease, audience_id: str) -> None:
    """Hold the audience for this run.

    A short run before it is waited for here; behind a longer one this run is put aside: `RunParked`.
    """
    # one that was put aside before only looks
    patience = worker.limits.turn_patience_seconds if run.waiting is None else 0.0
    deadline = time.monotonic() + patience
    while not await _hold(lease, audience_id):
        lease.check_cancel()
        if time.monotonic() >= deadline:
            await _put_aside(lease, audience_id)
        await asyncio.sleep(_PAUSE_SECONDS)


async def _hold(lease: Lease, audience_id: str) -> bool:
    """Whether the audience is this run's now."""

    async def hold(session: AsyncSession, claim: Claim) -> None:
        await note(session, claim, audience_id=audience_id, holds_audience=True)

    try:
        await lease.write(hold)
    except IntegrityError as error:
        if _INDEX not in str(error.orig):
            raise
        return False
    return True


async def _put_aside(lease: Lease, audience_id: str) -> NoReturn:
    async def wait(session: AsyncSession, claim: Claim) -> str | None:
        await note(session, claim, audience_id=audience_id, holds_audience=False)
        found: str | None = await session.scalar(
            select(Run.id).where(
                Run.audience_id == audience_id,
                Run.holds_audience,
                written_out(Run.status, ACTIVE),
            )
        )
        return found

    other = await lease.write(wait)
    raise RunParked(
        seconds=_LOOK_AGAIN_SECONDS,
        waits_for=WaitReason.AUDIENCE_BUSY,
        reason=RunError(
            f"Another run changes this audience ({other or 'just ended'}); this one goes on after it.",
            code="audience-busy",
            culprit=Culprit.SYSTEM,
        ),
    )


async def call_next(worker: WorkerContext, run_id: str) -> None:
    """Tell of the oldest run that waits for this run's audience, if nobody holds it.

    Called when a run has ended, and when one was put aside: the one before it may have ended meanwhile.
    """

    async def due(session: AsyncSession) -> Sequence[tuple[str, int]]:
        audience = select(Run.audience_id).where(Run.id == run_id).scalar_subquery()
        holder = aliased(Run)
        held = exists().where(
            holder.audience_id == audience,
            holder.holds_audience,
            written_out(holder.status, ACTIVE),
        )
        oldest = (
            select(Run.id)
            .where(
                Run.audience_id == audience,
                Run.status == RunStatus.QUEUED,
                Run.waiting["reason"].astext == WaitReason.AUDIENCE_BUSY,
                Run.holds_audience.is_(False),
                ~held,
            )
            .order_by(Run.id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        rows = await session.execute(
            update(Run)
            .where(Run.id == oldest)
            .values(due_at=clock.now())
            .returning(Run.id, Run.fence)
            .execution_options(synchronize_session=False)
        )
        return [(found, fence) for found, fence in rows]

    try:
        for found, fence in await patiently(worker.database, due):
            await worker.notifier.notify(found, fence)
    except Unavailable as error:
        log.warning("turn.not_called", code=error.code)
