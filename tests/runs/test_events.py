"""Following a run live: every change once, to the end, across restarts and processes."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text, update

from app import clock
from app.db.models import Run
from app.db.session import Database
from app.runs.events import stream as following
from app.settings import Settings
from tests.access.callers import acting_as, make_key
from tests.conftest import API_KEY
from tests.flows.journey import expect, make_connection, make_export, make_segment, start_run
from tests.runs.watching import EventSource, serving

HEADERS = {"Authorization": f"Bearer {API_KEY}"}


@pytest.fixture
async def run(api: httpx.AsyncClient, segment_root: Path) -> dict[str, Any]:
    """A queued run."""
    file = segment_root / "m.csv"
    file.write_text("email\n" + "".join(f"m{n}@example.com\n" for n in range(50)))
    segment = await make_segment(api, str(file))
    return await start_run(api, await make_export(api, await make_connection(api), segment))


async def change(database: Database, run: dict[str, Any], **values: Any) -> None:
    async with database.transaction() as session:
        await session.execute(update(Run).where(Run.id == run["id"]).values(**values))


async def test_curl_and_a_browser_follow_a_run_across_a_restart(
    api: httpx.AsyncClient, settings: Settings, database: Database, run: dict[str, Any], work: Any
) -> None:
    path = f"/v1/runs/{run['id']}/events"
    async with serving(settings) as server:
        ticket = await expect(await api.post(f"{path}/ticket"), 200)
        browser = EventSource(server.url + ticket["url"])
        by_key = EventSource(server.url + path, HEADERS)
        watching = [asyncio.create_task(one.run()) for one in (browser, by_key)]
        await asyncio.gather(browser.until(1), by_key.until(1))
        await change(database, run, read=10)
        await asyncio.gather(browser.until(2), by_key.until(2))
        await server.stop()
        await change(database, run, read=20)
        await asyncio.sleep(0.5)
        await server.start()
        await asyncio.gather(browser.until(3), by_key.until(3))
        await change(database, run, read=0)
        await asyncio.gather(browser.until(4), by_key.until(4))
        await work()
        await asyncio.wait_for(asyncio.gather(*watching), 60)
    for one in (browser, by_key):
        assert one.closed_with == 204  # the end was seen: stay away
        assert one.opened >= 2
        reads = [state["counts"]["read"] for state in one.states]
        assert reads[:4] == [0, 10, 20, 0]
        assert [a for a, b in zip(one.states, one.states[1:], strict=False) if a == b] == []
        final = await expect(await api.get(f"/v1/runs/{run['id']}"), 200)
        assert one.states[-1] == final
        assert final["status"] == "succeeded"
        assert all(state["status"] in {"queued", "running"} for state in one.states[:-1])


async def test_a_resumed_stream_repeats_nothing_and_any_process_resumes_it(
    settings: Settings, database: Database, run: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "HEARTBEAT_SECONDS", 1.0)
    path = f"/v1/runs/{run['id']}/events"
    async with serving(settings) as one, serving(settings) as other:
        first = EventSource(one.url + path, HEADERS)
        task = asyncio.create_task(first.run())
        await first.until(1)
        task.cancel()
        second = EventSource(other.url + path, HEADERS)
        second.last_id = first.last_id
        task = asyncio.create_task(second.run())
        # the first word, and a heartbeat
        await asyncio.wait_for(second.until(0, comments=2), 60)
        assert (second.states, second.opened) == ([], 1)
        await change(database, run, status="canceled", finished_at=clock.now())
        await asyncio.wait_for(task, 60)
        assert [state["status"] for state in second.states] == ["canceled"]
        assert second.closed_with == 204


async def test_a_look_holds_no_transaction(
    settings: Settings, database: Database, run: dict[str, Any]
) -> None:
    async with serving(settings) as server:
        streams = [
            EventSource(f"{server.url}/v1/runs/{run['id']}/events", HEADERS) for _ in range(30)
        ]
        tasks = [asyncio.create_task(stream.run()) for stream in streams]
        await asyncio.gather(*(stream.until(1) for stream in streams))
        async with database.transaction() as session:
            open_for_long = await session.scalar(
                text(
                    "select count(*) from pg_stat_activity where state = 'idle in transaction' "
                    "and application_name = 'audience-export-api' and xact_start < now() - interval '0.4 s'"
                )
            )
        assert open_for_long == 0
        # thirty streams on ten connections, and the API still answers
        async with httpx.AsyncClient(base_url=server.url, headers=HEADERS) as client:
            await expect(await client.get(f"/v1/runs/{run['id']}"), 200)
        for task in tasks:
            task.cancel()


async def test_events_arrive_at_once_and_not_at_the_end(
    settings: Settings, run: dict[str, Any]
) -> None:
    """Nothing in between keeps them back."""
    async with (
        serving(settings) as server,
        httpx.AsyncClient(base_url=server.url, headers=HEADERS, timeout=60) as client,
        client.stream("GET", f"/v1/runs/{run['id']}/events") as answer,
    ):
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["x-request-id"]
        assert "content-length" not in answer.headers
        async for line in answer.aiter_lines():
            if line.startswith("data:"):
                break


async def test_who_may_watch(
    api: httpx.AsyncClient, run: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/v1/runs/{run['id']}/events"
    await expect(await api.post(f"/v1/runs/{run['id']}/cancel"), 200)  # so that the stream ends
    bare = httpx.AsyncClient(transport=api._transport, base_url="http://testserver")
    await expect(await bare.get(path), 401)
    await expect(await bare.post(f"{path}/ticket"), 401)
    missing = "/v1/runs/run_" + "0" * 32 + "/events"
    await expect(await api.get(missing), 404)
    await expect(await api.post(f"{missing}/ticket"), 404)
    async with acting_as(api, "viewer") as viewer:
        url = (await expect(await viewer.post(f"{path}/ticket"), 200))["url"]
    answer = await bare.get(url)
    assert answer.status_code == 200
    assert answer.text.count("event: run") == 1
    word = answer.text.split("id: ")[1].split("\n")[0]

    # for this run only; and neither is a key
    other = missing.replace("0" * 32, "1" * 32) + "?" + url.split("?")[1]
    await expect(await bare.get(other), 401)
    for broken in ("x", "", url.split("=")[1][:-4]):
        await expect(await bare.get(path, params={"ticket": broken}), 401)
    other = await bare.get(f"/v1/runs/{run['id']}", params={"ticket": url.split("=")[1]})
    assert (await expect(other, 422))["code"] == "unknown-parameter"
    await expect(await bare.get(f"/v1/runs/{run['id']}"), 401)

    later = datetime.now(UTC) + timedelta(seconds=61)
    monkeypatch.setattr(clock, "now", lambda: later)
    await expect(await bare.get(url), 401)
    # whoever was watching may come back
    answer = await bare.get(url, headers={"Last-Event-ID": word})
    assert answer.status_code == 204
    digest, _, sealed = word.partition(".")
    await expect(await bare.get(url, headers={"Last-Event-ID": f"{digest}.{sealed[:-3]}AAA"}), 401)
    await expect(await bare.get(url, headers={"Last-Event-ID": digest}), 401)
    later += timedelta(hours=2)
    await expect(await bare.get(url, headers={"Last-Event-ID": word}), 401)


async def test_watching_ends_with_the_key(
    api: httpx.AsyncClient, settings: Settings, run: dict[str, Any]
) -> None:
    made = await make_key(api, "viewer")
    path = f"/v1/runs/{run['id']}/events"
    headers = {"Authorization": f"Bearer {made['key']}"}
    async with serving(settings) as server:
        async with httpx.AsyncClient(base_url=server.url) as client:
            ticket = (await expect(await client.post(f"{path}/ticket", headers=headers), 200))[
                "url"
            ]
        streams = [EventSource(server.url + path, headers), EventSource(server.url + ticket)]
        tasks = [asyncio.create_task(stream.run()) for stream in streams]
        await asyncio.gather(*(stream.until(1) for stream in streams))
        await expect(await api.delete(f"/v1/api-keys/{made['id']}"), 204)
        await asyncio.wait_for(asyncio.gather(*tasks), 60)
        assert [stream.closed_with for stream in streams] == [401, 401]


async def test_statistics_of_an_export(
    api: httpx.AsyncClient, run: dict[str, Any], work: Callable[..., Any], segment_root: Path
) -> None:
    """Last success, runs by status, and what each run changed over time."""
    await work()
    path = f"/v1/exports/{run['export_id']}"
    second = await expect(await api.post(f"{path}/runs"), 202)
    (segment_root / "m.csv").unlink()
    await work()
    third = await expect(await api.post(f"{path}/runs"), 202)
    found = await expect(await api.get(f"{path}/statistics"), 200)
    assert found["runs"] == 3
    assert {name: count for name, count in found["runs_by_status"].items() if count} == {
        "succeeded": 1,
        "skipped": 1,
        "queued": 1,
    }
    assert found["last_success"]["run_id"] == run["id"]
    assert [point["run_id"] for point in found["history"]] == [run["id"], second["id"]]
    first = found["history"][0]
    assert (first["staged"], first["added"], first["removed"]) == (50, 50, 0)
    assert first["rules_version"]
    assert first["schema_hash"]
    assert third["id"] not in {point["run_id"] for point in found["history"]}
    one = await expect(await api.get(f"{path}/statistics", params={"limit": "1"}), 200)
    assert [point["run_id"] for point in one["history"]] == [second["id"]]
    await expect(await api.get(f"/v1/exports/exp_{'0' * 32}/statistics"), 404)
