"""The overview says what is broken, what runs, what comes, what ends, and which workers live."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from app import clock
from app.db.session import Database
from tests.access.callers import acting_as
from tests.flows.journey import (
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)
from workers.health.heartbeat import heartbeat


async def overview(api: httpx.AsyncClient) -> dict[str, Any]:
    return await expect(await api.get("/v1/overview"), 200)


async def test_a_broken_export_and_what_it_says(
    api: httpx.AsyncClient,
    work: Callable[..., Awaitable[None]],
    sandbox: Any,
    segment_root: Path,
) -> None:
    """From nothing to a failed run with its reason, an ending token, and the way back to green."""
    empty = await overview(api)
    assert (empty["broken"], empty["running"], empty["workers"]) == ([], [], 0)
    assert len(empty["runs_by_hour"]) == 24
    assert empty["totals"] == {"connections": 0, "segments": 0, "exports": 0}
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    both = ["administrator", "contributor"]
    connection = await make_connection(api, shared_with=both)
    segment = await make_segment(api, str(segment_root / "m.csv"))
    schedule = {"mode": "custom", "cron": "*/5 * * * *", "time_zone": "UTC"}
    export = await make_export(api, connection, segment, schedule=schedule)
    run = await start_run(api, export)
    seen = await overview(api)
    assert [item["id"] for item in seen["running"]] == [run["id"]]
    assert seen["running"][0]["queue_position"] == 1
    assert [item["export"]["id"] for item in seen["upcoming"]] == [export["id"]]
    sandbox.control("PATCH", "tokens/sandbox-user-token", json={"refused_with": 460})
    await work()
    seen = await overview(api)
    broken = {item["kind"]: item for item in seen["broken"]}
    assert broken["export"]["run_id"] == run["id"]
    assert broken["export"]["culprit"] == "user"
    assert broken["connection"]["exports"] == 1
    assert seen["upcoming"] == []  # nothing starts on a connection that Meta refuses
    assert sum(hour["by_status"]["failed"] for hour in seen["runs_by_hour"]) == 1
    async with acting_as(api, "viewer") as viewer:
        assert (await overview(viewer))["totals"]["connections"] == 0


async def test_tokens_that_end(api: httpx.AsyncClient, database: Database) -> None:
    connection = await make_connection(api)
    async with database.transaction() as session:
        await session.execute(
            text("update connections set token_expires_at = :at"),
            {"at": clock.now() + timedelta(days=13)},
        )
    (ending,) = (await overview(api))["tokens_ending"]
    assert ending["connection"]["id"] == connection["id"]
    async with acting_as(api, "contributor") as contributor:
        # it is not shared with them (L10)
        assert (await overview(contributor))["tokens_ending"] == []


async def test_workers_that_live(api: httpx.AsyncClient, database: Database) -> None:
    async with heartbeat(database):
        for _ in range(50):
            if (await overview(api))["workers"]:
                break
        assert (await overview(api))["workers"] == 1
        assert (await expect(await api.get("/readyz"), 200))["workers"] == 1
        async with database.transaction() as session:
            await session.execute(text("update workers set seen_at = seen_at - interval '30 s'"))
        # silent for longer than three beats
        assert (await overview(api))["workers"] == 0
    async with database.transaction() as session:
        assert await session.scalar(text("select count(*) from workers")) == 0


async def test_ready_only_once_a_worker_has_reported(
    api: httpx.AsyncClient, database: Database
) -> None:
    """Of `serve`: a worker of an earlier life does not count."""
    async with heartbeat(database):
        while not (await overview(api))["workers"]:
            pass
        api.app.state.worker_awaited_since = clock.now()  # type: ignore[attr-defined]
        refused = await api.get("/readyz")
        assert (refused.status_code, refused.json()["code"]) == (503, "no-worker-yet")
        async with heartbeat(database):
            for _ in range(100):
                if (await api.get("/readyz")).is_success:
                    break
                await asyncio.sleep(0.05)  # what was seen is kept for a moment
            assert (await api.get("/readyz")).is_success
    # once it was ready, a worker that is away takes no requests away
    assert (await api.get("/readyz")).is_success


async def test_runs_name_what_they_were_about_and_how_they_got_on(
    api: httpx.AsyncClient, work: Callable[..., Awaitable[None]], segment_root: Path
) -> None:
    rows = "\n".join(f"u{number}@example.com" for number in range(500))
    (segment_root / "m.csv").write_text(f"email\n{rows}\n")
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "m.csv"))
    export = await make_export(api, connection, segment)
    assert export["connection"] == {
        "id": connection["id"],
        "display_name": "Newsletter",
        "type": "facebook_ads_manager",
        "status": "ready",
    }
    assert export["segments"] == [{"id": segment["id"], "display_name": "newsletter"}]
    assert export["target_audience"]["name"] == "Newsletter list"
    assert export["created_by_name"] == "Bootstrap key"
    run = await start_run(api, export)
    await work()
    patch = {"display_name": "Another name"}
    await expect(await api.patch(f"/v1/exports/{export['id']}", json=patch), 200)
    done = await get_run(api, run)
    assert done["export"] == {"id": export["id"], "display_name": "Newsletter to Meta"}
    assert done["connection"]["display_name"] == "Newsletter"
    assert done["requested_by_name"] == "Bootstrap key"
    assert [item["phase"] for item in done["phases"]] == [
        "validating",
        "staging",
        "uploading",
        "finishing",
    ]
    times = [
        moment for item in done["phases"] for moment in (item["started_at"], item["finished_at"])
    ]
    assert times == sorted(times)
    assert done["rate"] > 0
    assert done["queue_position"] is None
    waited = await expect(await api.get(f"/v1/runs/{run['id']}", params={"wait": 30}), 200)
    assert waited == done

    for found, missed in (
        ({"connection_id": connection["id"]}, {"connection_id": "con_x"}),
        ({"segment_id": segment["id"]}, {"segment_id": "seg_x"}),
        ({"q": "newsletter TO"}, {"q": "100%"}),
        ({"status": "succeeded"}, {"status": "failed"}),
        ({"requested_by": "bootstrap"}, {"requested_by": "system"}),
        ({"q": run["id"]}, {"error_code": "token-rejected"}),
    ):
        assert len((await api.get("/v1/runs", params=found)).json()["items"]) == 1, found
        assert (await api.get("/v1/runs", params=missed)).json()["items"] == [], missed
    path = f"/v1/runs/{run['id']}/batches"
    assert len((await api.get(path, params={"after_sequence": 0})).json()["items"]) == 1
    assert (await api.get(path, params={"after_sequence": 1})).json()["items"] == []


async def test_lists_in_another_order(api: httpx.AsyncClient, segment_root: Path) -> None:
    """By name, page by page: every item once, equal names too."""
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "m.csv"))
    names = ["b", "a", "c", "a", "B%_\\"]
    for name in names:
        await make_export(api, connection, segment, display_name=name)
    for sort, expected in (
        ("created_at", names),
        ("-created_at", names[::-1]),
        ("display_name", None),
        ("-display_name", None),
    ):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = await expect(
                await api.get("/v1/exports", params={"sort": sort, "limit": 2, **cursor}), 200
            )
            seen += [item["display_name"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert sorted(seen) == sorted(names)
        if expected is not None:
            assert seen == expected
        else:
            ups = [name for name in seen if name in "abc"]
            assert ups == sorted(ups, reverse=sort.startswith("-"))
    found = await api.get("/v1/exports", params={"q": "%_\\"})
    assert [item["display_name"] for item in found.json()["items"]] == ["B%_\\"]
    assert len((await api.get("/v1/exports", params={"last_status": "none"})).json()["items"]) == 5
    assert (await api.get("/v1/exports", params={"status": "detached"})).json()["items"] == []
