"""The overview's questions to the database; a fixed number of them, however much there is."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.callers import Caller
from app.connections.service import may_use
from app.db import liveness
from app.db.listing import one_of, written_out
from app.db.models import Base, Connection, Export, Run, Segment
from app.exports.schedule import refresh_rule, rule_of_export
from app.overview.problems import (
    MOST,
    Broken,
    broken_connections,
    broken_exports,
    broken_webhooks,
    is_stopped,
)
from app.runs.states import ACTIVE
from app.schedule_times import next_time

AHEAD = timedelta(hours=24)
TOKENS_WITHIN = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A run that a schedule will start."""

    at: datetime
    export: Export


@dataclass(frozen=True, slots=True)
class Ending:
    """A connection whose token, or its access to data, is about to end."""

    connection: Connection
    ends_at: datetime
    exports: Sequence[Export]


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it, at one moment."""

    at: datetime
    broken: Sequence[Broken]
    running: Sequence[Run]
    upcoming: Sequence[Upcoming]
    tokens_ending: Sequence[Ending]
    workers: int
    runs_by_hour: Mapping[datetime, Mapping[str, int]]
    exports: int
    connections: int
    segments: int


async def overview(session: AsyncSession, caller: Caller) -> Overview:
    """What the caller may know of it: connections are for those who may use them (L10)."""
    now = clock.now()
    connections = {row.id: row for row in await session.scalars(select(Connection))}
    stopped = [row for row in connections.values() if is_stopped(row)]
    ending = _ending(connections.values(), now)
    by_connection = await _exports_of(session, [*stopped, *(row for row, _ in ending)])
    return Overview(
        at=now,
        broken=[
            *broken_connections(stopped, by_connection),
            *await broken_exports(session),
            *(await broken_webhooks(session) if caller.is_administrator else ()),
        ],
        running=await _running(session),
        upcoming=await _upcoming(session, now),
        tokens_ending=[
            Ending(row, ends, by_connection.get(row.id, []))
            for row, ends in ending
            if may_use(caller, row)
        ],
        workers=await liveness.alive(session),
        runs_by_hour=await _by_hour(session, now),
        exports=await _number(session, Export),
        connections=sum(may_use(caller, row) for row in connections.values()),
        segments=await _number(session, Segment),
    )


async def _exports_of(session: AsyncSession, rows: Sequence[Connection]) -> dict[str, list[Export]]:
    """The exports of these connections, by connection."""
    found: dict[str, list[Export]] = {}
    if rows:
        mine = Export.connection_id == one_of(row.id for row in rows)
        for export in await session.scalars(select(Export).where(mine).order_by(Export.id)):
            found.setdefault(export.connection_id or "", []).append(export)
    return found


async def _running(session: AsyncSession) -> Sequence[Run]:
    return (
        await session.scalars(
            select(Run).where(written_out(Run.status, ACTIVE)).order_by(Run.id.desc()).limit(MOST)
        )
    ).all()


async def _upcoming(session: AsyncSession, now: datetime) -> list[Upcoming]:
    """Each export's next scheduled run within a day, soonest first."""
    refresh, until = await refresh_rule(session), now + AHEAD
    runs = (
        Export.enabled,
        Connection.id == Export.connection_id,
        Connection.status == "ready",
        Export.schedule["mode"].astext != "manual",
    )
    moments: list[tuple[datetime, Mapping[str, Any]]] = []
    # many exports share a schedule
    for schedule in await session.scalars(select(Export.schedule).where(*runs).distinct()):
        rule = rule_of_export(schedule, refresh)
        moment = None if rule is None else next_time(rule, now)
        if moment is not None and moment <= until:
            moments.append((moment, schedule))
    found: list[Upcoming] = []
    for moment, same in itertools.groupby(sorted(moments, key=_first), key=_first):
        if len(found) >= MOST:
            break
        schedules = [schedule for _, schedule in same]
        exports = await session.scalars(
            select(Export)
            .where(*runs, Export.schedule.in_(schedules))
            .order_by(Export.id)
            .limit(MOST - len(found))
        )
        found += [Upcoming(moment, export) for export in exports]
    return found


def _first(pair: tuple[datetime, Any]) -> datetime:
    return pair[0]


def _ending(rows: Iterable[Connection], now: datetime) -> list[tuple[Connection, datetime]]:
    """Connections with a token that ends within two weeks, or has ended; soonest first."""
    found = []
    for row in rows:
        ends = [
            end
            for end in (row.token_expires_at, row.token_data_access_expires_at)
            if end is not None and end <= now + TOKENS_WITHIN
        ]
        if ends:
            found.append((row, min(ends)))
    return sorted(found, key=lambda item: item[1])


async def _by_hour(session: AsyncSession, now: datetime) -> dict[datetime, dict[str, int]]:
    """Runs of the last 24 hours by the hour they were asked for in, and by status; every hour is there."""
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    hour = func.date_trunc("hour", Run.queued_at, "UTC").label("hour")
    rows = await session.execute(
        select(hour, Run.status, func.count())
        .where(and_(Run.queued_at >= first, Run.queued_at <= now))
        .group_by(hour, Run.status)
    )
    found: dict[datetime, dict[str, int]] = {
        first + timedelta(hours=number): {} for number in range(24)
    }
    for moment, status, number in rows:
        found.setdefault(moment, {})[status] = number
    return found


async def _number(session: AsyncSession, table: type[Base]) -> int:
    return int(await session.scalar(select(func.count()).select_from(table)) or 0)
