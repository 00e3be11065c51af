"""How many runs a worker takes on while some of them only wait."""

import asyncio
import time
from pathlib import Path

import httpx

from app.settings import Settings
from tests.conftest import Sandbox
from tests.flows.journey import get_run, make_connection, make_export, make_segment, start_run
from workers.context import build_context
from workers.process import _work


async def test_an_account_that_waits_for_meta_takes_no_place(
    api: httpx.AsyncClient, settings: Settings, sandbox: Sandbox, segment_root: Path
) -> None:
    """Before: it had all places of the worker, and an account that nothing limits waited with it."""
    (segment_root / "m.csv").write_text("email\nanna@example.com\n")
    segment = await make_segment(api, str(segment_root / "m.csv"))
    limited, free = [
        await make_export(api, await make_connection(api, ad_account_id=account), segment)
        for account in ("act_1001", "act_1002")
    ]
    sandbox.control("PUT", "quota/act_1001", json={"score_max": 60, "blocked_seconds": 60})
    first = await start_run(api, limited)
    one = settings.model_copy(update={"worker_runs": 1, "throttle_patience_seconds": 120.0})
    context, stopping = build_context(one), asyncio.Event()
    worker = asyncio.create_task(_work(one, context, stopping))
    try:
        while not context.graph.governor.waits("act_1001"):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.02)
        second, began = await start_run(api, free), time.monotonic()
        while (await get_run(api, second))["finished_at"] is None:
            assert time.monotonic() - began < 50
            await asyncio.sleep(0.05)
        assert (await get_run(api, second))["status"] == "succeeded"
        # its row says so first, and the job still calls whoever waits behind it
        while len(context.working) > 1:
            assert time.monotonic() - began < 50
            await asyncio.sleep(0.02)
        assert (await get_run(api, first))["status"] == "running"
        assert [*context.working.values()] == ["act_1001"]
    finally:
        stopping.set()
        await worker
        await context.close()
