"""Postgres behind PgBouncer, Redis under Sentinel, two API processes, three workers: one of each is killed.

All by address, of Debian's packages. Clients sit behind a proxy: a dead process is passed over, and 503 is
tried again as it says.
"""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.cli.server.migrate import upgrade
from tests.chaos.debian import PASSWORD, REDIS, DebianPostgres, lacking
from tests.chaos.ledger import Ledger
from tests.chaos.plant import FULL, Plant
from tests.chaos.scene import MODES, Job, ended, in_phase, make_job, make_jobs, start_all, until
from tests.conftest import free_port
from tests.flows.journey import expect
from tests.operate.servers import Watched, pgbouncer

# the short forms are tests/operate/test_pooler.py and test_sentinel.py
pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(not FULL, reason="half a minute of processes: make chaos"),
    pytest.mark.skipif(bool(lacking()), reason=f"not installed of Debian: {', '.join(lacking())}"),
]

PEOPLE = 85_000
# fewer than two API processes and three workers would take
POOLED = 8


class Balanced(httpx.AsyncBaseTransport):
    """A proxy: the next process answers for a dead one, and 503 is asked again."""

    def __init__(self, ports: list[int]) -> None:
        self._ports, self._turn = ports, 0
        self._inner = httpx.AsyncHTTPTransport()
        self.passed_over = self.asked_again = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        deadline = time.monotonic() + 60
        while True:
            self._turn += 1
            port = self._ports[self._turn % len(self._ports)]
            again = httpx.Request(
                request.method,
                request.url.copy_with(port=port),
                headers={**request.headers, "host": f"127.0.0.1:{port}"},
                stream=request.stream,
                extensions=request.extensions,
            )
            try:
                answer = await self._inner.handle_async_request(again)
            except httpx.TransportError:
                self.passed_over += 1
            else:
                if answer.status_code != 503:
                    return answer
                assert int(answer.headers["retry-after"]) > 0
                await answer.aread()
                self.asked_again += 1
            assert time.monotonic() < deadline, "no process answers"
            await asyncio.sleep(0.2)

    async def aclose(self) -> None:
        await self._inner.aclose()


class External(Plant):
    """The deployment, with its second API process, its pooler and its sentinel."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, fork=False)
        self.postgres = DebianPostgres(folder)  # type: ignore[assignment]
        self.valkey = self.redis = Watched(folder, REDIS)  # type: ignore[assignment]

    async def begin(self) -> None:
        """Everything up; the API answers on two ports."""
        self.folder.chmod(0o755)
        postgres: Any = self.postgres
        postgres.make()
        self.bouncer = pgbouncer(
            self.folder,
            host="127.0.0.1",
            port=postgres.port,
            password=PASSWORD,
            account=postgres.account,
            connections=POOLED,
        )
        self.bouncer.start()
        self.pooled = (
            f"postgresql://app:{PASSWORD}@127.0.0.1:{self.bouncer.port}/exports?pooler=transaction"
        )
        await self.start()
        port = self.api.base_url.port
        assert port is not None
        self.second_port = free_port()
        self.second = self._api(self.second_port)
        self.second.spawn()
        await self.api.aclose()
        self.proxy = Balanced([port, self.second_port])
        self.api = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers=self.api.headers,
            timeout=30,
            transport=self.proxy,
        )
        await self.until_ready()

    async def migrate(self) -> None:
        """By way of the pooler."""
        await upgrade(self.pooled)

    async def stop(self) -> None:
        self.second.kill()
        await super().stop()
        self.bouncer.kill()

    def flush(self) -> None:
        self.redis.flush()

    def _addresses(self, sandbox: int, api: int) -> dict[str, str]:
        own = {"DATABASE_URL": self.pooled, "UPLOAD_CONCURRENCY": "1", "GRAPH_TIMEOUT_SECONDS": "5"}
        return super()._addresses(sandbox, api) | own


@pytest.fixture
async def external() -> AsyncIterator[External]:
    folder = Path(tempfile.mkdtemp(prefix="ae-external-"))
    plant = External(folder)
    await plant.begin()
    try:
        yield plant
        assert plant.said("run.crashed") == []
        assert plant.said("request.crashed") == []
    finally:
        await plant.stop()
        if "CHAOS_KEEP" not in os.environ:
            shutil.rmtree(folder, ignore_errors=True)


async def further(plant: Plant, runs: list[str], batches: int) -> None:
    """Until so many more batches are recorded."""
    count = "select count(*) as n from run_batches where run_id = any($1)"
    (row,) = await plant.rows(count, runs)
    wanted = row["n"] + batches
    deadline = time.monotonic() + 40
    while row["n"] < wanted:
        assert time.monotonic() < deadline, "nothing moves"
        await asyncio.sleep(0.1)
        (row,) = await plant.rows(count, runs)


async def watch(jobs: list[Job], stop: asyncio.Event) -> int:
    """A client that follows its runs all the time; how often it asked."""
    asked = 0
    while not stop.is_set():
        for job in jobs:
            await job.read()  # 200, or the test fails
            asked += 1
        await asyncio.sleep(0.1)
    return asked


async def asked_for(plant: External, job: Job) -> str:
    """A run of a client that repeats its request if it is not told what became of it."""
    answer = await plant.api.post(
        f"/v1/exports/{job.export['id']}/runs", headers={"Idempotency-Key": uuid4().hex}
    )
    job.run = await expect(answer, 202)
    return job.id


@pytest.mark.timeout(300)
async def test_one_of_each_is_killed_and_nobody_notices(external: External, ledger: Ledger) -> None:
    """A worker, an API process, the pooler, Postgres, the primary of Redis, then all its data.

    While each is away a further run is asked for.
    """
    plant = external
    plant.staff(3)
    postgres: Any = plant.postgres

    def pooler() -> None:
        plant.bouncer.kill()
        plant.bouncer.start()

    acts: list[Callable[[], object]] = [
        plant.workers[0].kill,
        plant.second.kill,
        pooler,
        postgres.restart,
        plant.redis.fail_over,
        plant.flush,
    ]
    long = await make_jobs(plant, MODES, people=PEOPLE)
    short = [await make_job(plant, people=12_000) for _ in acts]
    plant.sandbox.control("PUT", "settings", json={"latency": 1.2})
    since = len(plant.uploads())
    runs = await start_all(long)
    await until(plant, runs, in_phase("uploading"))
    stop = asyncio.Event()
    watching = asyncio.create_task(watch(long, stop))
    for act, job in zip(acts, short, strict=True):
        under_way = await plant.rows(
            "select 1 from runs where id = any($1) and finished_at is null", runs
        )
        assert under_way, "nothing was interrupted"
        _, run = await asyncio.gather(asyncio.to_thread(act), asked_for(plant, job))
        runs.append(run)
        # as whatever runs them would
        if act is acts[0]:
            plant.hire()
        if act is acts[1]:
            plant.second.spawn()
        await further(plant, runs, 1)
    statuses = await ended(plant, runs, seconds=120)
    stop.set()
    assert await watching > len(long)
    assert set(statuses.values()) <= {"succeeded", "succeeded_with_warnings"}
    assert plant.proxy.passed_over
    jobs = long + short
    await ledger.check("external servers, one of each killed", plant, jobs, since=since)
    # the pooler was used: fewer connections than the processes have pools
    rows = await plant.rows("select count(*) as n from pg_stat_activity where datname = 'exports'")
    assert rows[0]["n"] <= POOLED + 1
