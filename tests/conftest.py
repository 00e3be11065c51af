"""Real Postgres and Valkey for the whole session; a database of its own for every test that asks."""

import functools
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import redis
from arq.worker import Worker
from fastapi.routing import _IncludedRouter
from hypothesis import settings as property_settings
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.util import LRUCache
from starlette.routing import BaseRoute

from app.cli.server.migrate import upgrade
from app.connections.collaborators import Connections
from app.db.secrets import generate_key
from app.db.session import Database
from app.embedded.postgres import DATABASE, EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey
from app.facebook.client import GraphClient
from app.facebook.config import GraphConfig
from app.facebook.retry import RetryPolicy
from app.main import create_app
from app.queue import QUEUE_NAME, QueueNotifier, arq_redis, deserialize, serialize
from app.settings import Settings
from tests.databases import Databases
from tests.webhooks.simulated import SimulatedClock
from workers.context import build_context
from workers.settings import WorkerSettings

ROOT = Path(__file__).parent.parent
API_KEY = "test-bootstrap-administrator-key"

# `make chaos`
LONG = os.environ.get("CHAOS") == "full"

# a gate judges the change, so properties try the same examples each time; the long form looks for new ones
property_settings.register_profile("gate", derandomize=True)
if not LONG:
    property_settings.load_profile("gate")


def tries(count: int) -> int:
    """How many of a property that takes its time: a quarter in the gate, where they are always the same."""
    return count if LONG else max(count // 4, 4)


def within(seconds: float) -> float:
    """How long what is promised so soon may take: the gate's machine has others to serve, and pauses."""
    return seconds if LONG else 10 * seconds


def wait_until(
    ready: Callable[[], bool], *, process: "subprocess.Popen[Any] | None" = None
) -> None:
    """Until it is, however slow the machine; not if the process has ended."""
    deadline = time.monotonic() + 100
    while not ready():
        assert process is None or process.poll() is None, "it has ended"
        assert time.monotonic() < deadline, "it is not ready"
        time.sleep(0.05)


# they wait for other processes, or take a minute of one core: nobody shall wait for them at the end
LONGEST = (
    "leaks",
    "chaos",
    "console",
    "clients",
    "cli",
    "connections",
    "guide",
    "embedded",
    "meta",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first, see `make test`."""

    def place(item: pytest.Item) -> int:
        folder = item.nodeid.removeprefix("tests/").partition("/")[0]
        return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)

    items.sort(key=place)


@pytest.fixture(autouse=True, scope="session")
def _clean_environment() -> None:
    """Tests say what they set; nothing of the shell that started them counts."""
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)


@pytest.fixture(autouse=True, scope="session")
def _statements_are_compiled_once() -> Iterator[None]:
    """Engines of one process share what SQLAlchemy compiled, which each of hundreds would compile anew."""
    compiled: LRUCache[Any, Any] = LRUCache(2_000)
    with pytest.MonkeyPatch.context() as patch:
        # a statement is kept by its dialect, and each engine has an object of its own, all alike
        patch.setattr(PGDialect_asyncpg, "__hash__", lambda self: hash(type(self)))
        patch.setattr(PGDialect_asyncpg, "__eq__", lambda self, other: type(self) is type(other))
        patch.setattr(
            Engine, "_compiled_cache", property(lambda _: compiled, lambda *_: None), raising=False
        )
        yield


@pytest.fixture(autouse=True, scope="session")
def _routes_are_prepared_once() -> Iterator[None]:
    """Applications of one process share what FastAPI prepares of a route when it is first asked for.

    That is a third of what a test of the API costs; hundreds of applications, all alike, would do it anew.
    """
    prepared: dict[Any, Any] = {}
    prepare = _IncludedRouter._build_effective_context

    def once(router: _IncludedRouter, route: BaseRoute) -> Any:
        context = router.include_context
        # what was prepared holds on to its route, so that no other gets its number
        key = id(route), context.prefix, tuple(one.dependency for one in context.dependencies)
        if key not in prepared:
            prepared[key] = prepare(router, route)
        return prepared[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_IncludedRouter, "_build_effective_context", once)
        yield


@pytest.fixture(autouse=True, scope="session")
def _certificates_are_read_once() -> Iterator[None]:
    """Every httpx client reads the trusted ones anew, for 30 ms, also to ask whether a port answers."""
    places = "SSL_CERT_FILE", "SSL_CERT_DIR"
    read: dict[Any, Any] = {}

    def kept(verify: Any = True, cert: Any = None, trust_env: bool = True) -> Any:
        if verify is not True or cert is not None:
            return httpx.create_ssl_context(verify, cert, trust_env)
        key = trust_env, *(os.environ.get(place) for place in places)
        if key not in read:
            read[key] = httpx.create_ssl_context(trust_env=trust_env)
        return read[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", kept)
        yield


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """An application that starts configures logging for its process, which all tests share."""
    root = logging.getLogger()
    named = [item for item in root.manager.loggerDict.values() if isinstance(item, logging.Logger)]
    before = [(item, item.level, item.propagate, list(item.handlers)) for item in (root, *named)]
    yield
    for logger, level, propagate, handlers in before:
        if logger.level != level:
            logger.setLevel(level)
        logger.propagate, logger.handlers = propagate, handlers


@pytest.fixture(scope="session")
def servers() -> Iterator[tuple[EmbeddedPostgres, EmbeddedValkey]]:
    folder = Path(tempfile.mkdtemp(prefix="ae-tests-"))
    postgres = EmbeddedPostgres(folder, durable=False)
    valkey = EmbeddedValkey(folder, durable=False)
    postgres.start()
    valkey.start()
    yield postgres, valkey
    valkey.stop()
    postgres.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def template(servers: tuple[EmbeddedPostgres, EmbeddedValkey]) -> str:
    """A database made by the real migrations, to make the others from."""
    postgres, _ = servers
    await upgrade(postgres.url)
    admin = await asyncpg.connect(
        postgres.address("postgres", role="postgres").replace("+asyncpg", "")
    )
    await admin.execute("CREATE ROLE reader LOGIN; GRANT pg_read_all_data TO reader")
    await admin.close()
    return DATABASE


@pytest.fixture(scope="session")
async def emptied_databases(
    servers: tuple[EmbeddedPostgres, EmbeddedValkey], template: str
) -> AsyncIterator[Databases]:
    # the superuser: a vacuum of its own accord may sit in a database that is to be dropped
    admin = await asyncpg.connect(
        servers[0].address("postgres", role="postgres").replace("+asyncpg", "")
    )
    yield Databases(servers[0], admin, template)
    await admin.close()


@pytest.fixture
async def database_url(emptied_databases: Databases) -> AsyncIterator[str]:
    """A migrated database without a row."""
    name = await emptied_databases.take()
    yield emptied_databases.postgres.address(name)
    await emptied_databases.give_back(name)


@pytest.fixture
def reader_url(database_url: str) -> str:
    """The test's database as a place that segments are read from: for an account that may only read."""
    return database_url.replace("//app@", "//reader@")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The test's database, for looking at rows."""
    opened = Database(database_url)
    yield opened
    await opened.close()


def emptied(valkey: EmbeddedValkey) -> str:
    """Its address, once nothing is left in it: a pause of an ad account outlives the test that met it."""
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
    return valkey.url


@pytest.fixture
def redis_url(servers: tuple[EmbeddedPostgres, EmbeddedValkey]) -> str:
    """An empty Valkey."""
    return emptied(servers[1])


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Sandbox:
    """The local Graph API and what a test may ask of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=30)

    def control(self, method: str, path: str, **options: Any) -> Any:
        """A call to the control endpoint."""
        answer = self.http.request(method, f"/_sandbox/{path}", **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def audience(self, audience_id: str) -> dict[str, Any]:
        """The audience with its distinct members counted."""
        found: dict[str, Any] = self.control("GET", f"audiences/{audience_id}")
        return found

    def members(self, audience_id: str) -> dict[str, Any]:
        """The audience's rows."""
        found: dict[str, Any] = self.control("GET", f"audiences/{audience_id}/members")
        return found

    def requests(self, path: str | None = None) -> list[dict[str, Any]]:
        """The recorded calls, never their payloads."""
        params = {} if path is None else {"path": path}
        found = self.control("GET", "requests", params=params)
        items: list[dict[str, Any]] = found["items"] if isinstance(found, dict) else found
        return items


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    sandbox = Sandbox(f"http://127.0.0.1:{port}")
    deadline = time.monotonic() + 60
    while True:
        try:
            sandbox.control("GET", "state")
            break
        except httpx.TransportError:
            assert process.poll() is None
            assert time.monotonic() < deadline, "the sandbox did not come up"
            time.sleep(0.05)
    yield sandbox
    sandbox.http.close()
    process.terminate()
    process.wait(10)


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    """The sandbox in its first state."""
    sandbox_process.control("POST", "reset")
    return sandbox_process


@pytest.fixture
def segment_root(tmp_path: Path) -> Path:
    """A folder segments may be read from."""
    folder = tmp_path / "segments"
    folder.mkdir()
    return folder


@pytest.fixture
def make_settings(
    database_url: str, redis_url: str, sandbox: Sandbox, segment_root: Path, tmp_path: Path
) -> Callable[..., Settings]:
    """Settings of a deployment on this test's servers."""
    key = generate_key()

    def make(**changes: Any) -> Settings:
        values: dict[str, Any] = {
            "database_url": database_url,
            "redis_url": redis_url,
            "snapshot_url": str(tmp_path / "snapshots"),
            "data_dir": tmp_path / "data",
            "encryption_keys": key,
            "graph_api_url": sandbox.url,
            "facebook_dialog_url": sandbox.url,
            "facebook_app_id": "1000000000000001",
            "facebook_app_secret": "sandbox-app-secret",
            "public_url": "http://testserver",
            "segment_roots": str(segment_root),
            "bootstrap_api_key": API_KEY,
            "log_level": "ERROR",
        }
        return Settings(**(values | changes))

    return make


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings()


@functools.cache
def api_document() -> dict[str, Any]:
    """The OpenAPI document; making it takes a second, which hundreds of applications would each."""
    return create_app(Settings()).openapi()


@functools.cache
def documented() -> Callable[[httpx.Response], Any]:
    """Looks at every answer: it has a status, and its problem a code, that the document promises."""
    components = api_document()["components"]
    operations = [
        (method, re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(path))), operation)
        for path, methods in sorted(
            api_document()["paths"].items(), key=lambda item: "{" in item[0]
        )
        for method, operation in methods.items()
    ]

    async def check(answer: httpx.Response) -> None:
        path, method = answer.request.url.path, answer.request.method.lower()
        found = [one for way, form, one in operations if way == method and form.fullmatch(path)]
        if not found:
            return
        promised = found[0]["responses"].get(str(answer.status_code))
        assert promised is not None, (found[0]["operationId"], answer.status_code)
        for name in {"ETag", "Location"} & set(promised.get("headers", {})):
            assert name in answer.headers, (found[0]["operationId"], name)
        if answer.headers.get("content-type") == "application/problem+json":
            await answer.aread()
            shared = promised.get("$ref", "").rpartition("/")[2]
            promised = components["responses"].get(shared, promised)
            schema = promised["content"]["application/problem+json"]["schema"]
            named = schema.get("$ref", "").rpartition("/")[2]
            schema = components["schemas"].get(named, schema)
            codes = schema["allOf"][1]["properties"]["code"]["enum"]
            assert answer.json()["code"] in codes, (found[0]["operationId"], answer.json()["code"])

    return check


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The API as an administrator calls it."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {API_KEY}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://testserver", headers=headers, timeout=60
        ) as client:
            client.app = app  # type: ignore[attr-defined]
            client.event_hooks["response"] = [documented()]
            yield client


@pytest.fixture(name="time")
def _time(monkeypatch: pytest.MonkeyPatch) -> SimulatedClock:
    """The clock of the service in this process."""
    simulated = SimulatedClock()
    monkeypatch.setattr("app.clock.now", simulated)
    return simulated


@pytest.fixture
async def asking_once(api: httpx.AsyncClient, settings: Settings) -> AsyncIterator[Connections]:
    """What looks at connections in the background, on a client that asks Meta once and does not insist."""
    state: Any = api.app.state  # type: ignore[attr-defined]
    config = GraphConfig(
        base_url=settings.graph_api_url,
        version=settings.graph_api_version,
        app_id=settings.facebook_app_id,
        app_secret=settings.facebook_app_secret.get_secret_value(),
    )
    async with GraphClient(config, policy=RetryPolicy(attempts=1)) as graph:
        yield Connections(database=state.database, graph=graph, vault=state.vault)


@pytest.fixture
def work(settings: Settings) -> Callable[..., Any]:
    """A real arq worker that works until nothing is queued."""

    async def burst(changed: Settings | None = None) -> None:
        used = changed or settings
        notifier = QueueNotifier(used.redis_url.get_secret_value())
        # one that has nothing queued ends, and hears nothing of the runs it then finishes
        while True:
            await once(used)
            if not await notifier.waiting():
                break
        await notifier.close()

    async def once(used: Settings) -> None:
        context = build_context(used)
        worker = Worker(
            functions=WorkerSettings.functions,
            queue_name=QUEUE_NAME,
            redis_pool=arq_redis(used.redis_url.get_secret_value()),
            burst=True,
            handle_signals=False,
            poll_delay=0.01,
            job_serializer=serialize,
            job_deserializer=deserialize,
            keep_result=0,
            max_tries=WorkerSettings.max_tries,
            job_timeout=WorkerSettings.job_timeout,
            log_results=False,
            ctx={"worker": context},
        )
        try:
            await worker.async_run()
        finally:
            await worker.close()
            await context.close()

    return burst
