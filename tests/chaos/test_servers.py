"""Valkey and Postgres come and go at seeded random moments: runs wait, none is lost, none is doubled."""

import asyncio
import random
import statistics

import pytest
import redis

from app.queue import QUEUE_NAME
from tests.chaos.ledger import Ledger
from tests.chaos.plant import FULL, Plant
from tests.chaos.scene import MODES, ended, in_phase, make_job, make_jobs, start_all, until
from tests.flows.journey import expect

pytestmark = pytest.mark.chaos

TIMES = 10 if FULL else 1
BOTH = ["fast", "immediate"]


@pytest.mark.parametrize("number", range(TIMES))
async def test_valkey_flushed_and_restarted(
    plant: Plant, ledger: Ledger, chance: random.Random, number: int
) -> None:
    """FLUSHALL, then a restart, while runs are queued and worked on (packages: arq's silent losses)."""
    plant.staff(1)
    jobs = await make_jobs(plant, MODES)
    plant.sandbox.control("PUT", "settings", json={"latency": 0.1})
    since = len(plant.uploads())
    runs = await start_all(jobs)
    await asyncio.sleep(chance.uniform(0, 0.5))
    plant.flush()
    await until(plant, runs, in_phase("staging"))
    await asyncio.sleep(chance.uniform(0, 0.6))
    recorded = await ledger.note(plant, jobs)
    plant.valkey.restart("immediate" if chance.random() < 0.5 else "fast")
    await ended(plant, runs)
    await ledger.check(
        "FLUSHALL and a Valkey restart", plant, jobs, recorded=[recorded], since=since
    )


@pytest.mark.parametrize("mode", BOTH * TIMES if FULL else BOTH)
async def test_postgres_restarted(
    plant: Plant, ledger: Ledger, chance: random.Random, mode: str
) -> None:
    """Workers pause and go on; what was committed stands, and nothing else."""
    plant.staff(1)
    jobs = await make_jobs(plant, MODES)
    plant.sandbox.control("PUT", "settings", json={"latency": 0.1})
    since = len(plant.uploads())
    runs = await start_all(jobs)
    await until(plant, runs, in_phase("validating"))
    await asyncio.sleep(chance.uniform(0, 1.2))
    recorded = await ledger.note(plant, jobs)
    plant.postgres.restart("fast" if mode == "fast" else "immediate")
    await ended(plant, runs)
    await ledger.check(f"Postgres restarted, {mode}", plant, jobs, recorded=[recorded], since=since)


async def test_valkey_away_when_asked(plant: Plant, ledger: Ledger) -> None:
    """The run is accepted without Redis, and announced when it is back."""
    plant.staff(1)
    job = await make_job(plant, people=12_000)
    since = len(plant.uploads())
    plant.valkey.kill()
    try:
        await job.start()  # 202
        assert (await plant.api.get("/readyz")).json()["status"] == "degraded"
        assert (await job.read())["status"] == "queued"
    finally:
        plant.valkey.start()
    await ended(plant, [job.id])
    await ledger.check("Valkey away at POST", plant, [job], since=since)


async def test_postgres_away_when_asked(plant: Plant, ledger: Ledger) -> None:
    """503 with Retry-After; nothing is half-committed, and the same request passes later."""
    plant.staff(1)
    job = await make_job(plant, people=12_000)
    since = len(plant.uploads())
    plant.postgres.kill()
    try:
        for method, path in (("POST", f"/v1/exports/{job.export['id']}/runs"), ("GET", "/v1/runs")):
            answer = await plant.api.request(method, path)
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) > 0
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"] == "database-unavailable"
        assert not (await plant.api.get("/readyz")).is_success
        assert (await plant.api.get("/livez")).is_success
    finally:
        plant.postgres.start()
    found = await plant.rows("select id from runs where export_id = $1", job.export["id"])
    assert found == []
    await job.start()
    await ended(plant, [job.id])
    await ledger.check("Postgres away at POST", plant, [job], since=since)


async def test_rings_of_the_dead_hide_nobody(plant: Plant, ledger: Ledger) -> None:
    """Arq reads the first hundred jobs of its queue, and keeps those of a killed worker there a day.

    So a notice leaves the queue as soon as it is answered.
    """
    plant.dismiss()
    job = await make_job(plant)
    since = len(plant.uploads())
    plant.sandbox.control("PUT", "settings", json={"latency": 0.2})
    await job.start()
    plant.staff(1)
    await until(plant, [job.id], in_phase("uploading"))
    plant.dismiss()
    with redis.Redis.from_url(plant.valkey.url) as client:
        left = [name for name in client.zrange(QUEUE_NAME, 0, -1) if b"run:" in name]
        held = list(client.keys("arq:in-progress:run:*"))
    assert not set(held) & {b"arq:in-progress:" + name for name in left}
    plant.staff(1)
    await ended(plant, [job.id])
    await ledger.check("notices of a dead worker", plant, [job], since=since)


async def test_a_worker_dies_with_the_ring_in_its_hand(plant: Plant, ledger: Ledger) -> None:
    """Between arq's mark on the job, which stands for a day, and the claim of the run."""
    plant.dismiss()
    job = await make_job(plant, people=12_000)
    since = len(plant.uploads())
    await job.start()
    with redis.Redis.from_url(plant.valkey.url) as client:
        client.psetex(f"arq:in-progress:run:{job.id}:0", 86_400_000, b"1")
    plant.staff(1)
    await ended(plant, [job.id])
    await ledger.check("dead with a notice in its hand", plant, [job], since=since)


async def test_a_thousand_queued_runs_do_not_slow_the_api(plant: Plant) -> None:
    """Overload: accepting runs costs the same with a thousand waiting."""
    plant.dismiss()
    job = await make_job(plant, people=12_000)
    await job.start()
    await expect(await plant.api.post(f"/v1/runs/{job.id}/cancel"), 200)
    # copies of its row, each of an export of its own
    await plant.rows(
        """
        create temporary table n as select generate_series(1, 1000) as i;
        insert into exports select (jsonb_populate_record(e, jsonb_build_object(
            'id', 'exp_chaos' || lpad(i::text, 6, '0')))).* from exports e, n
            where e.id = (select max(id) from exports where id not like 'exp_chaos%');
        insert into runs select (jsonb_populate_record(r, jsonb_build_object(
            'id', 'run_chaos' || lpad(i::text, 6, '0'), 'export_id',
            'exp_chaos' || lpad(i::text, 6, '0'), 'status', 'queued', 'finished_at', null,
            'cancel_requested_at', null, 'due_at', now()))).* from runs r, n
            where r.id = (select max(id) from runs where id not like 'run_chaos%');
        """
    )
    try:
        await asyncio.sleep(1.5)  # the janitor announces them
        loop = asyncio.get_running_loop()
        seconds = []
        for _ in range(10):
            began = loop.time()
            await job.start()
            await expect(await plant.api.post(f"/v1/runs/{job.id}/cancel"), 200)
            seconds.append((loop.time() - began) / 2)
        # not the slowest: a busy machine pauses now and then
        assert statistics.median(seconds) < 1.0
    finally:
        await plant.rows(
            "delete from runs where id like 'run_chaos%';"
            "delete from exports where id like 'exp_chaos%';"
        )
        plant.flush()
