"""Migrations with rows in the tables: down to the first release's schema and up again, nothing lost of it."""

from typing import Any

import asyncpg
import pytest

from app.cli.server.migrate import _refused, upgrade
from app.db.schema import SchemaBehind, revisions
from app.errors import Unavailable
from app.settings import Settings
from benchmarks.filling import fill
from benchmarks.lists import plain_address
from tests.access.deployments import deployed
from tests.operate.migrations import downgrade
from workers.context import build_context
from workers.first_look import first_look
from workers.settings import start, stop

TABLES = (
    "connections",
    "segments",
    "exports",
    "export_segments",
    "runs",
    "run_batches",
    "audit_events",
)


async def contents(url: str) -> dict[str, list[dict[str, object]]]:
    connection = await asyncpg.connect(plain_address(url))
    found = {
        table: [dict(row) for row in await connection.fetch(f"select * from {table} order by 1, 2")]
        for table in TABLES
    }
    await connection.close()
    return found


async def test_nobody_starts_on_an_older_schema(
    settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API, a worker, and a worker of arq's own command say so in one sentence; a newer one is theirs."""
    await downgrade(database_url, revisions()[-2])
    monkeypatch.setattr("workers.settings.settings_of_worker", lambda: settings)
    with pytest.raises(SchemaBehind, match="1 migration behind this version"):
        async with deployed(settings):
            pass
    with pytest.raises(SystemExit, match="1 migration behind this version"):
        await first_look(build_context(settings))
    with pytest.raises(SystemExit, match="audience-export migrate"):
        await start({})
    await upgrade(database_url)
    connection = await asyncpg.connect(plain_address(database_url))
    await connection.execute("update alembic_version set version_num = 'fedcba987654'")
    ctx: dict[str, Any] = {}
    await start(ctx)
    await stop(ctx)
    await connection.execute("delete from alembic_version")
    await connection.close()
    with pytest.raises(SystemExit, match="is empty"):
        await start({})


async def test_a_lock_that_is_not_had_is_said_in_a_sentence(database_url: str) -> None:
    """With the error that Postgres gives then."""
    held, waits = [await asyncpg.connect(plain_address(database_url)) for _ in range(2)]
    async with held.transaction():
        await held.execute("lock table erasures")
        await waits.execute("set lock_timeout = '20ms'")
        with pytest.raises(asyncpg.LockNotAvailableError) as refused:
            await waits.execute("alter table erasures add column x text")
    await held.close()
    await waits.close()
    told = _refused(refused.value)
    assert isinstance(told, Unavailable)
    assert "run it again" in told.detail


async def test_down_and_up_with_rows(database_url: str) -> None:
    connection = await asyncpg.connect(plain_address(database_url))
    await fill(connection, exports=13, runs=60, batches_a_run=2, connections=2, segments=3)
    await connection.close()
    before = await contents(database_url)
    await downgrade(database_url, revisions()[0])
    first = await contents(database_url)
    reached = await upgrade(database_url)
    assert reached == (revisions()[0], revisions()[-1])
    after = await contents(database_url)
    for table in TABLES:
        assert len(before[table]) == len(first[table]) == len(after[table]) > 0
        for was, then, now in zip(before[table], first[table], after[table], strict=True):
            # what both releases have is as it was all the way
            kept = then.keys() & now.keys()
            assert kept >= {"id"} or table in ("export_segments", "run_batches")
            for name in kept:
                assert was[name] == then[name] == now[name], (table, name)
    names = await asyncpg.connect(plain_address(database_url))
    assert await names.fetchval("select count(*) from run_names") == 13
    assert await names.fetchval("select count(*) from run_segments") == 60
    await names.close()
