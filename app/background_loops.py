"""The loops beside the API's requests: runs are kept moving, webhooks are called.

The workers' cron does the same; these two need no Redis. Each goes on whatever a round meets.
"""

import asyncio

from app.db.secrets import Vault
from app.db.session import Database
from app.errors import AppError
from app.observability.crashes import crashes_told
from app.observability.logs import get_logger
from app.queue import QueueNotifier
from app.runs.maintenance.recovery import recover_runs
from app.schedules.due import start_due
from app.webhooks.delivery import deliver_due
from app.webhooks.sending import Sender

log = get_logger(__name__)


async def keep_runs_moving(
    database: Database, notifier: QueueNotifier, *, every: float, budget: int, account_runs: int
) -> None:
    """The janitor's loop, a round every so many seconds.

    A run has `budget` attempts, an account `account_runs` at once.
    """
    while True:
        await asyncio.sleep(every)
        try:
            with crashes_told("upkeep.failed", job="schedules"):
                await start_due(database, notifier)
            with crashes_told("upkeep.failed", job="runs"):
                await recover_runs(database, notifier, budget=budget, account_runs=account_runs)
        except AppError as error:
            log.warning("upkeep.paused", code=error.code)


async def call_webhooks(database: Database, vault: Vault, sender: Sender, *, every: float) -> None:
    """Brings events to webhooks."""
    while True:
        await asyncio.sleep(every)
        try:
            with crashes_told("webhooks.failed"):
                await deliver_due(database, vault, sender)
        except AppError as error:
            log.warning("webhooks.paused", code=error.code)
