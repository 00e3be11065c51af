"""Erasures carried out on demand, and a clock that moves."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from app.erasures.due import perform_due
from app.erasures.execution import Erasing
from app.settings import Settings
from app.snapshots import SnapshotStore


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(sweep_seconds=3600)


@pytest.fixture
def erasing(api: httpx.AsyncClient, settings: Settings) -> Erasing:
    state = api.app.state  # type: ignore[attr-defined]
    return Erasing(
        state.database,
        state.graph,
        state.vault,
        SnapshotStore.open(settings.snapshots, sealing=state.vault),
    )


@pytest.fixture
def carry_out(erasing: Erasing) -> Callable[[], Awaitable[int]]:
    """One pass of a process that carries out what is due."""

    async def once() -> int:
        return await perform_due(erasing)

    return once
