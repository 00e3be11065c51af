"""The daily look at tokens: what changed is known, what ends is told once, what ended is flagged."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from app.connections.account_health.token_watch import Watched, watch_tokens
from app.connections.collaborators import Connections
from app.db.models import Connection, WebhookDelivery
from app.db.session import Database
from app.settings import Settings
from tests.flows.journey import TOKEN, expect, make_connection
from tests.webhooks.simulated import SimulatedClock

SYSTEM_TOKEN = "sandbox-system-token"
WEEK = timedelta(days=7)


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(webhook_allow_private_addresses=True, sweep_seconds=3600)


@pytest.fixture
def watch(asking_once: Connections) -> Callable[[], Awaitable[Watched]]:
    return partial(watch_tokens, asking_once, warn_within=WEEK)


async def announced(database: Database) -> list[tuple[str, str]]:
    async with database.transaction() as session:
        rows = await session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id))
        return [(row.event_type, row.subject) for row in rows]


async def ask_for_everything(api: httpx.AsyncClient) -> None:
    events = ["connection.token_expiring", "connection.reauthentication_required"]
    body = {"url": "http://127.0.0.1:9/", "events": events}
    await expect(await api.post("/v1/webhooks", json=body), 201)


async def test_every_token_is_looked_at_once_a_day(
    api: httpx.AsyncClient,
    watch: Any,
    sandbox: Any,
    database: Database,
    time: SimulatedClock,
) -> None:
    """L17, S27: what Meta says now replaces what it said then, and no editor's version is touched."""
    connection = await make_connection(api)
    await make_connection(
        api, display_name="robot", access_token=SYSTEM_TOKEN, audience={"name": "R"}
    )
    assert await watch() == Watched(checked=2)
    assert await watch() == Watched()
    soon = {"scopes": ["ads_management", "ads_read"], "expires_at": 2_000_000_000.0}
    sandbox.control("PATCH", f"tokens/{TOKEN}", json=soon)
    time.advance(hours=25)
    before = await expect(await api.get(f"/v1/connections/{connection['id']}"), 200)
    assert await watch() == Watched(checked=2)
    after = await expect(await api.get(f"/v1/connections/{connection['id']}"), 200)
    assert after["token"]["scopes"] == ["ads_management", "ads_read"]
    assert after["token"]["expires_at"] == "2033-05-18T03:33:20.000Z"
    assert after["version"] == before["version"]
    async with database.transaction() as session:
        row = await session.get_one(Connection, connection["id"])
        assert row.token_checked_at is not None


async def test_an_end_that_is_near_is_announced_once(
    api: httpx.AsyncClient,
    watch: Any,
    sandbox: Any,
    database: Database,
    time: SimulatedClock,
) -> None:
    await ask_for_everything(api)
    connection = await make_connection(api)
    await make_connection(
        api, display_name="robot", access_token=SYSTEM_TOKEN, audience={"name": "R"}
    )
    address = f"/v1/connections/{connection['id']}"
    token = (await expect(await api.get(address), 200))["token"]
    assert token["expires_soon"] is False
    for _ in range(52):
        await watch()
        time.advance(days=1)
    assert await announced(database) == []
    for _ in range(4):
        time.advance(days=1)
        await watch()
    assert await announced(database) == [("connection.token_expiring", connection["id"])]
    token = (await expect(await api.get(address), 200))["token"]
    assert token["expires_soon"] is True
    # renewed, it has another end, and that one is announced in its time again
    expiry = (time() + timedelta(days=60)).timestamp()
    renewed = {"expires_at": expiry, "data_access_expires_at": expiry}
    sandbox.control("PATCH", f"tokens/{TOKEN}", json=renewed)
    for _ in range(58):
        time.advance(days=1)
        await watch()
    assert await announced(database) == [("connection.token_expiring", connection["id"])] * 2


@pytest.mark.parametrize(
    "change", [{"refused_with": 458}, {"scopes": ["ads_read"]}, {"expires_at": 1_000_000_000.0}]
)
async def test_a_token_meta_refuses_is_flagged_and_told(
    api: httpx.AsyncClient, watch: Any, sandbox: Any, database: Database, change: dict[str, Any]
) -> None:
    await ask_for_everything(api)
    connection = await make_connection(api)
    sandbox.control("PATCH", f"tokens/{TOKEN}", json=change)
    assert (await watch()).refused == 1
    shown = await expect(await api.get(f"/v1/connections/{connection['id']}"), 200)
    assert shown["status"] == "reauthentication_required"
    assert await announced(database) == [("connection.reauthentication_required", connection["id"])]
    assert await watch() == Watched()


async def test_meta_being_away_flags_nobody(
    api: httpx.AsyncClient, watch: Any, sandbox: Any, time: SimulatedClock
) -> None:
    connection = await make_connection(api)
    fault = {"kind": "html502", "match": {"path": "debug_token"}}
    sandbox.control("POST", "faults", json=fault)
    assert (await watch()).refused == 0
    shown = await expect(await api.get(f"/v1/connections/{connection['id']}"), 200)
    assert shown["status"] == "ready"
    sandbox.control("DELETE", "faults")
    assert await watch() == Watched()
    time.advance(hours=1, minutes=1)
    assert await watch() == Watched(checked=1)


async def test_an_end_that_cannot_be_announced_holds_up_no_other(
    api: httpx.AsyncClient, watch: Any, database: Database, time: SimulatedClock
) -> None:
    await ask_for_everything(api)
    spoilt = await make_connection(api)
    other = await make_connection(api, display_name="two", audience={"name": "Two"})
    await watch()
    async with database.transaction() as session:
        where = Connection.id == spoilt["id"]
        await session.execute(update(Connection).where(where).values(ad_account={"name": "Shop"}))
        await session.execute(
            update(Connection).values(token_expires_at=time() + timedelta(days=1))
        )
    with capture_logs() as lines:
        assert (await watch()).announced == 1
    assert await announced(database) == [("connection.token_expiring", other["id"])]
    (told,) = [line for line in lines if line["event"] == "token.not_announced"]
    assert (told["connection_id"], told["error"]) == (spoilt["id"], "KeyError")
