"""What was seen of a segment each time it was looked at: how many members, or why it could not be read."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.callers import Caller
from app.db.listing import TimeSort, one_of, timed_page, within
from app.db.models import Segment, SegmentEvaluation
from app.db.secrets import Vault
from app.db.session import Database, after_commit
from app.errors import SourceError
from app.ids import new_id
from app.observability import metrics
from app.segments import service
from app.segments.pushed import readable_sources
from app.segments.reader_threads import Readers
from app.sources import SourceAccess


async def refresh_segment(
    database: Database,
    readers: Readers,
    access: SourceAccess,
    vault: Vault,
    segment_id: str,
    *,
    caller: Caller,
) -> tuple[Segment, service.Seen]:
    """Look at the source again; the segment with its new count, and what was seen.

    Raises `NotFound`, `Conflict` (`refresh-in-progress`), as `Readers`, and `SourceError` after it was
    written down.
    """
    async with database.transaction() as session:
        row = await service.get_segment(session, segment_id)
        (source,) = await readable_sources(session, vault, [row])
    try:
        async with readers.refresh(segment_id):
            seen = await service.evaluate(readers, source, access, caller=caller)
    except SourceError as error:
        async with database.transaction() as session:
            await note_failure(session, segment_id, error)
        raise
    async with database.transaction() as session:
        await note_counts(session, {segment_id: seen.count})
        if row.detected is None and seen.shape is not None:
            await session.execute(
                update(Segment)
                .where(Segment.id == segment_id, Segment.detected.is_(None))
                .values(detected=service.detected_of(seen.shape))
            )
        return await service.get_segment(session, segment_id), seen


async def note_counts(session: AsyncSession, counts: Mapping[str, int | None]) -> None:
    """Write down how many members segments have (by id); those that are gone are left out."""
    now = clock.now()
    for segment_id, count in sorted(counts.items()):
        there = await session.scalar(
            # by statement: to look at a segment makes no new version of it
            update(Segment)
            .where(Segment.id == segment_id)
            .values(member_count=count, evaluated_at=now)
            .returning(Segment.id)
        )
        if there is not None:
            _remember(session, segment_id, count=count)


async def note_failure(session: AsyncSession, segment_id: str, error: SourceError) -> None:
    """Write down why a segment could not be read, unless it is gone."""
    there = select(Segment.source["kind"].astext).where(Segment.id == segment_id)
    kind = await session.scalar(there.with_for_update(key_share=True, read=True))
    if kind is None:
        return

    async def count() -> None:
        metrics.SOURCE_ERRORS.labels(kind, error.code).inc()

    after_commit(session, count)
    document = {"code": error.code, "culprit": str(error.culprit), "message": error.detail}
    _remember(session, segment_id, error=document)


async def list_evaluations(
    session: AsyncSession,
    segment_id: str,
    filters: Mapping[str, Any],
    *,
    sort: TimeSort = TimeSort.NEWEST,
    after: str | None,
    limit: int,
) -> Sequence[SegmentEvaluation]:
    """Looks at the segment by time and outcome; one more than the limit if there is more."""
    table = SegmentEvaluation
    query = select(table).where(table.segment_id == segment_id)
    span = filters.get("at_after"), filters.get("at_before")
    query = within(query, table.at, *span, ids=(table.id, "eva"))
    if filters.get("failed") is not None:
        query = query.where(
            table.error.is_not(None) if filters["failed"] else table.error.is_(None)
        )
    page = timed_page(query, table.id, sort=sort, after=after, limit=limit)
    return (await session.scalars(page)).all()


async def failures_of(
    session: AsyncSession, segment_ids: Sequence[str]
) -> dict[str, SegmentEvaluation]:
    """The last look at each of these segments, where that one failed."""
    # one look into the index for each, however often it was looked at
    newest = (
        select(SegmentEvaluation.id)
        .where(SegmentEvaluation.segment_id == Segment.id)
        .order_by(SegmentEvaluation.id.desc())
        .limit(1)
        .correlate(Segment)
        .scalar_subquery()
    )
    shown = select(newest).select_from(Segment).where(Segment.id == one_of(segment_ids))
    rows = await session.scalars(select(SegmentEvaluation).where(SegmentEvaluation.id.in_(shown)))
    return {row.segment_id: row for row in rows if row.error is not None}


def _remember(
    session: AsyncSession,
    segment_id: str,
    *,
    count: int | None = None,
    error: dict[str, Any] | None = None,
) -> None:
    session.add(
        SegmentEvaluation(
            id=new_id("eva"),
            segment_id=segment_id,
            at=clock.now(),
            member_count=count,
            error=error,
        )
    )
