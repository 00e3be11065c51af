"""BigQuery and Snowflake at their wires, on doubles: what is asked, and what is made of every answer."""

import asyncio
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.errors import SourceError
from app.sources import Attribute, Priced, SourceAccess, open_source
from app.sources.cancellation import ReadingGivenUp, wanted
from app.sources.database_checks import check_database
from tests.conftest import within
from tests.warehouses.broken import hanging
from tests.warehouses.conftest import fault
from tests.warehouses.places import Place
from tests.warehouses.wire import breaks, says, serving

KINDS = ["bigquery", "snowflake"]


@pytest.fixture(params=KINDS)
def place(request: Any, tmp_path: Path, monkeypatch: Any) -> Iterator[Place]:
    for module in ("bigquery.rest_api", "snowflake.sql_api"):
        monkeypatch.setattr(f"app.sources.warehouses.{module}._WAITS", (0.01, 0.01))
    monkeypatch.setattr("app.sources.warehouses.snowflake.source._WAIT_SECONDS", 0.01)
    with serving(request.param) as double:
        yield Place(request.param, double, tmp_path)


def test_a_table_and_a_query(place: Place) -> None:
    for source in ({"table": "crm.members"}, {"query": "SELECT * FROM crm.members -- all"}):
        found = place.open(**source)
        assert found.attributes() == [
            Attribute("ID", "integer"), Attribute("EMAIL", "string"), Attribute("BORN", "date"),
            Attribute("AMOUNT", "number"), Attribute("SEEN", "datetime"),
        ]  # fmt: skip
        billed = place.kind == "bigquery" and "query" in source
        assert found.count() == (None if billed else 5_000)
        frames = list(found.chunks(["born", "email", "amount", "seen"], rows=700))
        assert max(frame.height for frame in frames) <= 700
        frame = pl.concat(frames)
        assert frame.height == frame["email"].n_unique() == 5_000
        moment = datetime(2019, 12, 31, 23, 30, tzinfo=UTC)
        assert frame.schema["amount"] == pl.Float64
        assert frame.row(0) == ("1990-01-01", "0@m.example", 4915112345678, moment)
    assert list(place.open(query="SELECT * FROM crm.members WHERE id < 0").chunks(["email"])) == []


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        (
            "SELECT email FROM crm.members; DROP TABLE crm.members",
            ("query-not-read-only", "query-failed"),
        ),
        ("SELECT email FROM crm.members) AS m; DROP TABLE crm.members; --", ("query-failed",)),
        ("SELECT 'a' AS email) AS m, (SELECT 1 AS b", ("query-failed",)),
        ("SELECT email FROM crm.members /* ", ("query-failed", "query-not-read-only")),
        ("SELECT email FROM crm.members WHERE email = 'x", ("query-failed",)),
        ("CALL anything()", ("query-failed",)),
        ("SELECT email FROM crm.members INTO OUTFILE '/tmp/x'", ("query-failed",)),
        ("SELECT email FROM crm.members FOR UPDATE", ("query-failed",)),
        (
            "WITH m AS (SELECT 1) DELETE FROM crm.members",
            ("query-not-read-only", "database-permission-denied"),
        ),
        ("DROP TABLE crm.members", ("query-not-read-only", "database-permission-denied")),
        ("SET x = 1", ("query-failed",)),
        ("SELECT email, email FROM crm.members", ("source-invalid",)),
        ("SELECT email FROM crm.memberz", ("source-not-found",)),
        ("SELECT id FROM crm.members", ("attribute-missing",)),
        ("SELECT HUGE() AS email", ("cell-too-large",)),
        ("", ("query-failed",)),
    ],
)
def test_a_query_can_only_read(place: Place, query: str, codes: tuple[str, ...]) -> None:
    error = fault(place.access(), place.source(query=query))
    assert error.code in codes
    assert "@m.example" not in error.detail
    assert place.double.engine.run("SELECT count(*) FROM crm.members")[2] == [(5_000,)]


@pytest.mark.parametrize(
    ("database", "code"),
    [("absent", "database-not-found"), ("expired", "credentials-expired"), ("unfiled", "secret-unreadable"),
     ("no_key", "secret-unreadable"), ("away", "database-unreachable"), ("plain", "tls-refused")],
)  # fmt: skip
def test_places_that_cannot_be_read(place: Place, database: str, code: str) -> None:
    error = fault(place.access(), place.source(database, table="crm.members"))
    assert error.code == code
    assert "no-longer-good" not in error.detail


def test_a_server_that_hangs(place: Place) -> None:
    with hanging() as port:
        url = f"http://127.0.0.1:{port}"
        address = place.access().databases["crm"].replace(place.double.url, url)
        silent = SourceAccess(databases={"crm": address}, connect_timeout_seconds=0.4)
        began = time.monotonic()
        assert fault(silent, place.source(table="crm.members")).code == "database-unreachable"
        checked = check_database("crm", silent, seconds=0.4)
        assert (checked.ok, checked.checks[0].code) == (False, "database-unreachable")
        assert time.monotonic() - began < within(5)


def test_what_drops_in_the_middle_is_read_again_and_what_stays_away_ends(place: Place) -> None:
    part = r"pageToken" if place.kind == "bigquery" else r"partition="
    place.double.next = [(part, breaks), (part, says(503, {}))]
    frames = list(place.open(table="crm.members").chunks(["email"], rows=700))
    assert pl.concat(frames)["email"].n_unique() == 5_000
    place.double.next = [(part, breaks)] * 9
    assert fault(place.access(), place.source(table="crm.members")).code == "database-unreachable"
    gone = {"error": {"message": "Not found: Job", "errors": [{"reason": "notFound"}]}}
    place.double.next = [(part, says(404, gone))]
    assert fault(place.access(), place.source(table="crm.members")).code == "result-expired"


def test_one_result_whatever_is_written_meanwhile(place: Place) -> None:
    """The parts are those of one statement; the table is not asked again."""
    place.double.engine.load(
        "moving", ["EMAIL"], [(f"{number}@m.example",) for number in range(5_000)]
    )
    frames = place.open(table="crm.moving").chunks(["email"], rows=700)
    first = next(frames)
    place.double.engine.load("moving", ["EMAIL"], [("late@m.example",)] * 5_000)
    read = pl.concat([first, *frames])
    assert (read.height, read["email"].n_unique()) == (5_000, 5_000)


@pytest.mark.parametrize(
    ("kind", "status", "told", "code"),
    [
        ("snowflake", 401, "390144", "credentials-refused"),
        ("snowflake", 401, "390318", "credentials-expired"),
        ("snowflake", 401, "390101", "account-disabled"),
        ("snowflake", 401, "394508", "mfa-required"),
        ("snowflake", 403, "390422", "network-policy-refused"),
        ("snowflake", 422, "000606", "warehouse-suspended"),
        ("snowflake", 422, "090073", "warehouse-suspended"),
        ("snowflake", 422, "000630", "statement-timeout"),
        ("snowflake", 408, "", "statement-timeout"),
        ("snowflake", 422, "003001", "database-permission-denied"),
        ("bigquery", 403, "accessDenied", "database-permission-denied"),
        ("bigquery", 403, "quotaExceeded", "quota-exceeded"),
        ("bigquery", 403, "billingNotEnabled", "warehouse-suspended"),
        ("bigquery", 403, "accessNotConfigured", "warehouse-suspended"),
        ("bigquery", 404, "notFound", "source-not-found"),
        ("bigquery", 400, "bytesBilledLimitExceeded", "query-too-expensive"),
        ("bigquery", 500, "backendError", "database-unreachable"),
    ],
)
def test_every_refusal_has_its_code(
    place: Place, kind: str, status: int, told: str, code: str
) -> None:
    if kind != place.kind:
        pytest.skip("the other one's")
    document = {"code": told, "error": {"message": "7@m.example", "errors": [{"reason": told}]}}
    place.double.next = [(r"jobs|statements", says(status, document))] * 9
    error = fault(place.access(), place.source(table="crm.members"))
    assert error.code == code
    assert "m.example" not in error.detail


def test_rights_are_checked(place: Place) -> None:
    assert [check.code for check in check_database("crm", place.access()).checks] == [None] * 4
    place.double.grants.append("INSERT")
    place.double.writes = True
    codes = [check.code for check in check_database("crm", place.access()).checks]
    assert codes[3] == ("account-may-write" if place.kind == "bigquery" else "database-writable")
    refused = check_database("expired", place.access())
    assert [check.ok for check in refused.checks] == [True, False, None, None]


@pytest.mark.parametrize("rights", ["own", "inherited", "beyond"])
def test_an_account_that_may_write_is_not_read_with(place: Place, rights: str) -> None:
    """Itself or by a role it inherits; the refusal says how to make one that may only read."""
    if place.kind == "bigquery" and rights != "own":
        pytest.skip("its dry run tells what the account may do, whyever")
    place.double.writes = place.kind == "bigquery"
    if rights == "own":
        place.double.grants.append("INSERT")
    else:
        place.double.inherited = ["OWNERSHIP"] if rights == "inherited" else ["SELECT"]
    for source in (
        place.source(table="crm.members"),
        place.source(query="SELECT * FROM crm.members"),
    ):
        opened = open_source(source, place.access())
        for look in (opened.attributes, opened.count, lambda: list(opened.chunks(["email"]))):  # noqa: B023
            if rights == "beyond":
                assert look() is not None
                continue
            with pytest.raises(SourceError) as told:
                look()
            assert told.value.code == "account-may-write"
            said = (
                "BigQuery Data Viewer" if place.kind == "bigquery" else "CREATE ROLE segment_reader"
            )
            assert said in told.value.detail
        allowed = open_source(source, place.access(writers_allowed=True))
        assert allowed.attributes()


def test_an_answer_without_end_is_given_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before: whatever a warehouse answered was held in memory."""
    monkeypatch.setattr("app.sources.warehouses.http_client._MAX_ANSWER_BYTES", 10_000)
    place.double.next = [(r"jobs|statements", says(200, {"x": "y" * 20_000}))] * 9
    error = fault(place.access(), place.source(table="crm.members"))
    assert error.code == "database-unreachable"


def test_a_canceled_reading_ends_the_query(place: Place) -> None:
    with wanted() as given_up:
        source = place.open(table="crm.members")
        frames = source.chunks(["email"], rows=700)
        list(source.chunks(["email"]))
        place.double.slow = place.kind == "bigquery"
        place.double.canceled.clear()
        place.double.results.clear()
        if place.kind == "snowflake":
            next(frames)
            frames.close()
        else:
            asyncio.run(_once(lambda: place.double.results, given_up.set, frames))
    assert len(place.double.canceled) == 1


async def _once(begun: Any, stop: Any, frames: Any) -> None:
    """Stop the reading of these frames when its query has begun."""

    def read() -> None:
        with pytest.raises(ReadingGivenUp):
            list(frames)

    reading = asyncio.create_task(asyncio.to_thread(read))
    while not begun() and not reading.done():  # noqa: ASYNC110 - another thread
        await asyncio.sleep(0.01)
    stop()
    await reading


def test_a_query_that_takes_too_long(place: Place) -> None:
    source = place.open(table="crm.members")
    source.attributes()
    place.double.slow = True
    access = place.access(statement_timeout_seconds=1)
    assert fault(access, place.source(table="crm.members")).code == "statement-timeout"
    assert place.double.canceled


def test_what_a_query_costs_is_known_before_and_a_cap_refuses(place: Place) -> None:
    if place.kind != "bigquery":
        pytest.skip("bytes are billed by BigQuery")
    place.double.bytes_read = 5_000
    found = place.open(table="crm.members")
    assert isinstance(found, Priced)
    assert (found.cost().bytes, found.cost().maximum) == (5_000, 1 << 40)
    capped = place.access("&maximum_bytes_billed=4999")
    error = fault(capped, place.source(table="crm.members"))
    assert (error.code, error.members["bytes_needed"]) == ("query-too-expensive", 5_000)
    assert not place.double.results
    assert (
        fault(place.access(maximum_bytes_billed=10), place.source(table="crm.members")).code
        == error.code
    )


def test_nothing_is_logged(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        list(place.open(query="SELECT email FROM crm.members WHERE id = 7").chunks(["email"]))
        with pytest.raises(SourceError):
            list(place.open(query="SELECT 'x@m.example' AS email FROM nowhere").chunks(["email"]))
    assert "m.example" not in caplog.text
