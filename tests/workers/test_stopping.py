"""What a worker does with its runs when it is told to stop."""

import asyncio
from pathlib import Path

import httpx

from app.ids import new_id
from app.settings import Settings
from tests.conftest import Sandbox
from tests.flows.journey import get_run, make_connection, make_export, make_segment, start_run
from workers.context import build_context
from workers.process import _work


async def test_a_run_whose_job_has_a_namesake_is_handed_back_as_well(
    api: httpx.AsyncClient, settings: Settings, sandbox: Sandbox, segment_root: Path
) -> None:
    """Jobs take the run whose turn it is; arq keeps one job of each name in mind, the last."""
    (segment_root / "m.csv").write_text("email\nanna@example.com\n")
    segment = await make_segment(api, str(segment_root / "m.csv"))
    run = await start_run(api, await make_export(api, await make_connection(api), segment))
    sandbox.control("PUT", "settings", json={"latency": 4.0})
    context, stopping = build_context(settings), asyncio.Event()
    await context.notifier.answered(f"run:{run['id']}:0")
    name = new_id("run")
    worker = asyncio.create_task(_work(settings, context, stopping))
    await context.notifier.notify(name, 0)
    while not context.working:  # noqa: ASYNC110 - a job tells nobody that it began
        await asyncio.sleep(0.02)
    await context.notifier.notify(name, 0)
    while await context.notifier.waiting():  # noqa: ASYNC110 - neither does a queue
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    assert len(context.working) == 1
    stopping.set()
    await worker
    assert not context.working
    await context.close()
    assert (await get_run(api, run))["status"] == "queued"
