"""Real clients: Chromium's EventSource and curl follow a run to its end across a restart of the API."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import async_playwright
from sqlalchemy import update

from app.db.models import Run
from app.db.session import Database
from app.settings import Settings
from tests.conftest import API_KEY
from tests.flows.journey import make_connection, make_export, make_segment, start_run
from tests.runs.watching import serving

CHROMIUM = shutil.which("chromium")
CURL = shutil.which("curl")

_FOLLOW = """
url => new Promise(resolve => {
  const states = [];
  window.states = states;
  const source = new EventSource(url);
  source.addEventListener("run", event => states.push(JSON.parse(event.data)));
  source.onerror = () => source.readyState === EventSource.CLOSED && resolve(states);
})
"""


async def see(database: Database, run: dict[str, Any], read: int) -> None:
    async with database.transaction() as session:
        await session.execute(update(Run).where(Run.id == run["id"]).values(read=read))


async def queued_run(api: httpx.AsyncClient, folder: Path) -> dict[str, Any]:
    (folder / "m.csv").write_text("email\na@example.com\n")
    segment = await make_segment(api, str(folder / "m.csv"))
    return await start_run(api, await make_export(api, await make_connection(api), segment))


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
async def test_an_event_source_in_chromium(
    api: httpx.AsyncClient, settings: Settings, database: Database, segment_root: Path, work: Any
) -> None:
    run = await queued_run(api, segment_root)
    ticket = (await api.post(f"/v1/runs/{run['id']}/events/ticket")).json()["url"]
    async with serving(settings) as server, async_playwright() as tools:
        browser = await tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(bypass_csp=True)  # the API serves no pages of its own
        await page.goto(f"{server.url}/livez")
        following = asyncio.create_task(page.evaluate(_FOLLOW, ticket))
        await page.wait_for_function("window.states?.length === 1")
        await server.stop()
        await see(database, run, 7)
        await server.start()
        await page.wait_for_function("window.states.length === 2")
        await see(database, run, 0)
        await page.wait_for_function("window.states.length === 3")
        await work()
        states = await asyncio.wait_for(following, 60)
        await browser.close()
    assert [state["counts"]["read"] for state in states[:3]] == [0, 7, 0]
    assert states[-1] == (await api.get(f"/v1/runs/{run['id']}")).json()
    assert states[-1]["status"] == "succeeded"


@pytest.mark.skipif(CURL is None, reason="there is no curl")
async def test_curl(
    api: httpx.AsyncClient, settings: Settings, database: Database, segment_root: Path, work: Any
) -> None:
    run = await queued_run(api, segment_root)

    async with serving(settings) as server:

        async def curl(*more: str) -> asyncio.subprocess.Process:
            return await asyncio.create_subprocess_exec(
                *(str(CURL), "-sN", "-H", f"Authorization: Bearer {API_KEY}", *more),
                f"{server.url}/v1/runs/{run['id']}/events",
                stdout=asyncio.subprocess.PIPE,
            )

        first = await curl()
        assert first.stdout is not None
        await first.stdout.readuntil(b"id: ")
        last_id = (await first.stdout.readline()).decode().strip()
        await server.stop()
        await first.communicate()
        await server.start()
        second = await curl("-H", f"Last-Event-ID: {last_id}")
        assert second.stdout is not None
        await second.stdout.readuntil(b"\n\n")
        await work()
        rest, _ = await asyncio.wait_for(second.communicate(), 60)
    states = [
        json.loads(line[6:]) for line in rest.decode().splitlines() if line.startswith("data: ")
    ]
    assert states[0]["status"] != "queued"  # what was seen is not repeated
    assert states[-1]["status"] == "succeeded"
