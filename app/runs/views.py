"""Rows → what callers see of a run."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.connections.views import audience_state
from app.db.models import Run
from app.runs import progress, schemas
from app.runs.related_rows import Surroundings, surroundings_of
from app.runs.states import RunStatus, Trigger
from app.runs.statistics import Statistics

_ALONE = Surroundings()


async def run_views(session: AsyncSession, rows: Sequence[Run]) -> list[schemas.Run]:
    """Runs with their places in the queue and the names of those who asked for them."""
    around = await surroundings_of(session, rows)
    return [run_view(row, around) for row in rows]


def run_view(row: Run, around: Surroundings = _ALONE) -> schemas.Run:
    """A run with its numbers, and what of its surroundings is known."""
    return schemas.Run.model_validate(run_fields(row, around))


def run_fields(row: Run, around: Surroundings = _ALONE) -> dict[str, Any]:
    """What `schemas.Run` shows, field by field in its order."""
    times = progress.phase_times(row)
    return {
        "id": row.id,
        "export_id": row.export_id,
        "export": {
            "id": row.export_id,
            "display_name": (row.spec.get("export") or {}).get("display_name"),
        },
        "connection_id": row.connection_id,
        "connection": _connection(row),
        "trigger": row.trigger,
        "status": row.status,
        "phase": row.phase,
        "counts": {name: getattr(row, name) for name in _COUNTS},
        "skipped_reasons": row.skipped_reasons,
        "refused_values": row.refused_values,
        "error": None if row.error is None else schemas.RunErrorInfo(**row.error),
        "note": "unchanged" if row.note == "unchanged" else None,
        "warnings": [schemas.RunWarning(**item) for item in row.warnings],
        "audience_id": row.audience_id,
        "audience_state": audience_state(row.audience_state),
        "session_ids": [str(item) for item in row.session_ids],
        "waiting": _waiting(row),
        "cancel_requested_at": row.cancel_requested_at,
        "throttled_until": row.throttled_until,
        "rules_version": row.rules_version,
        "schema_hash": row.schema_hash,
        "metadata": row.labels or {},
        "requested_by": row.requested_by,
        "requested_by_name": around.names.get(row.requested_by, row.requested_by),
        "queued_at": row.queued_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "attempt": row.attempt,
        "phases": [
            {
                "phase": item.phase,
                "attempt": item.attempt,
                "started_at": item.started_at,
                "finished_at": item.finished_at,
            }
            for item in times
        ],
        "rate": progress.rate(row, times),
        "estimated_finish_at": progress.estimated_finish_at(row),
        "queue_position": around.places.get(row.id),
    }


_COUNTS = tuple(schemas.Counts.model_fields)


def _connection(row: Run) -> dict[str, Any] | None:
    if row.connection_id is None:
        return None
    kept = row.spec.get("connection") or {}
    return {
        "id": row.connection_id,
        "display_name": kept.get("display_name"),
        "type": kept.get("type"),
    }


def _waiting(row: Run) -> schemas.Waiting | None:
    if row.waiting is None or row.status != RunStatus.QUEUED:
        return None
    return schemas.Waiting.model_validate(row.waiting)


def run_point(row: Run) -> schemas.RunPoint:
    """A run as a point of its export's history."""
    names = set(schemas.RunPoint.model_fields) - {"run_id", "trigger", "status", "audience_state"}
    return schemas.RunPoint(
        run_id=row.id,
        trigger=Trigger(row.trigger),
        status=RunStatus(row.status),
        audience_state=audience_state(row.audience_state),
        **{name: getattr(row, name) for name in names},
    )


def statistics_view(found: Statistics) -> schemas.ExportStatistics:
    """An export's statistics; every status is there."""
    counts = {status: found.by_status.get(status, 0) for status in RunStatus}
    return schemas.ExportStatistics(
        export_id=found.export_id,
        runs=sum(counts.values()),
        runs_by_status=counts,
        last_success=None if found.last_success is None else run_point(found.last_success),
        history=[run_point(row) for row in found.ended],
    )
