"""Cron: what is done beside the runs: webhooks, tokens, later looks at audiences, erasures.

Each job may be on its way in several processes at once; Postgres decides who does what.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from app.connections.account_health.token_watch import watch_tokens
from app.connections.collaborators import Connections
from app.erasures.cleanup import clean_up
from app.erasures.due import perform_due
from app.erasures.execution import Erasing
from app.errors import AppError
from app.observability.crashes import crashes_told
from app.observability.logs import get_logger
from app.runs.maintenance.audience_followup import follow_up_audiences
from app.webhooks.delivery import deliver_due, forget_old
from workers.context import WorkerContext

log = get_logger(__name__)


async def call_webhooks(ctx: dict[str, Any]) -> None:
    """Bring events to webhooks."""
    worker: WorkerContext = ctx["worker"]
    await _run(
        worker,
        "webhooks",
        lambda: deliver_due(worker.database, worker.vault, worker.webhooks),
    )


async def carry_out_erasures(ctx: dict[str, Any]) -> None:
    """Take people out of audiences and snapshots who asked to be forgotten."""
    worker: WorkerContext = ctx["worker"]
    erasing = Erasing(worker.database, worker.graph, worker.vault, worker.store)
    await _run(worker, "erasures", lambda: perform_due(erasing))


async def look_at_meta(ctx: dict[str, Any]) -> None:
    """Look at tokens and audiences, and forget what is not needed any more."""
    worker: WorkerContext = ctx["worker"]
    deps = Connections(database=worker.database, graph=worker.graph, vault=worker.vault)
    await _run(worker, "tokens", lambda: watch_tokens(deps, warn_within=worker.token_warning))
    await _run(worker, "audiences", lambda: follow_up_audiences(deps))
    await _run(worker, "deliveries", lambda: forget_old(worker.database))
    erasing = Erasing(worker.database, worker.graph, worker.vault, worker.store)
    await _run(worker, "rewritten", lambda: clean_up(erasing))


async def _run(worker: WorkerContext, name: str, job: Callable[[], Awaitable[object]]) -> None:
    """The job, unless this process is on it already: cron jobs must not take the runs' places."""
    if name in worker.cron_jobs:
        return
    worker.cron_jobs.add(name)
    try:
        with crashes_told("cron.crashed", job=name):
            await job()
    except AppError as error:
        log.warning("cron.paused", job=name, code=error.code)
    finally:
        worker.cron_jobs.discard(name)
