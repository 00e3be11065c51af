"""An erasure is worked on by one process at a time; the number of the attempt fences every write."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.db.models import Erasure
from app.errors import AppError

LEASE = timedelta(minutes=5)


class LeaseLost(AppError):
    """Another process has this erasure now."""

    code = "lease-lost"


async def claim_erasure(session: AsyncSession) -> Erasure | None:
    """The oldest erasure that is due, ours for the lease; None if there is none."""
    now = clock.now()
    due = (
        select(Erasure.id)
        .where(
            Erasure.status.in_(("queued", "running")),
            or_(Erasure.lease_until.is_(None), Erasure.lease_until <= now),
        )
        .order_by(Erasure.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).cte("due")
    row: Erasure | None = await session.scalar(
        update(Erasure)
        .where(Erasure.id.in_(select(due.c.id)))
        .values(status="running", attempt=Erasure.attempt + 1, lease_until=now + LEASE)
        .returning(Erasure)
    )
    return row


async def write(session: AsyncSession, row: Erasure, values: Mapping[str, Any]) -> None:
    """Write to a claimed erasure. Raises `LeaseLost`."""
    mine = await session.scalar(
        update(Erasure)
        .where(Erasure.id == row.id, Erasure.status == "running", Erasure.attempt == row.attempt)
        .values(**values)
        .returning(Erasure.id)
        .execution_options(synchronize_session=False)
    )
    if mine is None:
        raise LeaseLost
