"""A run waits for members that are being pushed: those that stand are about to be replaced (L40)."""

from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.db.models import Run
from app.errors import RunError
from app.observability.logs import get_logger
from app.runs.execution import Claim, note
from app.runs.queueing.wait_reasons import WaitReason, waits_since
from app.segments.pushed import push_under_way
from workers.context import WorkerContext
from workers.lease import Lease, patiently
from workers.waiting.parked import RunParked

log = get_logger(__name__)

_LOOK_AGAIN_SECONDS = 3.0
NOT_AWAITED = "push-not-awaited"


async def wait_for_pushes(worker: WorkerContext, run: Run, lease: Lease) -> None:
    """Return when no push into the run's segments is under way, or when it took too long.

    In the latter case the members that stand are sent, and the run warns of it. Raises `RunParked`.
    """
    ids: list[str] = run.spec["segment_ids"]
    name = await patiently(worker.database, lambda session: push_under_way(session, ids))
    if name is None:
        return
    since = waits_since(run.waiting, WaitReason.PUSH_UNDER_WAY) or clock.now()
    waited = (clock.now() - since).total_seconds()
    patience = worker.limits.push_patience_seconds
    if waited < patience:
        raise RunParked(
            seconds=_LOOK_AGAIN_SECONDS,
            waits_for=WaitReason.PUSH_UNDER_WAY,
            reason=RunError(
                f"New members of the segment {name} are being pushed; the run goes on after that, or "
                f"with those that stand once it has waited {round(patience):,} seconds.",
                code="push-under-way",
            ),
        )
    log.warning("run.push_not_awaited", seconds=round(waited))
    warning = {
        "code": NOT_AWAITED,
        "detail": f"Members of the segment {name} were still being pushed after "
        f"{round(waited):,} seconds, so those pushed before were sent.",
    }

    async def warn(session: AsyncSession, claim: Claim) -> None:
        fresh = await session.get_one(Run, run.id)
        await note(session, claim, warnings=[*fresh.warnings, warning])

    await lease.write(warn)
