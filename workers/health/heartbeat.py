"""A worker says every few seconds that it lives, for as long as it does."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from app import clock
from app.db import liveness
from app.db.session import Database
from app.errors import AppError
from app.ids import new_id
from app.observability.logs import get_logger

log = get_logger(__name__)


@asynccontextmanager
async def heartbeat(database: Database) -> AsyncIterator[None]:
    """Report this process at once and again and again; take it back at the end of the block.

    A database that is away is no reason to stop: it will be told when it is back.
    """
    worker_id, started = new_id("wrk"), clock.now()
    beating = asyncio.create_task(_beat(database, worker_id, started))
    try:
        yield
    finally:
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating
        with contextlib.suppress(AppError):
            async with database.transaction() as session:
                await liveness.left(session, worker_id)


async def _beat(database: Database, worker_id: str, started: datetime) -> None:
    while True:
        try:
            async with database.transaction() as session:
                await liveness.beat(session, worker_id, process_id=os.getpid(), started_at=started)
        except AppError as error:
            log.warning("heartbeat.missed", code=error.code)
        except Exception as error:  # noqa: BLE001 - a worker that works must go on saying so
            log.warning("heartbeat.missed", error=type(error).__name__)
        await asyncio.sleep(liveness.BEAT_SECONDS)
