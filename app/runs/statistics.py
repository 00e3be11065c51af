"""What an export's runs add up to: how often it went well, and what each run changed."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Run
from app.exports import service as exports
from app.runs.states import FINAL, RunStatus

GOOD = (RunStatus.SUCCEEDED, RunStatus.SUCCEEDED_WITH_WARNINGS)


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the runs that are kept: counts by status, the last that went well, the newest that ended."""

    export_id: str
    by_status: dict[str, int]
    last_success: Run | None
    ended: Sequence[Run]


async def export_statistics(session: AsyncSession, export_id: str, *, limit: int) -> Statistics:
    """The numbers of an export's runs; `ended` holds the newest `limit`, oldest first. Raises `NotFound`."""
    await exports.get_export(session, export_id)
    counts = await session.execute(
        select(Run.status, func.count()).where(Run.export_id == export_id).group_by(Run.status)
    )
    newest = select(Run).where(Run.export_id == export_id).order_by(Run.id.desc())
    ended = (await session.scalars(newest.where(Run.status.in_(FINAL)).limit(limit))).all()
    return Statistics(
        export_id=export_id,
        by_status={status: number for status, number in counts},  # noqa: C416 - rows are no pairs to mypy
        last_success=await session.scalar(newest.where(Run.status.in_(GOOD)).limit(1)),
        ended=ended[::-1],
    )
