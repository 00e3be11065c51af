"""A whole deployment as processes that can be killed: Postgres, Valkey, sandbox, API, workers."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import redis

from app.cli.server.migrate import upgrade
from app.db.secrets import generate_key
from app.embedded.child import Child
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey
from app.settings import Settings
from tests.chaos.crew import Nursery, Worker, logged
from tests.conftest import API_KEY, ROOT, Sandbox, free_port

FULL = os.environ.get("CHAOS") == "full"

# short times, so that what takes a minute in a deployment takes seconds here
QUICK = {
    "LEASE_SECONDS": "2",
    "SWEEP_SECONDS": "0.25",
    "RUN_RETRY_SECONDS": "0.3",
    "RUN_ATTEMPT_BUDGET": "20",
    "GRAPH_TIMEOUT_SECONDS": "2",
    "SHUTDOWN_GRACE_SECONDS": "10",
    "UPLOAD_CONCURRENCY": "2",
}
_AWAY = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)


class Plant:
    """Everything that runs; the API is spoken to as an administrator."""

    def __init__(self, folder: Path, *, fork: bool) -> None:
        """`fork`: workers come from a nursery, in no time; else each is started as in a deployment."""
        self.folder = folder
        # what was committed must survive a kill, unlike in the other tests
        self.postgres = EmbeddedPostgres(folder)
        self.valkey = EmbeddedValkey(folder)
        self.segments = folder / "segments"
        self.snapshots = folder / "snapshots"
        self.workers: list[Worker] = []
        self.nursery: Nursery | None = None
        self._fork = fork
        self.env: dict[str, str] = {}
        self._numbers = 0

    async def start(self) -> None:
        """Servers, schema, sandbox and API; no workers yet."""
        self.segments.mkdir()
        self.postgres.start()
        self.valkey.start()
        ports = free_port(), free_port()
        kept = {name: value for name, value in os.environ.items() if name.lower() not in _SETTINGS}
        self.env = kept | QUICK | self._addresses(*ports)
        await self.migrate()
        if self._fork:
            self.nursery = Nursery(self.env)
        self.sandbox_process = logged(
            "sandbox",
            ["-m", "tests.chaos.recording_sandbox", str(ports[0])],
            self.env,
            self.folder,
        )
        self.sandbox = Sandbox(f"http://127.0.0.1:{ports[0]}")
        self.api_process = self._api(ports[1])
        self.api = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{ports[1]}",
            headers={"Authorization": f"Bearer {API_KEY}"},
            timeout=30,
        )
        self.sandbox_process.spawn()
        self.api_process.spawn()
        await self.until_ready()

    async def migrate(self) -> None:
        """To the newest schema."""
        await upgrade(self.postgres.url)

    async def stop(self) -> None:
        """End everything, as a crash would."""
        await self.api.aclose()
        self.sandbox.http.close()
        self.dismiss()
        if self.nursery is not None:
            self.nursery.close()
        for child in (self.api_process, self.sandbox_process):
            child.kill()
        self.valkey.stop("immediate")
        self.postgres.stop("immediate")

    def sleep(self) -> None:
        """No workers, and an API that does nothing until `wake`."""
        self.dismiss()
        self.api_process.send(signal.SIGSTOP)

    def wake(self) -> None:
        """The API goes on."""
        self.api_process.send(signal.SIGCONT)

    async def until_ready(self, seconds: float = 60) -> None:
        """Wait until sandbox and API answer."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.sandbox.control("GET", "state")
                if (await self.api.get("/readyz")).is_success:
                    return
            except httpx.TransportError:
                pass
            up = time.monotonic() < deadline and self.api_process.pid is not None
            assert up, ("the API did not come up", list(self.api_process.tail)[-3:])
            await asyncio.sleep(0.05)

    def hire(self, count: int = 1, **env: object) -> Sequence[Worker]:
        """New workers, with other settings if some are given."""
        fresh = [
            self._worker({key: str(value) for key, value in env.items()}) for _ in range(count)
        ]
        self.workers += fresh
        return fresh

    def staff(self, count: int) -> list[Worker]:
        """So many workers with the usual settings, hired or dismissed as needed."""
        alive = [worker for worker in self.workers if worker.pid is not None]
        for worker in alive[count:]:
            worker.kill()
        self.workers = alive[:count]
        self.hire(count - len(self.workers))
        return self.workers

    def dismiss(self) -> None:
        """Kill every worker."""
        for worker in self.workers:
            worker.kill()
        self.workers.clear()

    def flush(self) -> None:
        """FLUSHALL."""
        with redis.Redis.from_url(self.valkey.url) as client:
            client.flushall()

    async def rows(self, query: str, *arguments: Any, seconds: float = 30) -> list[Any]:
        """What the database says, as soon as it says anything; a script if there are no arguments."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                connection = await asyncpg.connect(self.database, timeout=5)
                try:
                    if ";" in query:
                        await connection.execute(query)
                        return []
                    found: list[Any] = await connection.fetch(query, *arguments)
                    return found
                finally:
                    await connection.close()
            except _AWAY:
                assert time.monotonic() < deadline, "the database did not come back"
                await asyncio.sleep(0.05)

    @property
    def database(self) -> str:
        return self.postgres.url.replace("+asyncpg", "")

    def uploads(self, since: int = 0) -> list[dict[str, Any]]:
        """The uploads that reached the sandbox, from the given number on."""
        found: list[dict[str, Any]] = self.sandbox.http.get(f"/_tap?since={since}").json()
        return found

    def said(self, word: str) -> list[str]:
        """The lines of all logs that hold the word."""
        lines = []
        for path in sorted(self.folder.glob("*.log")):
            lines += [line for line in path.read_text().splitlines() if word in line]
        return lines

    def _api(self, port: int) -> Child:
        words = ["-m", "uvicorn", "app.main:create_app", "--factory", "--port", str(port)]
        return logged(f"api-{port}", words, self.env, self.folder)

    def _worker(self, env: dict[str, str]) -> Worker:
        self._numbers += 1
        name = f"worker-{self._numbers}"
        if self.nursery is not None:
            return self.nursery.fork(env, self.folder / f"{name}.log")
        worker = logged(name, ["-m", "workers"], self.env | env, self.folder)
        worker.spawn()
        return worker

    def _addresses(self, sandbox: int, api: int) -> dict[str, str]:
        return {
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "SNAPSHOT_URL": str(self.snapshots),
            "DATA_DIR": str(self.folder / "data"),
            "ENCRYPTION_KEYS": generate_key(),
            "GRAPH_API_URL": f"http://127.0.0.1:{sandbox}",
            "FACEBOOK_DIALOG_URL": f"http://127.0.0.1:{sandbox}",
            "FACEBOOK_APP_ID": "1000000000000001",
            "FACEBOOK_APP_SECRET": "sandbox-app-secret",
            "PUBLIC_URL": f"http://127.0.0.1:{api}",
            "SEGMENT_ROOTS": str(self.segments),
            "BOOTSTRAP_API_KEY": API_KEY,
            "LOG_LEVEL": "INFO",
            # the exports of a scene have one ad account, and are to be under way together
            "ACCOUNT_RUNS": "10",
            "PYTHONPATH": str(ROOT),
        }


_SETTINGS = frozenset(Settings.model_fields)
