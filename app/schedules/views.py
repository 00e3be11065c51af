"""Rows → what callers see of schedules."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.caller_names import names_of
from app.db.models import RefreshSchedule, Run
from app.exports.schedule import rule_of_refresh
from app.runs.views import run_view
from app.schedule_times import Rule, next_time, utc_offset, zones
from app.schedules import schemas
from app.schedules.service import DEFAULT, Refused


async def schedule_view(
    session: AsyncSession, row: RefreshSchedule | None, now: datetime
) -> schemas.RefreshSchedule:
    """The refresh schedule, and when it is next due."""
    if row is None:
        return schemas.RefreshSchedule(
            **DEFAULT, next_run_at=None, updated_at=None, updated_by=None, updated_by_name=None
        )
    rule, names = rule_of_refresh(row), await names_of(session, [row.updated_by])
    return schemas.RefreshSchedule(
        **{name: getattr(row, name) for name in DEFAULT},
        next_run_at=None if rule is None else next_time(rule, now),
        updated_at=row.updated_at,
        updated_by=row.updated_by,
        updated_by_name=names[row.updated_by],
    )


def next_times_view(rule: Rule, now: datetime, count: int) -> schemas.NextTimes:
    """The next `count` moments of the rule."""
    found: list[datetime] = []
    while len(found) < count and (moment := next_time(rule, found[-1] if found else now)):
        found.append(moment)
    return schemas.NextTimes(items=found)


def time_zones_view(now: datetime) -> schemas.TimeZones:
    """Every time zone and its offset now."""
    return schemas.TimeZones(
        items=[schemas.TimeZone(name=name, utc_offset=utc_offset(name, now)) for name in zones()]
    )


def all_runs_view(started: Sequence[Run], refused: Sequence[Refused]) -> schemas.AllRuns:
    """What began, and what did not."""
    return schemas.AllRuns(
        started=[run_view(row) for row in started],
        not_started=[
            schemas.NotStarted(
                export_id=item.export.id,
                display_name=item.export.display_name,
                code=item.error.code,
                detail=item.error.detail,
                run_id=item.error.members.get("run_id"),
            )
            for item in refused
        ],
    )
