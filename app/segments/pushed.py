"""Pushed members as runs and people see them: the newest whole push, and no file longer than needed."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.db.models import Run, Segment, SegmentUpload
from app.db.secrets import Vault
from app.db.session import Database
from app.errors import AppError, Unavailable, Unprocessable
from app.identifiers import IdentifierPlan, KeyIdentifier, check_plan
from app.observability.crashes import failures_to, tell_of_crash
from app.observability.logs import get_logger
from app.segments.queries import source_of
from app.snapshots import SnapshotStore

log = get_logger(__name__)

KIND = "upload"
# previews read for five minutes at most; runs are asked whether they read
_KEPT_FOR = timedelta(minutes=10)
# a run that has staged its members reads ours no more
_READING_PHASES = ("validating", "staging")
# what clocks of two machines may differ by
_SKEW = timedelta(minutes=1)


def prefix_of(segment_id: str, upload_id: str) -> str:
    """Where the files of a push are."""
    return f"segments/{segment_id}/{upload_id}"


def first_state(source: Mapping[str, Any]) -> str:
    """The state of a new segment: without members until the first push (L75)."""
    return "inactive" if source["kind"] == KIND else "active"


def check_source(source: Mapping[str, Any]) -> None:
    """Raise `Unprocessable` unless members can be normalized as the source says."""
    plan = IdentifierPlan(
        KeyIdentifier.EMAIL,
        {"EMAIL": ("EMAIL",)},
        default_country=source.get("default_country"),
        date_format=source.get("date_format"),
        time_zone=source.get("time_zone") or "UTC",
    )
    for problem in check_plan(plan):
        raise Unprocessable(
            problem.detail,
            code=problem.code,
            errors=[
                {
                    "pointer": f"/source/{problem.field}",
                    "parameter": None,
                    "code": problem.code,
                    "detail": problem.detail,
                }
            ],
        )


async def readable_sources(
    session: AsyncSession, vault: Vault, segments: Sequence[Segment]
) -> list[dict[str, Any]]:
    """What `open_source` takes of these segments: pushed members with the place of their hashes.

    Raises `SecretUnreadable`.
    """
    pushed = [segment.id for segment in segments if segment.source["kind"] == KIND]
    rows = await session.scalars(
        select(SegmentUpload).where(
            SegmentUpload.segment_id.in_(pushed), SegmentUpload.status == "current"
        )
    )
    found = {row.segment_id: row for row in rows}
    return [
        _readable(segment.source, found.get(segment.id))
        if segment.source["kind"] == KIND
        else {
            **source_of(vault, segment),
            **({"detected": segment.detected} if segment.detected else {}),
        }
        for segment in segments
    ]


async def push_under_way(session: AsyncSession, segment_ids: Sequence[str]) -> str | None:
    """The name of a segment of these whose new members are being received right now."""
    name: str | None = await session.scalar(
        select(Segment.name)
        .join(SegmentUpload, SegmentUpload.segment_id == Segment.id)
        .where(
            Segment.id.in_(segment_ids),
            SegmentUpload.status == "receiving",
            SegmentUpload.lease_until > clock.now(),
        )
        .order_by(Segment.name)
        .limit(1)
    )
    return name


def _readable(source: Mapping[str, Any], upload: SegmentUpload | None) -> dict[str, Any]:
    if upload is None:
        return dict(source)
    return {**source, "manifest": upload.manifest, "keys": upload.keys}


async def release_members(session: AsyncSession, segment_id: str) -> None:
    """The segment has no pushed members any more; a push under way will find that it came too late."""
    await session.execute(
        update(SegmentUpload)
        .where(SegmentUpload.segment_id == segment_id, SegmentUpload.status != "replaced")
        .values(status="replaced", replaced_at=clock.now())
    )


async def forget_replaced_now(
    database: Database, store: SnapshotStore, *, failed: Callable[[BaseException], object]
) -> int:
    """Delete the files of all replaced pushes but those a run may be reading; how many are left.

    For who must not wait a day: somebody is in them who is to be forgotten. May be repeated. What keeps
    one from being deleted is handed to `failed`. Raises `Unavailable`.
    """
    return (await _forget(database, store, replaced_before=None, failed=failed))[1]


async def _forget(
    database: Database,
    store: SnapshotStore,
    *,
    replaced_before: datetime | None,
    failed: Callable[[BaseException], object],
) -> tuple[int, int]:
    """Delete the files of replaced pushes that no run reads: how many went, and how many are left."""
    reading = (
        select(Run.id)
        .where(
            Run.status == "running",
            or_(Run.phase.is_(None), Run.phase.in_(_READING_PHASES)),
            Run.started_at < SegmentUpload.replaced_at + _SKEW,
            Run.spec["segment_ids"].has_key(SegmentUpload.segment_id),
        )
        .exists()
    )
    query = select(SegmentUpload, reading).where(SegmentUpload.status == "replaced")
    if replaced_before is not None:
        query = query.where(SegmentUpload.replaced_at < replaced_before)
    async with database.transaction() as session:
        rows = (await session.execute(query)).all()
    gone = 0
    for upload, is_read in rows:
        if is_read:
            continue
        # one push must not hold up the others
        with failures_to(failed, Unavailable):
            await asyncio.to_thread(store.delete_prefix, prefix_of(upload.segment_id, upload.id))
            async with database.transaction() as session:
                await session.execute(delete(SegmentUpload).where(SegmentUpload.id == upload.id))
            gone += 1
    return gone, len(rows) - gone


async def forget_replaced(database: Database, store: SnapshotStore) -> int:
    """Delete the files of pushes that nobody may read any more; how many there were.

    Those of a deleted segment are among them, within minutes. May be repeated, and done by several
    processes at once. One that cannot be deleted is tried again. Raises `Unavailable`.
    """
    now = clock.now()
    async with database.transaction() as session:
        await session.execute(
            update(SegmentUpload)
            .where(SegmentUpload.status == "receiving", SegmentUpload.lease_until < now)
            .values(status="replaced", replaced_at=now)
        )
    before = now - _KEPT_FOR
    return (await _forget(database, store, replaced_before=before, failed=_not_deleted))[0]


def _not_deleted(error: BaseException) -> None:
    if isinstance(error, AppError):
        log.warning("members.not_deleted", code=error.code)
    else:
        tell_of_crash("members.not_deleted", error)
