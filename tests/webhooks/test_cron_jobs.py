"""The workers' cron does what is asked for here: webhooks, erasures, looks at Meta."""

from operator import itemgetter
from pathlib import Path
from typing import Any

import httpx

from app.settings import Settings
from tests.flows.journey import expect, get_run, start_run
from tests.webhooks.simulated import Receiver, SimulatedClock
from tests.webhooks.test_events import make_ready_export, make_webhook
from workers.context import build_context
from workers.settings import WorkerSettings


async def test_a_worker_runs_every_cron_job(
    api: httpx.AsyncClient,
    work: Any,
    settings: Settings,
    receiver: Receiver,
    segment_root: Path,
    time: SimulatedClock,
) -> None:
    await make_webhook(api, receiver)
    connection, _, export = await make_ready_export(api, segment_root)
    run = await start_run(api, export)
    await work()
    body = {"people": [{"EMAIL": "anna@example.com"}]}
    erasure = await expect(await api.post("/v1/erasures", json=body), 202)
    time.advance(days=54)
    context = build_context(settings)
    ctx = {"worker": context}
    try:
        for job in (*WorkerSettings.cron_jobs, *WorkerSettings.cron_jobs):
            await job.coroutine(ctx)
    finally:
        await context.close()
    # of different subjects, so they may arrive in any order
    messages = sorted((message.json for message in receiver.messages), key=itemgetter("timestamp"))
    told = [message["type"] for message in messages]
    assert told == ["connection.ready", "run.started", "run.finished", "connection.token_expiring"]
    shown = await expect(await api.get(f"/v1/erasures/{erasure['id']}"), 200)
    assert shown["status"] == "done"
    shown = await expect(await api.get(f"/v1/connections/{connection['id']}"), 200)
    assert shown["token"]["expires_soon"] is True
    # the run is too long ago to be looked at
    assert (await get_run(api, run))["audience_state"] is None
    assert context.cron_jobs == set()
