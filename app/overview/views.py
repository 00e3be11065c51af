"""The overview → what callers see of it."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Culprit
from app.exports.schemas import ExportConnection
from app.overview import schemas
from app.overview.service import Overview
from app.runs.states import RunStatus
from app.runs.views import run_views


async def overview_view(session: AsyncSession, found: Overview) -> schemas.Overview:
    """All parts on the wire."""
    return schemas.Overview(
        at=found.at,
        broken=[
            schemas.Broken(
                **{
                    name: getattr(item, name)
                    for name in schemas.Broken.model_fields
                    if name != "culprit"
                },
                culprit=Culprit(item.culprit),
            )
            for item in found.broken
        ],
        running=await run_views(session, found.running),
        upcoming=[
            schemas.Upcoming(at=item.at, export=schemas.NamedExport.model_validate(item.export))
            for item in found.upcoming
        ],
        tokens_ending=[
            schemas.TokenEnding(
                connection=ExportConnection.model_validate(item.connection),
                ends_at=item.ends_at,
                exports=[schemas.NamedExport.model_validate(row) for row in item.exports],
            )
            for item in found.tokens_ending
        ],
        workers=found.workers,
        runs_by_hour=[
            schemas.RunsOfHour(
                hour=hour,
                total=sum(numbers.values()),
                by_status={status: numbers.get(status, 0) for status in RunStatus},
            )
            for hour, numbers in sorted(found.runs_by_hour.items())
        ],
        totals=schemas.Totals(
            connections=found.connections, segments=found.segments, exports=found.exports
        ),
    )
