"""What is announced, to whom, and that receivers can verify it."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text
from standardwebhooks import WebhookVerificationError

from app.db.models import Webhook, WebhookDelivery
from app.db.session import Database
from app.webhooks.events import EventType, announce
from tests.flows.journey import (
    TOKEN,
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)
from tests.webhooks.simulated import Receiver

EVERYTHING = [event.value for event in EventType]


async def make_webhook(api: httpx.AsyncClient, receiver: Receiver, *events: str) -> dict[str, Any]:
    body = {"url": receiver.url, "events": list(events) or EVERYTHING}
    return await expect(await api.post("/v1/webhooks", json=body), 201)


async def make_ready_export(api: httpx.AsyncClient, folder: Path) -> tuple[Any, Any, Any]:
    file = folder / "members.csv"
    file.write_text("email\nanna@example.com\nbert@example.com\n")
    connection = await make_connection(api)
    segment = await make_segment(api, str(file))
    return connection, segment, await make_export(api, connection, segment)


async def test_a_finished_run_reaches_the_receiver_signed(
    api: httpx.AsyncClient, work: Any, deliver: Any, receiver: Receiver, segment_root: Path
) -> None:
    hook = await make_webhook(api, receiver, "run.finished")
    _, _, export = await make_ready_export(api, segment_root)
    run = await start_run(api, export)
    await work()
    await deliver()

    [message] = receiver.messages
    payload = message.verified(hook["secret"])
    run = await get_run(api, run)
    assert payload["type"] == "run.finished"
    assert payload["data"]["run_id"] == run["id"]
    assert payload["data"]["status"] == run["status"] == "succeeded"
    assert payload["data"]["counts"]["added"] == 2
    assert payload["timestamp"].endswith("Z")
    assert message.headers["content-type"] == "application/json"
    # no personal data, and no secret
    for value in ("anna", "bert", "example.com", TOKEN):
        assert value not in message.body
    with pytest.raises(WebhookVerificationError):
        message.verified("whsec_" + "QUJD" * 8)

    page = await expect(await api.get(f"/v1/webhooks/{hook['id']}/deliveries"), 200)
    [item] = page["items"]
    assert (item["status"], item["attempts"], item["last_status"]) == ("delivered", 1, 204)
    assert item["id"] == message.id
    assert item["payload"] == payload


async def test_failed_and_skipped_runs_and_a_refused_token_are_told(
    api: httpx.AsyncClient,
    work: Any,
    deliver: Any,
    receiver: Receiver,
    segment_root: Path,
    sandbox: Any,
) -> None:
    """L17, L67: each in the transaction of the change, so that none is lost."""
    await make_webhook(api, receiver)
    connection, segment, export = await make_ready_export(api, segment_root)
    await expect(await api.patch(f"/v1/segments/{segment['id']}", json={"state": "inactive"}), 200)
    skipped = await start_run(api, export)
    await work()
    await expect(await api.patch(f"/v1/segments/{segment['id']}", json={"state": "active"}), 200)
    failed = await start_run(api, export)
    sandbox.control("PATCH", f"tokens/{TOKEN}", json={"refused_with": 460})
    await work()
    await deliver()

    told = {message.json["type"]: message.json["data"] for message in receiver.messages}
    assert set(told) == {
        "connection.ready",
        "run.started",
        "run.skipped",
        "run.failed",
        "connection.reauthentication_required",
    }
    assert told["run.skipped"]["run_id"] == skipped["id"]
    assert told["run.skipped"]["error"]["code"] == "segment-inactive"
    assert told["run.failed"]["run_id"] == failed["id"]
    assert told["run.failed"]["error"]["code"] == "token-rejected"
    reauthentication = told["connection.reauthentication_required"]
    assert reauthentication["connection_id"] == connection["id"]


async def test_only_those_who_asked_are_told_and_a_rolled_back_change_tells_nobody(
    api: httpx.AsyncClient, receiver: Receiver, database: Database
) -> None:
    asked = await make_webhook(api, receiver, "run.failed")
    await make_webhook(api, receiver, "run.finished")
    off = await make_webhook(api, receiver, "run.failed")
    await expect(await api.patch(f"/v1/webhooks/{off['id']}", json={"enabled": False}), 200)
    async with database.transaction() as session:
        assert await announce(session, EventType.RUN_FAILED, "run_1", {}) == 1

    async def fail() -> None:
        async with database.transaction() as session:
            await announce(session, EventType.RUN_FAILED, "run_2", {})
            raise RuntimeError("the change failed")

    with pytest.raises(RuntimeError, match="the change failed"):
        await fail()
    async with database.transaction() as session:
        rows = (await session.scalars(select(WebhookDelivery))).all()
    assert [(row.webhook_id, row.subject) for row in rows] == [(asked["id"], "run_1")]


async def test_the_secret_is_shown_once_and_stored_sealed(
    api: httpx.AsyncClient, receiver: Receiver, database: Database
) -> None:
    hook = await make_webhook(api, receiver)
    assert hook["secret"].startswith("whsec_")
    shown = await expect(await api.get(f"/v1/webhooks/{hook['id']}"), 200)
    assert shown == {name: value for name, value in hook.items() if name != "secret"}
    listed = await expect(await api.get("/v1/webhooks"), 200)
    assert listed["items"] == [shown]
    async with database.transaction() as session:
        row = await session.get_one(Webhook, hook["id"])
        events = (await session.execute(text("select audit_events::text from audit_events"))).all()
    assert hook["secret"].encode() not in row.secret
    assert all(hook["secret"] not in event[0] for event in events)
    assert all("s3cret-path" not in event[0] for event in events)


async def test_a_test_event_and_the_life_of_a_webhook(
    api: httpx.AsyncClient, deliver: Any, receiver: Receiver
) -> None:
    hook = await make_webhook(api, receiver, "run.failed")
    address = f"/v1/webhooks/{hook['id']}"
    sent = await expect(await api.post(f"{address}/test"), 202)
    assert (sent["status"], sent["event_type"]) == ("pending", "webhook.test")
    await deliver()
    assert receiver.messages[0].verified(hook["secret"])["type"] == "webhook.test"
    changed = await expect(
        await api.patch(address, json={"events": ["run.skipped"], "enabled": False}), 200
    )
    assert (changed["events"], changed["enabled"]) == (["run.skipped"], False)
    problem = await expect(await api.post(f"{address}/test"), 409)
    assert problem["type"].endswith("webhook-disabled")
    await expect(await api.delete(address), 204)
    await expect(await api.get(address), 404)


async def test_only_administrators(api: httpx.AsyncClient, receiver: Receiver) -> None:
    """L74."""
    hook = await make_webhook(api, receiver)
    body = {"display_name": "c", "role": "contributor"}
    key = (await expect(await api.post("/v1/api-keys", json=body), 201))["key"]
    headers = {"Authorization": f"Bearer {key}"}
    address = f"/v1/webhooks/{hook['id']}"
    for method, path in [
        ("GET", "/v1/webhooks"),
        ("POST", "/v1/webhooks"),
        ("GET", address),
        ("PATCH", address),
        ("DELETE", address),
        ("POST", f"{address}/rotate"),
        ("POST", f"{address}/test"),
        ("GET", f"{address}/deliveries"),
    ]:
        valid = {"url": receiver.url, "events": ["run.failed"]} if method == "POST" else {}
        answer = await api.request(method, path, headers=headers, json=valid)
        assert answer.status_code == 403, (method, path)


@pytest.mark.parametrize(
    "body",
    [
        {"url": "https://hooks.example.com", "events": []},
        {"url": "https://hooks.example.com", "events": ["run.exploded"]},
        {"url": "https://hooks.example.com", "events": ["run.failed", "run.failed"]},
        {"url": "https://hooks.example.com/\u00e9", "events": ["run.failed"]},
        {"events": ["run.failed"]},
    ],
)
async def test_what_cannot_be_a_webhook(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    await expect(await api.post("/v1/webhooks", json=body), 422)
