"""MariaDB, a real one: the same members, read-only, whatever the query tries."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.errors import SourceError
from app.identifiers import Consent, IdentifierPlan, KeyIdentifier
from app.identifiers.consent import consenting
from app.identifiers.rulebook import apply_rules
from app.sources import Attribute, SourceAccess, open_source
from app.sources.cancellation import ReadingGivenUp, wanted
from app.sources.database_checks import check_database
from tests.conftest import free_port, within
from tests.sources.mariadb import execute, running

SCHEMA = """
CREATE DATABASE crm CHARACTER SET utf8mb4; USE crm;
CREATE TABLE members (id bigint, email text, born date, agreed tinyint(1)) ENGINE=InnoDB;
INSERT INTO members SELECT seq, concat(seq, '@m.example'), '1990-01-01', seq % 2 FROM seq_0_to_4999;
CREATE TABLE kinds (a decimal(30,2), b timestamp, c binary(4), d double, e json, f datetime, g text);
INSERT INTO kinds VALUES (12345678901234567890.10, '2020-01-01 00:00:00', x'00ff00aa', 4915112345678,
  '{"a": 1}', '2020-01-01', 'é \U0001f600 "'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SET sql_mode = '';
CREATE TABLE meant (big bigint unsigned, zip int(5) zerofill, whole decimal(20,0), small float, vast double,
  agreed bit(1), flags bit(8), year year, born date, at datetime(6), latin varchar(9) CHARACTER SET latin1,
  three varchar(9) CHARACTER SET utf8mb3, member enum('f', 'Männlich') CHARACTER SET latin1,
  picks set('a', 'b', 'ç'), uuid binary(16));
INSERT INTO meant VALUES (18446744073709551615, 1234, 4915112345678, 16777216, 4915112345678, b'1',
  b'10100101', 1985, '1985-03-14', '1985-03-14 12:00:00.123456', 'Müller Å', 'Łódź', 'Männlich', 'a,ç',
  x'00112233445566778899aabbccddeeff'), (0, 0, 0, 1, 0, b'0', b'0', 0, '0000-00-00', '0000-00-00', '',
  '', 'f', '', '');
CREATE USER locked IDENTIFIED BY 'x' ACCOUNT LOCK;
CREATE USER spent IDENTIFIED BY 'x' WITH MAX_QUERIES_PER_HOUR 2; GRANT SELECT ON crm.* TO spent;
CREATE SEQUENCE counter; CREATE USER reader IDENTIFIED BY 'hunter2 /'; GRANT SELECT ON crm.* TO reader;
CREATE FUNCTION meddle() RETURNS int MODIFIES SQL DATA RETURN nextval(counter)
"""


@pytest.fixture(scope="module")
def socket() -> Iterator[str]:
    with running() as place:
        asyncio.run(execute(place, *SCHEMA.split(";")))
        yield place


@pytest.fixture
def access(socket: str) -> Callable[..., SourceAccess]:
    end = f"unix_socket={socket}"
    addresses = {
        "crm": f"mariadb://root@localhost/crm?{end}",
        "reads": f"mysql://reader:hunter2%20%2F@localhost/crm?{end}",
        "wrong": f"mysql://reader:nothing@localhost/crm?{end}",
        "absent": f"mysql://root@localhost/absent?{end}",
        "locked": f"mysql://locked:x@localhost/crm?{end}",
        "spent": f"mysql://spent:x@localhost/crm?{end}",
        "away": f"mysql://reader:hunter2@127.0.0.1:{free_port()}/crm",
        "other": "postgresql://crm:hunter2@db/members",
    }
    # root: what must not be written has to be kept from being written by the session
    return lambda **settings: SourceAccess(
        databases=addresses, **{"writers_allowed": True, **settings}
    )


@pytest.fixture
def opened(access: Callable[..., SourceAccess]) -> Callable[..., Any]:
    return lambda **source: open_source({"kind": "mysql", "database": "crm", **source}, access())


def fault(opened: Any, *columns: str, **source: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        list(opened(**source).chunks(columns or ["email"]))
    return caught.value


def test_a_table_and_a_query(opened: Any) -> None:
    for source in ({"table": "crm.members"}, {"query": "SELECT * FROM members -- all"}):
        found = opened(database="reads", **source)
        assert found.attributes() == [
            Attribute("id", "integer"), Attribute("email", "string"),
            Attribute("born", "date"), Attribute("agreed", "integer"),
        ]  # fmt: skip
        assert found.count() == 5_000
        frames = list(found.chunks(["born", "email"], rows=700))
        assert max(frame.height for frame in frames) <= 700
        frame = pl.concat(frames)
        assert frame.height == frame["email"].n_unique() == 5_000
        assert frame["born"].unique().to_list() == ["1990-01-01"]
        # the case of a name may differ, as in other warehouses; it stays as it was asked for
        capitals = pl.concat(found.chunks(["EMAIL"], rows=5_000))
        assert (capitals.columns, capitals.height) == (["EMAIL"], 5_000)
    none = opened(query="SELECT * FROM members WHERE id < 0")
    assert (none.count(), list(none.chunks(["email"]))) == (0, [])


def test_values_keep_their_digits(opened: Any) -> None:
    frame = pl.concat(opened(table="kinds").chunks(["a", "b", "c", "d", "f", "g"]))
    assert frame.row(0) == (
        "12345678901234567890.10", datetime(2019, 12, 31, 22, tzinfo=UTC), b"\x00\xff\x00\xaa",
        4915112345678.0, "2020-01-01 00:00:00", 'é \U0001f600 "',
    )  # fmt: skip
    assert frame.row(1) == (None,) * 6


def test_types_mean_what_people_mean(opened: Any) -> None:
    """Floats have all their digits, also where their text would not; BIT is no text of bytes."""
    kinds = {item.name: item.data_type for item in opened(table="meant").attributes()}
    assert kinds == {
        "big": "integer", "zip": "integer", "whole": "number", "small": "number", "vast": "number",
        "agreed": "boolean", "flags": "integer", "year": "integer", "born": "date", "at": "datetime",
        "latin": "string", "three": "string", "member": "string", "picks": "string", "uuid": "binary",
    }  # fmt: skip
    frame = pl.concat(opened(table="meant").chunks(list(kinds)))
    assert (frame.schema["small"], frame.schema["vast"]) == (pl.Float32, pl.Float64)
    assert frame.drop("small", "vast").row(0) == (
        "18446744073709551615", "01234", "4915112345678", True, "165", "1985", "1985-03-14",
        "1985-03-14 12:00:00.123456", "Müller Å", "Łódź", "Männlich", "a,ç",
        bytes.fromhex("00112233445566778899aabbccddeeff"),
    )  # fmt: skip
    # zero dates are dates of nobody, and not an error of the server
    assert frame.row(1)[8:10] == ("0000-00-00", "0000-00-00 00:00:00.000000")
    plan = IdentifierPlan(
        KeyIdentifier.PHONE,
        {"EXTERN_ID": ("small",), "PHONE": ("vast",), "DOB": ("born",)},
        consent=Consent("agreed", equals=True),
    )
    found = apply_rules(consenting(frame, plan.consent), plan)
    assert found.cells["EXTERN_ID"][0].text.to_list() == ["16777216"]
    assert found.cells["PHONE"][0].text.to_list() == ["4915112345678"]
    assert apply_rules(frame, plan).cells["DOBD"][0].text.to_list() == ["14", None]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT email FROM members; DROP TABLE members", "query-failed"),
        ("SELECT email FROM members) AS m; DROP TABLE members; -- ", "query-failed"),
        ("SELECT email FROM members /* ", "query-failed"),
        ("SELECT email FROM members WHERE email = 'x", "query-failed"),
        ("CALL anything()", "query-not-read-only"),
        ("SELECT email FROM members INTO OUTFILE '/tmp/ae-outfile'", "query-not-read-only"),
        ("SELECT email FROM members FOR UPDATE", "query-not-read-only"),
        ("SELECT email FROM members Lock /* x */ IN\nSHARE -- y\n MODE", "query-not-read-only"),
        ("SELECT email FROM members /*!50000 LOCK IN*/ SHARE MODE", "query-not-read-only"),
        ("WITH m AS (SELECT 1 AS email) DELETE FROM members", "query-failed"),
        ("DROP TABLE members", "query-not-read-only"),
        ("SET SESSION TRANSACTION READ WRITE", "query-not-read-only"),
        ("SELECT meddle() AS email", "query-not-read-only"),
        ("SELECT email, email FROM members", "source-invalid"),
        ("SELECT email FROM memberz", "source-not-found"),
        ("SELECT id FROM members", "attribute-missing"),
        ("", "query-failed"),
    ],
)
def test_a_query_can_only_read(opened: Any, socket: str, query: str, code: str) -> None:
    error = fault(opened, query=query)
    assert error.code == code
    assert "@m.example" not in error.detail
    assert not Path("/tmp/ae-outfile").exists()
    held = asyncio.run(execute(socket, "SELECT count(*) FROM crm.members"))
    assert held == ((5_000,),) or held == [(5_000,)]


@pytest.mark.parametrize(
    ("database", "code"),
    [("wrong", "credentials-refused"), ("locked", "account-disabled"), ("spent", "quota-exceeded"),
     ("absent", "database-not-found"),
     ("away", "database-unreachable"), ("other", "database-kind-mismatch"),
     ("nowhere", "database-unknown")],
)  # fmt: skip
def test_databases_that_cannot_be_read(opened: Any, database: str, code: str) -> None:
    error = fault(opened, database=database, table="members")
    assert error.code == code
    assert "hunter2" not in error.detail


def test_rights_are_checked(access: Any) -> None:
    owner, reader = (check_database(name, access()) for name in ("crm", "reads"))
    assert owner.ok
    assert reader.ok
    assert [check.code for check in owner.checks] == [None, None, None, "account-may-write"]
    assert [check.code for check in reader.checks] == [None] * 4
    assert [check.ok for check in owner.checks] == [True] * 4
    strict = check_database("crm", access(writers_allowed=False))
    assert (strict.ok, strict.checks[3].ok, strict.checks[3].code) == (
        False,
        False,
        "account-may-write",
    )
    refused = check_database("wrong", access())
    assert [check.ok for check in refused.checks] == [True, False, None, None]


@pytest.mark.parametrize(
    ("rights", "refused"),
    [
        ("SELECT, SHOW VIEW, LOCK TABLES ON crm.*", False),
        ("SELECT (id, email) ON crm.members", False),
        ("SELECT, INSERT ON crm.*", True),
        ("SELECT (id, email), UPDATE (email) ON crm.members", True),
        ("EXECUTE ON crm.*", True),
        ("ALL ON *.*", True),
        ("sees", False),
        ("meddles", True),
        ("is_like_one_that_meddles", True),
    ],
)
async def test_an_account_that_may_write_is_refused(
    socket: str, rights: str, *, refused: bool
) -> None:
    await execute(
        socket, "CREATE USER account IDENTIFIED BY 'x'", "GRANT SELECT ON crm.members TO account",
        "CREATE OR REPLACE ROLE sees", "CREATE OR REPLACE ROLE meddles",
        "CREATE OR REPLACE ROLE is_like_one_that_meddles", "GRANT SELECT ON crm.* TO sees",
        "GRANT DELETE ON crm.* TO meddles", "GRANT meddles TO is_like_one_that_meddles",
        f"GRANT {rights} TO account",
    )  # fmt: skip
    if " " not in rights:
        await execute(socket, f"SET DEFAULT ROLE {rights} FOR account")
    try:
        address = f"mysql://account:x@localhost/crm?unix_socket={socket}"
        source = {"kind": "mysql", "database": "crm", "query": "SELECT email FROM members"}
        found = open_source(source, SourceAccess(databases={"crm": address}))
        for look in (found.attributes, found.count, lambda: list(found.chunks(["email"]))):
            if not refused:
                assert look()
                continue
            with pytest.raises(SourceError) as caught:
                look()
            assert caught.value.code == "account-may-write"
            assert "GRANT SELECT ON" in caught.value.detail
        allowed = SourceAccess(databases={"crm": address}, writers_allowed=True)
        assert open_source(source, allowed).count() == 5_000
    finally:
        await execute(socket, "DROP USER account")


async def test_what_everybody_may_in_a_new_server_s_own_test_database_is_not_the_account_s(
    socket: str,
) -> None:
    """As `mariadb-install-db` leaves a server; where members lie in that database, it counts."""
    everybody = ("ON test.*", r"ON `test\_%`.*")
    await execute(
        socket, "CREATE DATABASE test", "CREATE TABLE test.members (email text)",
        "INSERT INTO test.members VALUES ('a@example.com')", "CREATE USER account IDENTIFIED BY 'x'",
        "GRANT SELECT ON crm.* TO account", *(f"GRANT ALL {on} TO PUBLIC" for on in everybody),
    )  # fmt: skip
    try:
        for database, refused in (("crm", False), ("test", True)):
            address = f"mysql://account:x@localhost/{database}?unix_socket={socket}"
            source = {"kind": "mysql", "database": "crm", "query": "SELECT email FROM members"}
            found = open_source(source, SourceAccess(databases={"crm": address}))
            if not refused:
                assert found.count() == 5_000
                continue
            with pytest.raises(SourceError) as caught:
                found.count()
            assert caught.value.code == "account-may-write"
    finally:
        revoked = (f"REVOKE ALL {on} FROM PUBLIC" for on in everybody)
        await execute(socket, *revoked, "DROP USER account", "DROP DATABASE test")


@pytest.mark.parametrize(
    "query",
    ["SELECT id FROM parts", "SELECT id FROM here UNION ALL SELECT id FROM there ORDER BY NULL"],
)
def test_one_snapshot_and_no_lock_meanwhile(opened: Any, socket: str, query: str) -> None:
    """What is written while members are read is not seen, in no partition and in no other table."""
    people = 8_000
    asyncio.run(execute(
        socket, "USE crm", "CREATE OR REPLACE TABLE parts (id int, KEY (id)) ENGINE=InnoDB "
        "PARTITION BY HASH(id) PARTITIONS 4", "CREATE OR REPLACE TABLE here (id int) ENGINE=InnoDB",
        "CREATE OR REPLACE TABLE there (id int) ENGINE=InnoDB",
        f"INSERT INTO parts SELECT seq FROM seq_1_to_{people}",
        f"INSERT INTO there SELECT seq FROM seq_1_to_{people}", "SELECT 1",
    ))  # fmt: skip
    # more than fits between the server and its reader
    padded = f"SELECT id, repeat('x', 2000) AS pad FROM ({query}) AS ids"
    chunks = opened(query=padded).chunks(["id", "pad"], rows=500)
    first = next(chunks)
    asyncio.run(execute(
        socket, "USE crm", "SET SESSION lock_wait_timeout = 5", "UPDATE parts SET id = -id",
        "INSERT INTO parts SELECT seq FROM seq_100000_to_100100", "INSERT INTO here SELECT * FROM there",
        "DELETE FROM there", "SELECT 1",
    ))  # fmt: skip
    ids = pl.concat([first, *chunks])["id"].cast(pl.Int64)
    assert (ids.len(), ids.n_unique(), ids.min(), ids.max()) == (people, people, 1, people)
    again = pl.concat(opened(query=query).chunks(["id"]))
    assert again.height == (people + 101 if "parts" in query else people)


def test_time_and_cancelling(access: Any, socket: str) -> None:
    """Canceled, the statement is gone at the server, too, also one that has sent no row yet."""
    source = {"kind": "mysql", "database": "crm", "query": "SELECT sleep(110) AS email"}
    began = time.monotonic()
    with pytest.raises(SourceError) as caught:
        list(open_source(source, access(statement_timeout_seconds=0.5)).chunks(["email"]))
    assert caught.value.code == "statement-timeout"
    with wanted() as given_up:
        asyncio.run(_later(given_up.set, lambda: open_source(source, access())))
    assert time.monotonic() - began < within(5)
    asks = "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%sleep(110%'"
    working = [asyncio.run(execute(socket, asks))[0][0] - 1]  # the one that asks
    while working[-1] and time.monotonic() - began < within(5):
        working.append(asyncio.run(execute(socket, asks))[0][0] - 1)
    assert working[-1] == 0


async def _later(stop: Any, reading: Any) -> None:
    asyncio.get_running_loop().call_later(0.3, stop)

    def read() -> None:
        with pytest.raises(ReadingGivenUp):
            list(reading().chunks(["email"]))

    await asyncio.to_thread(read)


def test_warnings_of_the_server_are_not_logged(
    opened: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        list(opened(query="SELECT email + 0 AS email FROM members").chunks(["email"]))
    assert "m.example" not in caplog.text
