"""A literal in a query may be somebody's address: it lies sealed, and is shown to those who may write it."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.db.rotation import rotate
from app.db.secrets import Vault, generate_key
from app.db.session import Database
from app.errors import ConfigurationError
from app.settings import Settings
from tests.access.callers import acting_as
from tests.conftest import ROOT
from tests.flows.journey import expect

PERSON = "very.private@example.com"
QUERY = f"SELECT email FROM people WHERE email <> '{PERSON}'"
SOURCE = {"kind": "postgres", "database": "crm", "query": QUERY}
SEALING = "5b8e2f60d9c7"


@pytest.fixture
async def settings(
    make_settings: Callable[..., Settings], database_url: str, reader_url: str
) -> Settings:
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    await connection.execute(
        "CREATE TABLE people (email text); INSERT INTO people VALUES ('a@example.com')"
    )
    await connection.close()
    return make_settings(segment_databases=f"crm={reader_url} owner={database_url}")


async def everything(database: Database) -> str:
    """All rows of all tables, with bytes as text."""
    async with database.transaction() as session:
        names = await session.scalars(
            text("select tablename from pg_tables where schemaname = 'public'")
        )
        rows = [
            repr(tuple(row))  # a row would be shown shortened
            for name in names.all()
            for row in (await session.execute(text(f'select * from "{name}"'))).all()
        ]
    return "\n".join(rows)


async def test_a_query_is_sealed_wherever_it_is_kept(
    api: httpx.AsyncClient, database: Database, settings: Settings
) -> None:
    body = {"name": "people", "source": SOURCE}
    once = {"Idempotency-Key": "make-people"}
    made = await expect(await api.post("/v1/segments", json=body, headers=once), 201)
    assert made["source"] == SOURCE
    again = await api.post("/v1/segments", json=body, headers=once)
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", made)
    where = f"/v1/segments/{made['id']}"
    other = {**SOURCE, "query": QUERY + " -- and others"}
    changed = await expect(await api.patch(where, json={"source": other}), 200)
    assert changed["source"] == other
    assert (await expect(await api.post(f"{where}/refresh"), 200))["member_count"] == 1
    assert (await api.get("/v1/configuration")).json()["segments"][0]["source"] == other
    assert PERSON not in await everything(database)
    events = (await api.get("/v1/audit-events")).json()["items"]
    hashes = [hashlib.sha256(text.encode()).hexdigest() for text in (QUERY, other["query"])]
    by_action = {item["action"]: item for item in events}
    assert by_action["segment.created"]["after"]["source"]["query_sha256"] == hashes[0]
    updated = by_action["segment.updated"]
    assert [updated[side]["source"]["query_sha256"] for side in ("before", "after")] == hashes

    for role in ("contributor", "viewer"):
        async with acting_as(api, role) as caller:
            for seen in (
                (await caller.get(where)).json(),
                (await caller.get("/v1/segments")).json()["items"][0],
            ):
                assert seen["source"] == {"kind": "postgres", "database": "crm", "query": None}
            assert PERSON not in (await caller.get(where)).text

    # a new key opens it too, and then alone
    old, new = settings.encryption_keys[0].get_secret_value(), generate_key()
    done = await rotate(database, Vault([new, old]))
    assert (done.resealed["segments.query"], done.resealed["idempotency_keys.body"]) == (1, 1)
    assert done.unreadable == ()


async def test_a_table_in_its_place_leaves_nothing_sealed(
    api: httpx.AsyncClient, database: Database
) -> None:
    made = await expect(
        await api.post("/v1/segments", json={"name": "people", "source": SOURCE}), 201
    )
    table = {"kind": "postgres", "database": "crm", "table": "people"}
    changed = await api.patch(f"/v1/segments/{made['id']}", json={"source": table})
    assert (await expect(changed, 200))["source"] == table
    async with database.transaction() as session:
        assert await session.scalar(text("select query from segments")) is None
    (event, *_) = (await api.get("/v1/audit-events?action=segment.updated")).json()["items"]
    assert event["after"]["source"] == table


async def test_an_account_that_may_write_is_refused_on_saving(api: httpx.AsyncClient) -> None:
    """With the sentence how to make one that may not, and without the query."""
    body = {"name": "people", "source": {**SOURCE, "database": "owner"}}
    problem = await expect(await api.post("/v1/segments", json=body), 422)
    assert problem["code"] == "account-may-write"
    assert "CREATE ROLE segment_reader" in problem["detail"]
    assert PERSON not in str(problem)


async def migrated(database: Database, work: Callable[..., None], revision: str | None) -> None:
    def run(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(ROOT / "migrations"))
        config.attributes["connection"] = connection
        before = ScriptDirectory.from_config(config).get_revision(SEALING).down_revision
        work(config, revision or before)

    async with database.engine.begin() as connection:
        await connection.run_sync(run)


async def test_what_lay_in_plain_is_sealed_by_the_migration(
    api: httpx.AsyncClient,
    database: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body, once = {"name": "people", "source": SOURCE}, {"Idempotency-Key": "make-people"}
    made = await expect(await api.post("/v1/segments", json=body, headers=once), 201)
    monkeypatch.setenv("ENCRYPTION_KEYS", settings.encryption_keys[0].get_secret_value())
    await migrated(database, command.downgrade, None)
    async with database.transaction() as session:
        assert await session.scalar(text("select source->>'query' from segments")) == QUERY
        document = json.dumps({"source": SOURCE})
        await session.execute(
            text("update audit_events set after = cast(:document as jsonb)"), {"document": document}
        )
    # as 0.1 kept it: three times in plain
    assert (await everything(database)).count(PERSON) == 3
    with monkeypatch.context() as without:
        without.delenv("ENCRYPTION_KEYS")
        with pytest.raises(ConfigurationError, match="ENCRYPTION_KEYS"):
            await migrated(database, command.upgrade, "head")
    await migrated(database, command.upgrade, "head")
    assert PERSON not in await everything(database)
    assert (await expect(await api.get(f"/v1/segments/{made['id']}"), 200))["source"] == SOURCE
    again = await api.post("/v1/segments", json=body, headers=once)
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", made)
    events: list[Any] = (await api.get("/v1/audit-events")).json()["items"]
    assert {item["after"]["source"]["query_sha256"] for item in events} == {
        hashlib.sha256(QUERY.encode()).hexdigest()
    }
