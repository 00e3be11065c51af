"""Rows → what callers see of an export."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.callers import Caller
from app.db.models import Export
from app.exports import schemas, service, timing
from app.identifiers import KeyIdentifier


async def export_views(
    session: AsyncSession, rows: Sequence[Export], caller: Caller
) -> list[schemas.Export]:
    """Exports with their segments, last runs and what the caller may do; a fixed number of queries."""
    ids = [row.id for row in rows]
    segment_ids = await service.segment_ids_of(session, ids)
    last_runs = await service.last_runs_of(session, ids)
    by_connection = await service.connections_of(session, rows)
    refresh, now = await timing.refresh_rule(session), clock.now()
    views = []
    for row in rows:
        run = last_runs.get(row.id)
        connection = by_connection.get(row.connection_id or "")
        views.append(
            schemas.Export(
                id=row.id,
                display_name=row.display_name,
                connection_id=row.connection_id,
                key_identifier=KeyIdentifier(row.key_identifier),
                attributes={
                    key: names[0] if len(names) == 1 else names
                    for key, names in row.attributes.items()
                },
                segment_ids=segment_ids[row.id],
                sync_mode=schemas.SyncMode(row.sync_mode),
                audience=row.audience,
                default_country=row.default_country,
                date_format=row.date_format,
                consent=row.consent,
                ldu=row.ldu,
                min_usable_ratio=row.min_usable_ratio,
                allow_shrink=row.allow_shrink,
                schedule=row.schedule,
                enabled=row.enabled,
                next_run_at=timing.next_run_at(row, connection, refresh, now),
                status="detached"
                if row.connection_id is None
                else "active"
                if row.enabled
                else "disabled",
                last_run=None if run is None else schemas.LastRun.model_validate(run),
                warnings=[schemas.Warning(**item) for item in row.warnings],
                your_permission="edit" if service.may_edit(caller, connection) else "view",
                created_at=row.created_at,
                created_by=row.created_by,
                updated_at=row.updated_at,
                updated_by=row.updated_by,
                version=row.version,
            )
        )
    return views


async def export_view(session: AsyncSession, row: Export, caller: Caller) -> schemas.Export:
    """One export."""
    return (await export_views(session, [row], caller))[0]
