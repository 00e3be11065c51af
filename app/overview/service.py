"""The overview's questions to the database; a fixed number of them, however much there is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.callers import Caller
from app.connections.service import may_use
from app.db import liveness
from app.db.models import Connection, Export, Run, Segment, Webhook
from app.exports.timing import refresh_rule, rule_of_export
from app.moments import next_moment
from app.runs.states import ACTIVE, FINAL, RunStatus

AHEAD = timedelta(hours=24)
TOKENS_WITHIN = timedelta(days=14)
MOST = 50
_BROKEN = (RunStatus.FAILED, RunStatus.SKIPPED)


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that does not do its work until somebody moves."""

    kind: str
    id: str
    display_name: str
    since: datetime | None
    code: str
    culprit: str
    message: str
    help_url: str | None = None
    run_id: str | None = None
    connection_id: str | None = None
    exports: int = 0


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
    exports = (await session.scalars(select(Export).order_by(Export.id))).all()
    by_connection: dict[str, list[Export]] = {}
    for export in exports:
        by_connection.setdefault(export.connection_id or "", []).append(export)
    return Overview(
        at=now,
        broken=[
            *_broken_connections(connections.values(), by_connection),
            *await _broken_exports(session, connections),
            *(await _broken_webhooks(session) if caller.is_administrator else ()),
        ],
        running=await _running(session),
        upcoming=await _upcoming(session, exports, connections, now),
        tokens_ending=[
            Ending(row, ends, by_connection.get(row.id, []))
            for row, ends in _ending(connections.values(), now)
            if may_use(caller, row)
        ],
        workers=await liveness.alive(session),
        runs_by_hour=await _by_hour(session, now),
        exports=len(exports),
        connections=sum(may_use(caller, row) for row in connections.values()),
        segments=await _segments(session),
    )


def _broken_connections(
    rows: Iterable[Connection], by_connection: Mapping[str, Sequence[Export]]
) -> Sequence[Broken]:
    """Connections whose token is refused or whose account is blocked, and that exports wait for."""
    found = []
    for row in rows:
        waiting = len(by_connection.get(row.id, ()))
        if row.status == "reauthentication_required":
            found.append(
                Broken(
                    kind="connection",
                    id=row.id,
                    display_name=row.display_name,
                    since=None,
                    code="reauthentication-required",
                    culprit="user",
                    message="Meta refuses the token; an administrator must renew it. Scheduled runs "
                    "wait until then.",
                    connection_id=row.id,
                    exports=waiting,
                )
            )
        elif row.blocked is not None:
            since = row.blocked.get("since")
            found.append(
                Broken(
                    kind="connection",
                    id=row.id,
                    display_name=row.display_name,
                    since=None if since is None else datetime.fromisoformat(since),
                    code="account-blocked",
                    culprit="external",
                    message=str(row.blocked.get("reason") or "Meta blocks the ad account."),
                    connection_id=row.id,
                    exports=waiting,
                )
            )
    return found


async def _broken_exports(
    session: AsyncSession, connections: Mapping[str, Connection]
) -> list[Broken]:
    """Exports that should run and whose newest ended run failed or was skipped."""
    newest = (
        select(func.max(Run.id).label("id"))
        .where(Run.status.in_(FINAL - {RunStatus.CANCELED}))
        .group_by(Run.export_id)
        .subquery()
    )
    rows = await session.execute(
        select(Run, Export)
        .join(newest, newest.c.id == Run.id)
        .join(Export, Export.id == Run.export_id)
        .where(Run.status.in_(_BROKEN), Export.enabled, Export.connection_id.is_not(None))
        .order_by(Run.id.desc())
        .limit(MOST)
    )
    found = []
    for run, export in rows:
        error = run.error or {}
        found.append(
            Broken(
                kind="export",
                id=export.id,
                display_name=export.display_name,
                since=run.finished_at,
                code=error.get("code", "run-failed"),
                culprit=error.get("culprit", "system"),
                message=error.get("message", "The run could not go on."),
                help_url=error.get("help_url"),
                run_id=run.id,
                connection_id=export.connection_id if export.connection_id in connections else None,
            )
        )
    return found


async def _broken_webhooks(session: AsyncSession) -> list[Broken]:
    rows = await session.scalars(
        select(Webhook)
        .where(or_(Webhook.disabled_at.is_not(None), Webhook.failing_since.is_not(None)))
        .order_by(Webhook.id)
        .limit(MOST)
    )
    return [
        Broken(
            kind="webhook",
            id=row.id,
            display_name=row.url,
            since=row.failing_since,
            code="webhook-disabled" if row.disabled_at else "webhook-failing",
            culprit="external",
            message="The receiver does not answer as it should; events wait and are tried again."
            if row.disabled_at is None
            else "The receiver did not answer for days; the webhook was switched off.",
        )
        for row in rows
    ]


async def _running(session: AsyncSession) -> Sequence[Run]:
    return (
        await session.scalars(
            select(Run).where(Run.status.in_(ACTIVE)).order_by(Run.id.desc()).limit(MOST)
        )
    ).all()


async def _upcoming(
    session: AsyncSession,
    exports: Sequence[Export],
    connections: Mapping[str, Connection],
    now: datetime,
) -> list[Upcoming]:
    """Each export's next scheduled run within a day, soonest first."""
    refresh, until = await refresh_rule(session), now + AHEAD
    known: dict[str, datetime | None] = {}
    found = []
    for export in exports:
        connection = connections.get(export.connection_id or "")
        if not export.enabled or connection is None or connection.status != "ready":
            continue
        # many exports share a schedule
        name = str(export.schedule)
        if name not in known:
            rule = rule_of_export(export.schedule, refresh)
            known[name] = None if rule is None else next_moment(rule, now)
        moment = known[name]
        if moment is not None and moment <= until:
            found.append(Upcoming(moment, export))
    return sorted(found, key=lambda item: (item.at, item.export.id))[:MOST]


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


async def _segments(session: AsyncSession) -> int:
    return int(await session.scalar(select(func.count()).select_from(Segment)) or 0)
