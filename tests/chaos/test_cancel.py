"""Cancel at seeded random moments: within one batch, once and for all, and with true numbers."""

import asyncio
import random
import time

import pytest

from tests.chaos.ledger import Ledger
from tests.chaos.plant import FULL, QUICK, Plant
from tests.chaos.scene import MODES, ended, in_phase, make_job, make_jobs, start_all, until
from tests.flows.journey import expect

pytestmark = pytest.mark.chaos

LANES = int(QUICK["UPLOAD_CONCURRENCY"])
LATENCY = 1.0
PHASES = ("staging", "uploading")


@pytest.mark.parametrize("number", range(20 if FULL else 2))
async def test_cancel(plant: Plant, ledger: Ledger, chance: random.Random, number: int) -> None:
    """What was sent stays sent, and the numbers say so."""
    plant.staff(1)
    jobs = await make_jobs(plant, MODES if FULL else ("add", "remove"), clean=True)
    plant.sandbox.control("PUT", "settings", json={"latency": LATENCY})
    before = [job.holds()[0] for job in jobs]
    runs = await start_all(jobs)
    await until(plant, runs, in_phase(PHASES[number % 2]))
    await asyncio.sleep(chance.uniform(0, LATENCY / 2))
    moments = []
    for job in jobs:
        first = await plant.api.post(f"/v1/runs/{job.id}/cancel")
        moments.append(time.time())
        second = await plant.api.post(f"/v1/runs/{job.id}/cancel")
        for answer in (first, second):
            if not answer.is_success:
                assert answer.json()["code"] == "run-finished"
        if second.is_success:
            assert second.json()["status"] in {first.json()["status"], "canceled"}
        elif first.is_success:
            # all was answered before the wish was met, and the run ended between the two calls
            assert (await job.read())["status"].startswith("succeeded")
    statuses = await ended(plant, runs)
    canceled = [job for job in jobs if statuses[job.id] == "canceled"]
    # five batches, of which two are on their way at once, for three times that latency
    assert canceled
    await ledger.check("canceled", plant, canceled, status=frozenset({"canceled"}))
    finished = [job for job in jobs if statuses[job.id] != "canceled"]
    await ledger.check("finished before the cancel", plant, finished)
    uploads = plant.uploads()
    for job, moment, had in zip(jobs, moments, before, strict=True):
        if job not in canceled:
            continue
        later = [
            item for item in uploads if item["audience"] == job.audience_id and item["at"] > moment
        ]
        # each lane may have had one on its way
        assert len(later) <= LANES
        counts = job.run["counts"]
        if job.mode in {"add", "remove"}:
            assert job.holds()[0] == had + counts["added"] - counts["removed"]


async def test_cancel_of_a_queued_run(plant: Plant, ledger: Ledger) -> None:
    """It never starts, not even when its job is taken."""
    plant.dismiss()
    job = await make_job(plant, people=12_000)
    since = len(plant.uploads())
    await job.start()
    first = await expect(await plant.api.post(f"/v1/runs/{job.id}/cancel"), 200)
    second = await expect(await plant.api.post(f"/v1/runs/{job.id}/cancel"), 200)
    assert first == second
    assert first["status"] == "canceled"
    plant.staff(1)
    await asyncio.sleep(1.5)
    assert plant.uploads(since) == []
    run = await job.read()
    assert run == first
    assert run["started_at"] is None
    await ledger.check("canceled while queued", plant, [job], status=frozenset({"canceled"}))


async def test_cancel_of_a_run_whose_worker_died(plant: Plant, ledger: Ledger) -> None:
    """The janitor carries it out."""
    plant.staff(1)
    job = await make_job(plant, "mirror")
    plant.sandbox.control("PUT", "settings", json={"latency": 1.0})
    await job.start()
    await until(plant, [job.id], in_phase("uploading"))
    plant.dismiss()
    await expect(await plant.api.post(f"/v1/runs/{job.id}/cancel"), 200)
    assert await ended(plant, [job.id]) == {job.id: "canceled"}
    await ledger.check("canceled, its worker dead", plant, [job], status=frozenset({"canceled"}))
    plant.sandbox.control("PUT", "settings", json={"latency": 0})
    plant.staff(1)
    await ended(plant, [await job.start()])
    await ledger.check("the mirror after that", plant, [job])
