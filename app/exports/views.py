"""Rows → what callers see of an export."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.caller_names import made_and_changed, makers_of
from app.access.callers import Caller
from app.db.models import Connection, Export, Run
from app.exports import schedule, schemas, service
from app.exports.members.mapping import MIN_USABLE_RATIO
from app.exports.members.staging import usable_share
from app.exports.previews import schemas as findings
from app.exports.previews.unsaved_export import Draft, KeySample
from app.exports.warnings import export_warnings
from app.segments.schemas import ReadingCost


async def export_views(
    session: AsyncSession, rows: Sequence[Export], caller: Caller, *, max_members: int
) -> list[schemas.Export]:
    """Exports with their segments, last runs and what the caller may do; a fixed number of queries."""
    names = await makers_of(session, rows)
    by_connection = await service.connections_of(session, rows)
    shown = await export_fields(
        session, rows, caller, by_connection, names, max_members=max_members
    )
    return [schemas.Export.model_validate(item) for item in shown]


async def export_fields(
    session: AsyncSession,
    rows: Sequence[Export],
    caller: Caller,
    by_connection: Mapping[str, Connection],
    names: Mapping[str, str],
    *,
    max_members: int,
) -> list[dict[str, Any]]:
    """What `schemas.Export` shows of each, field by field in its order.

    Their connections by id, and the names of callers, are whoever's that asks.
    """
    ids = [row.id for row in rows]
    segments = await service.segments_of(session, ids)
    last_runs = await service.last_runs_of(session, ids)
    refresh, now = await schedule.refresh_rule(session), clock.now()
    found = []
    for row in rows:
        run = last_runs.get(row.id)
        connection = by_connection.get(row.connection_id or "")
        members = segments[row.id]
        fields = {
            "id": row.id,
            "display_name": row.display_name,
            "connection_id": row.connection_id,
            "connection": None if connection is None else _picked(connection, _CONNECTION),
            "key_identifier": row.key_identifier,
            "attributes": {
                key: columns[0] if len(columns) == 1 else columns
                for key, columns in row.attributes.items()
            },
            "segment_ids": [item.id for item in members],
            "segments": [_picked(item, _SEGMENT) for item in members],
            "target_audience": _target(row, connection),
            "sync_mode": row.sync_mode,
            "audience": _shown(row.audience),
            "default_country": row.default_country,
            "date_format": row.date_format,
            "time_zone": row.time_zone,
            "consent": row.consent,
            "ldu": row.ldu,
            "min_usable_ratio": MIN_USABLE_RATIO
            if row.min_usable_ratio is None
            else row.min_usable_ratio,
            "allow_shrink": row.allow_shrink,
            "schedule": row.schedule,
            "enabled": row.enabled,
            "next_run_at": schedule.next_run_at(row, connection, refresh, now),
            "metadata": row.labels or {},
            "status": "detached"
            if row.connection_id is None
            else "active"
            if row.enabled
            else "disabled",
            "last_run": None if run is None else _last_run(run),
            "warnings": export_warnings(row, members, connection, max_members=max_members),
            "your_permission": "edit" if service.may_edit(caller, connection) else "view",
            **made_and_changed(row, names),
        }
        found.append(fields)
    return found


_CONNECTION = tuple(schemas.ExportConnection.model_fields)
_SEGMENT = tuple(schemas.ExportSegment.model_fields)
_LAST_RUN = tuple(schemas.LastRun.model_fields)


def _picked(row: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _last_run(run: Run) -> dict[str, Any]:
    error = None if run.error is None else schemas.LastRunError(**run.error)
    return {**_picked(run, _LAST_RUN), "error": error}


def _target(row: Export, connection: Connection | None) -> dict[str, Any] | None:
    chosen = row.audience
    if chosen is None and connection is not None:
        chosen = connection.audience or connection.audience_request
    if chosen is None:
        return None
    return {"id": chosen.get("id"), "name": chosen.get("name")}


def _shown(audience: dict[str, Any] | None) -> dict[str, Any] | None:
    """The override as connections show theirs; what else is kept of it is ours."""
    if audience is None:
        return None
    return {name: audience.get(name) for name in ("id", "name", "subtype")}


async def export_view(
    session: AsyncSession, row: Export, caller: Caller, *, max_members: int
) -> schemas.Export:
    """One export."""
    return (await export_views(session, [row], caller, max_members=max_members))[0]


def draft_view(found: Draft) -> findings.DraftPreview:
    """The sample of a draft."""
    skipped = found.skipped.total()
    return findings.DraftPreview(
        read=found.read,
        complete=found.complete,
        expanded=found.expanded,
        duplicates=found.duplicates,
        skipped=skipped,
        skipped_reasons=dict(found.skipped),
        staged=found.staged,
        usable_ratio=round(usable_share(found.read + found.expanded, found.skipped), 4),
        keys=[_sampled(key, found.read) for key in found.keys.values()],
        advice=[findings.MappingAdvice.model_validate(item) for item in found.advice],
        warnings=[findings.PreviewWarning(**item) for item in found.warnings],
        cost=None if found.cost is None else ReadingCost.model_validate(found.cost),
    )


def _sampled(key: KeySample, read: int) -> findings.SampledKey:
    valid = key.filled - key.refused.total()
    return findings.SampledKey(
        key=key.key,
        filled=key.filled,
        fill_rate=round(key.filled / read, 4) if read else 0.0,
        valid=valid,
        refused=dict(key.refused),
        usable_rate=round(valid / read, 4) if read else 0.0,
        samples=[
            findings.MaskedCell(
                text=cell.text,
                steps=[findings.MaskedStep(rule=rule, text=text) for rule, text in cell.steps],
                result=cell.result,
                reason=cell.reason,
            )
            for cell in key.cells
        ],
    )
