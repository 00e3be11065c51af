"""The loops beside the API's requests: runs are kept moving, webhooks are called.

The workers' cron does the same; these two need no Redis. Each goes on whatever a round meets.
"""

import asyncio

from app.db.secrets import Vault
from app.db.session import Database
from app.errors import AppError
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
            await start_due(database, notifier)
            await recover_runs(database, notifier, budget=budget, account_runs=account_runs)
        except AppError as error:
            log.warning("upkeep.paused", code=error.code)
        except Exception as error:
            log.exception("upkeep.failed", error=type(error).__name__)


async def call_webhooks(database: Database, vault: Vault, sender: Sender, *, every: float) -> None:
    """Brings events to webhooks."""
    while True:
        await asyncio.sleep(every)
        try:
            await deliver_due(database, vault, sender)
        except AppError as error:
            log.warning("webhooks.paused", code=error.code)
        except Exception as error:  # noqa: BLE001 - the next round may find things well again
            # the class only: a text may hold the address of a webhook
            log.error("webhooks.failed", error=type(error).__name__)  # noqa: TRY400
