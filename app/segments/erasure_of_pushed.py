"""Pushed members written anew without some people; whoever was erased must not come back from here."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import polars as pl
from sqlalchemy import select

from app import clock
from app.db.models import Segment, SegmentUpload
from app.db.session import Database
from app.errors import AppError, Unavailable
from app.ids import new_id
from app.observability.crashes import failures_to
from app.segments.evaluations import note_counts
from app.segments.pushed import prefix_of
from app.snapshots import Manifest, MemberFiles, MemberWriter, SnapshotStore

_ROWS = 100_000


async def erase_members(
    database: Database,
    store: SnapshotStore,
    without: Callable[[pl.DataFrame], pl.DataFrame],
    *,
    failed: Callable[[BaseException], object],
) -> int:
    """Keep of every segment's pushed members what `without` leaves; how many it took out.

    `without` gets frames whose columns are named by Meta's keys: hashed ones Binary of 32 bytes,
    plain ones String. May be repeated. The old files are replaced ones then, as after a push. Members that
    are pushed meanwhile are looked at by the caller's next time. What keeps one segment's members from
    being written anew is handed to `failed`, and the others go on. Raises `Unavailable`.
    """
    async with database.transaction() as session:
        rows = (
            await session.scalars(select(SegmentUpload).where(SegmentUpload.status == "current"))
        ).all()
    gone = 0
    for row in rows:
        # one segment must not hold up the others
        with failures_to(failed, Unavailable):
            gone += await _erase(database, store, row, without)
    return gone


async def _erase(
    database: Database,
    store: SnapshotStore,
    row: SegmentUpload,
    without: Callable[[pl.DataFrame], pl.DataFrame],
) -> int:
    assert row.manifest is not None
    old, upload_id = Manifest.from_json(row.manifest), new_id("upl")
    rewritten = await asyncio.to_thread(
        partial(_rewrite, store, old, without, prefix=prefix_of(row.segment_id, upload_id))
    )
    if rewritten is None:
        return 0
    try:
        if await _swap(database, row.id, upload_id, rewritten):
            return old.staged - rewritten.staged
    except BaseException:
        with suppress(AppError):
            await _delete_unknown(database, store, upload_id, rewritten.prefix)
        raise
    await asyncio.to_thread(store.delete_prefix, rewritten.prefix)
    return 0


async def _delete_unknown(
    database: Database, store: SnapshotStore, upload_id: str, prefix: str
) -> None:
    """Delete what nobody else would find, unless the swap stands and only its answer was lost."""
    async with database.transaction() as session:
        known = await session.get(SegmentUpload, upload_id)
    if known is None:
        await asyncio.to_thread(store.delete_prefix, prefix)


def _rewrite(
    store: SnapshotStore,
    old: Manifest,
    without: Callable[[pl.DataFrame], pl.DataFrame],
    *,
    prefix: str,
) -> Manifest | None:
    """The manifest of the members that stay, in their order; None if all do: then nothing is written."""
    columns = [name for group in old.groups for name in group.schema]
    files, document = MemberFiles(store), old.to_json()
    if not columns or all(
        without(frame).height == frame.height
        for frame in files.frames(document, columns, rows=_ROWS)
    ):
        return None
    writer = MemberWriter(store, prefix)
    try:
        for frame in files.frames(document, columns, rows=_ROWS):
            writer.add(without(frame))
        return writer.finish()
    except BaseException:
        writer.abort()
        raise


async def _swap(database: Database, old_id: str, upload_id: str, manifest: Manifest) -> bool:
    """Put the members in place unless a push did so meanwhile."""
    now = clock.now()
    async with database.transaction() as session:
        old = await session.get(SegmentUpload, old_id)
        if old is None:
            return False
        await session.get(Segment, old.segment_id, with_for_update=True)
        await session.refresh(old)
        if old.status != "current":
            return False
        old.status, old.replaced_at = "replaced", now
        await session.flush()
        session.add(
            SegmentUpload(
                id=upload_id,
                segment_id=old.segment_id,
                status="current",
                lease_until=now,
                keys=old.keys,
                manifest=manifest.to_json(),
                refused_values=old.refused_values,
                created_at=now,
                created_by=old.created_by,
            )
        )
        await note_counts(session, {old.segment_id: manifest.staged})
    return True
