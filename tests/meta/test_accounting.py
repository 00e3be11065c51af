"""What Meta answers to an accepted upload, as the run and its batches show it.

The sandbox finds nothing wrong with rows of ours, so where Meta complains, its answer is written here.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import respx
from sqlalchemy import text

from tests.access.deployments import deployed
from tests.flows.journey import expect
from tests.http.said import said
from tests.meta.deployment import CUSTOMER_LIST, Deployment, addresses

LEAKS = (hashlib.sha256(b"member3@example.com").hexdigest(), "member3@example.com")
Complaint = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Complaint], None]]:
    """Let uploads be answered by a function of their payload; everything else goes through."""
    # respx fakes httpx's connections and no others
    monkeypatch.setattr("app.facebook.transport.http.is_direct", lambda _: False)
    with respx.mock(assert_all_called=False) as wire:

        def install(complaint: Complaint) -> None:
            def answer(request: httpx.Request) -> httpx.Response:
                body = json.loads(request.content)
                fields = {"audience_id": CUSTOMER_LIST, "invalid_entry_samples": {}}
                fields["session_id"] = str(body["session"]["session_id"])
                return httpx.Response(200, json=fields | complaint(body["payload"]))

            wire.post(path__regex=r"/users$").mock(side_effect=answer)
            wire.route().pass_through()

        yield install


async def batches(meta: Deployment, run: dict[str, Any]) -> list[dict[str, Any]]:
    page = await expect(await meta.api.get(f"/v1/runs/{run['id']}/batches"), 200)
    items: list[dict[str, Any]] = page["items"]
    return items


async def everything_stored(meta: Deployment) -> str:
    """All rows of all tables, as text."""
    found = []
    async with meta.database.transaction() as session:
        names = await session.scalars(
            text("select tablename from pg_tables where schemaname = 'public'")
        )
        for name in names.all():
            rows = await session.execute(text(f"select t::text from {name} t"))
            found += [str(row[0]) for row in rows]
    return "\n".join(found)


async def test_meta_counts_by_session_and_the_run_by_batch(
    meta: Deployment, connection: dict[str, Any]
) -> None:
    """`num_received` grows with the session: added up batch by batch, 60,000 would come out."""
    segment = await meta.segment("more", addresses(30_000))
    export = await meta.export(connection, segment)
    run = await meta.run(export)
    assert run["status"] == "succeeded", run
    items = await batches(meta, run)
    assert [item["rows"] for item in items] == [item["received"] for item in items]
    assert sum(item["received"] for item in items) == 30_000
    assert run["counts"]["received"] == run["counts"]["staged"] == 30_000
    (session,) = meta.sandbox.audience(CUSTOMER_LIST)["sessions"]
    assert (session["received"], session["estimated"], session["finished"]) == (30_000, None, True)
    assert run["session_ids"] == [str(session["id"])]
    calls = meta.uploads()
    assert sorted(call["batch_seq"] for call in calls) == [1, 2, 3]
    assert [call["last_batch"] for call in calls] == [False, False, True]
    assert {item["trace_id"] for item in items} == {call["trace_id"] for call in calls}


async def test_invalid_entries_are_counted_by_reason_and_kept_nowhere(
    meta: Deployment,
    export: dict[str, Any],
    answers: Callable[[Complaint], None],
) -> None:
    """A sample holds a whole row: it is matched by its hash, and only its reason stays."""

    def complain(payload: dict[str, Any]) -> dict[str, Any]:
        rows = [json.dumps(row, separators=(",", ":")) for row in payload["data"]]
        mine = next(row for row in rows if LEAKS[0] in row)
        others = [row for row in rows if row != mine][:2]
        samples = dict.fromkeys(others, "empty external ID")
        samples |= {
            mine: f"cannot read {LEAKS[1]}",
            '["no row of ours"]': "incorrect hashing",
            "no row at all": "incorrect hashing",
        }
        return {
            "num_received": len(rows),
            "num_invalid_entries": 7,
            "invalid_entry_samples": samples,
        }

    answers(complain)
    with said() as lines:
        run = await meta.run(export, log_level="DEBUG")
    assert run["status"] == "succeeded_with_warnings", run
    assert run["counts"]["received"] == 40
    assert run["counts"]["invalid"] == 7
    assert [item["code"] for item in run["warnings"]] == ["entries-invalid"]
    (item,) = await batches(meta, run)
    assert item["invalid"] == 7
    assert item["invalid_reasons"] == {"empty_external_id": 2, "other": 1, "unmatched": 2}
    stored = await everything_stored(meta)
    assert run["id"] in stored
    logged = lines.getvalue()
    assert run["id"] in logged
    for leak in LEAKS:
        for place in (stored, logged, json.dumps([run, item])):
            assert leak not in place
    assert meta.staged_files() == []


async def test_samples_may_come_as_a_list_and_numbers_as_text(
    meta: Deployment, export: dict[str, Any], answers: Callable[[Complaint], None]
) -> None:
    """The guide allows "JSON array or map"; ids and counts come as strings in places."""
    answers(
        lambda payload: {
            "num_received": str(len(payload["data"])),
            "num_invalid_entries": "1",
            "invalid_entry_samples": [json.dumps(payload["data"][0])],
        }
    )
    run = await meta.run(export)
    assert (run["status"], run["counts"]["invalid"]) == ("succeeded_with_warnings", 1)
    (item,) = await batches(meta, run)
    assert item["invalid_reasons"] == {"unspecified": 1}


async def test_rows_meta_did_not_count_are_spoken_of(
    meta: Deployment, export: dict[str, Any], answers: Callable[[Complaint], None]
) -> None:
    answers(lambda payload: {"num_received": len(payload["data"]) - 3, "num_invalid_entries": 0})
    run = await meta.run(export)
    assert run["status"] == "succeeded_with_warnings"
    (warning,) = run["warnings"]
    assert warning["code"] == "received-fewer"
    assert "3 rows" in warning["detail"]


async def test_a_retired_version_is_a_warning_before_it_is_a_failure(
    meta: Deployment, connection: dict[str, Any], export: dict[str, Any]
) -> None:
    """`X-Ad-Api-Version-Warning`: Meta serves an expired version as a newer one, for a while."""
    meta.sandbox.control("PUT", "settings", json={"expired_version": "upgrade"})
    run = await meta.run(export, graph_api_version="v24.0")
    assert run["status"] == "succeeded_with_warnings", run
    warning = next(item for item in run["warnings"] if item["code"] == "graph-version")
    assert "GRAPH_API_VERSION" in warning["detail"]
    assert meta.sandbox.audience(CUSTOMER_LIST)["members"] == 40

    path = f"/v1/connections/{connection['id']}/check"
    old = meta.settings.model_copy(update={"graph_api_version": "v24.0"})
    async with deployed(old) as api:
        found = await expect(await api.post(path), 200)
    assert found["ok"] is True
    warned = [item for item in found["checks"] if item["code"] is not None]
    assert [(item["name"], item["code"], item["ok"]) for item in warned] == [
        ("graph_version", "graph-version", True)
    ]
    assert warned[0]["help_url"].endswith("/overview/versioning")
    current = await expect(await meta.api.post(path), 200)
    assert all(item["code"] is None for item in current["checks"])
    assert (await meta.run(export))["warnings"] == []
