"""What ENCRYPTION_KEYS protect: tokens sealed, API keys hashed, rotated while runs are under way, lost."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from app.db.models import Base
from app.db.rotation import SEALED, rotate, seal_plain_answers
from app.db.secrets import SecretUnreadable, Vault, generate_key
from app.db.session import Database
from app.settings import Settings
from tests.access.callers import bearing, make_key
from tests.access.deployments import deployed
from tests.flows.journey import (
    TOKEN,
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)

ROOT = Path(__file__).parents[2]
PUSHED = {"name": "pushed", "source": {"kind": "upload"}}
MEMBERS = b"EMAIL,EXTERN_ID\na@example.com,c-1\n"


async def scalar(database: Database, statement: str) -> Any:
    async with database.transaction() as session:
        return await session.scalar(text(statement))


async def test_a_token_is_sealed_for_its_row(api: httpx.AsyncClient, database: Database) -> None:
    one = await make_connection(api)
    two = await make_connection(api, audience={"name": "Other list"})
    stored = await scalar(database, f"select token from connections where id = '{one['id']}'")
    assert TOKEN.encode() not in stored
    # a ciphertext that was copied into another row does not open there
    async with database.transaction() as session:
        copy = text("update connections set token = :token where id = :id")
        await session.execute(copy, {"token": stored, "id": two["id"]})
    answer = await api.get(f"/v1/connections/{two['id']}/ad-accounts")
    assert (await expect(answer, 500))["code"] == "secret-unreadable"
    assert (await api.get(f"/v1/connections/{one['id']}/ad-accounts")).status_code == 200


async def test_an_api_key_is_kept_as_a_keyed_hash(
    api: httpx.AsyncClient, database: Database, settings: Settings
) -> None:
    made = await make_key(api, "viewer")
    row = await scalar(database, "select k::text from api_keys k")
    assert made["key"] not in row
    assert made["key"].removeprefix("aek_") not in row
    stored = await scalar(database, "select key_hash from api_keys")
    vault = Vault([key.get_secret_value() for key in settings.encryption_keys])
    assert stored == vault.key_hashes(made["key"])[0]
    assert stored not in Vault([generate_key()]).key_hashes(made["key"])


async def test_api_keys_go_on_under_every_encryption_key(
    api: httpx.AsyncClient, make_settings: Any, settings: Settings, database: Database
) -> None:
    old = settings.encryption_keys[0].get_secret_value()
    new = generate_key()
    used, unused = await make_key(api, "viewer"), await make_key(api, "viewer")
    async with (
        deployed(make_settings(encryption_keys=f"{new},{old}")) as both,
        bearing(both, used["key"]) as caller,
    ):
        assert (await caller.get("/v1/me")).status_code == 200
    assert (await rotate(database, Vault([new, old]))).api_keys_left == 1
    async with deployed(make_settings(encryption_keys=new)) as only_new:
        async with bearing(only_new, used["key"]) as caller:
            assert (await caller.get("/v1/me")).status_code == 200
        async with bearing(only_new, unused["key"]) as caller:
            assert (await caller.get("/v1/me")).status_code == 401


async def test_an_answer_of_the_release_before_is_given_again_and_sealed(
    api: httpx.AsyncClient, settings: Settings, database: Database
) -> None:
    """Processes of 0.1 keep answers plain, and go on for a while after the migration."""
    vault = Vault([key.get_secret_value() for key in settings.encryption_keys])

    async def asked(key: str) -> httpx.Response:
        body = PUSHED | {"name": f"of_{key}"}
        return await api.post("/v1/segments", json=body, headers={"Idempotency-Key": key})

    first, other = await asked("one"), await asked("two")
    put = text("update idempotency_keys set body = :body where key = :key")
    lost = Vault([generate_key()]).seal(other.text, owner="whatever")
    async with database.transaction() as session:
        await session.execute(put, {"key": "one", "body": first.content})
        await session.execute(put, {"key": "two", "body": lost})
    for sealed in (1, 0):
        again = await asked("one")
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["idempotency-replayed"] == "true"
        assert await seal_plain_answers(database, vault) == sealed
        assert b"of_one" not in await scalar(
            database, "select body from idempotency_keys where key = 'one'"
        )
    # what a lost key sealed is no plain answer
    assert await scalar(database, "select body from idempotency_keys where key = 'two'") == lost


def rotate_command(settings: Settings, keys: str) -> "subprocess.CompletedProcess[str]":
    """`audience-export keys rotate` as an operator calls it."""
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": settings.database_url}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "keys", "rotate"],
        env=environment | {"ENCRYPTION_KEYS": keys},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_rotation_with_a_run_in_flight(
    make_settings: Any,
    settings: Settings,
    sandbox: Any,
    segment_root: Path,
    database: Database,
    work: Any,
) -> None:
    """Every stored secret moves to the new key while a run delivers; then the old key can go."""
    old, new = settings.encryption_keys[0].get_secret_value(), generate_key()
    rows = "".join(f"m{number}@example.com,c-{number}\n" for number in range(30_000))
    (segment_root / "m.csv").write_text("email,customer\n" + rows)
    both = make_settings(encryption_keys=f"{new},{old}", upload_concurrency=1)
    async with deployed(settings) as before:
        connection = await make_connection(before)
        for number in range(3):
            await make_connection(before, audience={"name": f"Other {number}"})
        body = {"url": "https://hooks.example.com/x", "events": ["run.finished"]}
        hook = await before.post("/v1/webhooks", json=body)
        assert hook.status_code == 201, hook.text
        pushed = await expect(await before.post("/v1/segments", json=PUSHED), 201)
        path = f"/v1/segments/{pushed['id']}/members"
        for _ in range(2):
            answer = await before.put(path, content=MEMBERS, headers={"Content-Type": "text/csv"})
            assert answer.status_code == 200, answer.text
        other = await make_connection(before, audience={"name": "of the pushed"})
        keys = {"EMAIL": "EMAIL", "EXTERN_ID": "EXTERN_ID"}
        later = await make_export(before, other, pushed, attributes=keys, sync_mode="mirror")
        run = await start_run(before, later)
        await work(settings)
        assert (await get_run(before, run))["status"] == "succeeded"
    async with deployed(both) as api:
        segment = await make_segment(api, str(segment_root / "m.csv"))
        keys = {"EMAIL": "email", "EXTERN_ID": "customer"}
        export = await make_export(api, connection, segment, attributes=keys)
        before_it = len(sandbox.requests("/users"))
        # the first batch is on its way until the keys are rotated
        sandbox.control("PUT", "settings", json={"latency": 0.1})
        slow = {"kind": "slow", "delay": 4, "times": 1, "match": {"path": "users$"}}
        sandbox.control("POST", "faults", json=slow)
        run = await start_run(api, export)
        working = asyncio.create_task(work(both))
        # the sandbox tells when asked
        while len(sandbox.requests("/users")) <= before_it:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        rotated = await rotate(database, Vault([new, old]))
        during = await get_run(api, run)
        await working
        assert rotated.resealed == {
            "connections.token": 5,
            "webhooks.secret": 1,
            "webhooks.previous_secret": 0,
            "segments.query": 0,
            "idempotency_keys.body": 0,
            # keys of staged files: of a mirror's last delivery, and of two pushes
            "runs.plan": 0,
            "export_baselines.delivered": 1,
            "export_baselines.pending": 0,
            "segment_uploads.manifest": 2,
        }
        assert (rotated.unreadable, rotated.api_keys_left) == ((), 0)
        assert during["status"] == "running"
        assert (await get_run(api, run))["status"] == "succeeded"
        assert (await get_run(api, run))["counts"]["received"] == 30_000
    # a reader of before the rotation must not write the old value back: the version went on
    async with deployed(make_settings(encryption_keys=new)) as api:
        sandbox.control("PUT", "settings", json={"latency": 0})
        after = await expect(await api.get(f"/v1/connections/{connection['id']}"), 200)
        assert after["version"] == connection["version"] + 1
        assert after["updated_at"] == connection["updated_at"]
        assert (await api.get(f"/v1/connections/{connection['id']}/ad-accounts")).status_code == 200
        more = b"EMAIL,EXTERN_ID\na@example.com,c-1\nb@example.com,c-2\n"
        answer = await api.put(path, content=more, headers={"Content-Type": "text/csv"})
        assert answer.status_code == 200, answer.text
        run = await start_run(api, later)
        await work(make_settings(encryption_keys=new))
        assert (await get_run(api, run))["counts"]["added"] == 1, "compared with what was sealed"
    again = await rotate(database, Vault([new]))
    assert sum(again.resealed.values()) == 0
    assert again.unreadable == ()


async def test_the_command_says_what_it_did(
    api: httpx.AsyncClient, make_settings: Any, settings: Settings
) -> None:
    old, new = settings.encryption_keys[0].get_secret_value(), generate_key()
    connection = await make_connection(api)
    done = await asyncio.to_thread(rotate_command, settings, f"{new},{old}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "connections.token: 1 encrypted anew" in done.stdout
    assert "Nothing needs an older key any more." in done.stdout
    assert new not in done.stdout
    newest = (await expect(await api.get("/v1/audit-events"), 200))["items"][0]
    assert (newest["actor"], newest["action"]) == ("system", "secrets.rotated")
    assert newest["after"]["connections.token"] == 1
    async with deployed(make_settings(encryption_keys=new)) as later:
        path = f"/v1/connections/{connection['id']}/ad-accounts"
        assert (await later.get(path)).status_code == 200


async def test_every_sealed_column_is_rotated() -> None:
    """A new column of bytes is either named in the rotation or known to be no secret."""
    no_secrets = {
        ("sign_ins", "state_hash"),
        ("sign_ins", "browser_hash"),
        ("api_keys", "key_hash"),
        ("idempotency_keys", "request_hash"),
        ("suppressions", "hash"),
        ("sessions", "token_hash"),
        ("sessions", "credential_hash"),
        ("sign_in_links", "ticket_hash"),
        ("sign_in_links", "credential_hash"),
    }
    binary = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if "BYTEA" in str(column.type) or "BLOB" in str(column.type)
    }
    assert binary - no_secrets == {(place.table.name, place.column) for place in SEALED}


async def test_a_lost_key_is_said_and_stops_nothing_else(
    api: httpx.AsyncClient,
    make_settings: Any,
    settings: Settings,
    segment_root: Path,
    sandbox: Any,
    work: Any,
) -> None:
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "m.csv"))
    export = await make_export(api, connection, segment)
    lost = make_settings(encryption_keys=generate_key())
    path = f"/v1/connections/{connection['id']}"
    async with deployed(lost) as later:
        # what needs no secret goes on
        shown = await expect(await later.get(path), 200)
        assert shown["token"]["last4"] == TOKEN[-4:]
        assert (await later.patch(path, json={"display_name": "Renamed"})).status_code == 200
        for call in (
            later.get(f"{path}/audiences"),
            later.post(f"{path}/check"),
            later.delete(path, params={"revoke": "true", "detach": "true"}),
        ):
            answer = await call
            problem = await expect(answer, 500)
            assert problem["code"] == "secret-unreadable"
            assert problem["culprit"] == "system"
            assert "ENCRYPTION_KEYS" in problem["detail"]
        sandbox.control("DELETE", "requests")
        run = await start_run(later, export)
        await work(lost)
        ended = await get_run(later, run)
        assert (ended["status"], ended["error"]["code"]) == ("failed", "secret-unreadable")
        assert sandbox.requests("/users") == []
        rotated = await asyncio.to_thread(
            rotate_command, settings, lost.encryption_keys[0].get_secret_value()
        )
        assert rotated.returncode == 1
        assert f"{connection['id']}: cannot be read" in rotated.stderr
        # a new token needs no old one
        renewed = await later.patch(path, json={"access_token": TOKEN})
        assert (await expect(renewed, 200))["status"] == "ready"
        run = await start_run(later, export)
        await work(lost)
        assert (await get_run(later, run))["status"] == "succeeded"


def test_a_secret_of_no_form_is_unreadable_and_no_crash() -> None:
    key = generate_key()
    vault = Vault([key])
    sealed = vault.seal("text", owner="a")
    assert vault.open(sealed, owner="a") == "text"
    for broken in (b"", b"x", sealed[:8], sealed[:15], sealed[:-1], sealed + b"x"):
        for owner in ("a", "b"):
            try:
                vault.open(broken, owner=owner)
            except SecretUnreadable:
                continue
            raise AssertionError(broken)
    assert key not in repr(vault)
