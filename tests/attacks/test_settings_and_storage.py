"""Settings that would send tokens in the clear, and a database whose disk is full."""

import asyncio

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.db.session import Database, database_errors
from app.errors import Unavailable
from app.settings import Settings


@pytest.mark.parametrize(
    ("address", "is_taken"),
    [
        ("https://graph.facebook.com", True),
        ("http://127.0.0.1:8090", True),
        ("http://localhost:8090", True),
        ("http://[::1]:8090", True),
        ("http://graph.facebook.com", False),
        ("http://10.0.0.5", False),
        ("http://127.0.0.1.example.com", False),
    ],
)
def test_tokens_go_to_other_machines_encrypted(address: str, is_taken: bool) -> None:
    for values in (
        {"graph_api_url": address},
        {"oidc_issuer": address, "oidc_audience": "us"},
    ):
        if is_taken:
            Settings(**values)  # type: ignore[arg-type]
        else:
            with pytest.raises(ValueError, match="https"):
                Settings(**values)  # type: ignore[arg-type]
        Settings(**values, allow_plain_http=True)  # type: ignore[arg-type]


def test_a_full_disk_is_said() -> None:
    full = asyncpg.DiskFullError("could not extend file")
    for error in (full, DBAPIError("insert", {}, full)):
        with pytest.raises(Unavailable) as raised, database_errors():
            raise error
        assert raised.value.code == "database-full"


async def test_a_full_disk_is_an_answer(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Postgres says when it cannot extend a file reaches the caller as 503."""

    async def flush(*_: object, **__: object) -> None:
        raise asyncpg.DiskFullError("could not extend file")

    monkeypatch.setattr("sqlalchemy.ext.asyncio.AsyncSession.flush", flush)
    answer = await api.post("/v1/connections", json={"display_name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (503, "database-full")
    assert answer.headers["retry-after"]


async def test_a_connection_that_died_is_replaced_before_it_is_used(database: Database) -> None:
    """Connections are looked at before they are used, unless they worked a second ago."""
    async with database.transaction() as session:
        pid = await session.scalar(text("select pg_backend_pid()"))
    killer = Database(database.engine.url.render_as_string(hide_password=False))
    async with killer.transaction() as session:
        await session.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
    await killer.close()
    await asyncio.sleep(1.1)
    async with database.reading() as session:
        assert await session.scalar(text("select pg_backend_pid()")) != pid
