"""Whose run is taken next: accounts in turn, people before schedules, and nobody beyond their bound."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import clock
from app.db.models import Run
from app.db.session import Database
from app.ids import new_id
from app.queue import QueueNotifier
from app.runs.execution import claim_next
from app.runs.queueing.order import MANY
from app.runs.related_rows import surroundings_of
from app.settings import Settings
from tests.flows.journey import get_run, make_connection, make_export, make_segment, start_run
from workers.health import memory_pressure as pressure
from workers.health.memory_pressure import Pressure


async def queue(
    database: Database, account: str | None, *, trigger: str = "scheduled", status: str = "queued"
) -> str:
    """A run that is due; one under way has a lease."""
    now = clock.now()
    async with database.transaction() as session:
        run = Run(
            id=new_id("run"), export_id=new_id("exp"), ad_account_id=account, trigger=trigger,
            status=status, spec={}, requested_by="system", queued_at=now, due_at=now,
            lease_until=now + timedelta(minutes=1) if status == "running" else None,
        )  # fmt: skip
        session.add(run)
    return run.id


async def take(database: Database, *, account_runs: int = MANY) -> str | None:
    """The next run, as a worker claims it."""
    async with database.transaction() as session:
        run = await claim_next(session, lease_seconds=60, budget=5, account_runs=account_runs)
        return None if run is None else run.id


async def test_a_flood_of_one_account_does_not_hold_up_another(database: Database) -> None:
    flood = [await queue(database, "act_1") for _ in range(5)]
    late = await queue(database, "act_2")
    order = [await take(database) for _ in range(6)]
    assert order == [flood[0], late, *flood[1:]]
    assert await take(database) is None


async def test_what_is_under_way_counts_as_much_as_what_waits(database: Database) -> None:
    for _ in range(3):
        await queue(database, "act_1", status="running")
    busy = [await queue(database, "act_1", trigger="on_demand") for _ in range(2)]
    idle = [await queue(database, "act_2") for _ in range(3)]
    assert [await take(database) for _ in range(5)] == [*idle, *busy]


async def test_people_come_before_schedules(database: Database) -> None:
    scheduled = [await queue(database, "act_1"), await queue(database, "act_2")]
    by_hand = await queue(database, "act_2", trigger="on_demand")
    assert await take(database) == by_hand
    assert [await take(database) for _ in range(2)] == scheduled


async def test_no_account_is_beyond_its_bound_however_many_ask_at_once(database: Database) -> None:
    for account in ("act_1", "act_2", None, None):
        for _ in range(6):
            await queue(database, account)
    taken = await asyncio.gather(*(take(database, account_runs=2) for _ in range(24)))
    async with database.reading() as session:
        rows = [await session.get(Run, name) for name in taken if name is not None]
    accounts = Counter(row.ad_account_id for row in rows if row is not None)
    # runs of no account are each an account of their own
    assert accounts == {"act_1": 2, "act_2": 2, None: 12}
    assert len({row.id for row in rows if row is not None}) == 16


async def test_the_position_shown_is_the_order_of_taking(database: Database) -> None:
    names = [
        await queue(database, account, trigger=trigger)
        for account, trigger in (
            ("act_1", "scheduled"), ("act_1", "on_demand"), ("act_2", "scheduled"), ("act_1", "scheduled"),
        )
    ]  # fmt: skip
    async with database.reading() as session:
        rows = [row for name in names if (row := await session.get(Run, name)) is not None]
        places = (await surroundings_of(session, rows)).places
    assert sorted(places, key=places.__getitem__) == [await take(database) for _ in names]


async def test_a_dead_workers_run_is_taken_by_the_next(database: Database) -> None:
    name = await queue(database, "act_1", status="running")
    async with database.transaction() as session:
        row = await session.get_one(Run, name)
        row.lease_until = clock.now() - timedelta(seconds=1)
    assert await take(database, account_runs=1) == name


@pytest.mark.parametrize("alone", [True, False])
async def test_only_a_worker_with_room_takes_another_run(alone: bool) -> None:
    working: set[str] = set() if alone else {"run_1"}
    waits = asyncio.create_task(Pressure(most_bytes=1).room(working))
    await asyncio.sleep(0.01)
    assert waits.done() is alone
    working.clear()
    await asyncio.wait_for(waits, 5)
    await asyncio.wait_for(Pressure(most_bytes=2**60).room({"run_1"}), 1)


def test_the_bound_is_the_containers_or_the_machines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bound = tmp_path / "memory.max"
    monkeypatch.setattr(pressure, "_BOUNDS", (str(bound),))
    machine = pressure.available_memory()
    assert machine > pressure.resident_memory() > 1_000_000
    bound.write_text("max\n")
    assert pressure.available_memory() == machine
    bound.write_text("1048576\n")
    assert pressure.available_memory() == 1048576


async def test_every_end_rings_though_others_ring_for_the_same_run(redis_url: str) -> None:
    """A job that ends takes the notices of its name with it, and may have worked on another run."""
    notifier = QueueNotifier(redis_url)
    run = new_id("run")
    for after in ("run_a:1", "run_b:1", "run_b:1"):
        assert await notifier.notify(run, 0, after=after)
    assert await notifier.waiting() == 2
    # the run's own job ends, as arq does it
    assert await notifier.notify(run, 0)
    await notifier.answered(f"run:{run}:0")
    assert await notifier.waiting() == 2
    await notifier.close()


async def test_a_bounded_account_works_off_all_its_runs(
    api: httpx.AsyncClient,
    segment_root: Path,
    make_settings: Callable[..., Settings],
    work: Callable[..., Any],
) -> None:
    """More runs than an account may have under way: each end calls the next one, without the janitor."""
    (segment_root / "m.csv").write_text("email\nanna@example.com\n")
    segment = await make_segment(api, str(segment_root / "m.csv"))
    runs = []
    for number in range(5):
        connection = await make_connection(api, audience={"name": f"List {number}"})
        runs.append(await start_run(api, await make_export(api, connection, segment)))
    await work(make_settings(account_runs=2, sweep_seconds=3600))
    assert [(await get_run(api, run))["status"] for run in runs] == ["succeeded"] * 5
