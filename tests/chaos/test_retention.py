"""What a clean-up takes away, and what it leaves because somebody needs it."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import select, text

from app import clock
from app.db.models import (
    Export,
    ExportBaseline,
    IdempotencyKey,
    Run,
    RunBatch,
    Segment,
    SegmentEvaluation,
)
from app.db.portions import delete_in_portions
from app.db.session import Database
from app.ids import least_id
from app.runs.maintenance.retention import CleanedUp, clean_up
from app.snapshots import SnapshotStore

HISTORY = timedelta(days=90)


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    return SnapshotStore.open(str(tmp_path / "snapshots"))


def an_export() -> Export:
    now = clock.now()
    return Export(
        id=f"exp_{uuid4().hex}",
        display_name="Newsletter",
        key_identifier="email",
        attributes={"EMAIL": ["email"]},
        sync_mode="mirror",
        schedule={"mode": "manual"},
        created_at=now,
        created_by="test",
        updated_at=now,
        updated_by="test",
    )


def a_run(export: Export, status: str, *, days_ago: float = 0.0) -> Run:
    at = clock.now() - timedelta(days=days_ago)
    return Run(
        # made when it was queued, as ids are
        id=least_id("run", at) + uuid4().hex[12:],
        export_id=export.id,
        trigger="on_demand",
        status=status,
        spec={"sync_mode": "mirror"},
        requested_by="test",
        queued_at=at,
        due_at=at,
        finished_at=None if status in {"queued", "running"} else at,
    )


def a_look(segment: Segment, *, days_ago: float) -> SegmentEvaluation:
    at = clock.now() - timedelta(days=days_ago)
    name = least_id("eva", at) + uuid4().hex[12:]
    return SegmentEvaluation(id=name, segment_id=segment.id, at=at, member_count=1)


async def add(database: Database, *rows: Any) -> None:
    async with database.transaction() as session:
        for row in rows:
            session.add(row)
            await session.flush()


async def test_staged_rows_go_with_their_run(database: Database, store: SnapshotStore) -> None:
    """Kept: those of active runs and of baselines, delivered or pending."""
    exports = [an_export() for _ in range(4)]
    over, working, waiting, mirrored = (
        a_run(export, status)
        for export, status in zip(
            exports, ("failed", "running", "queued", "succeeded"), strict=True
        )
    )
    interrupted = a_run(exports[3], "canceled")
    await add(database, *exports, over, working, waiting, mirrored, interrupted)
    kept = {
        f"runs/{working.id}/1/staged/a.rows",
        f"runs/{waiting.id}/2/staged/a.rows",
        f"runs/{mirrored.id}/2/staged/a.rows",
        f"runs/{mirrored.id}/2/staged/b.rows",
        f"runs/{interrupted.id}/1/staged/a.rows",
        "segments/an-upload/a.rows",
    }
    gone = {
        f"runs/{over.id}/1/staged/a.rows",
        f"runs/{over.id}/1/diff-0/removals/a.rows",
        # the first attempt of a run whose second one became the baseline, and its differences
        f"runs/{mirrored.id}/1/staged/a.rows",
        f"runs/{mirrored.id}/2/diff-0/additions/a.rows",
        # of a run that is forgotten already
        "runs/run_unknown/1/staged/a.rows",
    }
    for name in kept | gone:
        store.write(name, b"hashes")
    baseline = ExportBaseline(
        export_id=exports[3].id,
        delivered={"prefix": f"runs/{mirrored.id}/2/staged"},
        pending=[{"prefix": f"runs/{interrupted.id}/1/staged"}],
    )
    await add(database, baseline)
    assert await clean_up(database, store, history=HISTORY) == CleanedUp(folders=4)
    assert set(store.list("")) == kept
    assert await clean_up(database, store, history=HISTORY) == CleanedUp()


async def test_history_and_kept_answers(database: Database, store: SnapshotStore) -> None:
    """Decision 12: runs are kept 90 days; answers to repeated requests a day. Active runs stay."""
    exports = [an_export() for _ in range(2)]
    old = [a_run(exports[0], "succeeded", days_ago=91) for _ in range(3)]
    young = a_run(exports[0], "failed", days_ago=89)
    endless = a_run(exports[1], "queued", days_ago=200)
    await add(database, *exports, *old, young, endless)
    now = clock.now()
    batch = RunBatch(
        run_id=old[0].id, sequence=1, operation="add", rows=1, received=1, invalid=0,
        attempts=1, started_at=now, finished_at=now,
    )  # fmt: skip
    answers = [
        IdempotencyKey(
            caller="key", key=key, request_hash=b"", claim="c", claimed_until=now,
            created_at=now - timedelta(hours=hours),
        )
        for key, hours in (("old", 25), ("young", 23))
    ]  # fmt: skip
    segment = Segment(
        id=f"seg_{uuid4().hex}", name="s", display_name="S", source={}, created_at=now,
        created_by="test", updated_at=now, updated_by="test",
    )  # fmt: skip
    looks = [a_look(segment, days_ago=days) for days in (93, 92, 91, 89)]
    await add(database, batch, *answers, segment, *looks)
    assert await clean_up(database, store, history=HISTORY) == CleanedUp(
        runs=3, evaluations=3, answers=1
    )
    async with database.transaction() as session:
        assert set(await session.scalars(select(Run.id))) == {young.id, endless.id}
        assert list(await session.scalars(select(IdempotencyKey.key))) == ["young"]
        assert list(await session.scalars(select(RunBatch.run_id))) == []
        assert list(await session.scalars(select(SegmentEvaluation.id))) == [looks[-1].id]
    # in time that one is old, too, but it says how the segment stands
    assert await clean_up(database, store, history=timedelta(days=1)) == CleanedUp(runs=1)


async def test_what_is_deleted_at_once_is_bounded(database: Database) -> None:
    """More than a portion goes, and what somebody holds is left for the next time."""
    async with database.transaction() as session:
        await session.execute(
            text(
                "insert into idempotency_keys (caller, key, request_hash, claim, claimed_until, created_at)"
                " select 'c', n, '', 'c', now(), now() from generate_series(1, 1200) n"
            )
        )
    old = IdempotencyKey.created_at < clock.now()
    async with database.transaction() as holder:
        await holder.execute(
            select(IdempotencyKey).where(IdempotencyKey.key == "7").with_for_update()
        )
        assert await delete_in_portions(database, IdempotencyKey, old) == 1199
    assert await delete_in_portions(database, IdempotencyKey, old) == 1


async def test_one_at_a_time(database: Database, database_url: str, store: SnapshotStore) -> None:
    """Whoever comes second finds it being done."""
    other = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        await other.execute("begin")
        await other.execute("select pg_advisory_xact_lock(7201883446)")
        assert await clean_up(database, store, history=HISTORY) is None
        await other.execute("rollback")
    finally:
        await other.close()
    assert await clean_up(database, store, history=HISTORY) == CleanedUp()
    async with database.transaction() as session:
        held = await session.scalar(
            text("select count(*) from pg_locks where locktype = 'advisory'")
        )
    assert held == 0
