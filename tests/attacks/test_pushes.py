"""Pushes that stall: given up after a while, and no hindrance to the pushes of others."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.access.callers import acting_as
from tests.access.deployments import deployed
from tests.attacks.conftest import eventually
from tests.flows.journey import expect

CSV = {"Content-Type": "text/csv"}


@pytest.fixture
async def api(make_settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    few = {"max_pushes": 3, "max_pushes_per_caller": 2, "body_idle_seconds": 5.0}
    async with deployed(make_settings(**few)) as client:
        yield client


async def segment(api: httpx.AsyncClient, name: str) -> str:
    body = {"name": name, "display_name": name, "source": {"kind": "upload"}}
    return str((await expect(await api.post("/v1/segments", json=body), 201))["id"])


async def stalled() -> AsyncIterator[bytes]:
    yield b"EMAIL\na@example.com\n"
    await asyncio.sleep(60)


async def test_stalled_pushes_block_nobody(
    api: httpx.AsyncClient, figures: Callable[..., None]
) -> None:
    """Before: four of them blocked all pushes for as long as they liked."""
    ids = [await segment(api, f"s{number}") for number in range(5)]

    def push(client: httpx.AsyncClient, number: int, content: Any) -> Any:
        return client.put(f"/v1/segments/{ids[number]}/members", content=content, headers=CSV)

    async with acting_as(api, "administrator") as other:
        began = time.monotonic()
        waiting = [asyncio.create_task(push(api, number, stalled())) for number in range(2)]
        places = api.app.state.uploads.places  # type: ignore[attr-defined]
        await eventually(lambda: places._held.total() == 2)
        refused = await push(api, 2, b"EMAIL\nb@example.com\n")
        assert (refused.status_code, refused.json()["code"]) == (429, "upload-busy")
        assert int(refused.headers["retry-after"]) >= 1
        # somebody else has places left
        assert (await push(other, 3, b"EMAIL\nb@example.com\n")).status_code == 200
        assert not any(push.done() for push in waiting)
        for ended in await asyncio.gather(*waiting):
            assert (ended.status_code, ended.json()["code"]) == (408, "body-timeout")
        figures("stalled pushes, 5 s allowed", freed_seconds=time.monotonic() - began)
        assert (await push(api, 0, b"EMAIL\nb@example.com\n")).status_code == 200
    seen = await expect(await api.get(f"/v1/segments/{ids[1]}"), 200)
    assert seen["member_count"] in {None, 0}
