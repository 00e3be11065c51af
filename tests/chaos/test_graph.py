"""What Meta does wrong: each fault on an audience of its own, all at once, and every audience is exact."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.chaos.ledger import Ledger
from tests.chaos.plant import FULL, Plant
from tests.chaos.scene import Job, digests, ended, fingerprint, make_job, start_all, until
from tests.flows.journey import TOKEN, expect

pytestmark = pytest.mark.chaos

# three batches
PEOPLE = 25_000
USERS = "users$"
REPLACE = "usersreplace$"

FAULTS: Mapping[str, tuple[str, Sequence[dict[str, Any]]]] = {
    "500 with code 2": ("add", [{"kind": "code2", "times": 3}]),
    "code 1, now and then": ("add", [{"kind": "code1", "times": 2}]),
    "HTML 502": ("remove", [{"kind": "html502", "times": 3}]),
    "200 with HTML": ("add", [{"kind": "non-json-200", "times": 2}]),
    "200 with an empty body": ("add", [{"kind": "empty-200", "times": 2}]),
    "hang-up before applying": ("mirror", [{"kind": "hangup-before", "times": 3}]),
    "hang-up after applying": ("add", [{"kind": "hangup-after", "times": 3}]),
    "hang-up after half an answer": ("remove", [{"kind": "truncated", "times": 3}]),
    "answer later than the timeout": ("add", [{"kind": "slow", "delay": 3, "times": 2}]),
    "applied later than the timeout": ("add", [{"kind": "slow-before", "delay": 3, "times": 1}]),
    "replace: first batch lost before": ("replace", [{"kind": "hangup-before", "times": 1}]),
    "replace: first answer lost": ("replace", [{"kind": "hangup-after", "times": 1}]),
    "replace: first answer too late": ("replace", [{"kind": "slow", "delay": 3, "times": 1}]),
    "replace: 500 in the middle": ("replace", [{"kind": "code2", "skip": 1, "times": 2}]),
    "613 storm": ("add", [{"kind": "throttle-613", "wait": 1, "times": 3}]),
}

# tests/meta has each of them in its process; here each once, and in the short form one of a kind
CHOSEN = (
    *("500 with code 2", "hang-up before applying", "hang-up after applying"),
    *("hang-up after half an answer", "applied later than the timeout"),
    *("replace: first answer lost", "613 storm"),
)


async def lay(plant: Plant, job: Job, rules: Sequence[dict[str, Any]]) -> None:
    edge = REPLACE if job.mode == "replace" else USERS
    for rule in rules:
        match = {"audience": job.audience_id, "path": edge}
        plant.sandbox.control("POST", "faults", json=rule | {"match": match})


async def test_faults(plant: Plant, ledger: Ledger) -> None:
    """Each of them passes; what was sent twice is in the audience once."""
    plant.staff(2)
    chosen = list(FAULTS) if FULL else CHOSEN
    made = await asyncio.gather(
        *(
            make_job(plant, FAULTS[name][0], account=f"act_{1110 + number}", people=PEOPLE)
            for number, name in enumerate(chosen)
        )
    )
    jobs = dict(zip(chosen, made, strict=True))
    for name, job in jobs.items():
        await lay(plant, job, FAULTS[name][1])
    since = len(plant.uploads())
    await ended(plant, await start_all(jobs.values()))
    hits = {
        rule["match"]["audience"]: rule["hit"] for rule in plant.sandbox.control("GET", "faults")
    }
    for name, job in jobs.items():
        assert hits[job.audience_id] > 0, name
        await ledger.check(f"Graph: {name}", plant, [job], since=since)


async def test_one_row_refused(plant: Plant, ledger: Ledger) -> None:
    """Error 100 for the content of a batch: it is halved until the row stands alone."""
    plant.staff(1)
    job = await make_job(plant, people=PEOPLE)
    bad = hashlib.sha256(job.emails[12_345].encode()).hexdigest()
    rule = {"kind": "error", "code": 100, "when_row_hash": bad, "status": 400}
    await lay(plant, job, [rule])
    had = digests(f"{job.file.stem}.other.{number}@example.com" for number in range(PEOPLE // 3))
    wanted = [email for email in job.emails if email != job.emails[12_345]]
    job.after = fingerprint([*digests(wanted), *had])
    await ended(plant, [await job.start()])
    run = await job.read()
    assert run["status"] == "succeeded_with_warnings"
    assert {warning["code"] for warning in run["warnings"]} >= {"rows-refused"}
    assert run["counts"]["added"] == PEOPLE - 1
    assert run["counts"]["staged"] == PEOPLE
    await ledger.check("Graph: one row refused for its content", plant, [job])


async def test_token_dies_in_the_middle(plant: Plant, ledger: Ledger) -> None:
    """The run fails, the connection is flagged, renewed in place, and the next run is right (decision 8)."""
    plant.staff(1)
    job = await make_job(plant, account="act_1139")
    await lay(plant, job, [{"kind": "token-expired", "skip": 3, "times": 1}])
    plant.sandbox.control("PUT", "settings", json={"latency": 0.1})
    assert await ended(plant, [await job.start()]) == {job.id: "failed"}
    failed = frozenset({"failed"})
    await ledger.check("Graph: token dies in the middle", plant, [job], status=failed)
    run = job.run
    assert run["error"]["culprit"] == "user"
    assert run["error"]["graph"]["code"] == 190
    assert 0 < run["counts"]["batches_done"] < run["counts"]["batches_total"]
    path = f"/v1/connections/{job.connection['id']}"
    connection = await expect(await plant.api.get(path), 200)
    assert connection["status"] == "reauthentication_required"
    plant.sandbox.control("PUT", "settings", json={"latency": 0})
    renewed = await plant.api.patch(path, json={"access_token": TOKEN})
    assert (await expect(renewed, 200))["status"] == "ready"
    since = len(plant.uploads())
    await ended(plant, [await job.start()])
    await ledger.check("the run after a renewed token", plant, [job], since=since)


async def test_80003_storm(plant: Plant, ledger: Ledger) -> None:
    """The pause Meta names is kept without a worker, and a cancel does not wait for its end."""
    plant.staff(1)
    job = await make_job(plant, account="act_1140", people=PEOPLE)
    await lay(plant, job, [{"kind": "throttle-80003", "wait": 60, "skip": 1, "times": 2}])
    since = len(plant.uploads())
    await job.start()
    parked = await until(plant, [job.id], lambda run: run["throttled_until"] is not None)
    assert parked["status"] == "queued"
    assert parked["attempt"] == 0
    assert parked["lease_until"] is None
    if FULL:
        await ended(plant, [job.id], seconds=150)
        await ledger.check("Graph: 80003 storm", plant, [job], since=since)
        return
    canceled = await expect(await plant.api.post(f"/v1/runs/{job.id}/cancel"), 200)
    assert canceled["status"] == "canceled"
    await ledger.check(
        "Graph: 80003 storm, canceled in the pause", plant, [job], status=frozenset({"canceled"})
    )


async def test_killed_while_few_calls_may_run(plant: Plant, ledger: Ledger) -> None:
    """After a refusal an account's calls are counted; those of a dead worker do not block the next one."""
    plant.staff(1)
    job = await make_job(plant, account="act_1138")
    await lay(plant, job, [{"kind": "throttle-613", "wait": 1, "times": 2}])
    plant.sandbox.control("PUT", "settings", json={"latency": 0.4})
    since = len(plant.uploads())
    await job.start()
    await until(plant, [job.id], lambda run: run["batches_done"] > 0)
    plant.dismiss()
    recorded = await ledger.note(plant, [job])
    plant.staff(1)
    await ended(plant, [job.id])
    await ledger.check("kill -9 after a 613", plant, [job], recorded=[recorded], since=since)
