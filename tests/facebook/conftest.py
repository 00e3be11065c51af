"""A client on a fake clock, with Meta's wire faked by respx or by the sandbox."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from app.facebook.client import GraphClient, GraphConfig
from app.facebook.quota.governor import Governor
from sandbox.main import create_app
from sandbox.state import SandboxState
from sandbox.world import APP_ID, APP_SECRET

BASE = "http://graph.test"


class FakeTime:
    """Sleeping moves the clock; nothing really waits."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []
        self.listeners: list[Callable[[float], object]] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        for listener in self.listeners:
            listener(seconds)
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def by_httpx(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """respx fakes httpx's connections and no others; a module that has real ones says so."""
    if not getattr(request.module, "REAL_CONNECTIONS", False):
        monkeypatch.setattr("app.facebook.transport.http.is_direct", lambda _: False)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
async def make_client(time: FakeTime) -> AsyncIterator[Callable[..., GraphClient]]:
    """Clients on the fake clock; keywords go to GraphConfig, Governor or GraphClient."""
    made: list[GraphClient] = []

    def make(
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        random: Callable[[], float] = lambda: 0.5,
        governor: Governor | None = None,
        policy: Any = None,
        observe: Any = None,
        **config: Any,
    ) -> GraphClient:
        values = {
            "base_url": BASE,
            "version": "v26.0",
            "app_id": APP_ID,
            "app_secret": APP_SECRET,
            **config,
        }
        fake = {"sleep": time.sleep, "monotonic": time.monotonic, "random": random}
        client = GraphClient(
            GraphConfig(**values),
            governor=governor or Governor(**fake),
            transport=transport,
            policy=policy,
            observe=observe,
            **fake,
        )
        made.append(client)
        return client

    yield make
    for client in made:
        await client.aclose()


@pytest.fixture
def world(time: FakeTime) -> SandboxState:
    """The sandbox's state; its clock moves with ours."""
    state = SandboxState()
    time.listeners.append(state.clock.advance)
    return state


@pytest.fixture
def sandboxed(
    world: SandboxState, make_client: Callable[..., GraphClient]
) -> Callable[..., GraphClient]:
    """Clients of the sandbox; keywords as for `make_client`."""

    def make(**more: Any) -> GraphClient:
        return make_client(httpx.ASGITransport(create_app(world)), **more)

    return make


@pytest.fixture
def client(sandboxed: Callable[..., GraphClient]) -> GraphClient:
    return sandboxed()


@pytest.fixture(autouse=True)
def _loggers_of_a_new_process(monkeypatch):
    """Whatever an application configured before in this process, libraries log as they do by default."""
    root = logging.getLogger()
    named = [item for item in root.manager.loggerDict.values() if isinstance(item, logging.Logger)]
    for logger in named:
        monkeypatch.setattr(logger, "level", logging.NOTSET)
        monkeypatch.setattr(logger, "propagate", True)
        monkeypatch.setattr(logger, "disabled", False)
    monkeypatch.setattr(root, "level", logging.WARNING)
    root.manager._clear_cache()
    yield
    root.manager._clear_cache()
