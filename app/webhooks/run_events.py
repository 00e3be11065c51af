"""What webhooks are told of runs: ids, numbers and our own sentences, never a member."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Run
from app.db.run_end_metrics import tell_of_end
from app.webhooks.events import EventType, announce, written

FLAGGED = "audience-flagged"
_ENDS = {
    "succeeded": EventType.RUN_FINISHED,
    "succeeded_with_warnings": EventType.RUN_FINISHED,
    "failed": EventType.RUN_FAILED,
    "skipped": EventType.RUN_SKIPPED,
    "canceled": EventType.RUN_CANCELED,
}
_COUNTS = (
    "read", "expanded", "duplicates", "skipped", "staged", "added", "removed", "received", "invalid",
    "refused",
)  # fmt: skip
_ERROR = ("code", "culprit", "message", "help_url")


async def announce_start(session: AsyncSession, run: Run) -> None:
    """Have webhooks told that a worker has the run, once; call it in the transaction that takes it."""
    if len(run.phases) == 1:
        await announce(session, EventType.RUN_STARTED, run.id, _data(run))


async def announce_end(session: AsyncSession, run: Run) -> None:
    """Have webhooks told how the run ended, and the log; call it in the transaction that ends it."""
    event = _ENDS.get(str(run.status))
    if event is None:
        return
    tell_of_end(session, run)
    await announce(session, event, run.id, _data(run))
    if (run.error or {}).get("code") == FLAGGED and not await _flagged_before(session, run):
        await announce_flagged(session, run)


async def announce_ends(session: AsyncSession, runs: Iterable[Run]) -> None:
    """The same for several."""
    for run in runs:
        await announce_end(session, run)


async def announce_flagged(
    session: AsyncSession, run: Run, *, status: dict[str, Any] | None = None
) -> None:
    """Have webhooks told that Meta flagged the audience of the run; `status` in Meta's own words."""
    data = {
        "audience_id": run.audience_id,
        "connection_id": run.connection_id,
        "export_id": run.export_id,
        "run_id": run.id,
        "operation_status": status,
    }
    await announce(session, EventType.AUDIENCE_FLAGGED, run.audience_id or run.export_id, data)


async def _flagged_before(session: AsyncSession, run: Run) -> bool:
    """Whether the export's run before said so already."""
    before = (
        select(Run.error["code"].astext)
        .where(Run.export_id == run.export_id, Run.id < run.id)
        .order_by(Run.id.desc())
        .limit(1)
    )
    return await session.scalar(before) == FLAGGED


def _data(run: Run) -> dict[str, Any]:
    error: dict[str, Any] | None = run.error
    return {
        "run_id": run.id,
        "export_id": run.export_id,
        "connection_id": run.connection_id,
        "audience_id": run.audience_id,
        "trigger": str(run.trigger),
        "status": str(run.status),
        "counts": {name: getattr(run, name) for name in _COUNTS},
        "error": None if error is None else {name: error.get(name) for name in _ERROR},
        "started_at": written(run.started_at),
        "finished_at": written(run.finished_at),
    }
