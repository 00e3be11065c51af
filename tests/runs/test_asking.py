"""Runs as callers see them: asked for, found again, canceled, and untouched by later edits."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.flows.journey import (
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)
from tests.segments.files import write_csv


async def an_export(
    api: httpx.AsyncClient, segment_root: Path, rows: int = 3, name: str = "m", **changes: Any
) -> dict[str, Any]:
    file = write_csv(segment_root / f"{name}.csv", [f"{name}{n}@example.com" for n in range(rows)])
    connection = await make_connection(api, audience={"name": name})
    segment = await make_segment(api, str(file), name)
    return await make_export(api, connection, segment, **changes)


async def test_a_run_exists_at_once(
    api: httpx.AsyncClient, sandbox: Any, segment_root: Path
) -> None:
    """S14, S60: accepted with its address; the work follows."""
    export = await an_export(api, segment_root)
    answer = await api.post(f"/v1/exports/{export['id']}/runs")
    run = await expect(answer, 202)
    assert answer.headers["location"] == f"/v1/runs/{run['id']}"
    assert run["export_id"] == export["id"]
    assert (run["status"], run["trigger"], run["phase"]) == ("queued", "on_demand", None)
    assert run["requested_by"] == "bootstrap"
    assert set(run["counts"].values()) == {0}
    assert (run["started_at"], run["finished_at"], run["error"]) == (None, None, None)
    assert await expect(await api.get(answer.headers["location"]), 200) == run
    last = (await api.get(f"/v1/exports/{export['id']}")).json()["last_run"]
    assert (last["id"], last["status"]) == (run["id"], "queued")
    assert sandbox.requests("/users") == []


async def test_one_active_run_per_export(api: httpx.AsyncClient, segment_root: Path) -> None:
    """L70: the one that is active is named, however many ask at once."""
    export = await an_export(api, segment_root)
    path = f"/v1/exports/{export['id']}/runs"
    answers = await asyncio.gather(*(api.post(path) for _ in range(6)))
    accepted = [answer.json() for answer in answers if answer.status_code == 202]
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert (len(accepted), len(refused)) == (1, 5)
    assert {(item["code"], item["run_id"]) for item in refused} == {
        ("run-already-active", accepted[0]["id"])
    }
    other = await an_export(api, segment_root, name="other")
    await start_run(api, other)


async def test_canceling_a_queued_run(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """A run canceled before its turn never starts; asking twice is asking once."""
    export = await an_export(api, segment_root)
    run = await start_run(api, export)
    path = f"/v1/runs/{run['id']}"
    canceled = await expect(await api.post(f"{path}/cancel"), 200)
    assert (canceled["status"], canceled["phase"]) == ("canceled", None)
    assert canceled["finished_at"] is not None
    assert await expect(await api.post(f"{path}/cancel"), 200) == canceled
    await work()
    assert await get_run(api, run) == canceled
    assert sandbox.requests("/users") == []
    again = await start_run(api, export)
    await work()
    assert (await get_run(api, again))["status"] == "succeeded"
    ended = await expect(await api.post(f"/v1/runs/{again['id']}/cancel"), 409)
    assert (ended["code"], ended["run_status"]) == ("run-finished", "succeeded")


async def test_editing_an_export_leaves_its_queued_run_alone(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """A run does what was asked for when it was asked for."""
    export = await an_export(api, segment_root, rows=4)
    file = write_csv(segment_root / "late.csv", [f"late{n}@example.com" for n in range(9)])
    late = await make_segment(api, str(file), "late")
    run = await start_run(api, export)
    body = {"segment_ids": [late["id"]], "display_name": "Edited", "enabled": False}
    await expect(await api.patch(f"/v1/exports/{export['id']}", json=body), 200)
    await work()
    run = await get_run(api, run)
    assert (run["status"], run["counts"]["read"]) == ("succeeded", 4)
    assert sandbox.audience(run["audience_id"])["members"] == 4


async def test_runs_are_found_by_what_they_are(
    api: httpx.AsyncClient, work: Any, segment_root: Path
) -> None:
    """L63: the last several runs of everything, of an export, of a kind, of a time."""
    first = await an_export(api, segment_root, name="first")
    second = await an_export(api, segment_root, name="second")
    ids = []
    for export in (first, second, first, second):
        run = await start_run(api, export)
        if export is second:
            await api.post(f"/v1/runs/{run['id']}/cancel")
        else:
            await work()
        ids.append(run["id"])
    ids.reverse()

    async def found(**params: Any) -> list[str]:
        page = await expect(await api.get("/v1/runs", params=params), 200)
        return [item["id"] for item in page["items"]]

    assert await found() == ids
    assert await found(export_id=first["id"]) == [ids[1], ids[3]]
    assert await found(status="canceled") == [ids[0], ids[2]]
    assert await found(status=["canceled", "succeeded"]) == ids
    assert await found(status="canceled", export_id=first["id"]) == []
    assert await found(trigger="scheduled") == []
    assert await found(trigger="on_demand") == ids
    now = datetime.now(UTC)
    assert await found(queued_after=(now - timedelta(hours=1)).isoformat()) == ids
    assert await found(queued_before=(now - timedelta(hours=1)).isoformat()) == []
    own = await expect(await api.get(f"/v1/exports/{second['id']}/runs"), 200)
    assert [item["id"] for item in own["items"]] == [ids[0], ids[2]]

    seen, cursor = [], None
    while True:
        params: dict[str, Any] = {"limit": 3, "trigger": "on_demand"}
        page = await expect(
            await api.get("/v1/runs", params=params | ({"cursor": cursor} if cursor else {})), 200
        )
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        other = {"limit": 3, "cursor": cursor}
        assert (await api.get("/v1/runs", params=other)).status_code == 400
    assert seen == ids
    for moment in ("yesterday", "2026-11-23T10:00:00", "0001-01-01T00:00:00+23:00"):
        problem = await expect(await api.get("/v1/runs", params={"queued_after": moment}), 422)
        assert problem["errors"][0]["parameter"] == "queued_after"
    assert (await api.get("/v1/runs", params={"export_id": "exp_\0"})).status_code in {200, 422}


async def test_batches_are_listed_in_order(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """L63: the record of every batch; at most 10,000 rows each, numbered through."""
    export = await an_export(api, segment_root, rows=43_210)
    run = await start_run(api, export)
    await work()
    run = await get_run(api, run)
    assert run["status"] == "succeeded"
    assert run["counts"]["batches_total"] == run["counts"]["batches_done"] == 5
    seen, cursor = [], None
    while True:
        params: dict[str, Any] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = await expect(await api.get(f"/v1/runs/{run['id']}/batches", params=params), 200)
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [item["sequence"] for item in seen] == [1, 2, 3, 4, 5]
    assert max(item["rows"] for item in seen) <= 10_000
    assert sum(item["rows"] for item in seen) == 43_210
    assert all(item["rows"] == item["received"] for item in seen)
    assert all(item["trace_id"] and item["attempts"] == 1 for item in seen)
    assert {item["session_id"] for item in seen} == set(run["session_ids"])
    uploads = sandbox.requests("/users")
    assert sorted(item["rows"] for item in uploads) == sorted(item["rows"] for item in seen)
    assert sandbox.audience(run["audience_id"])["members"] == 43_210
    unknown = await api.get("/v1/runs/run_" + "0" * 32 + "/batches")
    assert unknown.status_code == 404
