"""The rules of exports: what must be mapped, whom an audience may belong to, who may edit.

Saving looks at the segments' attributes and at the audience; it never sends a member (S58).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.audit import record
from app.access.callers import Caller
from app.connections import service as connections
from app.db.cancellation import request_cancel
from app.db.labels import merged
from app.db.listing import one_of, plain_rows, written_out
from app.db.models import Connection, Export, ExportBaseline, ExportSegment, Run, Segment
from app.errors import Forbidden, NotFound, Unprocessable, VersionMismatch
from app.exports.collaborators import Exports
from app.exports.schedule import TIMING_FIELDS, settle_schedule
from app.exports.validation import check_export, claim_audience, refuse_nulls
from app.ids import is_id, new_id
from app.webhooks.run_events import announce_ends

SPEC_FIELDS = (
    "key_identifier", "attributes", "sync_mode", "audience", "default_country", "date_format",
    "time_zone", "consent", "ldu", "min_usable_ratio", "allow_shrink",
)  # fmt: skip
FIELDS = ("display_name", "connection_id", *SPEC_FIELDS, "schedule", "enabled")


# -- reading ---------------------------------------------------------------------------------------


async def get_export(session: AsyncSession, export_id: str) -> Export:
    """The export. Raises `NotFound`."""
    row = await session.get(Export, export_id) if is_id("exp", export_id) else None
    if row is None:
        raise NotFound("There is no such export.")
    return row


async def segment_ids_of(session: AsyncSession, export_ids: Sequence[str]) -> dict[str, list[str]]:
    """Each export's segments, in the caller's order."""
    statement = (
        select(ExportSegment)
        .where(ExportSegment.export_id.in_(export_ids))
        .order_by(ExportSegment.export_id, ExportSegment.position)
    )
    found: dict[str, list[str]] = {name: [] for name in export_ids}
    for row in await session.scalars(statement):
        found[row.export_id].append(row.segment_id)
    return found


async def segments_of(session: AsyncSession, export_ids: Sequence[str]) -> dict[str, list[Any]]:
    """Each export's segments in the caller's order, with what exports show and warn of."""
    shown = (Segment.id, Segment.name, Segment.display_name, Segment.source, Segment.state)
    statement = (
        select(ExportSegment.export_id, *shown, Segment.member_count)
        .join(Segment, Segment.id == ExportSegment.segment_id)
        .where(ExportSegment.export_id == one_of(export_ids))
        .order_by(ExportSegment.export_id, ExportSegment.position)
    )
    found: dict[str, list[Any]] = {name: [] for name in export_ids}
    for row in await plain_rows(session, statement):
        found[row.export_id].append(row)
    return found


async def last_runs_of(session: AsyncSession, export_ids: Sequence[str]) -> dict[str, Any]:
    """What exports show of each one's active run, or else of its newest, if it has one.

    A moment that was due meanwhile leaves a skipped run, which must not hide the one at work (L55).
    """
    shown = select(shown_run()).where(Export.id == one_of(export_ids))
    fields = (Run.id, Run.export_id, Run.status, Run.trigger, Run.queued_at, Run.finished_at)
    numbers = (Run.staged, Run.received, Run.skipped, Run.invalid, Run.error)
    rows = await plain_rows(session, select(*fields, *numbers).where(Run.id.in_(shown)))
    return {row.export_id: row for row in rows}


def shown_run() -> ColumnElement[str | None]:
    """The id of an export's active run, or else of its newest, as a column of a query of exports.

    Two looks into indexes, however long the history is.
    """
    of_export = select(Run.id).where(Run.export_id == Export.id).correlate(Export)
    active = (
        of_export.where(written_out(Run.status, ("queued", "running"))).limit(1).scalar_subquery()
    )
    newest = of_export.order_by(Run.id.desc()).limit(1).scalar_subquery()
    return func.coalesce(active, newest)


async def connections_of(session: AsyncSession, rows: Sequence[Export]) -> dict[str, Connection]:
    """The connections of these exports, by id."""
    wanted = {row.connection_id for row in rows if row.connection_id is not None}
    found = await session.scalars(select(Connection).where(Connection.id == one_of(wanted)))
    return {row.id: row for row in found}


def may_edit(caller: Caller, connection: Connection | None) -> bool:
    """Whoever may use the connection may edit every export on it (L13, L15, L21)."""
    if caller.is_administrator:
        return True
    return connection is not None and connections.may_use(caller, connection)


def not_shared(caller: Caller) -> Forbidden:
    """The refusal that names the role and who can help (L74)."""
    return Forbidden(
        f"This export's connection is not shared with your role, {caller.role}. An administrator can "
        "share it: shared_with of the connection.",
        role=str(caller.role),
        required_roles=["administrator"],
    )


async def editable_export(session: AsyncSession, export_id: str, *, caller: Caller) -> Export:
    """The export, if the caller may edit or run it. Raises `NotFound`, `Forbidden`."""
    row = await get_export(session, export_id)
    connection = await session.get(Connection, row.connection_id) if row.connection_id else None
    if not may_edit(caller, connection):
        raise not_shared(caller)
    return row


# -- writing ---------------------------------------------------------------------------------------


def new_export(caller: Caller, given: Mapping[str, Any]) -> Export:
    """A row with these values, in no session yet; whether it may be is looked at elsewhere."""
    now = clock.now()
    row = Export(
        id=new_id("exp"),
        created_at=now,
        created_by=caller.id,
        updated_at=now,
        updated_by=caller.id,
    )
    for field in FIELDS:
        setattr(row, field, given.get(field))
    row.labels = merged(None, given)
    row.schedule, row.schedule_checked_at = settle_schedule(None, row.schedule), now
    return row


async def create_export(deps: Exports, *, caller: Caller, given: Mapping[str, Any]) -> Export:
    """A new export, checked whole.

    Raises `Unprocessable`, `Conflict`, `Forbidden`, `SourceError`, `GraphError`.
    """
    row = new_export(caller, given)
    segment_ids = list(given["segment_ids"])
    await check_export(deps, row, segment_ids, caller, look_at_audience=True)
    async with deps.database.transaction() as session:
        await claim_audience(session, row)
        session.add(row)
        await session.flush()
        put_segments(session, row.id, segment_ids)
        record(session, caller, "export.created", row.id, after=audited(row, segment_ids))
        await session.flush()
    return row


async def update_export(
    deps: Exports, export_id: str, *, caller: Caller, given: Mapping[str, Any], version: int | None
) -> Export:
    """Apply a merge patch. Raises as `create_export`, and `NotFound`, `VersionMismatch`."""
    async with deps.database.transaction() as session:
        row = await editable_export(session, export_id, caller=caller)
        before_segments = (await segment_ids_of(session, [row.id]))[row.id]
    if version is not None and row.version != version:
        raise VersionMismatch
    refuse_nulls(given)
    before = audited(row, before_segments)
    for field in FIELDS:
        if field in given:
            setattr(row, field, given[field])
    row.labels = merged(row.labels, given)
    row.schedule = settle_schedule(before["schedule"], row.schedule)
    segment_ids = list(given.get("segment_ids") or before_segments)
    moved = bool({"audience", "connection_id", "sync_mode"} & set(given))
    await check_export(
        deps,
        row,
        segment_ids,
        caller,
        look_at_audience=moved,
        look_at_members=bool({"attributes", "segment_ids", "consent"} & set(given)),
        look_at_values=moved or "attributes" in given,
        chooses_audience=_aim(before) != _aim(audited(row, [])),
    )
    # what the mirror last delivered was another list, or other people: nothing of it may be compared
    forget = moved or row.key_identifier != before["key_identifier"]
    row.updated_at, row.updated_by = clock.now(), caller.id
    async with deps.database.transaction() as session:
        await claim_audience(session, row)
        stored = await session.get(Export, row.id, with_for_update=True)
        if stored is None:
            raise NotFound("There is no such export.")
        # a schedule that begins now owes nothing for the time before; one that stays keeps its place
        retimed = any(getattr(row, name) != before[name] for name in TIMING_FIELDS)
        row.schedule_checked_at = row.updated_at if retimed else stored.schedule_checked_at
        row = await session.merge(row)
        if forget:
            await session.execute(delete(ExportBaseline).where(ExportBaseline.export_id == row.id))
        if segment_ids != before_segments:
            await session.execute(delete(ExportSegment).where(ExportSegment.export_id == row.id))
            put_segments(session, row.id, segment_ids)
        record(
            session,
            caller,
            "export.updated",
            row.id,
            before=before,
            after=audited(row, segment_ids),
        )
        await session.flush()
    return row


def refuse_run_of_disabled(*, enabled: bool) -> None:
    """Save and run is all or nothing: raises `Unprocessable` before anything is saved."""
    if not enabled:
        raise Unprocessable("A disabled export does not run; enable it, or save it without run.")


async def detach_exports(
    session: AsyncSession, export_ids: Sequence[str], *, caller: Caller
) -> list[Export]:
    """Detach all of these, or none (L31). Raises `NotFound` naming the one that is not there."""
    found: dict[str, Export] = {}
    # in one order, so that two such requests cannot wait for each other
    for export_id in sorted(set(export_ids)):
        try:
            found[export_id] = await detach_export(session, export_id, caller=caller)
        except NotFound as error:
            error.members["export_id"] = export_id
            raise
    return [found[export_id] for export_id in dict.fromkeys(export_ids)]


async def detach_export(session: AsyncSession, export_id: str, *, caller: Caller) -> Export:
    """Take the connection away; the configuration stays, nothing runs (L31, L32). Raises `NotFound`."""
    row = await get_export(session, export_id)
    if row.connection_id is not None:
        record(
            session, caller, "export.detached", row.id, before={"connection_id": row.connection_id}
        )
        await announce_ends(session, await request_cancel(session, Run.export_id == export_id))
        # another connection begins anew, so the rows that were delivered are kept for nothing
        await session.execute(delete(ExportBaseline).where(ExportBaseline.export_id == export_id))
        row.connection_id = None
        row.updated_at, row.updated_by = clock.now(), caller.id
        await session.flush()
    return row


async def delete_export(session: AsyncSession, export_id: str, *, caller: Caller) -> Export:
    """Forget the export; its runs stay as history, its audience stays at Meta (L28)."""
    row = await editable_export(session, export_id, caller=caller)
    await announce_ends(session, await request_cancel(session, Run.export_id == export_id))
    record(session, caller, "export.deleted", row.id, before=audited(row, []))
    await session.delete(row)
    await session.flush()
    return row


def _aim(values: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The connection and the audience of its own, if it has one."""
    return values["connection_id"], (values["audience"] or {}).get("id")


def put_segments(session: AsyncSession, export_id: str, segment_ids: Sequence[str]) -> None:
    """Write an export's segments, in this order."""
    unique = list(dict.fromkeys(segment_ids))
    session.add_all(
        ExportSegment(export_id=export_id, position=position, segment_id=segment_id)
        for position, segment_id in enumerate(unique)
    )


def audited(row: Export, segment_ids: Sequence[str]) -> dict[str, Any]:
    """What the audit keeps of an export."""
    own = {field: getattr(row, field) for field in FIELDS}
    return {**own, "metadata": row.labels or {}, "segment_ids": list(segment_ids)}
