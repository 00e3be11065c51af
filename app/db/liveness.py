"""Which workers live: each says so every few seconds, in Postgres, where every process can see it."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.db.models import WorkerProcess

BEAT_SECONDS = 5.0
# three beats may be missed: a machine may be busy, a database may restart
_LIVES = timedelta(seconds=4 * BEAT_SECONDS)
_FORGOTTEN = timedelta(hours=1)


async def beat(
    session: AsyncSession, worker_id: str, *, process_id: int, started_at: datetime
) -> None:
    """Say that the worker lives; what has been silent for an hour is forgotten on the way."""
    now = clock.now()
    await session.execute(
        insert(WorkerProcess)
        .values(id=worker_id, process_id=process_id, started_at=started_at, seen_at=now)
        .on_conflict_do_update(index_elements=["id"], set_={"seen_at": now})
    )
    await session.execute(delete(WorkerProcess).where(WorkerProcess.seen_at < now - _FORGOTTEN))


async def left(session: AsyncSession, worker_id: str) -> None:
    """The worker has stopped of its own will."""
    await session.execute(delete(WorkerProcess).where(WorkerProcess.id == worker_id))


async def alive(session: AsyncSession, *, started_since: datetime | None = None) -> int:
    """How many workers live; of those that started since a moment, if one is named."""
    query = (
        select(func.count())
        .select_from(WorkerProcess)
        .where(WorkerProcess.seen_at > clock.now() - _LIVES)
    )
    if started_since is not None:
        query = query.where(WorkerProcess.started_at >= started_since)
    return int(await session.scalar(query) or 0)
