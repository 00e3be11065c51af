"""Who holds a run: a worker that stalls past its lease changes nothing, one told to stop hands over."""

import asyncio
import random
import signal

import pytest
from sqlalchemy import text

from app.db.session import Database
from app.errors import Unavailable
from tests.chaos.ledger import Ledger
from tests.chaos.plant import FULL, QUICK, Plant
from tests.chaos.scene import MODES, ended, in_phase, make_jobs, start_all, until

pytestmark = pytest.mark.chaos

# what the worker of a run writes
WRITTEN = """
select id, status, phase, fence, attempt, lease_until, due_at, finished_at, error, warnings, plan,
    session_ids, read, staged, added, removed, received, batches_done
from runs where id = any($1) order by id
"""
LANES = int(QUICK["UPLOAD_CONCURRENCY"])


@pytest.mark.parametrize("number", range(10 if FULL else 1))
async def test_stalled_past_its_lease(
    plant: Plant, ledger: Ledger, chance: random.Random, number: int
) -> None:
    """Two workers fight over the same runs: the one that was stopped wakes up and changes nothing."""
    stalled = plant.staff(1)[0]
    jobs = await make_jobs(plant, MODES)
    plant.sandbox.control("PUT", "settings", json={"latency": 0.15})
    since = len(plant.uploads())
    runs = await start_all(jobs)
    await until(plant, runs, in_phase("uploading"))
    await asyncio.sleep(chance.uniform(0, 0.4))
    stalled.send(signal.SIGSTOP)
    recorded = await ledger.note(plant, jobs)
    plant.hire()
    await ended(plant, runs)
    before = await plant.rows(WRITTEN, runs)
    arrived = len(plant.uploads())
    stalled.send(signal.SIGCONT)
    await asyncio.sleep(1.2)
    assert stalled.pid is not None
    assert before == await plant.rows(WRITTEN, runs)
    # at most what was half on its way when it was stopped
    late = plant.uploads(arrived)
    assert len(late) <= LANES * len(jobs)
    # the first request of an older replacement begins it anew, and nobody can call it back: the next run can
    begun_anew = [
        (job, job.after)
        for job in jobs
        if job.mode == "replace" and job.audience_id in {one["audience"] for one in late}
    ]
    for job, _ in begun_anew:
        job.after = job.holds()
    await ledger.check(
        "two workers fight over a stalled lease", plant, jobs, recorded=[recorded], since=since
    )
    for job, after in begun_anew:
        await ended(plant, [await job.start()])
        assert job.holds() == after
    plant.dismiss()


@pytest.mark.parametrize("number", range(10 if FULL else 1))
async def test_deploy(plant: Plant, ledger: Ledger, chance: random.Random, number: int) -> None:
    """SIGTERM in the middle: another goes on within seconds, nothing is sent twice, no attempt is spent."""
    plant.dismiss()
    (old,) = plant.hire(LEASE_SECONDS=60)  # not even a slow machine loses it by accident
    jobs = await make_jobs(plant, MODES)
    plant.sandbox.control("PUT", "settings", json={"latency": 0.15})
    since = len(plant.uploads())
    runs = await start_all(jobs)
    await until(plant, runs, in_phase("staging"))
    plant.hire(LEASE_SECONDS=60)  # the next release is up before the old one goes
    await asyncio.sleep(chance.uniform(0.2, 1.0))
    held = await plant.rows(
        "select id, fence from runs where id = any($1) and status = 'running'", runs
    )
    old.send(signal.SIGTERM)
    recorded = await ledger.note(plant, jobs)
    began = asyncio.get_running_loop().time()
    for row in held:
        await until(
            plant,
            [row["id"]],
            lambda run, fence=row["fence"]: (  # type: ignore[misc]
                run["fence"] > fence or (run["status"] != "running" and run["status"] != "queued")
            ),
            seconds=40,
        )
    assert asyncio.get_running_loop().time() - began < 40
    await ended(plant, runs)
    await asyncio.to_thread(old.stop)
    assert old.exit_status == 0
    attempts = await plant.rows("select attempt from runs where id = any($1)", runs)
    assert {row["attempt"] for row in attempts} == {1}
    name = "SIGTERM of a worker (a deploy)"
    earlier = ledger.lines[name].resent if name in ledger.lines else 0
    await ledger.check(name, plant, jobs, recorded=[recorded], since=since)
    assert ledger.lines[name].resent == earlier


async def test_a_frozen_process_keeps_no_lock(plant: Plant) -> None:
    """Stopped within a transaction it would hold the janitor's lock, or a run's row, for as long."""
    stalls, other = Database(plant.postgres.url, stalled_seconds=1), Database(plant.postgres.url)
    lock = text("select pg_advisory_xact_lock(7201883442)")
    held, woken = asyncio.Event(), asyncio.Event()

    async def freeze() -> None:
        async with stalls.transaction() as session:
            await session.execute(lock)
            held.set()
            await woken.wait()
            await session.execute(lock)

    frozen = asyncio.create_task(freeze())
    await held.wait()
    async with asyncio.timeout(30), other.transaction() as session:
        await session.execute(lock)
    woken.set()
    # it finds out when it wakes, as if the database had been away
    with pytest.raises(Unavailable):
        await frozen
    await stalls.close()
    await other.close()
