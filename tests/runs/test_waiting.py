"""L40, L65: whatever a run waits for, it says so: why, since when, until when, and what was met last."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from app import clock
from app.db.liveness import beat
from app.db.models import Run, WebhookDelivery
from app.db.session import Database
from app.facebook.quota.governor import Governor
from app.facebook.quota.redis_state import RedisQuota
from app.queue import QueueNotifier
from app.runs.maintenance.recovery import recover_runs
from app.settings import Settings
from tests.access.callers import acting_as
from tests.flows.exporting import Exporting
from tests.flows.journey import (
    ACCOUNT,
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)

UPLOADS = {"path": "users"}


@pytest.fixture
async def export(api: httpx.AsyncClient, segment_root: Path) -> dict[str, Any]:
    file = segment_root / "members.csv"
    file.write_text("email\nanna@example.com\nbert@example.com\n")
    return await make_export(api, await make_connection(api), await make_segment(api, str(file)))


async def due_now(database: Database, run: dict[str, Any]) -> None:
    async with database.transaction() as session:
        await session.execute(
            update(Run)
            .where(Run.id == run["id"])
            .values(due_at=clock.now() - timedelta(seconds=30))
        )


async def announce(settings: Settings, run: dict[str, Any], fence: int) -> None:
    notifier = QueueNotifier(settings.redis_url.get_secret_value())
    await notifier.notify(run["id"], fence)
    await notifier.close()


async def test_a_retry_says_which_attempt_it_was_and_what_was_met(
    api: httpx.AsyncClient,
    work: Any,
    sandbox: Any,
    database: Database,
    make_settings: Callable[..., Settings],
    export: dict[str, Any],
) -> None:
    settings = make_settings(run_attempt_budget=3, run_retry_seconds=60)
    sandbox.control("POST", "faults", json={"kind": "code1"})
    run = await start_run(api, export)
    assert run["waiting"] is None, "it was asked for a moment ago"
    await work(settings)

    first = await get_run(api, run)
    assert first["status"] == "queued"
    waiting = first["waiting"]
    assert (waiting["reason"], waiting["attempt"], waiting["of"]) == ("retry", 1, 3)
    assert waiting["last_error"]["code"] == "meta-unavailable"
    assert waiting["last_error"]["culprit"] == "external"
    left = datetime.fromisoformat(waiting["until"]) - clock.now()
    assert timedelta(seconds=30) < left <= timedelta(seconds=60)

    await due_now(database, run)
    await announce(settings, run, 1)
    await work(settings)
    again = (await get_run(api, run))["waiting"]
    assert (again["reason"], again["attempt"], again["of"]) == ("retry", 2, 3)
    assert again["since"] == waiting["since"], "the wait goes on"

    sandbox.control("DELETE", "faults")
    await due_now(database, run)
    await announce(settings, run, 2)
    await work(settings)
    ended = await get_run(api, run)
    assert (ended["status"], ended["waiting"]) == ("succeeded", None)


@pytest.mark.parametrize("ask", ["audiences", "check"])
async def test_a_block_that_a_person_meets_is_on_the_connections(
    api: httpx.AsyncClient, sandbox: Any, database: Database, export: dict[str, Any], ask: str
) -> None:
    """368 met by a call of the API, with no run anywhere: shown, told and in the audit, once."""
    hook = {"url": "https://hooks.example.com/x", "events": ["connection.blocked"]}
    await expect(await api.post("/v1/webhooks", json=hook), 201)
    path = f"/v1/connections/{export['connection_id']}"
    assert (await expect(await api.get(path), 200))["blocked"] is None
    sandbox.control(
        "POST", "faults", json={"kind": "policy", "match": {"path": "act_"}, "times": 1}
    )
    method = "GET" if ask == "audiences" else "POST"
    answer = await api.request(method, f"{path}/{ask}")
    assert "blocked-by-meta" in answer.text
    connection: dict[str, Any] = {}
    for _ in range(100):
        connection = await expect(await api.get(path), 200)
        if connection["blocked"] is not None:
            break
        await asyncio.sleep(0.05)
    assert connection["blocked"]["code"] == "blocked-by-meta"
    assert datetime.fromisoformat(connection["blocked"]["until"]) > clock.now() + timedelta(
        minutes=20
    )
    await api.request(method, f"{path}/{ask}")  # while it lasts nothing is news
    async with database.transaction() as session:
        told = (await session.scalars(select(WebhookDelivery))).all()
    assert [row.event_type for row in told] == ["connection.blocked"]
    resumed = await expect(await api.post(f"{path}/resume"), 200)
    assert resumed["blocked"] is None
    await expect(await api.get(f"{path}/audiences"), 200)


async def test_a_blocked_account_is_explained_on_every_run_and_connection_and_can_be_resumed(
    api: httpx.AsyncClient,
    work: Any,
    sandbox: Any,
    database: Database,
    settings: Settings,
    export: dict[str, Any],
) -> None:
    """368: every run of the account parks; its connections say so, webhooks are told, and it is lifted."""
    hook = {"url": "https://hooks.example.com/x", "events": ["connection.blocked"]}
    await expect(await api.post("/v1/webhooks", json=hook), 201)
    other = await make_connection(api, audience={"name": "another list"})
    second = await make_export(api, other, {"id": export["segment_ids"][0]})
    path = f"/v1/connections/{export['connection_id']}"
    sandbox.control("POST", "faults", json={"kind": "policy", "match": UPLOADS, "times": 1})
    runs = [await start_run(api, export)]
    await work()
    runs.append(await start_run(api, second))
    await work()

    for run in runs:
        waiting = (await get_run(api, run))["waiting"]
        assert waiting["reason"] == "account-blocked"
        assert datetime.fromisoformat(waiting["until"]) > clock.now() + timedelta(minutes=20)
    for run in runs:  # also the one that only met the governor's word
        said = (await get_run(api, run))["waiting"]["last_error"]
        assert (said["code"], said["culprit"]) == ("blocked-by-meta", "external")
        assert said["help_url"] == "https://business.facebook.com/accountquality/1001"
    overview = await expect(await api.get("/v1/overview"), 200)
    assert {item["help_url"] for item in overview["broken"]} == {said["help_url"]}
    connections = [
        await expect(await api.get(p), 200) for p in (path, f"/v1/connections/{other['id']}")
    ]
    for connection in connections:
        assert connection["blocked"]["code"] == "blocked-by-meta"
        assert "account's quality" in connection["blocked"]["reason"]
        assert datetime.fromisoformat(connection["blocked"]["until"]) > clock.now()
        assert connection["version"] == 1 or connection["status"] == "ready"
    async with database.transaction() as session:
        told = (await session.scalars(select(WebhookDelivery))).all()
    assert [row.event_type for row in told] == ["connection.blocked"] * 2, (
        "once for each connection"
    )

    async with acting_as(api, "contributor") as contributor:
        await expect(await contributor.post(f"{path}/resume"), 403)
    resumed = await expect(await api.post(f"{path}/resume"), 200)
    assert resumed["blocked"] is None
    assert (await expect(await api.get(f"/v1/connections/{other['id']}"), 200))["blocked"] is None
    for run in runs:
        found = await get_run(api, run)
        assert (found["waiting"], found["throttled_until"]) == (None, None)
    events = await expect(await api.get("/v1/audit-events"), 200)
    actions = [event["action"] for event in events["items"]]
    assert actions.count("connection.resumed") == actions.count("connection.blocked") == 2
    for run in runs:
        await announce(settings, run, 1)
    await work()
    assert [(await get_run(api, run))["status"] for run in runs] == ["succeeded"] * 2


async def test_a_block_that_was_lifted_is_forgotten_by_every_process(redis_url: str) -> None:
    """The process that met the block remembers it beside Redis; it hears of the lifting there."""
    notifiers = [QueueNotifier(redis_url) for _ in range(2)]
    met, lifting = (Governor(RedisQuota(bell.redis), max_wait=0) for bell in notifiers)
    await met._block("account:1001", 1800, named=True)
    for governor in (met, lifting):
        assert await governor.throttled_until(ACCOUNT) is not None
    await lifting.lift(ACCOUNT)
    for governor in (met, lifting):
        assert await governor.throttled_until(ACCOUNT) is None
        async with governor.slot(ACCOUNT):
            pass
    # another block is another one
    await met._block("account:1001", 1800, named=True)
    assert await met.throttled_until(ACCOUNT) is not None
    for bell in notifiers:
        await bell.close()


async def test_a_run_that_no_worker_takes_says_so(
    api: httpx.AsyncClient,
    work: Any,
    database: Database,
    settings: Settings,
    export: dict[str, Any],
) -> None:
    run = await start_run(api, export)
    notifier = QueueNotifier(settings.redis_url.get_secret_value())
    await recover_runs(database, notifier, budget=5)
    assert (await get_run(api, run))["waiting"] is None, "a worker may be about to take it"
    await due_now(database, run)
    await recover_runs(database, notifier, budget=5)
    waiting = (await get_run(api, run))["waiting"]
    assert (waiting["reason"], waiting["until"]) == ("no-worker", None)
    assert waiting["since"] is not None

    async with database.transaction() as session:
        await beat(session, "wrk_1", process_id=1, started_at=clock.now())
    await recover_runs(database, notifier, budget=5)
    assert (await get_run(api, run))["waiting"] is None, "there is one now, and it is only busy"
    await notifier.close()
    await work()
    assert (await get_run(api, run))["status"] == "succeeded"


@pytest.mark.parametrize("patience", [60.0, 0.0])
async def test_a_run_waits_for_members_that_are_being_pushed_and_not_for_ever(
    api: httpx.AsyncClient,
    work: Any,
    sandbox: Any,
    database: Database,
    make_settings: Callable[..., Settings],
    patience: float,
) -> None:
    """L40: updates under way are finished first, then the export runs."""
    settings = make_settings(push_patience_seconds=patience)
    exporting = Exporting(api, work, sandbox)
    segment = await exporting.segment({"kind": "upload"})
    await exporting.push(segment, "EMAIL\nold@example.com\n")
    export = await exporting.export(segment, attributes={"EMAIL": "EMAIL"})
    more, began = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"EMAIL\nnew@example.com\n"
        began.set()
        await more.wait()
        yield b"newer@example.com\n"

    pushing = asyncio.create_task(exporting.push(segment, body()))
    await began.wait()
    run = await start_run(api, export)
    await work(settings)
    found = await get_run(api, run)
    if patience:
        assert found["waiting"]["reason"] == "push-under-way"
        assert found["waiting"]["last_error"]["message"].startswith("New members of the segment")
        assert found["attempt"] == 0, "to wait is no attempt"
    else:
        assert found["status"] == "succeeded_with_warnings"
        assert [item["code"] for item in found["warnings"]] == ["push-not-awaited"]
        assert found["counts"]["received"] == 1
    more.set()
    await pushing
    if patience:
        await due_now(database, run)
        await announce(settings, run, 1)
        await work(settings)
        ended = await get_run(api, run)
        assert (ended["status"], ended["counts"]["received"]) == ("succeeded", 2)


async def test_a_cancel_is_seen_at_once(
    api: httpx.AsyncClient, database: Database, export: dict[str, Any]
) -> None:
    """Also while a worker has yet to hear of it."""
    run = await start_run(api, export)
    async with database.transaction() as session:
        await session.execute(
            update(Run).values(status="running", lease_until=clock.now() + timedelta(minutes=1))
        )
    assert (await get_run(api, run))["cancel_requested_at"] is None
    canceled = await expect(await api.post(f"/v1/runs/{run['id']}/cancel"), 200)
    assert canceled["status"] == "running"
    assert canceled["cancel_requested_at"] is not None
    assert (await get_run(api, run))["cancel_requested_at"] == canceled["cancel_requested_at"]
