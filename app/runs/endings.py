"""The end of a run as webhooks are told of it: ids, numbers and our own sentences, never a member.

A canceled run announces nothing: whoever canceled it knows.
"""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Run
from app.runs.states import RunStatus
from app.webhooks.events import EventType, announce, written

_EVENTS = {
    RunStatus.SUCCEEDED: EventType.RUN_FINISHED,
    RunStatus.SUCCEEDED_WITH_WARNINGS: EventType.RUN_FINISHED,
    RunStatus.FAILED: EventType.RUN_FAILED,
    RunStatus.SKIPPED: EventType.RUN_SKIPPED,
}
_COUNTS = (
    "read", "expanded", "duplicates", "skipped", "staged", "added", "removed", "received", "invalid",
    "refused",
)  # fmt: skip
_ERROR = ("code", "culprit", "message", "help_url")


async def announce_end(session: AsyncSession, run: Run) -> None:
    """Have webhooks told how the run ended; call it in the transaction that ends it."""
    event = _EVENTS.get(RunStatus(run.status))
    if event is None:
        return
    error: dict[str, Any] | None = run.error
    data = {
        "run_id": run.id,
        "export_id": run.export_id,
        "connection_id": run.connection_id,
        "audience_id": run.audience_id,
        "trigger": run.trigger,
        "status": run.status,
        "counts": {name: getattr(run, name) for name in _COUNTS},
        "error": None if error is None else {name: error.get(name) for name in _ERROR},
        "started_at": written(run.started_at),
        "finished_at": written(run.finished_at),
    }
    await announce(session, event, run.id, data)
