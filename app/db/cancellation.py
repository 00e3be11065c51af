"""Asking for the end of active runs; here, since an export, a connection or a caller can be the reason."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.db.baselines import forget_plans, remember_unfinished
from app.db.models import Run


async def request_cancel(session: AsyncSession, *which: ColumnElement[bool]) -> Sequence[Run]:
    """Cancel queued runs now, and ask the workers of running ones to stop at the next batch.

    Asking twice is the same as asking once. Those that ended here are given back, to be announced.
    """
    now = clock.now()
    ended: dict[str, Any] = {
        "status": "canceled",
        "phase": None,
        "finished_at": now,
        "throttled_until": None,
        "waiting": None,
    }
    queued = await session.scalars(
        update(Run)
        .where(Run.status == "queued", *which)
        .values(cancel_requested_at=now, **ended)
        .returning(Run)
    )
    # a run that waits out a throttle may have sent rows before
    ended_runs = queued.all()
    await remember_unfinished(session, ended_runs)
    await forget_plans(session, ended_runs)
    await session.execute(
        update(Run)
        .where(Run.status == "running", Run.cancel_requested_at.is_(None), *which)
        .values(cancel_requested_at=now)
    )
    return ended_runs
