"""The rules of segments: what may be a source, how many members it has, who uses it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.audit import record
from app.access.callers import Caller, Role, role_needed
from app.db.labels import merged
from app.db.listing import NamedSort, contains, equal, made, sorted_page, version_of
from app.db.models import Export, ExportSegment, Segment, SegmentEvaluation
from app.db.secrets import Vault
from app.db.session import Database
from app.errors import Conflict, NotFound, Unprocessable, VersionMismatch
from app.ids import is_id, new_id
from app.segments import pushed, queries
from app.segments.audit_details import audited
from app.segments.reader_threads import Readers
from app.sources import Attribute, Cost, Priced, Shape, SourceAccess, open_source, wanted

# kinds whose members are read from somewhere: only administrators may point at those places
READ_KINDS = frozenset(
    {"file", "delta", "postgres", "mysql", "clickhouse", "bigquery", "snowflake", "iceberg"}
)


async def get_segment(session: AsyncSession, segment_id: str) -> Segment:
    """The segment. Raises `NotFound`."""
    row = await session.get(Segment, segment_id) if is_id("seg", segment_id) else None
    if row is None:
        raise NotFound("There is no such segment.")
    return row


async def list_segments(
    session: AsyncSession,
    filters: Mapping[str, Any],
    *,
    sort: NamedSort = NamedSort.NEWEST,
    after: str | None,
    limit: int,
) -> Sequence[Any]:
    """Segments by name (`q`), state and kind of source; one more than the limit if there is more."""
    newest = (
        select(func.max(SegmentEvaluation.id))
        .where(SegmentEvaluation.segment_id == Segment.id)
        .correlate(Segment)
        .scalar_subquery()
    )
    query = select(
        Segment.id,
        Segment.display_name,
        version_of(Segment).label("row_version"),
        newest.label("evaluation"),
        *(Segment.created_by, Segment.updated_by),
    )
    if q := filters.get("q"):
        query = query.where(or_(contains(Segment.name, q), contains(Segment.display_name, q)))
    query = equal(query, filters, Segment.state)
    query = made(query, filters, Segment.created_by, Segment.created_at)
    if filters.get("kind") is not None:
        query = query.where(Segment.source["kind"].astext == filters["kind"])
    if filters.get("metadata"):
        query = query.where(Segment.labels.contains(filters["metadata"]))
    page = sorted_page(query, Segment.id, Segment.display_name, sort=sort, after=after, limit=limit)
    return list(await session.execute(page))


async def find_segments(session: AsyncSession, segment_ids: Sequence[str]) -> list[Segment]:
    """The segments in the order asked for. Raises `Unprocessable` naming those that are not there."""
    wanted = [name for name in segment_ids if is_id("seg", name)]
    rows = (await session.scalars(select(Segment).where(Segment.id.in_(wanted)))).all()
    found = {row.id: row for row in rows}
    unknown = [name for name in segment_ids if name not in found]
    if unknown:
        raise Unprocessable(
            f"{len(unknown)} of segment_ids name no segment, the first at position "
            f"{segment_ids.index(unknown[0]) + 1}.",
            code="segment-unknown",
        )
    return [found[name] for name in segment_ids]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at a source told: its columns, how its text is written, how many members it has."""

    attributes: list[Attribute]
    shape: Shape | None
    count: int | None = None
    cost: Cost | None = None


async def evaluate(
    readers: Readers, source: Mapping[str, Any], access: SourceAccess, *, caller: Caller
) -> Seen:
    """The source's attributes, shape and count, read now. Raises `SourceError`, and as `Readers`."""

    def read() -> Seen:
        opened = open_source(source, access)
        return Seen(opened.attributes(), opened.shape(), opened.count())

    return await readers.read(caller.id, read)


async def look_at(source: Mapping[str, Any], access: SourceAccess) -> Seen:
    """The source's attributes and shape, read now; its members are not counted. Raises `SourceError`."""

    def read() -> Seen:
        opened = open_source(source, access)
        cost = opened.cost() if isinstance(opened, Priced) else None
        return Seen(opened.attributes(), opened.shape(), cost=cost)

    with wanted():
        return await asyncio.to_thread(read)


async def read_attributes(source: Mapping[str, Any], access: SourceAccess) -> list[Attribute]:
    """The source's attributes, read now; given up when cancelled. Raises `SourceError`."""
    with wanted():
        return await asyncio.to_thread(lambda: open_source(source, access).attributes())


def detected_of(shape: Shape | None) -> dict[str, Any] | None:
    """A shape as it is kept with a segment."""
    return None if shape is None else shape.as_json()


async def create_segment(
    database: Database,
    readers: Readers,
    access: SourceAccess,
    vault: Vault,
    *,
    caller: Caller,
    given: Mapping[str, Any],
) -> Segment:
    """A new segment whose source was looked at. Raises `SourceError`, `Conflict`, `Forbidden`."""
    check_source(caller, given["source"])
    seen = await evaluate(readers, given["source"], access, caller=caller)
    now = clock.now()
    row = Segment(
        id=new_id("seg"),
        name=given["name"],
        display_name=given.get("display_name") or given["name"],
        labels=merged(None, given),
        detected=detected_of(seen.shape),
        state=pushed.first_state(given["source"]),
        member_count=seen.count,
        evaluated_at=now,
        created_at=now,
        created_by=caller.id,
        updated_at=now,
        updated_by=caller.id,
    )
    queries.put_source(vault, row, given["source"])
    try:
        async with database.transaction() as session:
            session.add(row)
            record(session, caller, "segment.created", row.id, after=audited(vault, row))
            await session.flush()
            session.add(_evaluation(row))
    except IntegrityError as error:
        if "uq_segments_name" in str(error.orig):
            raise Conflict("Another segment has this name.", code="segment-name-taken") from None
        raise
    return row


async def update_segment(
    database: Database,
    readers: Readers,
    access: SourceAccess,
    vault: Vault,
    segment_id: str,
    *,
    caller: Caller,
    given: Mapping[str, Any],
    version: int | None,
) -> Segment:
    """Apply a merge patch. Raises `NotFound`, `VersionMismatch`, `SourceError`, `Forbidden`."""
    async with database.transaction() as session:
        row = await get_segment(session, segment_id)
        (readable,) = await pushed.readable_sources(session, vault, [row])
    if version is not None and row.version != version:
        raise VersionMismatch
    for field in ("source", "state"):
        if field in given and given[field] is None:
            raise Unprocessable(f"{field} cannot be null.")
    before = audited(vault, row)
    _check_kind(caller, row.source)
    emptied = False
    if "source" in given:
        check_source(caller, given["source"])
        emptied = given["source"]["kind"] != row.source["kind"]
        # pushed members stay; what is new of their source counts from the next push on
        pushed_ones: dict[str, Any] = {} if emptied else {
            name: readable[name] for name in ("manifest", "keys") if name in readable
        }  # fmt: skip
        source = {**pushed_ones, **given["source"]}
        seen = await evaluate(readers, source, access, caller=caller)
        row.member_count, row.detected = seen.count, detected_of(seen.shape)
        queries.put_source(vault, row, given["source"])
        row.evaluated_at = clock.now()
    row.labels = merged(row.labels, given)
    if "display_name" in given:
        row.display_name = given["display_name"] or row.name
    row.state = _state_after(row, readable, given, emptied=emptied)
    row.updated_at, row.updated_by = clock.now(), caller.id
    async with database.transaction() as session:
        row = await session.merge(row)
        await session.flush()
        if "source" in given:
            session.add(_evaluation(row))
        if emptied:
            await pushed.release_members(session, row.id)
        record(session, caller, "segment.updated", row.id, before=before, after=audited(vault, row))
    return row


def _state_after(
    row: Segment, readable: Mapping[str, Any], given: Mapping[str, Any], *, emptied: bool
) -> str:
    """The state that a change leaves; `readable` is the source before it.

    A segment whose members are pushed and that has none yet is inactive. Raises `Conflict` if asked
    for the contrary.
    """
    has_members = row.source["kind"] != pushed.KIND or (
        not emptied and readable.get("manifest") is not None
    )
    if not has_members:
        if given.get("state") == "active":
            raise Conflict(
                "The segment has no members yet; it becomes active with the first push.",
                code="segment-without-members",
            )
        return "inactive"
    never_pushed = readable["kind"] == pushed.KIND and readable.get("manifest") is None
    return str(given.get("state", "active" if emptied and never_pushed else row.state))


async def delete_segment(
    session: AsyncSession, vault: Vault, segment_id: str, *, caller: Caller
) -> None:
    """Forget the segment; its source is not touched. Raises `NotFound`, `Conflict` if exports use it."""
    row = await get_segment(session, segment_id)
    _check_kind(caller, row.source)
    users = await list_exports(session, segment_id)
    if users:
        raise Conflict(
            "Exports send this segment; remove it from them first.",
            code="segment-in-use",
            exports=[{"id": item.id, "display_name": item.display_name} for item in users],
        )
    record(session, caller, "segment.deleted", row.id, before=audited(vault, row))
    await pushed.release_members(session, row.id)
    await session.delete(row)


async def list_exports(session: AsyncSession, segment_id: str) -> Sequence[Export]:
    """The exports that send the segment (L76)."""
    query = (
        select(Export)
        .join(ExportSegment, ExportSegment.export_id == Export.id)
        .where(ExportSegment.segment_id == segment_id)
        .order_by(Export.id)
        .distinct()
    )
    return (await session.scalars(query)).all()


def check_source(caller: Caller, source: Mapping[str, Any]) -> None:
    """Raises `Forbidden`, `Unprocessable` for a source the caller may not name."""
    _check_kind(caller, source)
    if source["kind"] == pushed.KIND:
        pushed.check_source(source)


def _check_kind(caller: Caller, source: Mapping[str, Any]) -> None:
    if source["kind"] in READ_KINDS and not caller.is_administrator:
        raise role_needed(
            caller,
            Role.ADMINISTRATOR,
            what="To make or change a segment that reads files or databases",
        )


def _evaluation(row: Segment) -> SegmentEvaluation:
    """The look at the source that the row was just made with."""
    assert row.evaluated_at is not None
    return SegmentEvaluation(
        id=new_id("eva"), segment_id=row.id, at=row.evaluated_at, member_count=row.member_count
    )
