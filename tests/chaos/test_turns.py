"""Two exports on one audience, asked for at once, and a worker killed in between: one after the other."""

import asyncio
import random

import pytest

from tests.chaos.plant import FULL, Plant
from tests.chaos.scene import (
    Job,
    addresses,
    digests,
    ended,
    fingerprint,
    start_all,
    until,
    write_file,
)
from tests.flows.journey import make_connection, make_export, make_segment

pytestmark = pytest.mark.chaos

ROUNDS = 20 if FULL else 2
PEOPLE = 30_000


async def make_pair(plant: Plant, number: int) -> list[Job]:
    """One export that adds and one that removes, half of their people the same."""
    tag = f"turns{number}"
    people = addresses(tag, range(PEOPLE * 3 // 2))
    connection = await make_connection(
        plant.api,
        display_name=tag,
        ad_account_id=f"act_{1102 + number % 30}",
        audience={"name": f"List {tag}"},
    )
    jobs = []
    for mode, emails in (("add", people[:PEOPLE]), ("remove", people[PEOPLE // 2 :])):
        file = plant.segments / f"{tag}{mode}.parquet"
        write_file(file, emails, clean=True)
        segment = await make_segment(plant.api, str(file), name=f"{tag}{mode}")
        export = await make_export(plant.api, connection, segment, sync_mode=mode)
        audience = connection["audience"]["id"]
        jobs.append(Job(plant, mode, file, audience, connection, export, emails, (0, "")))
    return jobs


@pytest.mark.parametrize("number", range(ROUNDS))
async def test_turns(plant: Plant, chance: random.Random, number: int) -> None:
    plant.dismiss()
    plant.hire(2)
    jobs = await make_pair(plant, number)
    plant.sandbox.control("PUT", "settings", json={"latency": 0.15})
    runs = await start_all(jobs)
    await until(plant, runs, lambda run: run["batches_done"] > 0 or run["finished_at"] is not None)
    await asyncio.sleep(chance.uniform(0, 0.6))
    plant.dismiss()  # kill -9
    plant.hire(2)
    statuses = await ended(plant, runs)
    assert set(statuses.values()) == {"succeeded"}, statuses

    path = f"/{jobs[0].audience_id}/users"
    calls = [item for item in plant.sandbox.requests(path) if item["method"] != "GET"]
    times = {
        mode: [item["time"] for item in calls if item["method"] == method and item["applied"]]
        for mode, method in (("add", "POST"), ("remove", "DELETE"))
    }
    first, second = sorted(times, key=lambda mode: times[mode][0])
    assert max(times[first]) < min(times[second]), "their uploads are mixed"
    held = jobs[0].emails if second == "add" else jobs[0].emails[: PEOPLE // 2]
    assert jobs[0].holds() == fingerprint(digests(held))
    plant.dismiss()
