"""A run canceled while a database takes its time ends soon, and no server works on for it."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import polars as pl
import pytest

from app.settings import Settings
from tests.flows.exporting import Exporting
from tests.flows.journey import expect, get_run, start_run
from tests.sources import rest_catalog
from tests.sources.lake import Lake
from tests.sources.mariadb import execute, prepared
from tests.warehouses import clickhouse
from tests.warehouses.places import Place
from tests.warehouses.wire import serving

# what is promised, and what a machine may take that others work on, too
SECONDS = 2.0 if os.environ.get("CHAOS") else 10.0
LONG = 120


@dataclass(frozen=True)
class Slow:
    """A source that can be told to take minutes, and to say whether anybody works for its readers."""

    address: str
    source: dict[str, Any]
    slow_down: Callable[[], Awaitable[object]]
    works: Callable[[], Awaitable[bool]]


@contextmanager
def maria(request: pytest.FixtureRequest, _: Path) -> Iterator[Slow]:
    place = request.getfixturevalue("maria")
    prepared(
        place,
        "CREATE OR REPLACE DATABASE slow CHARACTER SET utf8mb4",
        "CREATE OR REPLACE USER slow IDENTIFIED BY 'r'",
        "GRANT SELECT, SHOW VIEW ON slow.* TO slow",
        "CREATE VIEW slow.people AS SELECT 'a@m.example' AS email",
    )
    working = "SELECT count(*) FROM information_schema.processlist WHERE user = 'slow' AND command <> 'Sleep'"

    async def works() -> bool:
        return bool((await execute(place, working))[0][0])

    yield Slow(
        f"mysql://slow:r@localhost/slow?unix_socket={place}",
        {"kind": "mysql", "table": "people"},
        lambda: execute(
            place,
            f"CREATE OR REPLACE VIEW slow.people AS SELECT concat('a@m.example', sleep({LONG})) AS email",
        ),
        works,
    )


@contextmanager
def postgres(request: pytest.FixtureRequest, _: Path) -> Iterator[Slow]:
    server = request.getfixturevalue("servers")[0]
    name = urlsplit(request.getfixturevalue("database_url")).path.removeprefix("/")
    address = server.address(name, role="postgres").replace("+asyncpg", "")

    async def run(statement: str) -> Any:
        connection = await asyncpg.connect(address)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    view = "CREATE OR REPLACE VIEW people AS SELECT 'a@m.example'::text"
    asyncio.run(run(f"{view} AS email"))
    working = (
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() "
        "AND query LIKE '%people%' AND state = 'active' AND pid <> pg_backend_pid()"
    )
    yield Slow(
        request.getfixturevalue("reader_url"),
        {"kind": "postgres", "table": "people"},
        lambda: run(f"{view} || pg_sleep({LONG}) AS email"),
        lambda: run(working),
    )


@contextmanager
def chdb(_: pytest.FixtureRequest, folder: Path) -> Iterator[Slow]:
    script = """
CREATE DATABASE crm
CREATE TABLE crm.people (email String) ENGINE = Memory
INSERT INTO crm.people VALUES ('a@m.example')
"""
    with clickhouse.running(folder, script) as port:
        double = f"http://127.0.0.1:{port}/double"

        async def works() -> bool:
            async with httpx.AsyncClient() as client:
                return bool((await client.get(double)).json())

        async def slow_down() -> None:
            async with httpx.AsyncClient() as client:
                await client.put(double)

        # strict: its profile lets no setting be changed, so a closed connection alone ends nothing
        yield Slow(
            f"clickhouse://strict@127.0.0.1:{port}/crm",
            {"kind": "clickhouse", "table": "people"},
            slow_down,
            works,
        )


@contextmanager
def double(kind: str, folder: Path) -> Iterator[Slow]:
    with serving(kind) as server:
        server.engine.load("people", ["EMAIL"], [("a@m.example",)])
        (folder / kind).mkdir()
        place = Place(kind, server, folder / kind)

        async def slow_down() -> None:
            server.slow = True
            server.results.clear()

        async def works() -> bool:
            # what was begun and not given up
            return len(server.results) > len(server.canceled)

        yield Slow(place.address, {"kind": kind, "table": "crm.people"}, slow_down, works)


@contextmanager
def iceberg(_: pytest.FixtureRequest, folder: Path) -> Iterator[Slow]:
    lake = Lake(folder / "slow")
    lake.table("members", pl.DataFrame({"email": ["a@m.example"]}))
    (folder / "slow_token").write_text("hunter2")
    with rest_catalog.serving(lake) as server:

        async def slow_down() -> None:
            server.how = "silent"

        async def works() -> bool:
            return bool(server.kept_waiting)

        yield Slow(
            f"iceberg+http://127.0.0.1:{server.server_port}/api"
            f"?warehouse=main&token_file={folder}/slow_token",
            {"kind": "iceberg", "table": "crm.eu.members"},
            slow_down,
            works,
        )


SERVE: dict[str, Callable[[pytest.FixtureRequest, Path], AbstractContextManager[Slow]]] = {
    "mysql": maria,
    "postgres": postgres,
    "clickhouse": chdb,
    "bigquery": lambda _, folder: double("bigquery", folder),
    "snowflake": lambda _, folder: double("snowflake", folder),
    "iceberg": iceberg,
}


@pytest.fixture
def slow(request: pytest.FixtureRequest, segment_root: Path) -> Iterator[dict[str, Slow]]:
    with ExitStack() as stack:
        kinds = request.node.callspec.params["kinds"].split()
        yield {kind: stack.enter_context(SERVE[kind](request, segment_root)) for kind in kinds}


@pytest.fixture
def settings(make_settings: Any, segment_root: Path, slow: dict[str, Slow]) -> Settings:
    made: Settings = make_settings(
        segment_roots=str(segment_root),
        segment_databases=" ".join(f"{kind}={one.address}" for kind, one in slow.items()),
        source_connect_timeout_seconds=30,
        account_runs=len(SERVE),
    )
    return made


@pytest.mark.parametrize("kinds", ["mysql postgres", "clickhouse bigquery snowflake iceberg"])
async def test_a_canceled_run_ends_soon_and_so_does_its_statement(
    exporting: Exporting, slow: dict[str, Slow], kinds: str
) -> None:
    """Each by a real worker, from the wish by the API to the state of the run, and of the server."""
    api, runs = exporting.api, dict[str, dict[str, Any]]()
    for kind, one in slow.items():
        segment = await exporting.segment({**one.source, "database": kind})
        export = await exporting.export(segment)
        await one.slow_down()
        runs[kind] = await start_run(api, export)
    work = asyncio.create_task(exporting.work())  # type: ignore[arg-type]
    busy = await _until(slow, lambda kind: slow[kind].works())

    async def over(kind: str) -> bool:
        told = await get_run(api, runs[kind])
        return told["status"] == "canceled" and not await slow[kind].works()

    for run in runs.values():
        await expect(await api.post(f"/v1/runs/{run['id']}/cancel"), 200)
    took = await _until(slow, over)
    await work
    assert set(busy) == set(took) == set(slow), (busy, took)
    assert max(took.values()) < SECONDS, took
    assert exporting.uploads() == []


async def _until(
    kinds: dict[str, Slow], holds: Callable[[str], Awaitable[bool]]
) -> dict[str, float]:
    """Kind → seconds after which it held; those are missing where it did not within half a minute."""
    began, took = time.monotonic(), dict[str, float]()
    while len(took) < len(kinds) and time.monotonic() - began < 30:
        for kind in set(kinds) - set(took):
            if await holds(kind):
                took[kind] = round(time.monotonic() - began, 2)
        await asyncio.sleep(0.02)
    return took
