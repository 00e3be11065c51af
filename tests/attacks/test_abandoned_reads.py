"""Reads nobody waits for: they end, and do not keep others from reading."""

import asyncio
import gzip
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.access.callers import acting_as
from tests.access.deployments import deployed
from tests.flows.journey import expect, make_connection, make_export, make_segment


def pack(path: Path, megabytes: int) -> None:
    """Members without end in few bytes: a thousand times smaller than what is in it."""
    lines = gzip.compress(b"abcdefghij@example.com\n" * 45_590, compresslevel=9)
    path.write_bytes(gzip.compress(b"email\n") + lines * megabytes)


@pytest.fixture
async def api(make_settings: Any):
    # so that the bomb is not refused by its ratio before it takes any time
    settings = make_settings(request_timeout_seconds=4.0, source_max_unpack_ratio=1_000_000)
    async with deployed(settings) as client:
        yield client


async def freed(api: httpx.AsyncClient, seconds: float = 30) -> float:
    """Seconds until no thread reads any more."""
    readers, began = api.app.state.readers, time.monotonic()  # type: ignore[attr-defined]
    while readers._held:
        assert time.monotonic() - began < seconds
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def test_what_timed_out_does_not_run_on(
    api: httpx.AsyncClient, segment_root: Path, figures: Callable[..., None]
) -> None:
    """Before: seven refreshes of an 8 MB gzip of 4 GB ran on for 3 minutes, and others' reads timed out."""
    path = segment_root / "many.csv.gz"
    pack(path, 0)
    segments = [await make_segment(api, str(path), f"bomb_{n}") for n in range(7)]
    (segment_root / "few.csv").write_text("email\na@example.com\n")
    few = await make_segment(api, str(segment_root / "few.csv"), "few")
    pack(path, 20_000)
    async with acting_as(api, "administrator") as other:
        refreshes = [
            asyncio.create_task(api.post(f"/v1/segments/{one['id']}/refresh")) for one in segments
        ]
        await asyncio.sleep(0.2)
        # somebody else's share is free
        began = time.monotonic()
        await expect(await other.post(f"/v1/segments/{few['id']}/refresh"), 200)
        wait = time.monotonic() - began
        assert not all(one.done() for one in refreshes)
        codes = sorted([(await one).status_code for one in refreshes])
    assert codes == [429] * 5 + [504] * 2
    figures("seven refreshes of a bomb", others=wait, freed_seconds=await freed(api))

    # one refresh of a segment at a time
    first, second = await asyncio.gather(
        *(api.post(f"/v1/segments/{segments[0]['id']}/refresh") for _ in range(2))
    )
    assert {first.status_code, second.status_code} == {409, 504}
    await freed(api)


async def test_who_goes_takes_the_reading_along(target: Any, segment_root: Path) -> None:
    path = segment_root / "many.csv.gz"
    pack(path, 0)
    with target() as server, server.http() as client:
        body = {
            "name": "bomb",
            "display_name": "b",
            "source": {"kind": "file", "url": str(path)},
        }
        segment = client.post("/v1/segments", json=body).json()
        await asyncio.to_thread(pack, path, 1500)
        for _ in range(3):
            with pytest.raises(httpx.ReadTimeout):
                client.post(f"/v1/segments/{segment['id']}/refresh", timeout=0.3)
            # its place is free again: else this would be 409 or 429
            for _ in range(300):
                if not server.app.state.readers._held:
                    break
                await asyncio.sleep(0.1)
            assert not server.app.state.readers._held


async def test_a_preview_nobody_waits_for_ends(api: httpx.AsyncClient, segment_root: Path) -> None:
    path = segment_root / "many.csv.gz"
    pack(path, 0)
    segment = await make_segment(api, str(path), "bomb")
    export = await make_export(api, await make_connection(api), segment)
    await asyncio.to_thread(pack, path, 1500)
    preview = asyncio.create_task(api.post(f"/v1/exports/{export['id']}/preview"))
    await asyncio.sleep(0.5)
    preview.cancel()
    began = time.monotonic()
    await asyncio.gather(preview, return_exceptions=True)
    previews = api.app.state.previews  # type: ignore[attr-defined]
    while previews.place.locked():
        assert time.monotonic() - began < 30
        await asyncio.sleep(0.05)
