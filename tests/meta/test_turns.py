"""Two exports that share an audience change it one after the other, whatever happens on the way (L52b)."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import pytest

from sandbox.membership.checksum import of_columns
from tests.conftest import ROOT
from tests.flows.exporting import digest
from tests.flows.journey import get_run, start_run
from tests.meta.deployment import CUSTOMER_LIST, Deployment, addresses

FINAL = {"succeeded", "succeeded_with_warnings", "failed", "skipped", "canceled"}
PEOPLE = addresses(37_500)
ADDED, REMOVED = PEOPLE[:25_000], PEOPLE[12_500:]  # three batches each; half of them in both


@pytest.fixture(scope="module")
async def pair(deployment: Deployment, connection: dict[str, Any]) -> list[dict[str, Any]]:
    """One that adds and one that removes."""
    return [
        await deployment.export(
            connection,
            await deployment.segment(mode, emails),
            sync_mode=mode,
            display_name=mode,
            allow_shrink=True,
        )
        for mode, emails in (("add", ADDED), ("remove", REMOVED))
    ]


def expected(meta: Deployment) -> tuple[int, str]:
    """What the audience holds if one run ended before the other began; else the test fails."""
    times: dict[str, list[float]] = {"POST": [], "DELETE": []}
    for item in meta.uploads():
        times[item["method"]].append(item["time"])
    first, second = sorted(times.values())
    assert first[-1] < second[0], "their uploads are mixed"
    assert max(first) < min(second)
    held = ADDED if second is times["POST"] else ADDED[:12_500]
    return of_columns({"EMAIL": [digest(email) for email in held]})


def holds(meta: Deployment) -> tuple[int, str]:
    found = meta.sandbox.audience(CUSTOMER_LIST)
    return found["members"], found["checksum"]


async def ask_at_once(meta: Deployment, pair: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(await asyncio.gather(*(start_run(meta.api, export) for export in pair)))


async def test_they_take_turns(meta: Deployment, pair: list[dict[str, Any]]) -> None:
    meta.sandbox.control("PUT", "settings", json={"latency": 0.05})
    for _ in range(2):
        runs = await ask_at_once(meta, pair)
        await asyncio.gather(meta.burst(), meta.burst())
        for run in runs:
            ended = await get_run(meta.api, run)
            assert ended["status"] == "succeeded", ended
            assert (ended["attempt"], ended["waiting"]) == (1, None)
        assert holds(meta) == expected(meta)
        meta.forget()
        meta.sandbox.control("PUT", "settings", json={"latency": 0.05})


async def test_a_killed_worker_keeps_the_turn_of_its_run(
    meta: Deployment, pair: list[dict[str, Any]]
) -> None:
    """The other run waits and says why, until the first has been carried to its end by a new worker."""
    # one batch goes through, and the run that sent it is under way as long as the test wants it
    meta.fault("slow-before", delay=50, skip=1)
    runs = await ask_at_once(meta, pair)
    worker = begin(meta)
    try:
        await watch(meta, runs, lambda seen: any(run["counts"]["batches_done"] for run in seen))
        worker.kill()
        worker.wait(10)
        waiting = [run["waiting"] for run in [await get_run(meta.api, run) for run in runs]]
        reasons = {item["reason"] for item in waiting if item is not None}
        assert reasons <= {"audience-busy"}
        worker = begin(meta)
        seen = await watch(
            meta, runs, lambda seen: any((run["waiting"] or {}).get("last_error") for run in seen)
        )
        (waits,) = [run["waiting"] for run in seen if run["waiting"]]
        assert waits["reason"] == "audience-busy"
        holder = next(run["id"] for run in seen if not run["waiting"])
        assert holder in waits["last_error"]["message"]
        meta.sandbox.control("DELETE", "faults")
        ended = await watch(meta, runs, lambda seen: FINAL.issuperset(r["status"] for r in seen))
    finally:
        worker.kill()
        worker.wait(10)
    assert [run["status"] for run in ended] == ["succeeded"] * 2
    assert holds(meta) == expected(meta)


def begin(meta: Deployment) -> "subprocess.Popen[bytes]":
    """A worker process as in a deployment, with short times."""
    kept = meta.settings
    settings = {
        "DATABASE_URL": kept.database_url,
        "REDIS_URL": kept.redis_url.get_secret_value(),
        "SNAPSHOT_URL": kept.snapshot_url,
        "DATA_DIR": str(kept.data_dir),
        "ENCRYPTION_KEYS": kept.encryption_keys[0].get_secret_value(),
        "GRAPH_API_URL": kept.graph_api_url,
        "FACEBOOK_APP_ID": kept.facebook_app_id,
        "FACEBOOK_APP_SECRET": kept.facebook_app_secret.get_secret_value(),
        "SEGMENT_ROOTS": ",".join(kept.segment_roots),
        "LOG_LEVEL": "ERROR",
        "LEASE_SECONDS": "4",
        "SWEEP_SECONDS": "0.5",
        "UPLOAD_CONCURRENCY": "1",
        "TURN_PATIENCE_SECONDS": "0",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "workers"], cwd=ROOT, env={**os.environ, **settings}
    )


async def watch(meta: Deployment, runs: Sequence[dict[str, Any]], until: Any) -> list[Any]:
    deadline = time.monotonic() + 90
    while True:
        seen = [await get_run(meta.api, run) for run in runs]
        if until(seen):
            return seen
        assert time.monotonic() < deadline, seen
        await asyncio.sleep(0.05)
