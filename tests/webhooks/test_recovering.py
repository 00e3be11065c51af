"""Every event is told with a body of its documented schema; what was missed is sent again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from app.webhooks.delivery import BACKOFF
from app.webhooks.events import EventType
from tests.conftest import api_document
from tests.flows.journey import TOKEN, expect, make_connection, start_run
from tests.webhooks.simulated import Receiver, SimulatedClock
from tests.webhooks.test_events import EVERYTHING, make_ready_export, make_webhook

DOCUMENT = api_document()
SOON = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()


def fits(body: dict[str, Any]) -> None:
    """The body is of the schema that the document's `webhooks` section has for its type."""
    content = DOCUMENT["webhooks"][body["type"]]["post"]["requestBody"]["content"]
    schema = {**content["application/json"]["schema"], "components": DOCUMENT["components"]}
    jsonschema_rs.validator_for(schema).validate(body)


def test_the_document_has_every_event() -> None:
    assert set(DOCUMENT["webhooks"]) == {*EVERYTHING, "webhook.test"}
    mapping = DOCUMENT["components"]["schemas"]["WebhookEvent"]["discriminator"]["mapping"]
    assert set(mapping) == set(DOCUMENT["webhooks"])


async def test_the_life_of_a_run_and_a_connection_is_told(
    api: httpx.AsyncClient,
    work: Any,
    deliver: Any,
    receiver: Receiver,
    segment_root: Path,
    sandbox: Any,
) -> None:
    await make_webhook(api, receiver)
    connection, _, export = await make_ready_export(api, segment_root)
    canceled = await start_run(api, export)
    await expect(await api.post(f"/v1/runs/{canceled['id']}/cancel"), 200)
    await expect(await api.post(f"/v1/runs/{canceled['id']}/cancel"), 200)
    finished = await start_run(api, export)
    await work()
    audience = connection["audience"]["id"]
    sandbox.control("PATCH", f"audiences/{audience}", json={"operation_status": 471})
    for _ in range(2):
        await start_run(api, export)
        await work()
    sandbox.control("PATCH", f"tokens/{TOKEN}", json={"refused_with": 460})
    await start_run(api, export)
    await work()
    await deliver()

    bodies = [message.json for message in receiver.messages]
    for body in bodies:
        fits(body)
    of_runs = {
        run["id"]: [body["type"] for body in bodies if body["data"].get("run_id") == run["id"]]
        for run in (canceled, finished)
    }
    assert of_runs[canceled["id"]] == ["run.canceled"]
    assert of_runs[finished["id"]] == ["run.started", "run.finished"]
    kinds = [body["type"] for body in bodies]
    # twice in a row is no news
    assert kinds.count("audience.flagged") == 1
    assert kinds.count("connection.ready") == 1
    flagged = next(body for body in bodies if body["type"] == "audience.flagged")
    assert flagged["data"]["audience_id"] == audience


async def test_a_connection_that_is_renewed_is_ready_again(
    api: httpx.AsyncClient, deliver: Any, receiver: Receiver, sandbox: Any
) -> None:
    await make_webhook(api, receiver, "connection.ready")
    connection = await make_connection(api)
    await expect(
        await api.patch(f"/v1/connections/{connection['id']}", json={"display_name": "Other"}), 200
    )
    await deliver()
    [told] = receiver.messages
    assert told.json["data"]["connection_id"] == connection["id"]
    fits(told.json)


async def test_removing_an_export_cancels_and_tells(
    api: httpx.AsyncClient, deliver: Any, receiver: Receiver, segment_root: Path
) -> None:
    await make_webhook(api, receiver, "run.canceled")
    _, _, export = await make_ready_export(api, segment_root)
    run = await start_run(api, export)
    assert (await api.delete(f"/v1/exports/{export['id']}")).status_code == 204
    await deliver()
    assert [message.json["data"]["run_id"] for message in receiver.messages] == [run["id"]]


async def test_a_delivery_is_sent_again_under_its_name(
    api: httpx.AsyncClient, deliver: Any, receiver: Receiver
) -> None:
    hook = await make_webhook(api, receiver, "run.failed")
    address = f"/v1/webhooks/{hook['id']}"
    sent = await expect(await api.post(f"{address}/test"), 202)
    await deliver()
    again = await expect(await api.post(f"{address}/deliveries/{sent['id']}/resend"), 202)
    assert (again["status"], again["attempts"], again["delivered_at"]) == ("pending", 0, None)
    await deliver()
    assert [message.id for message in receiver.messages] == [sent["id"]] * 2
    other = await make_webhook(api, receiver, "run.failed")
    missing = await api.post(f"/v1/webhooks/{other['id']}/deliveries/{sent['id']}/resend")
    assert missing.status_code == 404
    await expect(await api.patch(address, json={"enabled": False}), 200)
    refused = await expect(await api.post(f"{address}/deliveries/{sent['id']}/resend"), 409)
    assert refused["code"] == "webhook-disabled"


@pytest.mark.parametrize(("delivered", "number"), [(False, 1), (True, 2)])
async def test_what_was_missed_is_recovered(
    api: httpx.AsyncClient,
    deliver: Any,
    receiver: Receiver,
    time: SimulatedClock,
    delivered: bool,
    number: int,
) -> None:
    hook = await make_webhook(api, receiver, str(EventType.RUN_FAILED))
    address = f"/v1/webhooks/{hook['id']}"
    good = await expect(await api.post(f"{address}/test"), 202)
    await deliver()
    receiver.status = 500
    bad = await expect(await api.post(f"{address}/test"), 202)
    await deliver()
    for pause in BACKOFF:
        time.advance(seconds=pause.total_seconds() * 1.2)
        await deliver()
    receiver.status = 204
    receiver.messages.clear()
    body = {"since": SOON, "delivered": delivered}
    told = await expect(await api.post(f"{address}/recover", json=body), 202)
    assert told["deliveries"] == number
    await deliver()
    wanted = {bad["id"], good["id"]} if delivered else {bad["id"]}
    assert {message.id for message in receiver.messages} == wanted
    later = {"since": (datetime.now(UTC) + timedelta(days=400)).isoformat()}
    nothing = await expect(await api.post(f"{address}/recover", json=later), 202)
    assert nothing["deliveries"] == 0
