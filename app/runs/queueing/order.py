"""In which order queued runs are taken: fair between ad accounts, and people before schedules.

An account's share is the runs that it has under way and those it would have: its second waiting run
comes after every other account's first, however many it queued and however large they are. Among equal
shares whoever asked by hand comes before a schedule, then the one that waits the longest. An account
beyond its bound waits for its own.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Subquery, case, func, literal, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.db.models import Run
from app.runs.states import RunStatus, Trigger

# a bound that bounds nothing
MANY = 1_000_000
_LOCK = 7_201_883_444
# a thousand workers that all ask at once wait for a second or two
_PATIENCE = "5s"
# https://www.postgresql.org/docs/current/errcodes-appendix.html: lock_not_available
_NOT_IN_TIME = "55P03"
# a run without an account is an account of its own
_ACCOUNT = func.coalesce(Run.ad_account_id, Run.connection_id, Run.id)
_BY_SCHEDULE = case((Run.trigger == Trigger.ON_DEMAND, 0), else_=1)


def line(now: datetime) -> Subquery:
    """Everything that may be taken: `id`, `fence`, `share` of its account, and `place` from 1 on.

    Runs of workers that died are taken like queued ones.
    """
    working = (
        select(_ACCOUNT.label("account"), func.count().label("runs"))
        .where(Run.status == RunStatus.RUNNING, Run.lease_until >= now)
        .group_by(_ACCOUNT)
        .subquery()
    )
    order = (_BY_SCHEDULE, Run.due_at, Run.id)
    waiting = (
        select(
            Run.id,
            Run.fence,
            Run.attempt,
            Run.due_at,
            _ACCOUNT.label("account"),
            _BY_SCHEDULE.label("by_schedule"),
            func.row_number().over(partition_by=_ACCOUNT, order_by=order).label("among_own"),
        )
        .where(
            Run.due_at <= now,
            (Run.status == RunStatus.QUEUED)
            | ((Run.status == RunStatus.RUNNING) & (Run.lease_until < now)),
        )
        .subquery()
    )
    share = func.coalesce(working.c.runs, 0) + waiting.c.among_own
    place: Any = func.row_number().over(
        order_by=(share, waiting.c.by_schedule, waiting.c.due_at, waiting.c.id)
    )
    return (
        select(waiting, share.label("share"), place.label("place"))
        .outerjoin(working, working.c.account == waiting.c.account)
        .subquery()
    )


async def next_in_queue(
    session: AsyncSession, *, account_runs: int, budget: int
) -> tuple[str, int] | None:
    """Id and fence of the run to be taken next; None if there is none.

    `account_runs`: how many of an account may be under way. Until the transaction ends nobody else
    looks, since two at once would take an account beyond its bound; but a process that froze while it
    looked is not waited for.
    """
    await _in_turn(session)
    waiting = line(clock.now())
    found = (
        await session.execute(
            select(waiting.c.id, waiting.c.fence)
            .where(waiting.c.share <= account_runs, waiting.c.attempt < budget)
            .order_by(waiting.c.place)
            .limit(1)
        )
    ).first()
    return None if found is None else (found.id, found.fence)


async def _in_turn(session: AsyncSession) -> None:
    """Wait for whoever looks now in Postgres' own queue: to ask again and again costs more than a look."""
    if await session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return
    limited = func.set_config("lock_timeout", _PATIENCE, literal(True))
    unlimited = func.set_config("lock_timeout", "0", literal(True))
    try:
        async with session.begin_nested():
            await session.execute(select(limited))
            await session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            # what is locked from here on is waited for as ever
            await session.execute(select(unlimited))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _NOT_IN_TIME:
            raise
