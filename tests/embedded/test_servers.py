"""The embedded servers are real, keep their data, and are owned by one process at a time."""

import asyncio
import json
import os
import stat
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio as redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from app.embedded.binaries import EmbeddedUnavailable
from app.embedded.data_folder import DataFolderInUse
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.server import EmbeddedServer
from app.embedded.valkey import EmbeddedValkey


async def query(url: str, *statements: str) -> object:
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            for statement in statements:
                result = await connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        await engine.dispose()


async def count_up(url: str) -> int:
    async with redis.Redis.from_url(url) as client:
        return int(await client.incr("n"))


async def test_postgres_keeps_its_data_through_every_kind_of_end(tmp_path: Path):
    server = EmbeddedPostgres(tmp_path / "data")
    url = server.start()
    await query(url, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1)")

    for end in ("fast", "immediate"):
        assert server.restart(end) == url
        assert await query(url, "SELECT count(*) FROM kept") == 1
    server.kill()
    assert server.exit_status == -9
    assert server.start() == url
    assert await query(url, "SELECT count(*) FROM kept") == 1
    server.stop()
    assert server.pid is None

    with EmbeddedPostgres(tmp_path / "data") as again:
        assert await query(again.url, "SELECT count(*) FROM kept") == 1


async def test_the_role_is_no_superuser_but_may_clone_databases(tmp_path: Path):
    with EmbeddedPostgres(tmp_path, durable=False) as server:
        assert await query(server.url, "SELECT rolsuper FROM pg_roles WHERE rolname='app'") is False
        assert str(await query(server.url, "SHOW server_version")).startswith("18.")
        assert await query(server.url, "SHOW fsync") == "off"
        assert await query(server.url, "SHOW timezone") == "UTC"
        assert await query(server.url, "SHOW server_encoding") == "UTF8"
        folder = str(server.folder.sockets)
        connection = await asyncpg.connect(host=folder, user="app", database="postgres")
        await connection.execute("CREATE DATABASE copy TEMPLATE audience_export")
        await connection.close()
        assert await query(server.address("copy"), "SELECT current_database()") == "copy"


async def test_only_the_owner_reaches_the_sockets(tmp_path: Path):
    with EmbeddedPostgres(tmp_path, durable=False) as server, EmbeddedValkey(tmp_path) as valkey:
        for one in (server, valkey):
            assert stat.S_IMODE(one.folder.sockets.stat().st_mode) == 0o700
            assert stat.S_IMODE(one.folder.data.stat().st_mode) == 0o700
            # unix(7): 107 bytes
            assert all(len(os.fsencode(path)) < 100 for path in one.folder.sockets.iterdir())
        assert await query(server.url, "SHOW listen_addresses") == ""
        sockets = server.folder.sockets
    assert not sockets.exists()


def environment_of(server: EmbeddedServer) -> bytes:
    return Path(f"/proc/{server.pid}/environ").read_bytes()


async def test_valkey_keeps_what_it_acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENCRYPTION_KEYS", "hunter2")
    server = EmbeddedValkey(tmp_path / "data")
    url = server.start()
    assert b"hunter2" not in environment_of(server)
    assert await count_up(url) == 1
    assert server.restart() == url
    assert await count_up(url) == 2
    await asyncio.sleep(1.2)  # its file is synced once a second
    server.kill()
    server.start()
    assert await count_up(url) == 3
    server.stop()
    with EmbeddedValkey(tmp_path / "data") as again:
        assert await count_up(again.url) == 4


@pytest.mark.parametrize("kind", [EmbeddedPostgres, EmbeddedValkey])
async def test_a_second_server_on_the_folder_is_refused_and_harms_nothing(kind, tmp_path: Path):
    with kind(tmp_path, durable=False) as first:
        with pytest.raises(DataFolderInUse) as refused:
            kind(tmp_path, durable=False).start()
        assert str(os.getpid()) in str(refused.value)
        assert "DATA_DIR" in str(refused.value)
        assert first.folder.sockets.is_dir()
        assert first.restart()
    with kind(tmp_path, durable=False):
        pass


async def test_an_interrupted_initialization_is_done_again(tmp_path: Path):
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(tmp_path, durable=False) as server:
        assert await query(server.url, "SELECT 1") == 1
    assert not half.exists()


async def test_a_pid_file_that_names_a_stranger_is_put_aside(tmp_path: Path):
    """After a restart of the machine or container, the number belongs to somebody else."""
    with EmbeddedPostgres(tmp_path, durable=False) as server:
        content = (tmp_path / "postgres" / "postmaster.pid").read_text()
        server.kill()
    stale = content.split("\n")
    stale[0] = str(os.getppid())
    (tmp_path / "postgres" / "postmaster.pid").write_text("\n".join(stale))
    with EmbeddedPostgres(tmp_path, durable=False) as server:
        assert await query(server.url, "SELECT 1") == 1


async def test_damaged_data_are_reported_in_the_servers_words(tmp_path: Path):
    with EmbeddedPostgres(tmp_path, durable=False):
        pass
    (tmp_path / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedUnavailable, match="pg_control"):
        EmbeddedPostgres(tmp_path, durable=False).start()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedUnavailable, match="DATA_DIR"):
        EmbeddedPostgres(tmp_path / "file" / "data").start()


async def test_the_log_never_holds_the_values_of_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """And the server knows none of our secrets either."""
    for name in ("ENCRYPTION_KEYS", "FACEBOOK_APP_SECRET", "SEGMENT_DATABASES", "DATABASE_URL"):
        monkeypatch.setenv(name, "postgresql://hunter2@db/crm")
    lines: list[str] = []
    with EmbeddedPostgres(tmp_path, durable=False, on_line=lines.append) as server:
        assert b"hunter2" not in environment_of(server)
        await query(server.url, "CREATE TABLE one (v text UNIQUE)", "INSERT INTO one VALUES ('x')")
        secret = "person@example.com"
        insert = f"INSERT INTO one VALUES ({json.dumps(secret).replace(chr(34), chr(39))})"
        with pytest.raises(Exception, match="UniqueViolation"):
            await query(server.url, insert, insert)
    assert any("duplicate key" in line for line in lines)
    assert not any("example.com" in line for line in lines)
