"""What is kept no longer than it is needed: staged rows, old runs and counts, answers to repeated requests.

Staged rows are hashes of people, so they go as soon as their run is over, unless a mirror's baseline is
made of them. A worker deletes its own at the end of a run; here is what dead workers left behind.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app import clock
from app.db.listing import written_out
from app.db.models import (
    Erasure,
    ExportBaseline,
    IdempotencyKey,
    LastEnd,
    Run,
    RunNames,
    SegmentEvaluation,
)
from app.db.portions import delete_in_portions
from app.db.session import Database
from app.ids import SKEW, least_id
from app.observability.logs import get_logger
from app.runs.states import ACTIVE
from app.snapshots import SnapshotError, SnapshotStore

log = get_logger(__name__)

_LOCK = 7_201_883_446
_RUNS = "runs"
# https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/: expiry is ours to say
_REPEATABLE = timedelta(days=1)
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class CleanedUp:
    """What one clean-up removed: runs, looks at segments, kept answers, and folders of staged rows."""

    runs: int = 0
    evaluations: int = 0
    answers: int = 0
    folders: int = 0


async def clean_up(
    database: Database, store: SnapshotStore, *, history: timedelta
) -> CleanedUp | None:
    """Forget runs and counts of segments older than `history`, answers after a day, unneeded staged rows.

    None if another process is at it. Raises `Unavailable`, `SnapshotError`.
    """
    runs = await forget_runs(database, before=history)
    if runs is None:
        return None
    if runs:
        await _forget_names(database)
    evaluations = await _forget_evaluations(database, before=history)
    answers = await _forget_answers(database)
    # listed before the database is asked, so that what is new meanwhile is not taken for old
    names = await asyncio.to_thread(store.list, _RUNS)
    async with database.transaction() as session:
        unneeded = await _unneeded(session, names)
    folders = 0
    for prefix in unneeded:
        try:
            await asyncio.to_thread(store.delete_prefix, prefix)
        except SnapshotError as error:
            log.warning("snapshot.not_deleted", prefix=prefix, code=error.code)
        else:
            folders += 1
    return CleanedUp(runs=runs, evaluations=evaluations, answers=answers, folders=folders)


async def forget_runs(database: Database, *, before: timedelta) -> int | None:
    """In portions, so that nobody waits for the locks of a large one; None if another is at it."""
    total = 0
    while True:
        async with database.transaction() as session:
            if not await session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
                return None
            old = (
                select(Run.id)
                .where(
                    Run.finished_at < clock.now() - before,
                    Run.status.not_in(ACTIVE),
                    # it was made before it ended: the younger ones are not even looked at
                    Run.id < least_id("run", clock.now() - before + SKEW),
                )
                .order_by(Run.id)
                .limit(_AT_ONCE)
            )
            gone = (
                await session.scalars(delete(Run).where(Run.id.in_(old)).returning(Run.id))
            ).all()
        total += len(gone)
        if len(gone) < _AT_ONCE:
            return total


async def _forget_names(database: Database) -> None:
    """Names, and ends, of which no run is left."""
    async with database.transaction() as session:
        left = select(Run.id).where(Run.export_id == RunNames.export_id)
        await session.execute(delete(RunNames).where(~exists(left)))
        ended = select(Run.id).where(Run.id == LastEnd.run_id)
        await session.execute(delete(LastEnd).where(~exists(ended)))


async def _forget_answers(database: Database) -> int:
    return await delete_in_portions(
        database, IdempotencyKey, IdempotencyKey.created_at < clock.now() - _REPEATABLE
    )


async def _forget_evaluations(database: Database, *, before: timedelta) -> int:
    """Looks at segments, which each run adds one of; the newest of a segment says how it stands."""
    moment, later = clock.now() - before, aliased(SegmentEvaluation)
    return await delete_in_portions(
        database,
        SegmentEvaluation,
        SegmentEvaluation.id < least_id("eva", moment + SKEW),
        SegmentEvaluation.at < moment,
        exists().where(
            later.segment_id == SegmentEvaluation.segment_id, later.id > SegmentEvaluation.id
        ),
    )


async def _unneeded(session: AsyncSession, names: Iterable[str]) -> list[str]:
    """The folders of runs that are over and that no baseline holds; a run's whole one if it can be."""
    by_run: dict[str, set[str]] = defaultdict(set)
    for name in names:
        # runs/<run>/<fence>/<staged, or a difference>/…
        parts = name.split("/")
        by_run[parts[1]].add("/".join(parts[:4]))
    if not by_run:
        return []
    # in this order: who ends between the two questions has its baseline in the second answer
    active = set(await session.scalars(select(Run.id).where(written_out(Run.status, ACTIVE))))
    kept = await _baselines(session)
    # an erasure writes a baseline anew beside the old one, and only then puts it in its place
    rewriting = await session.scalar(
        select(exists().where(Erasure.status.in_(("queued", "running"))))
    )
    unneeded: list[str] = []
    for run_id, folders in sorted(by_run.items()):
        if run_id in active:
            continue
        if any(prefix.startswith(f"{_RUNS}/{run_id}/") for prefix in kept):
            spare = [folder for folder in folders if not _holds(folder, kept)]
            unneeded += [] if rewriting else sorted(spare)
        else:
            unneeded.append(f"{_RUNS}/{run_id}")
    return unneeded


def _holds(folder: str, kept: set[str]) -> bool:
    return any(prefix == folder or prefix.startswith(f"{folder}/") for prefix in kept)


async def _baselines(session: AsyncSession) -> set[str]:
    rows = await session.execute(select(ExportBaseline.delivered, ExportBaseline.pending))
    kept: set[str] = set()
    for delivered, pending in rows:
        documents: list[Mapping[str, str] | None] = [delivered, *pending]
        kept.update(document["prefix"] for document in documents if document is not None)
    return kept
