"""Deliveries over simulated days: nothing lost, nothing doubled, in order, and an end to it."""

import asyncio
from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from standardwebhooks import WebhookVerificationError
from structlog.testing import capture_logs

from app.db.models import WebhookDelivery
from app.db.session import Database
from app.errors import Unavailable
from app.webhooks import delivery
from app.webhooks.delivery import BACKOFF, deliver_due, forget_old, pause_after
from app.webhooks.events import EventType, announce
from tests.flows.journey import expect
from tests.webhooks.simulated import Receiver, SimulatedClock
from tests.webhooks.test_events import make_webhook


async def tell(database: Database, subject: str, number: int) -> None:
    async with database.transaction() as session:
        await announce(session, EventType.RUN_FAILED, subject, {"run_id": subject, "n": number})


async def rows(database: Database) -> list[WebhookDelivery]:
    async with database.transaction() as session:
        found = await session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id))
        return list(found)


async def test_a_receiver_that_is_down_for_an_hour_gets_everything_in_order(
    api: httpx.AsyncClient,
    database: Database,
    deliver: Any,
    receiver: Receiver,
    time: SimulatedClock,
) -> None:
    hook = await make_webhook(api, receiver)
    runs = [f"run_{number}" for number in range(12)]
    receiver.status = 503
    for minute in range(60):
        if minute % 20 == 0:
            for run in runs:
                await tell(database, run, minute // 20)
        await deliver()
        time.advance(minutes=1)
    assert receiver.messages == []
    assert receiver.attempts
    receiver.status = 204
    for _ in range(60):
        await deliver()
        time.advance(minutes=1)

    arrived: dict[str, list[int]] = defaultdict(list)
    for message in receiver.messages:
        data = message.verified(hook["secret"])["data"]
        arrived[data["run_id"]].append(data["n"])
    assert arrived == {run: [0, 1, 2] for run in runs}
    assert len({message.id for message in receiver.messages}) == len(receiver.messages) == 36
    assert {row.status for row in await rows(database)} == {"delivered"}
    shown = await expect(await api.get(f"/v1/webhooks/{hook['id']}"), 200)
    assert shown["failing_since"] is None


async def test_a_later_event_waits_for_the_one_before_and_other_subjects_do_not(
    api: httpx.AsyncClient,
    database: Database,
    deliver: Any,
    receiver: Receiver,
    time: SimulatedClock,
) -> None:
    await make_webhook(api, receiver)
    await tell(database, "run_a", 1)
    receiver.status = 500
    await deliver()
    receiver.status = 204
    await tell(database, "run_a", 2)
    # recovery brings the first forward only when something arrives
    assert (await deliver()).delivered == 0
    await tell(database, "run_b", 1)
    await deliver()
    assert [message.json["data"]["run_id"] for message in receiver.messages] == ["run_b"]
    time.advance(seconds=10)
    await deliver()
    assert [message.json["data"]["n"] for message in receiver.messages] == [1, 1, 2]


async def test_several_processes_send_each_event_once(
    api: httpx.AsyncClient, database: Database, receiver: Receiver, sender: Any
) -> None:
    await make_webhook(api, receiver)
    for number in range(5):
        for run in range(8):
            await tell(database, f"run_{run}", number)
    receiver.delay = 0.01
    vault: Any = api.app.state.vault  # type: ignore[attr-defined]
    passes = [deliver_due(database, vault, sender, concurrency=6) for _ in range(3)]
    await asyncio.gather(*passes)
    await deliver_due(database, vault, sender)
    assert Counter(message.id for message in receiver.attempts).most_common(1)[0][1] == 1
    assert len(receiver.messages) == 40
    assert 1 < receiver.most_at_once <= 18
    for run in range(8):
        order = [
            m.json["data"]["n"]
            for m in receiver.messages
            if m.json["data"]["run_id"] == f"run_{run}"
        ]
        assert order == sorted(order)


async def test_a_process_that_dies_on_the_way_gives_the_event_back(
    api: httpx.AsyncClient,
    database: Database,
    deliver: Any,
    receiver: Receiver,
    sender: Any,
    time: SimulatedClock,
) -> None:
    await make_webhook(api, receiver)
    await tell(database, "run_a", 1)
    receiver.delay = 2
    vault: Any = api.app.state.vault  # type: ignore[attr-defined]
    dying = asyncio.create_task(deliver_due(database, vault, sender))
    while not receiver.at_once:  # noqa: ASYNC110 - the receiver tells nobody
        await asyncio.sleep(0.01)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    receiver.delay = 0
    assert (await deliver()).delivered == 0  # its lease still holds
    time.advance(minutes=1)
    assert (await deliver()).delivered == 1
    [row] = await rows(database)
    assert (row.status, row.attempts) == ("delivered", 2)


async def test_after_a_rotation_both_secrets_verify_for_a_day(
    api: httpx.AsyncClient,
    database: Database,
    deliver: Any,
    receiver: Receiver,
    time: SimulatedClock,
) -> None:
    hook = await make_webhook(api, receiver)
    rotated = await expect(await api.post(f"/v1/webhooks/{hook['id']}/rotate"), 200)
    assert rotated["secret"] != hook["secret"]
    assert rotated["previous_secret_until"] is not None
    await tell(database, "run_a", 1)
    await deliver()
    time.advance(hours=25)
    await tell(database, "run_b", 1)
    await deliver()
    overlap, later = receiver.messages
    assert overlap.verified(hook["secret"]) == overlap.verified(rotated["secret"])
    assert later.verified(rotated["secret"])
    with pytest.raises(WebhookVerificationError):
        later.verified(hook["secret"])


def test_attempts_are_spread_over_about_three_days() -> None:
    assert timedelta(days=2, hours=18) < sum(BACKOFF, timedelta()) < timedelta(days=3, hours=6)
    assert list(BACKOFF) == sorted(BACKOFF)
    assert pause_after(1, chance=0) < BACKOFF[0] < pause_after(1, chance=0.99)  # type: ignore[operator]
    assert pause_after(len(BACKOFF), chance=0.5) == BACKOFF[-1]
    assert pause_after(len(BACKOFF) + 1, chance=0.5) is None


async def test_after_five_days_of_failure_it_is_disabled_with_notice(
    api: httpx.AsyncClient,
    database: Database,
    deliver: Any,
    receiver: Receiver,
    time: SimulatedClock,
) -> None:
    hook = await make_webhook(api, receiver)
    address = f"/v1/webhooks/{hook['id']}"
    receiver.status = 500
    await tell(database, "run_a", 1)
    for hour in range(24 * 6):
        if hour == 72:
            await tell(database, "run_b", 1)
        await deliver()
        time.advance(hours=1)
    shown = await expect(await api.get(address), 200)
    assert shown["enabled"] is False
    assert shown["disabled_at"] is not None
    events = await expect(await api.get(f"/v1/audit-events?resource_id={hook['id']}"), 200)
    assert events["items"][0]["action"] == "webhook.disabled"
    assert events["items"][0]["actor"] == "system"
    first, second = await rows(database)
    # given up after its fourteen attempts; the other one waits for somebody to repair the receiver
    assert (first.status, first.attempts) == ("failed", len(BACKOFF) + 1)
    assert second.status == "pending"
    await tell(database, "run_c", 1)
    tried = len(receiver.attempts)
    time.advance(days=1)
    await deliver()
    assert len(receiver.attempts) == tried

    receiver.status = 204
    shown = await expect(await api.patch(address, json={"enabled": True}), 200)
    assert (shown["enabled"], shown["disabled_at"], shown["failing_since"]) == (True, None, None)
    await deliver()
    assert [message.json["data"]["run_id"] for message in receiver.messages] == ["run_b"]


async def test_the_log_of_deliveries_is_kept_thirty_days(
    api: httpx.AsyncClient,
    database: Database,
    deliver: Any,
    receiver: Receiver,
    time: SimulatedClock,
) -> None:
    await make_webhook(api, receiver)
    await tell(database, "run_a", 1)
    await deliver()
    time.advance(days=29)
    assert await forget_old(database) == 0
    time.advance(days=2)
    await tell(database, "run_b", 1)
    assert await forget_old(database) == 1
    assert [row.subject for row in await rows(database)] == ["run_b"]


@pytest.mark.parametrize("error", [KeyError("x"), Unavailable("The database is away.")])
async def test_an_outcome_that_cannot_be_written_down_holds_up_no_other(
    api: httpx.AsyncClient,
    database: Database,
    deliver: Any,
    receiver: Receiver,
    time: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    """All that was begun has its end in the pass, and what has none is sent again."""
    await make_webhook(api, receiver)
    for run in ("run_1", "run_2"):
        await tell(database, run, 0)
    first = (await rows(database))[0].id
    succeeded = delivery._succeeded

    async def written(session: Any, item: Any, status: int | None) -> None:
        if item.id == first:
            raise error
        await asyncio.sleep(0.2)
        await succeeded(session, item, status)

    with monkeypatch.context() as patched, capture_logs() as lines:
        patched.setattr(delivery, "_succeeded", written)
        if isinstance(error, Unavailable):
            with pytest.raises(Unavailable):
                await deliver()
        else:
            assert await deliver() == delivery.Delivered(delivered=1, failed=1)
    assert [row.status for row in await rows(database)] == ["pending", "delivered"]
    told = [line["delivery_id"] for line in lines if line["event"] == "webhook.crashed"]
    assert told == ([] if isinstance(error, Unavailable) else [first])
    time.advance(minutes=5)
    await deliver()
    assert [row.status for row in await rows(database)] == ["delivered", "delivered"]
