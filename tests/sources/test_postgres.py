"""Postgres: the same members from a table or a query, read-only, whatever the query tries."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import polars as pl
import pytest

from app.embedded import EmbeddedPostgres
from app.errors import Culprit, SourceError
from app.identifiers import IdentifierPlan, KeyIdentifier
from app.identifiers.rulebook import apply_rules
from app.sources import Attribute, SourceAccess, check_source, open_source
from app.sources.cancellation import ReadingGivenUp, wanted
from app.sources.databases.postgres.copy_stream import copying
from tests.conftest import within

SCHEMA = """
CREATE SCHEMA "odd ""schema";
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN mail AS text;
CREATE TABLE members (id bigint, email text, born date, city varchar);
INSERT INTO members SELECT i, i || '@m.example', DATE '1990-01-01' + i, NULL
  FROM generate_series(0, 4999) AS i;
CREATE TABLE kinds (a int, b numeric, c real, d date, e timestamptz, f timestamp, g bool, h bytea,
  i text[], j jsonb, k mood, l mail, m uuid, n char(3), o time, "P q" text);
INSERT INTO kinds VALUES (1, 1.50, 1.5, '1990-02-03', '2020-01-01 00:00+02', '2020-01-01', true,
  '\\xff', '{a}', '{"a": 1}', 'ok', 'x@y', gen_random_uuid(), 'ab', '12:00', 'z');
CREATE TABLE texts (id int, a text);
CREATE TABLE "odd ""schema"."Odd.Table" (email text);
INSERT INTO "odd ""schema"."Odd.Table" VALUES ('x');
CREATE VIEW grown AS SELECT * FROM members WHERE id < 10;
CREATE FUNCTION meddle() RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN DELETE FROM members; RETURN 1; END $$;
CREATE ROLE stranger LOGIN;
"""
TEXTS = [
    "",
    None,
    '"',
    '""',
    ",",
    "a,b",
    "a\nb",
    "a\r\nb",
    "\\N",
    "\\.",
    "NULL",
    " x ",
    "é",
    "日本",
]


class Members:
    """A database with members, and a second connection that looks at what became of it."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self.server = server
        self.address = server.address("members", role="postgres").replace("+asyncpg", "")

    def access(self, **settings: Any) -> SourceAccess:
        addresses = {
            "crm": self.address.replace("postgresql", "postgresql+asyncpg"),
            "stranger": self.server.address("members", role="stranger").replace("+asyncpg", ""),
            "nobody": self.server.address("members", role="nobody").replace("+asyncpg", ""),
            "elsewhere": self.server.address("absent", role="postgres").replace("+asyncpg", ""),
            "away": "postgresql://crm:hunter2@/members?host=" + quote("/nowhere/at/all"),
            "wrong": "mysql://crm:hunter2@db/members",
        }
        # the superuser: what must not be written has to be kept from being written by the session
        return SourceAccess(databases=addresses, **{"writers_allowed": True, **settings})

    def open(self, **source: Any) -> Any:
        return open_source({"kind": "postgres", "database": "crm", **source}, self.access())

    def read(self, *columns: str, rows: int = 100_000, **source: Any) -> pl.DataFrame:
        return pl.concat(self.open(**source).chunks(columns, rows=rows))

    def fault(self, *columns: str, timeout: float = 30, **source: Any) -> SourceError:
        access = self.access(statement_timeout_seconds=timeout)
        try:
            opened = open_source({"kind": "postgres", "database": "crm", **source}, access)
            list(opened.chunks(columns or ["email"]))
        except SourceError as error:
            return error
        pytest.fail("it was read")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("members"), durable=False) as running:
        yield running


async def execute(address: str, *statements: str) -> None:
    connection = await asyncpg.connect(address)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


@pytest.fixture(scope="module")
async def _database(server: EmbeddedPostgres) -> None:
    await execute(
        server.address("postgres", role="postgres").replace("+asyncpg", ""),
        "CREATE DATABASE members",
    )
    members = Members(server)
    await execute(members.address, SCHEMA)
    connection = await asyncpg.connect(members.address)
    await connection.executemany("INSERT INTO texts VALUES ($1, $2)", list(enumerate(TEXTS)))
    await connection.close()


@pytest.fixture
def members(server: EmbeddedPostgres, _database: None) -> Members:
    return Members(server)


def test_a_table(members: Members) -> None:
    source = members.open(table="members")
    assert source.attributes() == [
        Attribute("id", "integer"),
        Attribute("email", "string"),
        Attribute("born", "date"),
        Attribute("city", "string"),
    ]
    assert source.count() == 5_000
    frames = list(source.chunks(["born", "email"], rows=700))
    assert max(frame.height for frame in frames) <= 700
    frame = pl.concat(frames)
    assert frame.schema == {"born": pl.String, "email": pl.String}
    assert frame["email"].to_list() == [f"{i}@m.example" for i in range(5_000)]
    assert frame["born"][365] == "1991-01-01"


def test_ways_to_name_a_table(members: Members) -> None:
    for table in ("members", "public.members", '"members"', 'public."members"', "grown"):
        assert members.open(table=table).count() >= 10
    assert members.read("email", table='"odd ""schema"."Odd.Table"').rows() == [("x",)]


@pytest.mark.parametrize(
    "query",
    ["SELECT * FROM members ORDER BY id", "TABLE members", "SELECT * FROM members -- all of them",
     "WITH m AS (SELECT * FROM members) SELECT * FROM m", "SELECT * FROM members /* ) ; ' */",
     "SELECT id, $x$it's ) all$x$ AS y, email FROM members WHERE email <> ')'"],
)  # fmt: skip
def test_a_query(members: Members, query: str) -> None:
    assert members.open(query=query).count() == 5_000
    assert members.read("email", query=query)["email"].n_unique() == 5_000


def test_types(members: Members) -> None:
    source = members.open(table="kinds")
    kinds = {attribute.name: attribute.data_type for attribute in source.attributes()}
    expected = "integer number number date datetime datetime boolean binary list json"
    assert [*kinds.values()] == [*expected.split(), *["string"] * 6]
    row = members.read(*kinds, table="kinds").row(0, named=True)
    written = {"a": "1", "b": "1.50", "c": 1.5, "d": "1990-02-03",
               "e": datetime(2019, 12, 31, 22, tzinfo=UTC),
               "f": "2020-01-01 00:00:00", "g": True, "h": b"\xff", "i": '["a"]', "k": "ok",
               "l": "x@y", "n": "ab", "P q": "z"}  # fmt: skip
    assert {name: row[name] for name in written} == written


def test_floats_keep_their_digits(members: Members) -> None:
    """As text a `real` of seven digits has an exponent, and would be no id."""
    query = """
        SELECT v.a::real AS small, v.b::float8 AS vast FROM (VALUES
          (1234567, 4915112345678), (16777216, 1e15), (0.1, 9007199254740992), ('NaN', '-Infinity')
        ) AS v (a, b)
    """
    frame = members.read("small", "vast", query=query).with_columns(m=pl.lit("a@b.de"))
    assert [*frame.schema.values()][:2] == [pl.Float32, pl.Float64]
    for column, ids in (
        ("small", ["1234567", "16777216", "0.1", None]),
        ("vast", ["4915112345678", "1000000000000000", "9007199254740992", "-inf"]),
    ):
        plan = IdentifierPlan(KeyIdentifier.EMAIL, {"EMAIL": ("m",), "EXTERN_ID": (column,)})
        assert apply_rules(frame, plan).cells["EXTERN_ID"][0].text.to_list() == ids


def test_moments_are_dates_in_the_zone_of_the_export(members: Members) -> None:
    """A `timestamptz` is an instant; what is none in our calendar is refused, and null is not given."""
    query = """
        SELECT 'x' AS mail, born::timestamptz FROM (VALUES
          ('1985-03-14 00:00+01'), ('1985-03-13 23:00:00.25+00'), ('1900-12-31 23:30+00'), (NULL),
          ('infinity'), ('0044-03-15 00:00+00 BC'), ('12026-01-01 00:00+00')) AS v (born)
    """
    frame = members.read("mail", "born", query=query)
    assert frame.schema["born"] == pl.Datetime("us", "UTC")
    for zone, day in (("UTC", 13), ("Europe/Berlin", 14)):
        plan = IdentifierPlan(
            KeyIdentifier.EMAIL, {"EMAIL": ("mail",), "DOB": ("born",)}, time_zone=zone
        )
        found = apply_rules(frame, plan)
        assert found.cells["DOBD"][0].text.to_list()[:2] == [str(day)] * 2
        assert found.cells["DOBY"][0].text.to_list()[2:] == [
            *(("1900",) if zone == "UTC" else ("1901",)),
            *[None] * 4,
        ]
        assert found.filled["DOB"] == 6
        assert found.refused["DOB"] == {"dob_out_of_range": 3}


def test_a_value_of_hundreds_of_megabytes_is_cut_where_it_is(members: Members) -> None:
    """The server keeps it: of a value of 400 MB four arrive, and it is refused."""
    for value in (
        "repeat('x', 400000000)",
        "repeat('x', 400000000)::bytea",
        "array[repeat('é', 5000000)]",
    ):
        error = members.fault("email", query=f"SELECT {value} AS email, 1 AS id")
        assert error.code == "cell-too-large"
    kept = members.read("email", query="SELECT repeat('x', 4000000) AS email")
    assert kept["email"].str.len_bytes().to_list() == [4_000_000]


@pytest.mark.parametrize("columns", [["a"], ["id", "a"]])
def test_every_text_survives(members: Members, limit_blocks, columns: list[str]) -> None:
    limit_blocks(8)
    frame = members.read(*columns, query="SELECT * FROM texts ORDER BY id")
    assert frame["a"].to_list() == [text or None for text in TEXTS]


def test_no_members(members: Members) -> None:
    source = members.open(query="SELECT * FROM members WHERE id < 0")
    assert source.count() == 0
    assert list(source.chunks(["email"])) == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("DELETE FROM members RETURNING *", "query-not-read-only"),
        ("UPDATE members SET email = 'x' RETURNING *", "query-not-read-only"),
        ("INSERT INTO members VALUES (1) RETURNING *", "query-not-read-only"),
        ("WITH gone AS (DELETE FROM members RETURNING *) TABLE gone", "query-not-read-only"),
        ("SELECT email, meddle() FROM members", "query-not-read-only"),
        ("SELECT email, nextval('counter') FROM members", "source-not-found"),
        ("SELECT email INTO copied FROM members", "query-not-read-only"),
        ("SELECT email FROM members FOR UPDATE", "query-not-read-only"),
        ("SELECT email FROM members FOR KEY SHARE", "query-not-read-only"),
        ("DROP TABLE members", "query-not-read-only"),
        ("TRUNCATE members", "query-not-read-only"),
        ("COMMIT", "query-not-read-only"),
        ("COPY members TO PROGRAM 'true'", "query-not-read-only"),
        ("SET TRANSACTION READ WRITE", "query-not-read-only"),
        ("SELECT email FROM members;", "query-not-read-only"),
        ("EXPLAIN SELECT email FROM members", "query-not-read-only"),
        ("SELECT email FROM members; DELETE FROM members", "query-failed"),
        ("SELECT email FROM members) TO PROGRAM 'touch {mark}' --", "query-failed"),
        ("SELECT email FROM members) TO STDOUT; DELETE FROM members; --", "query-failed"),
        ("SELECT email FROM members) AS m) TO STDOUT; COMMIT; DROP TABLE members --",
         "query-failed"),
        ("SELECT email FROM members /* ", "query-failed"),
        ("SELECT email FROM members WHERE email = 'x", "query-failed"),
        ("SELECT set_config('transaction_read_only', 'off', false) || meddle() AS email",
         "query-failed"),
        ("SELECT email FROM members WHERE email = $1", "query-failed"),
        ("SELECT email FROM memberz", "source-not-found"),
        ("SELECT id, id FROM members", "source-invalid"),
        ("SELECT email::int AS email FROM members", "query-failed"),
        ("SELECT email FROM members WHERE 1 / (id - 4000) = 0", "query-failed"),
        ("", "query-not-read-only"),
    ],
)  # fmt: skip
async def test_a_query_can_only_read(
    members: Members, tmp_path: Path, query: str, code: str
) -> None:
    mark = tmp_path / "mark"
    error = members.fault(query=query.replace("{mark}", str(mark)))
    assert error.code == code
    assert "@m.example" not in error.detail
    assert not mark.exists()
    connection = await asyncpg.connect(members.address)
    assert await connection.fetchval("SELECT count(*) FROM members") == 5_000
    assert await connection.fetchval("SELECT to_regclass('copied')") is None
    await connection.close()


def test_a_missing_column(members: Members) -> None:
    error = members.fault("id", "phone", table="members")
    assert (error.code, error.members["attributes"]) == ("attribute-missing", ["phone"])
    error = members.fault('email" FROM members; --', table="members")
    assert error.code == "attribute-missing"


async def test_a_dropped_table(members: Members) -> None:
    await execute(members.address, "CREATE TABLE brief AS TABLE members")
    source = members.open(table="brief")
    assert source.count() == 5_000
    await execute(members.address, "DROP TABLE brief")
    with pytest.raises(SourceError) as caught:
        list(source.chunks(["email"]))
    assert caught.value.code == "source-not-found"


def test_a_statement_timeout(members: Members) -> None:
    query = "SELECT email FROM members, pg_sleep(110)"
    started = time.monotonic()
    assert members.fault(query=query, timeout=0.2).code == "statement-timeout"
    assert time.monotonic() - started < within(5)


@pytest.mark.parametrize(
    ("database", "code", "culprit"),
    [
        ("nobody", "credentials-refused", Culprit.SYSTEM),
        ("stranger", "database-permission-denied", Culprit.USER),
        ("elsewhere", "database-not-found", Culprit.SYSTEM),
        ("away", "database-unreachable", Culprit.EXTERNAL),
        ("wrong", "database-kind-mismatch", Culprit.USER),
        ("other", "database-unknown", Culprit.USER),
    ],
)
def test_databases_that_cannot_be_read(
    members: Members, database: str, code: str, culprit: Culprit
) -> None:
    error = members.fault(database=database, table="members")
    assert (error.code, error.culprit) == (code, culprit)
    assert "hunter2" not in error.detail
    assert "hunter2" not in repr(error.__context__)


@pytest.mark.parametrize("option", ["frobnicate=1", "work_mem=much", "shared_buffers=1MB"])
def test_an_option_that_the_server_refuses_is_named(members: Members, option: str) -> None:
    address = f"{members.address}{'&' if '?' in members.address else '?'}{option}"
    source = {"kind": "postgres", "database": "crm", "table": "members"}
    with pytest.raises(SourceError) as caught:
        open_source(source, SourceAccess(databases={"crm": address})).attributes()
    assert caught.value.code == "address-invalid"
    assert f'an option "{option.partition("=")[0]}" that the server refuses' in caught.value.detail


@pytest.mark.parametrize(
    "source",
    [{}, {"table": "a", "query": "SELECT 1"}, {"table": ""}, {"table": "a.b.c"}, {"table": "a."},
     {"table": 'a"b'}, {"table": "a\0"}, {"query": 7}, {"query": "\0"}, {"tabel": "a"},
     {"table": "members", "url": "x"}, {"table": "members; DROP TABLE members."}],
)  # fmt: skip
def test_bad_descriptions(members: Members, source: dict[str, Any]) -> None:
    assert members.fault(**source).code == "source-invalid"


def test_names_cannot_break_out(members: Members) -> None:
    for table in ("members; DROP TABLE members", "members WHERE false --", 'members" --'):
        assert members.fault(table=table).code in {"source-not-found", "source-invalid"}


async def test_one_snapshot_and_no_lock_afterwards(members: Members) -> None:
    """What is written while members are read is not seen, and the reader holds nothing back."""
    await execute(members.address, "CREATE TABLE moving AS SELECT generate_series(1, 300000) AS id")
    chunks = members.open(table="moving").chunks(["id"], rows=1_000)
    first = next(chunks)
    await execute(members.address, "DELETE FROM moving", "INSERT INTO moving VALUES (-1)")
    ids = pl.concat([first, *chunks])["id"].cast(pl.Int64)
    assert (ids.len(), ids.min(), ids.n_unique()) == (300_000, 1, 300_000)
    await execute(members.address, "DROP TABLE moving")


async def test_a_query_tells_nobody(members: Members) -> None:
    """A read-only transaction may NOTIFY; this one is never committed."""
    heard: list[Any] = []
    connection = await asyncpg.connect(members.address)
    await connection.add_listener("members", lambda *told: heard.append(told))
    query = "SELECT pg_notify('members', email)::text AS email FROM members"
    assert members.read("email", query=query).height == 5_000
    await connection.execute("SELECT 1")
    await connection.close()
    assert heard == []


async def test_an_abandoned_reading_ends_at_the_server(members: Members) -> None:
    source = members.open(query="SELECT repeat('x', 1000) AS email FROM generate_series(1, 1e7)")
    chunks = source.chunks(["email"])
    next(chunks)
    chunks.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "copy"]
    connection = await asyncpg.connect(members.address)
    query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%'"
    deadline = time.monotonic() + within(5)
    while await connection.fetchval(query) and time.monotonic() < deadline:
        await connection.execute("SELECT pg_sleep(0.05)")
    assert await connection.fetchval(query) == 0
    await connection.close()


async def test_a_canceled_reading_ends_at_the_server(members: Members) -> None:
    """Also one that has sent no row yet."""
    source, began = members.open(query="SELECT pg_sleep(110)::text AS email"), time.monotonic()

    def read() -> None:
        with wanted() as given_up:
            threading.Timer(0.3, given_up.set).start()
            with pytest.raises(ReadingGivenUp):
                list(source.chunks(["email"]))

    await asyncio.to_thread(read)
    connection = await asyncpg.connect(members.address)
    query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%pg_sleep(110%'"
    while await connection.fetchval(query) and time.monotonic() - began < within(2):
        await connection.execute("SELECT pg_sleep(0.02)")
    await connection.close()
    assert time.monotonic() - began < within(2)


async def test_a_connection_cut_while_reading(members: Members) -> None:
    source = members.open(query="SELECT repeat('x', 1000) AS email FROM generate_series(1, 1e6)")
    chunks = source.chunks(["email"])
    next(chunks)
    await execute(
        members.address,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY (SEL%'",
    )
    with pytest.raises(SourceError) as caught:
        list(chunks)
    assert caught.value.code == "database-unreachable"


async def test_fingerprints(members: Members) -> None:
    """Of tables, by the transactions of the server; a query or a view may change without one."""
    source = members.open(table="members")
    first = source.fingerprint()
    assert first is not None
    assert source.fingerprint() == first
    await execute(members.address, "CREATE VIEW moving AS SELECT now()::text AS email")
    assert source.fingerprint() != first
    assert members.open(table="grown").fingerprint() != source.fingerprint()
    assert members.open(table="moving").fingerprint() is None
    assert members.open(query="SELECT * FROM members").fingerprint() is None


@pytest.mark.parametrize(
    "version",
    [
        "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC, Redshift 1.0.77467",
        "CockroachDB CCL v24.3.1 (x86_64-pc-linux-gnu)",
    ],
)
async def test_relatives_are_refused_by_name(members: Members, version: str) -> None:
    """A server that says it is one of them is told how to hand its members out."""
    await execute(members.address, "CREATE SCHEMA IF NOT EXISTS relative")
    await execute(
        members.address,
        "CREATE OR REPLACE FUNCTION relative.version() RETURNS text LANGUAGE sql AS "
        f"$$ SELECT '{version}' $$",
    )
    address = (
        f"{members.address}{'&' if '?' in members.address else '?'}search_path=relative,pg_catalog"
    )
    source = {"kind": "postgres", "database": "crm", "table": "members"}
    with pytest.raises(SourceError) as caught:
        open_source(source, SourceAccess(databases={"crm": address})).attributes()
    assert caught.value.code == "database-unsupported"
    assert "PARQUET" in caught.value.detail


def test_check_source(members: Members) -> None:
    source = {"kind": "postgres", "database": "crm", "table": "members"}
    check_source(source, members.access())
    with pytest.raises(SourceError):
        check_source({**source, "table": "absent"}, members.access())


def test_the_address_shows_nowhere(members: Members) -> None:
    assert members.address not in repr(members.open(table="members"))


def test_a_copy_that_fails_says_so_where_it_is_read() -> None:
    async def fail(write: Any) -> None:
        await write(b"x" * 10)
        raise RuntimeError("broken")

    with copying(fail) as stream, pytest.raises(RuntimeError, match="broken"):
        stream.read(100)


_PEAK = """
import resource, sys
from app.sources import SourceAccess, open_source
access = SourceAccess(databases={"crm": sys.argv[1]}, writers_allowed=True)
query = "SELECT i || '@m.example' AS email FROM generate_series(1, 2000000) AS i"
source = open_source({"kind": "postgres", "database": "crm", "query": query}, access)
source.attributes()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = sum(frame.height for frame in source.chunks(["email"]))
print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_two_million_members_in_bounded_memory(members: Members) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _PEAK, members.address],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    rows, megabytes = map(int, ran.stdout.split())
    assert rows == 2_000_000
    assert megabytes < 100


@pytest.mark.parametrize(
    ("made", "refused"),
    [
        ("", False),
        ("GRANT INSERT ON texts TO {role}", True),
        ("GRANT UPDATE (a) ON texts TO {role}", True),
        ("GRANT TRUNCATE ON kinds TO {role}", True),
        ("ALTER TABLE kinds OWNER TO {role}", True),
        ("GRANT pg_write_all_data TO {role}", True),
        ("GRANT pg_execute_server_program TO {role}", True),
        ("GRANT pg_monitor TO {role}", False),
        ("ALTER ROLE {role} NOINHERIT; GRANT postgres TO {role}", True),
        ("ALTER ROLE {role} SUPERUSER", True),
        ("ALTER ROLE {role} CREATEROLE", True),
    ],
)
async def test_an_account_that_may_write_is_refused(
    members: Members, made: str, *, refused: bool
) -> None:
    role = "account"
    await execute(
        members.address,
        f"CREATE ROLE {role} LOGIN; GRANT SELECT ON members TO {role};" + made.format(role=role),
    )
    try:
        address = members.address.replace("postgres@", f"{role}@")
        for named in ({"table": "members"}, {"query": "SELECT email FROM members"}):
            source = {"kind": "postgres", "database": "crm", **named}
            opened = open_source(source, SourceAccess(databases={"crm": address}))
            read = partial(pl.concat, opened.chunks(["email"]))
            for look in (opened.attributes, opened.count, read):
                if not refused:
                    assert look() is not None
                    continue
                with pytest.raises(SourceError) as caught:
                    look()
                assert caught.value.code == "account-may-write"
                assert "GRANT SELECT ON ALL TABLES" in caught.value.detail
            allowed = SourceAccess(databases={"crm": address}, writers_allowed=True)
            assert open_source(source, allowed).count() == 5_000
    finally:
        await execute(
            members.address,
            f"ALTER TABLE kinds OWNER TO postgres; DROP OWNED BY {role}; DROP ROLE {role}",
        )
