"""ClickHouse's engine behind a double of its HTTP interface: its types, its refusals, its faults."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from app.errors import SourceError
from app.sources import Attribute, SourceAccess, open_source
from app.sources.cancellation import ReadingGivenUp, wanted
from app.sources.database_checks import check_database
from tests.conftest import free_port, within
from tests.warehouses.broken import cut, hanging
from tests.warehouses.clickhouse import running
from tests.warehouses.conftest import SCRIPT, fault


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running(tmp_path_factory.mktemp("clickhouse"), SCRIPT) as found:
        yield found


@pytest.fixture
def access(port: int) -> Callable[..., SourceAccess]:
    place = f"127.0.0.1:{port}"
    addresses = {
        "crm": f"clickhouse://reader:hunter2%20%2F@{place}/crm",
        "strict": f"clickhouse://strict@{place}/crm",
        "owner": f"clickhouse://owner@{place}/crm",
        "wrong": f"clickhouse://reader:hunter2@{place}/crm",
        "absent": f"clickhouse://reader:hunter2%20%2F@{place}/absent",
        "away": f"clickhouse://reader:hunter2@127.0.0.1:{free_port()}/crm",
        "encrypted": f"clickhouse://reader:hunter2@{place}/crm?ssl=required",
    }
    return lambda more=None, **settings: SourceAccess(
        databases={**addresses, **(more or {})}, **settings
    )


def opened(access: Any, **source: Any) -> Any:
    return open_source({"kind": "clickhouse", "database": "crm", **source}, access())


@pytest.mark.parametrize("database", ["crm", "strict"])
def test_a_table_and_a_query(access: Any, database: str) -> None:
    for source in ({"table": "crm.members"}, {"query": "SELECT * FROM members -- all"}):
        found = opened(access, database=database, **source)
        assert found.attributes() == [
            Attribute("id", "integer"), Attribute("email", "string"),
            Attribute("born", "date"), Attribute("agreed", "boolean"),
        ]  # fmt: skip
        assert found.count() == 5_000
        frames = list(found.chunks(["born", "email"], rows=700))
        assert max(frame.height for frame in frames) <= 700
        frame = pl.concat(frames)
        assert frame.height == frame["email"].n_unique() == 5_000
        assert frame["born"].unique().to_list() == ["1990-01-01"]
    none = opened(access, query="SELECT * FROM members WHERE id < 0")
    assert (none.count(), list(none.chunks(["email"]))) == (0, [])


def test_values_keep_their_digits_and_types_their_meaning(access: Any) -> None:
    found = opened(access, table="crm.kinds")
    kinds = {item.name: item.data_type for item in found.attributes()}
    assert kinds == {
        "Upper": "string", "a": "number", "b": "datetime", "c": "datetime", "d": "number", "e": "list",
        "f": "string", "g": "integer", "h": "string", "i": "other", "j": "integer", "k": "other",
        'odd `\\name"': "string",
    }  # fmt: skip
    frame = pl.concat(found.chunks(["upper", *"abcdefghj", 'odd `\\name"']))
    assert frame.row(0) == (
        'é \U0001f600 "],[null', "12345678901234567890.1", datetime(2020, 1, 1, tzinfo=UTC),
        datetime(2020, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC), 4915112345678.0, '["a","b\\""]', "x",
        str(2**256 - 1), "DE", None, "odd",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT email FROM members; DROP TABLE members", "query-failed"),
        ("SELECT email FROM members) AS m; DROP TABLE members; -- ", "query-failed"),
        ("SELECT 'a' AS email) AS m, (SELECT 1 AS b", "query-failed"),
        ("SELECT email FROM members /* ", "query-failed"),
        ("SELECT email FROM members WHERE email = 'x", "query-failed"),
        ("CALL anything()", "query-failed"),
        ("SELECT email FROM members INTO OUTFILE '/tmp/ae-outfile'", "query-not-read-only"),
        ("SELECT email FROM members FORMAT CSV", "query-not-read-only"),
        ("SELECT email FROM members SETTINGS readonly = 0", "query-not-read-only"),
        ("SELECT email FROM members FOR UPDATE", "query-failed"),
        ("WITH 1 AS x DROP TABLE members", "query-failed"),
        ("DROP TABLE members", "query-not-read-only"),
        ("INSERT INTO FUNCTION file('ae-outfile') SELECT 1", "query-not-read-only"),
        ("SET readonly = 0", "query-not-read-only"),
        ("SELECT email, email FROM members", "source-invalid"),
        ("SELECT email FROM memberz", "source-not-found"),
        ("SELECT id FROM members", "attribute-missing"),
        ("SELECT 'x' AS EMAIL, 'y' AS Email", "attribute-missing"),
        ("SELECT repeat(repeat('x', 100000), 1000) AS email", "cell-too-large"),
        ("SELECT throwIf(id = 4999, email)::String AS email FROM members", "query-failed"),
        ("", "query-failed"),
    ],
)
def test_a_query_can_only_read(access: Any, query: str, code: str) -> None:
    error = fault(access(), {"kind": "clickhouse", "database": "crm", "query": query})
    assert error.code == code
    assert "@m.example" not in error.detail
    assert opened(access, table="crm.members").count() == 5_000


def test_ten_thousand_columns(access: Any) -> None:
    columns = ", ".join(f"'{number}' AS c{number}" for number in range(10_000))
    found = opened(access, query=f"SELECT {columns}")
    assert len(found.attributes()) == 10_000
    assert pl.concat(found.chunks(["c9999", "c0"])).rows() == [("9999", "0")]


@pytest.mark.parametrize(
    ("database", "code"),
    [("wrong", "credentials-refused"), ("absent", "database-not-found"),
     ("away", "database-unreachable"), ("encrypted", "tls-refused")],
)  # fmt: skip
def test_databases_that_cannot_be_read(access: Any, database: str, code: str) -> None:
    error = fault(access(), {"kind": "clickhouse", "database": database, "table": "members"})
    assert error.code == code
    assert "hunter2" not in error.detail


@pytest.mark.parametrize("source", [{"table": "crm.members"}, {"query": "SELECT * FROM members"}])
def test_an_account_that_may_write_is_not_read_with(access: Any, source: dict[str, str]) -> None:
    source = {"kind": "clickhouse", "database": "owner", **source}
    found = open_source(source, access())
    for look in (found.attributes, found.count, lambda: list(found.chunks(["email"]))):
        with pytest.raises(SourceError) as told:
            look()
        assert told.value.code == "account-may-write"
        assert "GRANT SELECT ON" in told.value.detail
    assert open_source(source, access(writers_allowed=True)).count() == 5_000


def test_rights_are_checked(access: Any) -> None:
    owner, reader, strict = (check_database(name, access()) for name in ("owner", "crm", "strict"))
    assert [check.code for check in owner.checks] == [None, None, None, "account-may-write"]
    assert [check.code for check in reader.checks] == [None] * 4
    assert [check.code for check in strict.checks] == [None] * 4
    refused = check_database("wrong", access())
    assert [check.ok for check in refused.checks] == [True, False, None, None]


def test_a_server_that_hangs_and_one_that_dies(access: Any, port: int) -> None:
    with hanging() as silent, cut(port, 30_000) as broken:
        places = {
            "hangs": f"clickhouse://reader:x@127.0.0.1:{silent}/crm",
            "hangs_encrypted": f"clickhouse://reader:x@127.0.0.1:{silent}/crm?ssl=required",
            "dies": f"clickhouse://reader:hunter2%20%2F@127.0.0.1:{broken}/crm",
        }
        for name in places:
            began, read = time.monotonic(), []
            source = {"kind": "clickhouse", "database": name, "table": "members"}
            allowed = access(places, connect_timeout_seconds=0.4 if "hangs" in name else 10)
            frames = open_source(source, allowed).chunks(["id", "email"], rows=100)
            with pytest.raises(SourceError) as caught:
                read.extend(frames)
            assert caught.value.code == "database-unreachable", name
            assert time.monotonic() - began < within(5)
            assert sum(frame.height for frame in read) < 5_000


def test_time_and_cancelling(access: Any) -> None:
    source = {
        "kind": "clickhouse",
        "database": "crm",
        "query": "SELECT toString(sum(number * number)) AS email FROM numbers(30000000000)",
    }
    with pytest.raises(SourceError) as caught:
        list(open_source(source, access(statement_timeout_seconds=0.5)).chunks(["email"]))
    assert caught.value.code in {"statement-timeout", "query-failed"}
    began = time.monotonic()
    source["query"] = (
        "SELECT email FROM members, (SELECT sum(number * number) FROM numbers(30000000000)) AS s"
    )
    with wanted() as given_up:
        asyncio.run(
            _later(given_up.set, lambda: open_source(source, access(statement_timeout_seconds=4)))
        )
    assert time.monotonic() - began < 3


async def _later(stop: Any, reading: Any) -> None:
    asyncio.get_running_loop().call_later(0.3, stop)

    def read() -> None:
        with pytest.raises(ReadingGivenUp):
            list(reading().chunks(["email"]))

    await asyncio.to_thread(read)


def test_nothing_is_logged(access: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        list(opened(access, query="SELECT email FROM members WHERE id = 7").chunks(["email"]))
        fault(
            access(),
            {
                "kind": "clickhouse",
                "database": "crm",
                "query": "SELECT toInt8(email) AS email FROM members",
            },
        )
    assert "m.example" not in caplog.text
    assert "hunter2" not in caplog.text
