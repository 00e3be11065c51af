"""A whole deployment in processes of its own, at LOG_LEVEL=DEBUG, that can be looked into afterwards."""

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
import pytest
import redis

from app.cli.server.migrate import upgrade
from app.db.secrets import generate_key
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey
from tests.conftest import free_port, wait_until
from tests.leaks.members import MEMBERS
from tests.sources.mariadb import running
from tests.warehouses import clickhouse
from tests.warehouses.places import Place
from tests.warehouses.wire import serving

ROOT = Path(__file__).parents[2]


@dataclass
class Deployment:
    """Its folders, its addresses and its processes."""

    folder: Path
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    bootstrap_key: str = "leak-bootstrap-key-5f2c9a"
    encryption_key: str = field(default_factory=generate_key)
    sandbox_url: str = ""
    url: str = ""
    # the socket of a MariaDB, where there is one
    maria: str = ""
    maria_password: str = "leak-reader-password-81"
    # the doubles of warehouses, the port of ClickHouse's engine, and another Postgres: they hold members
    bigquery: Place | None = None
    snowflake: Place | None = None
    clickhouse: int = 0
    crm: str = ""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def snapshots(self) -> Path:
        return self.folder / "snapshots"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def members(self) -> Path:
        return self.folder / "members"

    async def dump(self) -> AsyncIterator[tuple[str, bytes]]:
        """Every table as COPY writes it."""
        connection = await asyncpg.connect(self.postgres.url.replace("+asyncpg", ""))
        try:
            tables = await connection.fetch(
                "select tablename from pg_tables where schemaname = 'public' order by 1"
            )
            for (table,) in tables:
                content = bytearray()

                async def add(chunk: bytes, content: bytearray = content) -> None:
                    content.extend(chunk)

                await connection.copy_from_table(table, output=add)
                yield f"table {table}", bytes(content)
        finally:
            await connection.close()

    def cached(self) -> Iterator[tuple[str, bytes]]:
        """Every key of Valkey with its value, as DUMP and as its type gives it."""
        with redis.Redis.from_url(self.valkey.url) as client:
            for key in client.scan_iter():
                kind = client.type(key)
                value = {
                    b"string": client.get,
                    b"hash": client.hgetall,
                    b"zset": lambda k: client.zrange(k, 0, -1, withscores=True),
                    b"set": client.smembers,
                    b"list": lambda k: client.lrange(k, 0, -1),
                }.get(kind, client.dump)(key)
                yield f"valkey {key!r}", key + b"\n" + repr(value).encode()


@pytest.fixture
async def deployment(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployment]:
    folder = tmp_path_factory.mktemp("leaks")
    data = folder / "data"
    data.mkdir()
    made = Deployment(folder, EmbeddedPostgres(data), EmbeddedValkey(data))
    for place in (made.snapshots, made.logs, made.members):
        place.mkdir()
    with ExitStack() as stack:
        stack.enter_context(made.postgres)
        stack.enter_context(made.valkey)
        await upgrade(made.postgres.url)
        databases = [f"lake=iceberg+sqlite://{made.members}/lake/catalog.db"]
        if shutil.which("mariadbd"):
            made.maria = stack.enter_context(running())
            reader = f"reader:{made.maria_password}"
            databases.append(f"shop=mysql://{reader}@localhost/shop?unix_socket={made.maria}")
        databases += _warehouses(stack, made, tmp_path_factory)
        port, sandbox_port = free_port(), free_port()
        made.url = f"http://127.0.0.1:{port}"
        made.sandbox_url = f"http://127.0.0.1:{sandbox_port}"
        _start(
            stack,
            folder / "sandbox.simulation.call_log",
            {},
            "sandbox",
            "--port",
            str(sandbox_port),
        )
        environment = {
            "DATABASE_URL": made.postgres.url,
            "REDIS_URL": made.valkey.url,
            "SNAPSHOT_URL": str(made.snapshots),
            "DATA_DIR": str(made.data),
            "ENCRYPTION_KEYS": made.encryption_key,
            "BOOTSTRAP_API_KEY": made.bootstrap_key,
            "GRAPH_API_URL": made.sandbox_url,
            "FACEBOOK_DIALOG_URL": made.sandbox_url,
            "FACEBOOK_APP_ID": "1000000000000001",
            "FACEBOOK_APP_SECRET": "sandbox-app-secret",
            "PUBLIC_URL": made.url,
            "SEGMENT_ROOTS": str(made.members),
            "SEGMENT_DATABASES": ",".join(databases),
            "LOG_LEVEL": "DEBUG",
            "TRACES_FILE": str(made.logs / "traces.log"),
            "RUN_RETRY_SECONDS": "0.5",
            "WEBHOOK_ALLOW_PRIVATE_ADDRESSES": "true",
        }
        api = ("uvicorn", "app.main:create_app", "--factory", "--port", str(port))
        _start(stack, made.logs / "api.log", environment, *api, "--log-level", "debug")
        _start(stack, made.logs / "worker.log", environment, "workers")
        wait_until(lambda: _answers(f"{made.sandbox_url}/_sandbox/state"))
        wait_until(lambda: _answers(f"{made.url}/readyz"))
        yield made


def _warehouses(stack: ExitStack, made: Deployment, folders: pytest.TempPathFactory) -> list[str]:
    """Servers that stand elsewhere: what they write is theirs, so it is not looked through."""
    for kind in ("bigquery", "snowflake"):
        place = Place(kind, stack.enter_context(serving(kind)), folders.mktemp(kind))
        setattr(made, kind, place)
    places = [f"{place.kind}={place.address}" for place in (made.bigquery, made.snowflake) if place]
    if clickhouse.ENGINE.is_dir():
        folder = folders.mktemp("clickhouse")
        made.clickhouse = stack.enter_context(clickhouse.running(folder, MEMBERS))
        places.append(
            f"clickhouse=clickhouse://reader:hunter2%20%2F@127.0.0.1:{made.clickhouse}/crm"
        )
    other = EmbeddedPostgres(folders.mktemp("crm"), durable=False)
    stack.enter_context(other)
    made.crm = other.address(role="postgres").replace("+asyncpg", "")
    return [*places, f"crm={other.address(role='reads')}"]


def _start(stack: ExitStack, log: Path, environment: dict[str, str], *module: str) -> None:
    output = stack.enter_context(log.open("wb"))
    process = subprocess.Popen(
        [sys.executable, "-m", *module],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=output,
        stderr=subprocess.STDOUT,
    )
    stack.callback(_stop, process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)


def _answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(url, timeout=5).is_success
    return False
