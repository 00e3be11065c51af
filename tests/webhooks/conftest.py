"""Receivers on this machine, a clock that moves, and deliveries on demand."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest

from app.db.session import Database
from app.settings import Settings
from app.webhooks.delivery import Delivered, deliver_due
from app.webhooks.sending import Sender
from tests.webhooks.simulated import Receiver


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    """Receivers are on this machine, and nothing is delivered unless the test says so."""
    return make_settings(webhook_allow_private_addresses=True, sweep_seconds=3600)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    opened = Receiver()
    yield opened
    opened.close()


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    opened = Sender(allow_private=True, timeout_seconds=20)
    yield opened
    await opened.aclose()


@pytest.fixture
def deliver(
    api: httpx.AsyncClient, database: Database, sender: Sender
) -> Callable[[], Awaitable[Delivered]]:
    """One pass of a process that brings events to webhooks."""
    vault: Any = api.app.state.vault  # type: ignore[attr-defined]

    async def once() -> Delivered:
        return await deliver_due(database, vault, sender)

    return once
