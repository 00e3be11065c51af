"""A whole deployment that many tests share: only what Meta answers changes between them."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]
import httpx
import redis
from arq.worker import Worker
from sqlalchemy import update

from app import clock
from app.db.models import Run
from app.db.secrets import generate_key
from app.db.session import Database
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey
from app.queue import QUEUE_NAME, QueueNotifier, arq_redis, deserialize, serialize
from app.runs.maintenance.recovery import recover_runs
from app.settings import Settings
from tests.access.deployments import deployed
from tests.conftest import API_KEY, Sandbox, emptied
from tests.flows.journey import get_run, make_export, make_segment, start_run
from workers.context import WorkerContext, build_context
from workers.settings import WorkerSettings

CUSTOMER_LIST = "23850000000000001"
UPLOADS = "/users(replace)?$"


def addresses(count: int) -> list[str]:
    """So many members' e-mail addresses."""
    return [f"member{number}@example.com" for number in range(count)]


def worker_of(settings: Settings, context: WorkerContext, **more: Any) -> Worker:
    """A real arq worker with the functions of the service's own."""
    return Worker(
        functions=WorkerSettings.functions,
        queue_name=QUEUE_NAME,
        redis_pool=arq_redis(settings.redis_url.get_secret_value()),
        handle_signals=False,
        job_serializer=serialize,
        job_deserializer=deserialize,
        keep_result=0,
        max_tries=WorkerSettings.max_tries,
        job_timeout=WorkerSettings.job_timeout,
        log_results=False,
        ctx={"worker": context},
        **more,
    )


@asynccontextmanager
async def working(settings: Settings, *, max_jobs: int) -> AsyncIterator[None]:
    """A worker of its own, with so many runs at once, for as long as the block lasts."""
    context = build_context(settings)
    worker = worker_of(settings, context, max_jobs=max_jobs, poll_delay=0.05)
    task = asyncio.create_task(worker.async_run())
    try:
        yield
    finally:
        await asyncio.gather(worker.close(), task, return_exceptions=True)
        await context.close()


@asynccontextmanager
async def deployment_of(
    servers: tuple[EmbeddedPostgres, EmbeddedValkey],
    template: str,
    sandbox: Sandbox,
    folder: Path,
    **changes: Any,
) -> AsyncIterator["Deployment"]:
    """A database and an API of its own on the session's servers."""
    postgres, valkey = servers
    name = f"t_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(
        postgres.address("postgres", role="postgres").replace("+asyncpg", "")
    )
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER app")
    values: dict[str, Any] = {
        "database_url": postgres.address(name),
        "redis_url": emptied(valkey),
        "snapshot_url": str(folder / "snapshots"),
        "data_dir": folder / "data",
        "encryption_keys": generate_key(),
        "graph_api_url": sandbox.url,
        "facebook_dialog_url": sandbox.url,
        "facebook_app_id": "1000000000000001",
        "facebook_app_secret": "sandbox-app-secret",
        "public_url": "http://testserver",
        "segment_roots": str(folder),
        "bootstrap_api_key": API_KEY,
        "log_level": "ERROR",
    }
    settings = Settings(**(values | changes))
    database = Database(settings.database_url)
    async with deployed(settings) as api:
        made = Deployment(settings, api, database, sandbox, folder)
        made.forget()
        yield made
        made.forget()
    await database.close()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@dataclass(slots=True)
class Deployment:
    """The service with its servers, and Meta's sandbox beside it."""

    settings: Settings
    api: httpx.AsyncClient
    database: Database
    sandbox: Sandbox
    folder: Path

    def forget(self) -> None:
        """Meta as at its start, a Redis that remembers no quota, no files; Postgres keeps its rows."""
        self.sandbox.control("POST", "reset")
        self.let_blocks_end()
        shutil.rmtree(Path(self.settings.snapshots) / "runs", ignore_errors=True)

    def let_blocks_end(self) -> None:
        """What is known of quotas is over."""
        with redis.Redis.from_url(self.settings.redis_url.get_secret_value()) as client:
            client.flushall()

    async def segment(self, name: str, emails: list[str]) -> dict[str, Any]:
        """A segment of these members."""
        file = self.folder / f"{name}.csv"
        file.write_text("email\n" + "".join(f"{email}\n" for email in emails))
        return await make_segment(self.api, str(file), name)

    async def export(
        self, connection: dict[str, Any], segment: dict[str, Any], **changes: Any
    ) -> dict[str, Any]:
        """An export of the segment."""
        return await make_export(self.api, connection, segment, **changes)

    async def burst(self, settings: Settings | None = None) -> None:
        """Real workers, until no run waits for one: a run that is tried again is announced again."""
        used = settings or self.settings
        notifier = QueueNotifier(used.redis_url.get_secret_value())
        while await notifier.waiting():
            context = build_context(used)
            worker = worker_of(used, context, burst=True, poll_delay=0.01)
            try:
                await worker.async_run()
            finally:
                await worker.close()
                await context.close()
        await notifier.close()

    async def run(self, export: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """A run of the export, worked on until a worker has nothing more to do.

        `changes` are of the worker's settings.
        """
        run = await start_run(self.api, export)
        await self.burst(self.settings.model_copy(update=changes) if changes else None)
        return await get_run(self.api, run)

    async def later(self, run: dict[str, Any], *, seconds: float = 0.0) -> dict[str, Any]:
        """The run after the moment it waits for; `seconds` pass at Meta meanwhile."""
        if seconds:
            self.sandbox.control("POST", "clock", json={"advance": seconds})
        self.let_blocks_end()
        async with self.database.transaction() as session:
            await session.execute(update(Run).where(Run.id == run["id"]).values(due_at=clock.now()))
        notifier = QueueNotifier(self.settings.redis_url.get_secret_value())
        await recover_runs(self.database, notifier, budget=self.settings.run_attempt_budget)
        await notifier.close()
        await self.burst()
        return await get_run(self.api, run)

    async def cancel_runs(self) -> None:
        """Runs that a failed test left behind must not fail the next one."""
        active = {"status": ["queued", "running"]}
        for run in (await self.api.get("/v1/runs", params=active)).json()["items"]:
            await self.api.post(f"/v1/runs/{run['id']}/cancel")

    def fault(self, kind: str, **spec: Any) -> None:
        """What goes wrong with uploads from now on."""
        given = {"kind": kind, "match": {"path": UPLOADS}, **spec}
        self.sandbox.control("POST", "faults", json=given)

    async def let_go(self, count: int, then: Callable[[], None] = lambda: None) -> None:
        """Once so many calls are held (by `slow-before`), call `then` and let them go on."""
        async with asyncio.timeout(60):
            while self._held() < count:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        then()
        self.sandbox.control("DELETE", "faults")

    def _held(self) -> int:
        return sum(fault["hit"] for fault in self.sandbox.control("GET", "faults"))

    def uploads(self) -> list[dict[str, Any]]:
        """Every upload that reached Meta, refused ones too."""
        return self.sandbox.requests(UPLOADS)

    def staged_files(self) -> list[Path]:
        """What lies in snapshot storage."""
        return [path for path in Path(self.settings.snapshots).rglob("*") if path.is_file()]
