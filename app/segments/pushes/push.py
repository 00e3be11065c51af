"""Members that are pushed: received, hashed, kept, and put in the place of the old ones at the end.

One push at a time has a segment, by a row whose lease it keeps alive. Runs that read the members it
replaces go on reading: their files are deleted a day later. Whatever ends a push early leaves the old
members as they are.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from app import clock
from app.access.audit import record
from app.access.callers import Caller
from app.db.models import Segment, SegmentUpload
from app.db.session import Database
from app.errors import (
    AppError,
    Conflict,
    ContentTooLarge,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from app.ids import is_id, new_id
from app.observability import metrics
from app.observability.logs import get_logger
from app.segments.evaluations import note_counts
from app.segments.pushed import KIND, prefix_of
from app.segments.pushes.body_stream import BodyStream, Received, receive
from app.segments.pushes.concurrency import PushPlaces
from app.segments.pushes.media_types import media_options
from app.snapshots import MemberWriter, SnapshotStore
from app.sources import BodyLimits, Losses, Tolerance

log = get_logger(__name__)

_LEASE = timedelta(seconds=30)
_BEAT_SECONDS = 5.0


@dataclass(slots=True)
class Uploads:
    """Where members are received, and how many bytes of them."""

    store: SnapshotStore
    threads: ThreadPoolExecutor
    limits: BodyLimits
    tolerance: Tolerance = field(default_factory=Tolerance)
    # a Parquet body is held in memory, so one at a time
    parquet: asyncio.Lock = field(default_factory=asyncio.Lock)
    places: PushPlaces = field(default_factory=PushPlaces)


async def replace_members(
    database: Database,
    uploads: Uploads,
    segment_id: str,
    *,
    caller: Caller,
    content_type: str,
    declared_bytes: int,
    body: AsyncIterator[bytes],
) -> tuple[Segment, Received]:
    """Receive the segment's new members; they count once all of them are kept.

    Raises `NotFound`, `Conflict` (`segment-not-pushed`, `upload-in-progress`, `upload-superseded`),
    `UnsupportedMediaType`, `ContentTooLarge`, `TooManyRequests`, `SourceError`, `SnapshotError`.
    """
    options = media_options(content_type)
    is_parquet = options["format"] == "parquet"
    limits = uploads.limits
    if declared_bytes > limits.max_bytes:
        raise ContentTooLarge(f"The members may take at most {limits.max_bytes:,} bytes.")
    if is_parquet and declared_bytes > limits.max_parquet_bytes:
        raise ContentTooLarge(
            f"A Parquet body may have at most {limits.max_parquet_bytes:,} bytes; push more members "
            "as CSV or NDJSON.",
            code="parquet-too-large",
        )
    if is_parquet and uploads.parquet.locked():
        raise TooManyRequests(
            "Another Parquet body is being received; try again shortly, or push CSV or NDJSON.",
            code="upload-busy",
        )
    with uploads.places.place(caller.id):
        async with uploads.parquet if is_parquet else contextlib.nullcontext():
            return await _replace(database, uploads, segment_id, caller, options, body)


async def _replace(
    database: Database,
    uploads: Uploads,
    segment_id: str,
    caller: Caller,
    options: Mapping[str, str],
    body: AsyncIterator[bytes],
) -> tuple[Segment, Received]:
    source, upload = await _claim(database, segment_id, caller)
    prefix = prefix_of(segment_id, upload.id)
    try:
        received = await _receive(database, uploads, upload.id, prefix, options, source, body)
        segment = await _put_in_place(database, upload.id, received, caller)
    except BaseException:
        # also when the client or this process goes away; a lost row is found by its lease
        await asyncio.shield(_give_up(database, uploads.store, upload.id, prefix))
        raise
    metrics.MEMBERS_PUSHED.inc(received.manifest.staged)
    return segment, received


async def _claim(
    database: Database, segment_id: str, caller: Caller
) -> tuple[dict[str, Any], SegmentUpload]:
    """A row that says who receives; the lock on the segment lets one caller after the other look."""
    now = clock.now()
    async with database.transaction() as session:
        segment = None
        if is_id("seg", segment_id):
            segment = await session.get(Segment, segment_id, with_for_update=True)
        if segment is None:
            raise NotFound("There is no such segment.")
        if segment.source["kind"] != KIND:
            raise Conflict(
                f"The members of this segment are read from a source of kind "
                f"{segment.source['kind']}; only those of kind upload are pushed.",
                code="segment-not-pushed",
            )
        other = await session.scalar(
            select(SegmentUpload).where(
                SegmentUpload.segment_id == segment_id, SegmentUpload.status == "receiving"
            )
        )
        if other is not None:
            if other.lease_until > now:
                raise Conflict(
                    "Members of this segment are being received from another request; wait for its "
                    "end.",
                    code="upload-in-progress",
                )
            other.status, other.replaced_at = "replaced", now
            await session.flush()
        upload = SegmentUpload(
            id=new_id("upl"),
            segment_id=segment_id,
            status="receiving",
            lease_until=now + _LEASE,
            created_at=now,
            created_by=caller.id,
        )
        session.add(upload)
        await session.flush()
    return dict(segment.source), upload


async def _receive(
    database: Database,
    uploads: Uploads,
    upload_id: str,
    prefix: str,
    options: Mapping[str, str],
    source: Mapping[str, Any],
    body: AsyncIterator[bytes],
) -> Received:
    """The thread's work, fed and kept alive from here. Nothing of it is left when this returns."""
    loop = asyncio.get_running_loop()
    stream = BodyStream(loop)
    work = loop.run_in_executor(
        uploads.threads,
        lambda: receive(
            stream,
            MemberWriter(uploads.store, prefix),
            options,
            uploads.limits,
            Losses(uploads.tolerance),
            default_country=source.get("default_country"),
            date_format=source.get("date_format"),
            time_zone=source.get("time_zone") or "UTC",
        ),
    )
    pump = asyncio.create_task(stream.pump(body))
    heart = asyncio.create_task(_keep_alive(database, upload_id))
    either: set[asyncio.Future[Any]] = {work, heart}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            heart.result()
        return await work
    finally:
        for task in (pump, heart):
            task.cancel()
        stream.fail(_superseded())
        await asyncio.gather(pump, heart, return_exceptions=True)
        await asyncio.wait({work})


async def _keep_alive(database: Database, upload_id: str) -> None:
    """Prolong the lease until cancelled. Raises `Conflict` when the push is not ours any more."""
    while True:
        await asyncio.sleep(_BEAT_SECONDS)
        try:
            async with database.transaction() as session:
                mine = await session.scalar(
                    update(SegmentUpload)
                    .where(SegmentUpload.id == upload_id, SegmentUpload.status == "receiving")
                    .values(lease_until=clock.now() + _LEASE)
                    .returning(SegmentUpload.id)
                )
        except Unavailable:
            continue  # whether the push is ours still is looked at again at its end
        if mine is None:
            raise _superseded()


async def _put_in_place(
    database: Database, upload_id: str, received: Received, caller: Caller
) -> Segment:
    now = clock.now()
    async with database.transaction() as session:
        upload = await session.get(SegmentUpload, upload_id)
        segment = (
            None
            if upload is None
            else await session.get(Segment, upload.segment_id, with_for_update=True)
        )
        if upload is None or segment is None:
            raise _superseded()
        await session.refresh(upload)
        if upload.status != "receiving":
            raise _superseded()
        before = await session.execute(
            update(SegmentUpload)
            .where(SegmentUpload.segment_id == segment.id, SegmentUpload.status == "current")
            .values(status="replaced", replaced_at=now)
            .returning(SegmentUpload.id)
        )
        if not before.all():
            segment.state = "active"  # the first members; whoever stops it later means it
        upload.status = "current"
        upload.keys = list(received.keys)
        upload.manifest = received.manifest.to_json()
        upload.refused_values = {key: dict(reasons) for key, reasons in received.refused.items()}
        segment.updated_at, segment.updated_by = now, caller.id
        await session.flush()
        await note_counts(session, {segment.id: received.manifest.staged})
        await session.refresh(segment)
        record(
            session,
            caller,
            "segment.members_replaced",
            segment.id,
            after={
                "upload_id": upload.id,
                "member_count": segment.member_count,
                "keys": upload.keys,
                "refused_values": upload.refused_values,
                "malformed_rows": received.malformed,
            },
        )
        await session.flush()
    return segment


async def _give_up(database: Database, store: SnapshotStore, upload_id: str, prefix: str) -> None:
    try:
        await asyncio.to_thread(store.delete_prefix, prefix)
        async with database.transaction() as session:
            await session.execute(
                delete(SegmentUpload).where(
                    SegmentUpload.id == upload_id, SegmentUpload.status == "receiving"
                )
            )
    except AppError as error:
        # the row stays until its lease ends, and leads to the files then
        log.warning("upload.not_forgotten", prefix=prefix, code=error.code)


def _superseded() -> Conflict:
    return Conflict(
        "The segment was changed or removed, or another push took over, while these members were "
        "received; push them again.",
        code="upload-superseded",
    )
