"""Every bad input of every kind of source ends with its code, saved or run, and nothing is sent."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import polars as pl
import pytest

from app.settings import Settings
from tests.flows.exporting import Exporting
from tests.sources import rest_catalog
from tests.sources.lake import Lake
from tests.sources.mariadb import prepared
from tests.sources_end_to_end.bad_input import BAD_INPUT, KINDS, NONE, PAGE, READ, WIDE, Bad, page
from tests.warehouses import clickhouse
from tests.warehouses.broken import cut, hanging
from tests.warehouses.places import Place
from tests.warehouses.wire import breaks, serving

PEOPLE = 10_000
OUTFILE = Path("/tmp/ae-outfile")
UNSPENT = 1 << 40  # bytes after which a way breaks that never does
DIES_AFTER = 120_000
MEMBERS = {"iceberg": "crm.eu.members", "bigquery": "crm.members", "snowflake": "crm.members"}

Addresses = dict[str, str]
Serve = Callable[[pytest.FixtureRequest, Path], AbstractContextManager[Addresses]]


def wide(name: str) -> list[str]:
    """A thousand columns."""
    return [f"{name}{number} int" for number in range(1_000)]


@contextmanager
def maria(request: pytest.FixtureRequest, _: Path) -> Iterator[Addresses]:
    place = request.getfixturevalue("maria")
    prepared(
        place, "CREATE OR REPLACE DATABASE bad CHARACTER SET utf8mb4", "USE bad",
        "CREATE TABLE members (id int, email text)",
        f"INSERT INTO members SELECT seq, concat(seq, '@m.example') FROM seq_0_to_{PEOPLE - 1}",
        *(f"CREATE TABLE members_{one} ({', '.join(wide(one))})" for one in WIDE),
        "CREATE PROCEDURE anything() SELECT 1",
        "CREATE SEQUENCE counter",
        "CREATE FUNCTION meddle() RETURNS int MODIFIES SQL DATA RETURN nextval(counter)",
        "CREATE OR REPLACE USER old IDENTIFIED BY 'x' PASSWORD EXPIRE",
        "GRANT SELECT ON bad.* TO old",
    )  # fmt: skip
    with cut(place, UNSPENT) as port, cut(place, DIES_AFTER) as dies, hanging() as hangs:
        # root: what must not be written has to be kept from being written by the session
        yield {
            "crm": f"mysql://root@localhost/bad?unix_socket={place}",
            "wrong": f"mysql://root:hunter2@127.0.0.1:{port}/bad",
            "expired": f"mysql://old:x@localhost/bad?unix_socket={place}",
            "absent": f"mysql://root@127.0.0.1:{port}/absent",
            "plain": f"mysql://root@127.0.0.1:{port}/bad?ssl_mode=REQUIRED",
            "hangs": f"mysql://root@127.0.0.1:{hangs}/bad",
            "dies": f"mysql://root@127.0.0.1:{dies}/bad",
        }


@contextmanager
def postgres(request: pytest.FixtureRequest, _: Path) -> Iterator[Addresses]:
    server = request.getfixturevalue("servers")[0]
    name = urlsplit(request.getfixturevalue("database_url")).path.removeprefix("/")
    rules = server.folder.data / "pg_hba.conf"
    kept = rules.read_text()
    rules.write_text(f"local all locked,old scram-sha-256\n{kept}")

    async def run(*statements: str) -> None:
        address = server.address(name, role="postgres").replace("+asyncpg", "")
        connection = await asyncpg.connect(address)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(run(
        "DROP ROLE IF EXISTS locked", "DROP ROLE IF EXISTS old",
        "CREATE ROLE locked LOGIN PASSWORD 'right'",
        "CREATE ROLE old LOGIN PASSWORD 'x' VALID UNTIL '2000-01-01'",
        "SELECT pg_reload_conf()",
        "CREATE TABLE members (id int, email text)",
        f"INSERT INTO members SELECT i, i || '@m.example' FROM generate_series(0, {PEOPLE - 1}) AS i",
        *(f"CREATE TABLE members_{one} ({', '.join(wide(one))})" for one in WIDE),
        "CREATE PROCEDURE anything() LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION meddle() RETURNS int LANGUAGE plpgsql AS "
        "$$ BEGIN DELETE FROM members; RETURN 1; END $$",
    ))  # fmt: skip
    socket = str(server.folder.sockets / ".s.PGSQL.5432")
    with cut(socket, UNSPENT) as port, cut(socket, DIES_AFTER) as dies, hanging() as hangs:
        at = f"127.0.0.1:{port}"
        yield {
            "crm": f"postgresql://postgres@{at}/{name}",
            "wrong": f"postgresql://locked:hunter2@{at}/{name}",
            "expired": f"postgresql://old:x@{at}/{name}",
            "absent": f"postgresql://postgres@{at}/absent",
            "plain": f"postgresql://postgres@{at}/{name}?sslmode=require",
            "hangs": f"postgresql://postgres@127.0.0.1:{hangs}/{name}",
            "dies": f"postgresql://postgres@127.0.0.1:{dies}/{name}",
        }
    asyncio.run(run("DROP ROLE locked", "DROP ROLE old"))
    rules.write_text(kept)


@contextmanager
def chdb(_: pytest.FixtureRequest, folder: Path) -> Iterator[Addresses]:
    script = f"""
CREATE DATABASE crm
CREATE TABLE crm.members (id UInt64, email String) ENGINE = MergeTree ORDER BY id
INSERT INTO crm.members SELECT number, concat(toString(number), '@m.example') FROM numbers({PEOPLE})
CREATE TABLE crm.members_wide ({", ".join(f"c{number} UInt8" for number in range(10_000))}) ENGINE = Memory
"""
    with (
        clickhouse.running(folder, script) as port,
        cut(port, DIES_AFTER) as dies,
        hanging() as hangs,
    ):
        reader, at = "clickhouse://reader:hunter2%20%2F@127.0.0.1", f"127.0.0.1:{port}"
        yield {
            "crm": f"{reader}:{port}/crm",
            "wrong": f"clickhouse://reader:hunter2@{at}/crm",
            "absent": f"{reader}:{port}/absent",
            "plain": f"{reader}:{port}/crm?ssl=required",
            "hangs": f"{reader}:{hangs}/crm",
            "dies": f"{reader}:{dies}/crm",
        }


@contextmanager
def double(kind: str, folder: Path) -> Iterator[Addresses]:
    with serving(kind) as server, serving(kind) as broken, hanging() as hangs:
        (folder / "wrong").mkdir()
        place = Place(kind, server, folder)
        for one in WIDE:
            server.engine.load(f"members_{one}", wide(one), [])
        part = "pageToken" if kind == "bigquery" else "partition="
        broken.next = [(part, breaks)] * 100
        yield {
            **place.addresses(),
            "wrong": Place(kind, server, folder / "wrong", user="stranger").address,
            "hangs": place.at(f"http://127.0.0.1:{hangs}"),
            "dies": place.at(broken.url),
        }


@contextmanager
def iceberg(_: pytest.FixtureRequest, folder: Path) -> Iterator[Addresses]:
    lake, frame = (
        Lake(folder / "rest"),
        pl.DataFrame({"id": [1, 2], "email": ["a@m.example", None]}),
    )
    lake.table("members", frame)
    lake.table("other", frame.select("id"))
    lake.table("none", frame[:0])
    for name, secret in (("token", "hunter2"), ("old", "hunter1")):
        (folder / name).write_text(secret)
    with (
        rest_catalog.serving(lake) as server,
        rest_catalog.serving(lake) as dies,
        hanging() as hangs,
    ):
        # it is well while the segment is saved and mapped, and then no more
        dies.how, dies.answers = "busy", 4

        def at(
            port: int, scheme: str = "http", warehouse: str = "main", token: str = "token"
        ) -> str:
            return (
                f"iceberg+{scheme}://127.0.0.1:{port}/api"
                f"?warehouse={warehouse}&token_file={folder}/{token}"
            )

        port = server.server_port
        yield {
            "crm": at(port),
            "wrong": f"iceberg+http://reader:nothing@127.0.0.1:{port}/api?warehouse=main",
            "expired": at(port, token="old"),
            "absent": at(port, warehouse="other"),
            "plain": at(port, scheme="https"),
            "hangs": at(hangs),
            "dies": at(dies.server_port),
        }


SERVE: dict[str, Serve] = {
    "mysql": maria,
    "postgres": postgres,
    "clickhouse": chdb,
    "bigquery": lambda _, folder: double("bigquery", folder),
    "snowflake": lambda _, folder: double("snowflake", folder),
    "iceberg": iceberg,
}


@pytest.fixture
def segment_databases(
    request: pytest.FixtureRequest, database_url: str, segment_root: Path
) -> Iterator[Addresses]:
    kind = getattr(request.node, "callspec", None) and request.node.callspec.params.get("kind")
    with ExitStack() as stack:
        yield stack.enter_context(SERVE[kind](request, segment_root)) if kind else {}


@pytest.fixture
def settings(
    make_settings: Any,
    segment_root: Path,
    segment_databases: Addresses,
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    for module in ("bigquery.rest_api", "snowflake.sql_api"):  # what breaks off is asked for again
        monkeypatch.setattr(f"app.sources.warehouses.{module}._WAITS", (0.01, 0.01))
    monkeypatch.setattr("app.sources.warehouses.snowflake.source._WAIT_SECONDS", 0.01)
    made: Settings = make_settings(
        segment_roots=str(segment_root),
        segment_databases=" ".join(
            f"{name}={address}" for name, address in segment_databases.items()
        ),
        allow_writing_source_accounts=True,
        source_connect_timeout_seconds=2,
        run_retry_seconds=0,
        run_attempt_budget=2,
    )
    return made


def source_of(bad: Bad, kind: str) -> dict[str, Any]:
    members, query = MEMBERS.get(kind, "members"), bad.query_of(kind)
    source = {"kind": kind, "database": bad.database}
    if query and kind != "iceberg":
        return {**source, "query": query.replace("{m}", members)}
    return {**source, "table": bad.table if bad.table and kind == "iceberg" else members}


@pytest.mark.parametrize("kind", KINDS)
async def test_every_bad_input_has_its_code(exporting: Exporting, kind: str) -> None:
    found, exports = dict[str, str](), dict[str, dict[str, Any]]()
    tried = [bad for bad in BAD_INPUT if bad.code(kind) != NONE]
    for bad in tried:
        number = f"bad_{len(found) + len(exports)}"
        body = {"name": number, "source": source_of(bad, kind)}
        answer = await exporting.api.post("/v1/segments", json=body)
        if answer.status_code == 201 and bad.code(kind) == READ:
            found[bad.what] = READ
        elif answer.status_code == 201:
            exports[bad.what] = await _export(exporting, answer.json(), found, bad)
        else:
            found[bad.what] = _code(answer)
    exports = {what: export for what, export in exports.items() if export}
    done = await exporting.run_all(exports.values())
    for what, (_, run) in zip(exports, done, strict=True):
        assert "m.example" not in str(run)
        assert run["counts"]["batches_total"] == 0, what
        found[what] = run["error"]["code"] if run["error"] else run["status"]
    assert found == {bad.what: bad.code(kind) for bad in tried}
    assert exporting.sandbox.requests("/users") == []
    assert not OUTFILE.exists()  # noqa: ASYNC240


async def _export(
    exporting: Exporting, segment: dict[str, Any], found: dict[str, str], bad: Bad
) -> dict[str, Any]:
    """An export of it; none where that is refused, which is noted then."""
    try:
        return await exporting.export(segment)
    except AssertionError as error:
        found[bad.what] = _code_in(str(error))
        return {}


def _code(answer: httpx.Response) -> str:
    assert answer.is_client_error or answer.status_code in {502, 503, 504}, answer.text
    assert "m.example" not in answer.text
    assert "hunter2" not in answer.text
    code: str = answer.json()["code"]
    return code


def _code_in(problem: str) -> str:
    return problem.partition('"code":"')[2].partition('"')[0]


def test_the_page_has_the_table() -> None:
    text = PAGE.read_text()
    assert page(text) == text, "make docs"
