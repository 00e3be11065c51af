"""An erasure that meets what nobody foresaw: the rest is done, it is said, tried again, and has an end."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import polars as pl
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from app.db.models import ExportBaseline, SegmentUpload, Suppression
from app.db.session import Database
from app.erasures.due import perform_due
from app.erasures.execution import GIVE_UP_AFTER, PAUSES, Erasing
from app.exports.members.suppression import suppression_list
from app.facebook.client import GraphClient
from app.facebook.graph import Graph
from app.observability import metrics
from app.observability.logs import configure_logging
from app.snapshots import SnapshotError
from tests.erasures.test_erasures import (
    EMAIL,
    HERS,
    OTHERS,
    cells,
    digest,
    erase,
    read,
    run_to_end,
    staged_bytes,
    three_exports,
)
from tests.flows.journey import expect, make_connection
from tests.webhooks.simulated import SimulatedClock

PANIC = type("PanicException", (BaseException,), {})
"""What polars raises when it meets what it never expected: no Exception."""


class Stumbling(GraphClient):
    """A client that meets the unforeseen at one ad account for as long as it is `broken`."""

    def __init__(self, graph: GraphClient, account: str, error: BaseException) -> None:
        self._stumbles, self._account, self._error = graph, account, error
        self.broken = True

    def for_token(self, token: str, *, ad_account_id: str | None = None) -> Graph:
        if self.broken and ad_account_id == self._account:
            raise self._error
        return self._stumbles.for_token(token, ad_account_id=ad_account_id)


def attempts(outcome: str) -> float:
    """How many attempts ended so for what nobody foresaw."""
    return metrics.ERASURES_WORKED.labels(outcome, "internal-error")._value.get()


async def on_two_accounts(api: httpx.AsyncClient) -> None:
    await make_connection(api, display_name="one", audience={"name": "One"})
    await make_connection(
        api, display_name="two", audience={"name": "Two"}, ad_account_id="act_1002"
    )


@pytest.mark.parametrize("kind", [KeyError, OSError, PANIC, pl.exceptions.PanicException])
async def test_an_account_that_fails_unforeseen_leaves_the_others_alone_and_is_tried_again(
    api: httpx.AsyncClient,
    work: Any,
    carry_out: Any,
    erasing: Erasing,
    sandbox: Any,
    settings: Any,
    segment_root: Any,
    time: SimulatedClock,
    kind: type[BaseException],
) -> None:
    exports, audiences, _ = await three_exports(api, segment_root)
    for export in exports:
        await run_to_end(api, work, export)
    graph = Stumbling(erasing.graph, "act_1001", kind(EMAIL))
    broken = replace(erasing, graph=graph)
    erasure, retrying = await erase(api), attempts("retrying")
    configure_logging(level="INFO")
    with capture_logs() as lines:
        assert await perform_due(broken) == 1

    record = await read(api, erasure)
    assert (record["status"], record["attempt"], record["finished_at"]) == ("running", 1, None)
    assert record["error"]["code"] == "internal-error"
    assert kind.__name__ in record["error"]["message"]
    first, second, pushed = record["results"]
    assert (pushed["kind"], pushed["status"]) == ("pushed_members", "done")
    assert (first["ad_account_id"], first["status"]) == ("act_1001", "pending")
    assert first["error"]["code"] == "internal-error"
    assert (second["ad_account_id"], second["status"]) == ("act_1002", "done")
    assert second["error"] is None
    assert HERS & cells(sandbox, audiences[0])
    assert not HERS & cells(sandbox, audiences[2])
    (crash,) = [line for line in lines if line["event"] == "erasure.crashed"]
    assert (crash["error"], crash["log_level"]) == (kind.__name__, "error")
    assert crash["where"].startswith("test_unforeseen.py:")
    assert "remove_people" in crash["where"]
    (told,) = [line for line in lines if line["event"] == "erasure.worked"]
    assert (told["outcome"], told["code"]) == ("retrying", "internal-error")
    assert attempts("retrying") == retrying + 1
    assert EMAIL not in str(lines) + str(record)

    # not at once: it waits as after any failure
    assert await perform_due(broken) == 0
    time.advance(seconds=PAUSES[0].total_seconds() + 1)
    graph.broken = False
    assert await perform_due(broken) == 1
    record = await read(api, erasure)
    assert (record["status"], record["attempt"], record["error"]) == ("done", 2, None)
    assert {entry["status"] for entry in record["results"]} == {"done"}
    for audience in audiences:
        assert not HERS & cells(sandbox, audience)
    assert all(bytes.fromhex(item) not in staged_bytes(settings) for item in HERS)


async def test_it_has_an_end_and_the_people_stay_out_until_they_are_asked_for_again(
    api: httpx.AsyncClient,
    carry_out: Any,
    erasing: Erasing,
    database: Database,
    time: SimulatedClock,
) -> None:
    await on_two_accounts(api)
    graph = Stumbling(erasing.graph, "act_1001", KeyError(EMAIL))
    broken = replace(erasing, graph=graph)
    erasure = await erase(api, people=[{"EMAIL": EMAIL, "EXTERN_ID": "customer-4711"}])
    spent, tried, failed = time.ahead, 0, attempts("failed")
    while (record := await read(api, erasure))["status"] in {"queued", "running"}:
        tried += await perform_due(broken)
        time.advance(minutes=30)
        assert time.ahead - spent < GIVE_UP_AFTER * 2
    assert (record["status"], record["attempt"]) == ("failed", tried)
    assert len(PAUSES) < tried < 40
    assert record["error"]["code"] == "internal-error"
    assert "three days" in record["error"]["message"]
    assert "KeyError" in record["error"]["message"]
    assert EMAIL not in str(record)
    assert record["finished_at"] is not None
    assert [entry["status"] for entry in record["results"]] == ["pending", "done", "done"]
    assert attempts("failed") == failed + 1
    page = await expect(await api.get("/v1/audit-events?action=erasure.failed"), 200)
    assert [event["resource_id"] for event in page["items"]] == [erasure["id"]]
    async with database.transaction() as session:
        assert await suppression_list(session), "nobody sends them all the same"
        kept = await session.scalars(select(Suppression.key).distinct())
        assert set(kept) == {"EMAIL", "EXTERN_ID"}, "no sealed text is kept for later"
    assert await perform_due(broken) == 0

    graph.broken = False
    again = await erase(api)
    assert await perform_due(broken) == 1
    record = await read(api, again)
    assert (record["status"], record["attempt"]) == ("done", 1)


async def test_other_erasures_are_not_held_up(
    api: httpx.AsyncClient, erasing: Erasing, database: Database
) -> None:
    """Neither by an account's failure, nor by one before any account, nor by what cannot be written."""
    await on_two_accounts(api)
    first = await erase(api, ad_account_ids=["act_1001"])
    unreadable = await erase(
        api, ad_account_ids=["act_1002"], people=[{"EXTERN_ID": "customer-4711"}]
    )
    last = await erase(api, ad_account_ids=["act_1002"])
    async with database.transaction() as session:
        sealed = update(Suppression).where(Suppression.key.not_in(["EMAIL", "PHONE", "EXTERN_ID"]))
        await session.execute(sealed.values(hash=b"of a key that was lost"))
    broken = replace(erasing, graph=Stumbling(erasing.graph, "act_1001", RuntimeError(EMAIL)))
    assert await perform_due(broken) == 3
    found = [await read(api, erasure) for erasure in (first, unreadable, last)]
    assert [record["status"] for record in found] == ["running", "running", "done"]
    codes = [record["error"] and record["error"]["code"] for record in found]
    assert codes == ["internal-error", "secret-unreadable", None]


async def test_what_cannot_be_written_down_is_no_reason_to_try_for_ever(
    api: httpx.AsyncClient, erasing: Erasing, time: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await on_two_accounts(api)
    erasure = await erase(api)

    async def answered(*_: Any) -> str:
        return "a trace\x00with what jsonb does not take"

    monkeypatch.setattr(Graph, "remove_from_every_audience", answered)
    with capture_logs() as lines:
        assert await perform_due(erasing) == 1
    assert [line["event"] for line in lines].count("erasure.crashed") >= 1
    record = await read(api, erasure)
    assert (record["status"], record["error"]["code"]) == ("running", "internal-error")
    assert await perform_due(erasing) == 0
    time.advance(seconds=GIVE_UP_AFTER.total_seconds())
    time.advance(minutes=1)
    assert await perform_due(erasing) == 1
    record = await read(api, erasure)
    assert (record["status"], record["error"]["code"]) == ("failed", "internal-error")


async def test_a_baseline_that_no_rule_foresaw_is_said_to_be_pending_and_why(
    api: httpx.AsyncClient,
    work: Any,
    carry_out: Any,
    database: Database,
    segment_root: Any,
    time: SimulatedClock,
) -> None:
    exports, _, _ = await three_exports(api, segment_root)
    for export in exports:
        await run_to_end(api, work, export)
    spoilt, whole = exports[1]["id"], exports[2]["id"]

    async def put(session: AsyncSession, change: Callable[[dict[str, Any]], None]) -> None:
        row = await session.get_one(ExportBaseline, spoilt)
        assert row.delivered is not None
        document = dict(row.delivered)
        change(document)
        row.delivered = document

    rows: list[Any] = []

    def spoil(document: dict[str, Any]) -> None:
        group = dict(document["groups"][0])
        rows.append(group["rows"])
        document["groups"] = [{**group, "rows": f"of {EMAIL}"}]

    def mend(document: dict[str, Any]) -> None:
        document["groups"] = [{**document["groups"][0], "rows": rows[0]}]

    async with database.transaction() as session:
        await put(session, spoil)
    erasure = await erase(api)
    with capture_logs() as lines:
        assert await carry_out() == 1
    record = await read(api, erasure)
    assert (record["status"], record["error"]["code"]) == ("running", "internal-error")
    entries = {entry["export_id"]: entry for entry in record["results"] if "export_id" in entry}
    assert entries[spoilt]["status"] == "pending"
    assert entries[spoilt]["error"]["code"] == "internal-error"
    assert (entries[whole]["status"], entries[whole]["rows"]) == ("done", 1)
    assert entries[whole]["error"] is None
    (pushed,) = [entry for entry in record["results"] if entry["kind"] == "pushed_members"]
    assert (pushed["status"], pushed["error"]) == ("done", None)
    assert any(line["event"] == "erasure.crashed" for line in lines)
    assert EMAIL not in str(record) + str(lines)

    async with database.transaction() as session:
        await put(session, mend)
    time.advance(minutes=2)
    assert await carry_out() == 1
    record = await read(api, erasure)
    assert (record["status"], record["error"]) == ("done", None)
    assert all(entry["error"] is None for entry in record["results"])


async def pushed_segment(api: httpx.AsyncClient, name: str, *addresses: str) -> dict[str, Any]:
    body = {"name": name, "source": {"kind": "upload"}}
    segment = await expect(await api.post("/v1/segments", json=body), 201)
    await push(api, segment, *addresses)
    return segment


async def push(api: httpx.AsyncClient, segment: dict[str, Any], *addresses: str) -> None:
    content = "EMAIL\n" + "".join(f"{address}\n" for address in addresses)
    headers = {"Content-Type": "text/csv"}
    path = f"/v1/segments/{segment['id']}/members"
    await expect(await api.put(path, content=content.encode(), headers=headers), 200)


async def test_pushed_members_that_cannot_be_read_hold_up_no_other_segment(
    api: httpx.AsyncClient,
    carry_out: Any,
    database: Database,
    settings: Any,
    time: SimulatedClock,
) -> None:
    await make_connection(api)
    segments = [await pushed_segment(api, f"s{n}", EMAIL, OTHERS[n][0]) for n in range(3)]
    async with database.transaction() as session:
        query = select(SegmentUpload).where(SegmentUpload.segment_id == segments[0]["id"])
        row = (await session.scalars(query)).one()
        kept = dict(row.manifest or {})
        row.manifest = {**kept, "groups": [{**kept["groups"][0], "schema": [None]}]}
    erasure = await erase(api)
    await carry_out()
    record = await read(api, erasure)
    assert record["status"] == "running"
    (pushed,) = [entry for entry in record["results"] if entry["kind"] == "pushed_members"]
    assert (pushed["status"], pushed["rows"]) == ("pending", 2)
    assert pushed["error"]["code"] == record["error"]["code"] == "internal-error"
    # one file is left, the one that cannot be read
    assert staged_bytes(settings).count(bytes.fromhex(digest(EMAIL))) == 1

    await push(api, segments[0], EMAIL, OTHERS[0][0])
    time.advance(minutes=2)
    await carry_out()
    record = await read(api, erasure)
    assert (record["status"], record["error"]) == ("done", None)
    (pushed,) = [entry for entry in record["results"] if entry["kind"] == "pushed_members"]
    assert (pushed["status"], pushed["rows"], pushed["error"]) == ("done", 3, None)
    assert bytes.fromhex(digest(EMAIL)) not in staged_bytes(settings)


async def test_files_that_stay_hold_up_no_other_files(
    api: httpx.AsyncClient, erasing: Erasing, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_connection(api)
    segments = [await pushed_segment(api, f"s{n}", EMAIL, OTHERS[n][0]) for n in range(3)]
    store = erasing.store
    delete = store.delete_prefix

    def stubborn(prefix: str) -> None:
        if segments[0]["id"] in prefix:
            raise SnapshotError("The snapshot store could not delete it.")
        delete(prefix)

    monkeypatch.setattr(store, "delete_prefix", stubborn)
    erasure = await erase(api)
    assert await perform_due(erasing) == 1
    record = await read(api, erasure)
    assert (record["status"], record["error"]["code"]) == ("running", "snapshot-unreachable")
    (pushed,) = [entry for entry in record["results"] if entry["kind"] == "pushed_members"]
    assert (pushed["status"], pushed["rows"]) == ("pending", 3)
    assert staged_bytes(settings).count(bytes.fromhex(digest(EMAIL))) == 1
