"""The service behind a real PgBouncer in transaction mode, with fewer connections than it would take."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.cli.server.migrate import upgrade
from app.db.session import Database
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.unprivileged_user import choose_account
from app.embedded.valkey import EmbeddedValkey
from app.settings import Settings
from tests.flows.journey import get_run, make_connection, make_export, make_segment, start_run
from tests.operate.servers import PGBOUNCER, pgbouncer
from tests.segments.files import write_csv

pytestmark = pytest.mark.skipif(
    PGBOUNCER is None, reason="PgBouncer is not here: Debian's package is pgbouncer"
)
CONNECTIONS = 2


@pytest.fixture
def pooled(servers: tuple[EmbeddedPostgres, EmbeddedValkey], database_url: str) -> Iterator[str]:
    """The test's database, by way of the pooler."""
    sockets = servers[0].folder.sockets
    folder = Path(tempfile.mkdtemp(prefix="ae-pooler-"))
    folder.chmod(0o755)
    server = pgbouncer(
        folder,
        host=str(sockets),
        # who may reach the socket
        account=choose_account(servers[0].folder.data, Path(PGBOUNCER or "")),
        connections=CONNECTIONS,
    )
    server.start()
    name = database_url.partition("?")[0].rpartition("/")[2]
    yield f"postgresql://app@127.0.0.1:{server.port}/{name}?pooler=transaction"
    server.kill()
    shutil.rmtree(folder)


@pytest.fixture
def settings(make_settings: Callable[..., Settings], pooled: str) -> Settings:
    return make_settings(database_url=pooled)


@pytest.fixture
async def behind(pooled: str) -> AsyncIterator[Database]:
    opened = Database(pooled, pool_size=10)
    yield opened
    await opened.close()


async def test_ways_to_ask_side_by_side(behind: Database, database: Database) -> None:
    """Each question meets whichever connection is free, and nothing of it stays there."""

    async def alone(number: int) -> int:
        found: int = (await behind.first(f"select $1::int + {number}", 1))[0]
        return found

    async def reading(number: int) -> int:
        async with behind.reading() as session:
            return int(await session.scalar(text("select :n + 1"), {"n": number}) or 0)

    async def writing(number: int) -> int:
        async with behind.transaction() as session:
            await session.execute(text("select pg_advisory_xact_lock(7)"))
            await session.execute(text("select pg_sleep(0.002)"))
            limit = await session.scalar(text("show idle_in_transaction_session_timeout"))
            assert limit == "1min"
            return int(await session.scalar(text("select :n + 1"), {"n": number}) or 0)

    ways = [alone, reading, writing]
    asked = [(ways[number % 3], number) for number in range(120)]
    assert await asyncio.gather(*(way(number) for way, number in asked)) == list(range(1, 121))
    async with database.reading() as session:
        mine = (
            "from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )
        assert await session.scalar(text(f"select count(*) {mine}")) <= CONNECTIONS
        locks = "select count(*) from pg_locks where locktype = 'advisory'"
        assert await session.scalar(text(locks)) == 0


async def test_a_run_from_its_request_to_its_end(
    api: httpx.AsyncClient, work: Any, pooled: str, segment_root: Path
) -> None:
    """Migrations too may go through it."""
    before, after = await upgrade(pooled)
    assert before == after
    write_csv(segment_root / "two.csv", ["ada@example.com", "bob@example.com"])
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "two.csv"))
    run = await start_run(api, await make_export(api, connection, segment))
    await work()
    run = await get_run(api, run)
    assert (run["status"], run["counts"]["received"]) == ("succeeded", 2)
