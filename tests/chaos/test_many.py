"""Many runs at once on several workers and ad accounts: all exact, and nobody waits for a throttled one."""

import asyncio
import time

import pytest

from tests.chaos.ledger import Ledger
from tests.chaos.plant import FULL, Plant
from tests.chaos.scene import (
    Job,
    addresses,
    digests,
    ended,
    fingerprint,
    new_audience,
    start_all,
    write_file,
)
from tests.flows.journey import expect, make_connection, make_export, make_segment

pytestmark = pytest.mark.chaos

ACCOUNTS = [f"act_{number}" for number in range(1121, 1126)]
EACH = 10
PEOPLE = 12_000 if FULL else 1_500


async def make_many(plant: Plant) -> list[Job]:
    """Ten audiences on each account, with ten segments; an audience is the export's own."""
    connections = await asyncio.gather(
        *(
            make_connection(
                plant.api,
                display_name=account,
                ad_account_id=account,
                audience={"name": f"First list of {account}"},
            )
            for account in ACCOUNTS
        )
    )
    jobs: list[Job] = []
    for number in range(EACH):
        tag = f"many{number}"
        emails = addresses(tag, range(PEOPLE))
        file = plant.segments / f"{tag}.parquet"
        write_file(file, emails)
        segment = await make_segment(plant.api, str(file), name=tag)
        after = fingerprint(digests(emails))
        for account, connection in zip(ACCOUNTS, connections, strict=True):
            audience = new_audience(plant, account, f"{tag} of {account}")
            export = await make_export(
                plant.api, connection, segment, display_name=tag, audience={"id": audience}
            )
            jobs.append(Job(plant, "add", file, audience, connection, export, emails, after))
    return jobs


async def test_fifty_exports_on_five_accounts(plant: Plant, ledger: Ledger) -> None:
    """Three workers; then again, with one of the accounts throttled: the others do not wait."""
    plant.staff(3)
    jobs = await make_many(plant)
    since = len(plant.uploads())
    await ended(plant, await start_all(jobs))
    await ledger.check("three workers, 50 exports on 5 ad accounts", plant, jobs, since=since)

    # the throttled ones come first
    throttled = jobs[0 :: len(ACCOUNTS)]
    others = [job for job in jobs if job not in throttled][: None if FULL else 12]
    fault = {"kind": "throttle-80003", "wait": 300, "match": {"account": ACCOUNTS[0]}}
    plant.sandbox.control("POST", "faults", json=fault)
    since = len(plant.uploads())
    held = await start_all(throttled)
    began = time.monotonic()
    await ended(plant, await start_all(others))
    assert time.monotonic() - began < 100
    await ledger.check("exports beside a throttled account", plant, others, since=since)
    rows = await plant.rows("select status, attempt from runs where id = any($1)", held)
    assert {(row["status"], row["attempt"]) for row in rows} == {("queued", 0)}
    if FULL:
        plant.sandbox.control("DELETE", "faults")
        await ended(plant, held, seconds=500)
        await ledger.check("10 exports on the throttled account", plant, throttled, since=since)
        return
    for job in throttled:
        await expect(await plant.api.post(f"/v1/runs/{job.id}/cancel"), 200)
