"""What log and metrics of a process say of a run that ended: once, and only when its end stands."""

from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Run
from app.db.session import after_commit
from app.observability import metrics
from app.observability.logs import get_logger

log = get_logger(__name__)

COUNTS = (
    "read", "expanded", "duplicates", "skipped", "staged", "added", "removed", "received", "invalid",
    "refused", "batches_total", "batches_done",
)  # fmt: skip


def tell_of_end(session: AsyncSession, run: Run) -> None:
    """Leave it to the session to tell of the run's end after its commit; the run has its last values."""
    line = canonical_line(run)
    seconds, waited = line["seconds"], line["waited_seconds"]

    async def tell() -> None:
        metrics.RUNS_ENDED.labels(
            line["status"], line.get("culprit", "none"), line.get("code", "none")
        ).inc()
        if seconds is not None:
            metrics.RUN_SECONDS.labels(line["status"]).observe(seconds)
            metrics.RUN_WAIT_SECONDS.observe(waited)
        say = log.warning if line["status"] == "failed" else log.info
        say("run.ended", **line)

    after_commit(session, tell)


def canonical_line(run: Run) -> dict[str, Any]:
    """Everything the log says of a run that ended: who, what, how long, counts, culprit (docs/logs.md)."""
    error = run.error or {}
    graph = error.get("graph") or {}
    failure = {"code": error.get("code"), "culprit": error.get("culprit")}
    failure |= {f"graph_{name}": graph.get(name) for name in ("code", "subcode", "fbtrace_id")}
    return {
        "run_id": run.id,
        "export_id": run.export_id,
        "connection_id": run.connection_id,
        "audience_id": run.audience_id,
        "requested_by": run.requested_by,
        "trigger": str(run.trigger),
        "sync_mode": run.spec.get("sync_mode"),
        "status": str(run.status),
        "attempt": run.attempt,
        "waited_seconds": _seconds(run.queued_at, run.started_at or run.finished_at),
        "seconds": _seconds(run.started_at, run.finished_at),
        "phase_seconds": _phase_seconds(run),
        "counts": {name: getattr(run, name) for name in COUNTS},
        **{name: value for name, value in failure.items() if value is not None},
        "warnings": [item["code"] for item in run.warnings or ()],
    }


def _phase_seconds(run: Run) -> dict[str, float]:
    """How long each phase took, over all attempts; waits between attempts are no phase."""
    marks = [(entry["phase"], datetime.fromisoformat(entry["at"])) for entry in run.phases or ()]
    if run.finished_at is not None:
        marks.append((None, run.finished_at))
    found: dict[str, float] = {}
    for (phase, at), (_, until) in pairwise(marks):
        if phase is not None:
            found[phase] = round(found.get(phase, 0.0) + (until - at).total_seconds(), 3)
    return found


def _seconds(since: datetime | None, until: datetime | None) -> float | None:
    if since is None or until is None:
        return None
    return round(max((until - since).total_seconds(), 0.0), 3)
