"""After a full run nothing plain is left behind: not in the database, the queue, a file or a log (S62).

Real processes at LOG_LEVEL=DEBUG work on known identifiers with known tokens, through success and
failure. Then everything that was written is searched, and the search is tried on what was planted.
"""

import asyncio
import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import httpx
import polars as pl
import pytest
import redis

from app.db.secrets import Vault
from tests.flows.journey import ACCOUNT, expect
from tests.leaks.conftest import Deployment
from tests.leaks.members import BIRTH, COLUMNS, CUSTOMER, DEVICE, DIGITS, MARK, ROWS
from tests.leaks.scan import Scanner, files_under
from tests.operate.lines import check_fields, lines_of
from tests.sources.lake import Lake
from tests.sources.mariadb import execute
from tests.warehouses.places import Place, private_key
from tests.warehouses.wire import ACCESS_TOKEN, says

TOKENS = {"user": "sandbox-user-token", "system": "sandbox-system-token"}
MAPPING = {
    "EMAIL": "email",
    "PHONE": "phone",
    "FN": "fn",
    "LN": "ln",
    "DOB": "dob",
    "CT": "ct",
    "ST": "st",
    "ZIP": "zip",
    "COUNTRY": "country",
    "EXTERN_ID": "customer",
    "MADID": "device",
}


class Story:
    """What callers do, and every secret that was in play."""

    def __init__(self, deployment: Deployment, api: httpx.AsyncClient) -> None:
        self.deployment = deployment
        self.api = api
        self.secrets: dict[str, str] = {
            "identifier": MARK,
            "telephone": DIGITS,
            "device": DEVICE,
            "birth date": BIRTH[0],
            "birth date, packed": BIRTH[1],
            "bootstrap key": deployment.bootstrap_key,
            "encryption key": deployment.encryption_key,
            "app secret": "sandbox-app-secret",
            **{f"{name} token": token for name, token in TOKENS.items()},
        }

    async def post(self, path: str, status: int, **sent: Any) -> dict[str, Any]:
        return await expect(await self.api.post(path, **sent), status)

    def sandbox(self, path: str, body: Mapping[str, Any], method: str = "POST") -> None:
        answer = httpx.request(method, f"{self.deployment.sandbox_url}/_sandbox/{path}", json=body)
        assert answer.is_success, answer.text

    async def connect(self, token: str, audience: str) -> dict[str, Any]:
        version = (await expect(await self.api.get("/v1/consent"), 200))["version"]
        body = {
            "display_name": audience,
            "access_token": token,
            "ad_account_id": ACCOUNT,
            "audience": {"name": audience},
            "consent": {"accepted": True, "version": version},
        }
        headers = {"Idempotency-Key": f"connect-{audience}"}
        return await self.post("/v1/connections", 201, json=body, headers=headers)

    async def sign_in(self, connection: Mapping[str, Any]) -> None:
        """Continue with Facebook; the new token is read where only the key opens it."""
        begun = await self.api.post(f"/v1/connections/{connection['id']}/authorize")
        url = (await expect(begun, 200))["authorization_url"]
        self.secrets["state"] = parse_qs(urlsplit(url).query)["state"][0]
        self.secrets["cookie"] = next(iter(self.api.cookies.jar)).value or ""
        async with httpx.AsyncClient() as browser:
            back = (await browser.get(f"{url}&answer=continue")).headers["location"]
        self.secrets["code"] = parse_qs(urlsplit(back).query)["code"][0]
        await expect(await self.api.get(back), 200)
        database = await asyncpg.connect(self.deployment.postgres.url.replace("+asyncpg", ""))
        query = "select token from connections where id = $1"
        sealed = await database.fetchval(query, connection["id"])
        await database.close()
        owner = f"connections/{connection['id']}/token"
        self.secrets["signed-in token"] = Vault([self.deployment.encryption_key]).open(
            sealed, owner=owner
        )

    async def segment(self, name: str, **source: Any) -> dict[str, Any]:
        return await self.post("/v1/segments", 201, json={"name": name, "source": source})

    async def export(
        self, connection: Mapping[str, Any], segment: Mapping[str, Any], **changes: Any
    ) -> dict[str, Any]:
        body = {
            "display_name": "Export",
            "connection_id": connection["id"],
            "key_identifier": "email",
            "attributes": MAPPING,
            "segment_ids": [segment["id"]],
            "default_country": "DE",
            "date_format": "DD.MM.YYYY",
        }
        return await self.post("/v1/exports", 201, json=body | changes)

    async def run(self, export: Mapping[str, Any]) -> dict[str, Any]:
        run = await self.post(f"/v1/exports/{export['id']}/runs", 202)
        for _ in range(1_200):
            run = await expect(await self.api.get(f"/v1/runs/{run['id']}"), 200)
            if run["status"] not in {"queued", "running"}:
                return run
            await asyncio.sleep(0.1)
        raise AssertionError(run)

    async def delivered(self, export: Mapping[str, Any]) -> dict[str, Any]:
        run = await self.run(export)
        assert run["error"] is None, run
        return run["counts"]


async def successes(story: Story, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A connection by token, one by sign-in; add and mirror; a file and a push; preview, explanation."""
    file = folder / "members.csv"
    file.write_text("\n".join([COLUMNS, *ROWS]) + "\n")
    connection = await story.connect(TOKENS["user"], "First")
    second = await story.connect(TOKENS["system"], "Second")
    await story.sign_in(second)
    segment = await story.segment("members", kind="file", url=str(file))
    await expect(await story.api.get(f"/v1/segments/{segment['id']}/attributes"), 200)
    added = await story.export(connection, segment)
    await story.post(f"/v1/exports/{added['id']}/preview", 200)
    assert (await story.delivered(added))["received"] == 2
    mirrored = await story.export(second, segment, sync_mode="mirror", allow_shrink=True)
    assert (await story.delivered(mirrored))["received"] == 2
    file.write_text("\n".join([COLUMNS, *ROWS[1:]]) + "\n")
    assert (await story.delivered(mirrored))["removed"] == 1
    pushed = await story.segment("pushed", kind="upload")
    for _ in range(2):
        answer = await story.api.put(
            f"/v1/segments/{pushed['id']}/members",
            content=f"EMAIL,PHONE,FN,EXTERN_ID,MADID\n{MARK}.eve@example.org,+4915{DIGITS},Eve{MARK},"
            f"{CUSTOMER}-4,{DEVICE}\n{MARK},{MARK},x,,\n"
            # somebody whom the erasure does not meet
            f"{MARK}.fay@example.org,,Fay{MARK},{CUSTOMER}-5,{DEVICE}\n",
            headers={"Content-Type": "text/csv"},
        )
        assert answer.status_code == 200, answer.text
    keys = {name: name for name in ("EMAIL", "PHONE", "FN", "EXTERN_ID", "MADID")}
    assert (await story.run(await story.export(connection, pushed, attributes=keys)))[
        "error"
    ] is None
    member = {"EMAIL": f"{MARK}@example.org", "PHONE": DIGITS, "DOB": BIRTH[0]}
    # it is the caller's own value that comes back here, and nowhere else does it go
    await story.post("/v1/identifiers/explain", 200, json={"member": member})
    return connection, added


async def databases(story: Story, connection: Mapping[str, Any]) -> None:
    """The same members in a lake and in a MariaDB, read well and badly: drivers and servers quote values."""
    deployment = story.deployment
    story.secrets["database password"] = deployment.maria_password
    frame = pl.read_csv("\n".join([COLUMNS, *ROWS]).encode(), infer_schema=False)
    lake = await asyncio.to_thread(Lake, deployment.members / "lake")
    await asyncio.to_thread(lake.table, "members", frame)
    members = {"kind": "iceberg", "database": "lake", "table": "crm.members"}
    export = await story.export(connection, await story.segment("lake", **members))
    await story.post(f"/v1/exports/{export['id']}/preview", 200)
    assert (await story.delivered(export))["received"] == 2
    cut(Path(lake.files("members")[0].removeprefix("file://")))
    assert (await story.run(export))["error"]["code"] == "source-changed"
    if not deployment.maria:
        return
    names = ", ".join(f"`{name}` text" for name in frame.columns)
    await execute(
        deployment.maria,
        "CREATE DATABASE shop CHARACTER SET utf8mb4",
        f"CREATE TABLE shop.members ({names})",
        f"CREATE USER reader IDENTIFIED BY '{deployment.maria_password}'",
        "GRANT SELECT ON shop.* TO reader",
        f"INSERT INTO shop.members VALUES ({', '.join(['%s'] * frame.width)})",
        rows=frame.rows(),
    )
    shop = {"kind": "mysql", "database": "shop"}
    export = await story.export(connection, await story.segment("shop", **shop, table="members"))
    await story.post(f"/v1/exports/{export['id']}/preview", 200)
    assert (await story.delivered(export))["received"] == 2
    # the server warns of each value that is no number, and quotes it
    warned = "SELECT email, CAST(phone AS DOUBLE) AS phone, email + 0 AS fn FROM members"
    segment = await story.segment("shop_warned", **shop, query=warned)
    changes = {"attributes": {"EMAIL": "email", "PHONE": "phone", "FN": "fn"}}
    await story.run(await story.export(connection, segment, **changes))
    # and fails with it in its message
    failing = f"SELECT email FROM members WHERE email = '{MARK}' AND extractvalue(email, concat('$', email))"
    body = {"name": "shop_failing", "source": {**shop, "query": failing}}
    answer = await story.api.post("/v1/segments", json=body)
    assert MARK not in answer.text or answer.status_code == 201


async def warehouses(story: Story, connection: Mapping[str, Any]) -> None:
    """The same members in another Postgres and in warehouses, read well; then their errors quote values."""
    deployment = story.deployment
    story.secrets |= {
        "Google's token": ACCESS_TOKEN,
        "private key": private_key().splitlines()[5],
        "ClickHouse's password": "hunter2 /",
    }
    frame = pl.read_csv("\n".join([COLUMNS, *ROWS]).encode(), infer_schema=False)
    other = await asyncpg.connect(deployment.crm)
    await other.execute("CREATE ROLE reads LOGIN; GRANT pg_read_all_data TO reads")
    await other.execute(
        f"CREATE TABLE members ({', '.join(f'{name} text' for name in frame.columns)})"
    )
    await other.copy_records_to_table("members", records=frame.rows())
    await other.close()
    quoting = {
        "crm": {"kind": "postgres", "query": "SELECT email::int AS email FROM members"},
        "clickhouse": {"kind": "clickhouse", "query": "SELECT toInt8(email) AS email FROM members"},
    }
    for place in (deployment.bigquery, deployment.snowflake):
        assert place is not None
        place.double.engine.load("members", list(frame.columns), frame.rows())
        quoting[place.kind] = {"kind": place.kind, "query": "SELECT email FROM crm.members"}
    if not deployment.clickhouse:
        del quoting["clickhouse"]
    for name, source in quoting.items():
        table = "members" if name in {"crm", "clickhouse"} else "crm.members"
        given = {"kind": source["kind"], "database": name}
        good = await story.segment(f"{name}_good", **given, table=table)
        export = await story.export(connection, good)
        await story.post(f"/v1/exports/{export['id']}/preview", 200)
        assert (await story.delivered(export))["received"] == 2, name
        await expect(await story.api.post(f"/v1/segment-sources/{name}/check"), 200)
        failing = await story.segment(f"{name}_failing", **given, query=source["query"])
        export = await story.export(connection, failing, attributes={"EMAIL": "email"})
        for number, fault in enumerate(_quoting(source["kind"])):
            place = getattr(deployment, name, None)
            if isinstance(place, Place):
                place.double.next = fault
            run = await story.run(export)
            # what breaks off is asked for again, and then it is well
            assert bool(run["error"]) is (number == 0), (name, run)
            assert MARK not in str(run)


def _quoting(kind: str) -> list[Any]:
    """Answers of a double that quote a value: a refusal, and an answer that breaks off behind it."""
    if kind == "bigquery":
        words = {
            "message": f"Bad int64 value: {MARK}.ada@example.org",
            "errors": [{"reason": "invalidQuery"}],
        }
        return [[("jobs", says(400, {"error": words}))], [("maxResults=[1-9]", _breaks)]]
    if kind == "snowflake":
        words = {
            "code": "100038",
            "message": f"Numeric value '{MARK}@example.org' is not recognized",
        }
        return [[("statements", says(422, words))], [("partition=|statements/[^?]+$", _breaks)]]
    return [None]


def _breaks(handler: Any) -> None:
    """Half an answer with a member in it, and then nothing."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(f'{{"rows": [{{"f": [{{"v": "{MARK}.ada@example.org'.encode())
    handler.close_connection = True
    handler.connection.shutdown(2)


def cut(file: Path) -> None:
    """Take the end of it away."""
    file.write_bytes(file.read_bytes()[:-8])


async def failures(story: Story, folder: Path, connection: Mapping[str, Any]) -> None:
    """Everything that goes wrong with a value in its hand."""
    api = story.api
    for name, content in {
        "ragged": f"{COLUMNS}\n{ROWS[0]}\n{MARK},{MARK},{MARK}\n".encode(),
        "odd": f"{COLUMNS}\n{ROWS[0]}\n".encode() + f"\xff\xfe{MARK}\n".encode("latin-1"),
        "open": f'{COLUMNS}\n"{MARK},{MARK}\n{MARK}\n'.encode(),
    }.items():
        file = folder / f"{name}.csv"
        file.write_text("\n".join([COLUMNS, *ROWS]) + "\n")
        segment = await story.segment(name, kind="file", url=str(file))
        export = await story.export(connection, segment)
        file.write_bytes(content)
        run = await story.run(export)
        assert MARK not in str(run), name
    for fault in (
        {"kind": "code2", "times": 1, "match": {"path": "/users"}},
        {"kind": "html502", "times": 1, "match": {"path": "/users"}},
        {"kind": "hangup-after", "times": 1, "match": {"path": "/users"}},
        {"kind": "error", "code": 100, "message": f"Invalid {MARK}", "user_msg": MARK, "times": 1,
         "match": {"path": "/users"}},
        {"kind": "token-expired", "times": 1, "match": {"path": "/users"}},
    ):  # fmt: skip
        story.sandbox("faults", fault)
        file = folder / "good.csv"
        file.write_text("\n".join([COLUMNS, *ROWS]) + "\n")
        name = f"good_{fault['kind'].replace('-', '_')}"
        segment = await story.segment(name, kind="file", url=str(file))
        await story.run(await story.export(connection, segment))
    body = {
        "display_name": [MARK],
        "access_token": TOKENS["user"] + "\n",
        "audience": {"id": MARK},
        f"{MARK}@example.org": DIGITS,
        "ad_account_id": MARK,
    }
    for answer in (
        await api.post("/v1/connections", json=body),
        await api.post(
            "/v1/connections", json={"display_name": "n", "access_token": TOKENS["user"] + MARK}
        ),
        await api.post("/v1/erasures", json={"people": [{"EMAIL": [MARK, 7], f"{MARK}@x": 1}]}),
        await api.post("/v1/identifiers/explain", json={"member": {"EMAIL": [MARK]}}),
        await api.post("/v1/segments", content=f'{{"name": "{MARK}'.encode()),
        await api.get(f"/v1/exports/{MARK}@example.org"),
        await api.get("/v1/exports", params={"cursor": MARK}),
        await api.get("/v1/me", headers={"Authorization": f"Bearer {TOKENS['user']}"}),
        await api.get("/v1/oauth/facebook/callback", params={"state": MARK, "code": MARK}),
    ):
        assert answer.is_client_error, answer.text
        assert MARK not in answer.text
        assert TOKENS["user"] not in answer.text


async def the_rest(story: Story) -> None:
    """Keys, webhooks and an erasure: more secrets, and people named by their identifiers."""
    key = await story.post("/v1/api-keys", 201, json={"display_name": "k", "role": "viewer"})
    story.secrets["API key"] = key["key"]
    bearer = {"Authorization": f"Bearer {key['key']}"}
    await expect(await story.api.get("/v1/me", headers=bearer), 200)
    hook = {"url": "http://127.0.0.1:9/hook", "events": ["run.finished"]}
    made = await story.post("/v1/webhooks", 201, json=hook)
    story.secrets["webhook secret"] = made["secret"].removeprefix("whsec_")
    people = [{"EMAIL": f"{MARK}.ada@example.org", "PHONE": [f"+4915{DIGITS}"]}]
    erasure = await story.post("/v1/erasures", 202, json={"people": people})
    for _ in range(1_200):
        answer = await story.api.get(f"/v1/erasures/{erasure['id']}")
        if (await expect(answer, 200))["status"] in {"done", "failed"}:
            break
        await asyncio.sleep(0.1)


async def everything(deployment: Deployment) -> list[tuple[str, bytes]]:
    """All that was written: tables, Valkey's keys, and the files of both, of the rows and of the logs.

    The files of both hold also what was written and is gone: the write-ahead log, the append-only file.
    """
    places = [place async for place in deployment.dump()]
    places += deployment.cached()
    places += files_under(deployment.data, deployment.snapshots, deployment.logs)
    return places


@pytest.mark.timeout(400)
async def test_nothing_plain_is_left_behind(deployment: Deployment) -> None:
    headers = {"Authorization": f"Bearer {deployment.bootstrap_key}"}
    async with httpx.AsyncClient(base_url=deployment.url, headers=headers, timeout=60) as api:
        story = Story(deployment, api)
        connection, export = await successes(story, deployment.members)
        await databases(story, connection)
        await warehouses(story, connection)
        await failures(story, deployment.members, connection)
        await the_rest(story)
        await story.post(f"/v1/exports/{export['id']}/duplicate", 201)
        page = await api.get("/metrics")
    scanner = Scanner(story.secrets)
    places = [*await everything(deployment), ("metrics", page.content)]
    names = [name for name, _ in places]
    # what is searched is really there
    for part in (
        "table runs",
        "table run_batches",
        "pg_wal",
        ".aof",
        "snapshots",
        "api.log",
        "worker.log",
        "traces.log",
    ):
        assert any(part in name for name in names), part
    logs = b"".join(content for name, content in places if name.endswith(".log"))
    assert b"run.claimed" in logs
    await check_lines(deployment)
    # pushed members whom nobody erased lie there, with their plain columns sealed
    kept = [content for name, content in places if name.endswith(".rows")]
    assert len([content for content in kept if b'"form":"sealed"' in content]) >= 1
    assert scanner.found_in(places) == {}
    await plants_are_found(deployment, scanner)


async def check_lines(deployment: Deployment) -> None:
    """Every line is JSON; requests and runs have one each, with the fields of docs/logs.md and no others."""
    found = lines_of(deployment.logs / "api.log", deployment.logs / "worker.log")
    check_fields(found)
    ended = sorted(line["run_id"] for line in found if line["event"] == "run.ended")
    database = await asyncpg.connect(deployment.postgres.url.replace("+asyncpg", ""))
    rows = await database.fetch("select id from runs where finished_at is not null order by id")
    await database.close()
    assert ended == [row["id"] for row in rows]


async def plants_are_found(deployment: Deployment, scanner: Scanner) -> None:
    """The same search finds a secret in each of those places, in whatever form it is written there."""
    address = f"{MARK}.ada@example.org"
    database = await asyncpg.connect(deployment.postgres.url.replace("+asyncpg", ""))
    await database.execute("update segments set display_name = $1 where name = 'members'", address)
    await database.close()
    with redis.Redis.from_url(deployment.valkey.url) as client:
        client.set("planted", base64.b64encode(f"x{TOKENS['user']}".encode()))
    (deployment.snapshots / "planted").write_bytes(b"\x00\x01" + address.encode().hex().encode())
    (deployment.data / "planted").write_bytes(address.encode("utf-16-le"))
    with (deployment.logs / "api.log").open("ab") as log:
        log.write(quote(f"call {DIGITS}").encode())
    found = scanner.found_in(await everything(deployment))
    assert found["table segments"] == {"identifier"}
    assert found["valkey b'planted'"] == {"user token"}
    assert found[str(deployment.snapshots / "planted")] == {"identifier"}
    assert found[str(deployment.data / "planted")] == {"identifier"}
    assert found[str(deployment.logs / "api.log")] == {"telephone"}
    assert any("pg_wal" in place for place in found)
    assert any(".aof" in place for place in found)
