"""What Meta says of an audience some time after a run filled it."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.connections.collaborators import Connections
from app.runs.maintenance.audience_followup import follow_up_audiences
from app.settings import Settings
from tests.flows.journey import (
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)
from tests.webhooks.simulated import SimulatedClock


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(sweep_seconds=3600)


@pytest.fixture
def look(asking_once: Connections) -> Callable[[], Awaitable[int]]:
    return partial(follow_up_audiences, asking_once)


async def test_the_audience_is_looked_at_three_times(
    api: httpx.AsyncClient,
    work: Any,
    look: Any,
    sandbox: Any,
    segment_root: Path,
    time: SimulatedClock,
) -> None:
    file = segment_root / "members.csv"
    file.write_text("email\n" + "".join(f"m{n}@example.com\n" for n in range(150)))
    connection = await make_connection(api)
    export = await make_export(api, connection, await make_segment(api, str(file)))
    run = await start_run(api, export)
    await work()
    assert await look() == 0
    run = await get_run(api, run)
    assert run["audience_state"] is None
    audience = connection["audience"]["id"]
    sandbox.control("PATCH", f"audiences/{audience}", json={"operation_status": 441})
    time.advance(minutes=16)
    assert [await look(), await look()] == [1, 0]
    first = (await get_run(api, run))["audience_state"]
    assert first["operation_status"]["code"] == 441
    assert (first["lower_bound"], first["upper_bound"]) == (150, 150)
    assert first["delivery_status"]["code"] == 200
    assert first["error"] is None

    sandbox.control("PATCH", f"audiences/{audience}", json={"operation_status": 200})
    time.advance(hours=2)
    assert [await look(), await look()] == [1, 0]
    shown = await expect(await api.get(f"/v1/connections/{connection['id']}"), 200)
    run = await get_run(api, run)
    assert shown["audience_state"] == run["audience_state"]
    assert shown["audience_state"]["operation_status"]["code"] == 200
    sizes = [(one["lower_bound"], one["upper_bound"]) for one in run["audience_state"]["readings"]]
    assert sizes == [(150, 150), (150, 150)]
    past = await expect(await api.get(f"/v1/exports/{export['id']}/statistics"), 200)
    assert past["history"][0]["audience_state"] == run["audience_state"]
    version = shown["version"]

    # Meta is away: the look is taken later; the audience is gone: that is what is seen
    fault = {"kind": "html502", "times": 1, "match": {"path": audience}}
    sandbox.control("POST", "faults", json=fault)
    time.advance(hours=24)
    assert await look() == 0
    assert (await get_run(api, run))["audience_state"] == run["audience_state"]
    sandbox.control("DELETE", f"audiences/{audience}")
    assert [await look(), await look()] == [1, 0]
    state = (await get_run(api, run))["audience_state"]
    assert (state["error"], state["operation_status"]) == ("audience-gone", None)
    assert len(state["readings"]) == 2
    shown = await expect(await api.get(f"/v1/connections/{connection['id']}"), 200)
    assert shown["audience_state"]["operation_status"]["code"] == 200
    assert shown["version"] == version
    time.advance(days=3)
    assert await look() == 0
