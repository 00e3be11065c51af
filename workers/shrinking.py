"""Keeps a replacement from emptying an audience by mistake: half a delivery looks like a small segment.

A mirror that would take everybody out waits for the same word, `allow_shrink`.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Run
from app.errors import Culprit, RunError
from app.runs.states import RunStatus
from app.snapshots import Manifest
from workers.context import WorkerContext
from workers.lease import patiently

_DELIVERED = (RunStatus.SUCCEEDED, RunStatus.SUCCEEDED_WITH_WARNINGS)
# modes after which the audience holds what was staged, and nothing else
_WHOLE = ("mirror", "replace")


async def check_shrinking(
    worker: WorkerContext, run: Run, audience_id: str, manifest: Manifest
) -> None:
    """Raises `RunError` (`replace-would-shrink`) before anything is sent.

    A replacement by nobody is always refused; one by less than half of what the export's last
    successful run put into this audience, unless the export says `allow_shrink`.
    """
    if run.spec["sync_mode"] != "replace":
        return
    if not manifest.staged:
        raise RunError(
            "None of the members can be used, and a replacement by nobody would empty the audience; "
            "nothing was sent. skipped_reasons says why.",
            code="replace-would-shrink",
            culprit=Culprit.USER,
        )
    if run.spec.get("allow_shrink"):
        return
    before = await patiently(
        worker.database, lambda session: _last_staged(session, run, audience_id)
    )
    if manifest.staged * 2 < before:
        raise RunError(
            f"The audience would shrink by more than half, from {before:,} rows to "
            f"{manifest.staged:,}; nothing was sent. Check that the segments are complete, or set "
            "allow_shrink on the export if they are.",
            code="replace-would-shrink",
            culprit=Culprit.USER,
        )


async def _last_staged(session: AsyncSession, run: Run, audience_id: str) -> int:
    """Rows of the last run that made the audience's whole content; 0 if there is none."""
    found = await session.scalar(
        select(Run.staged)
        .where(
            Run.export_id == run.export_id,
            Run.status.in_(_DELIVERED),
            Run.audience_id == audience_id,
            Run.spec["sync_mode"].astext.in_(_WHOLE),
        )
        .order_by(Run.id.desc())
        .limit(1)
    )
    return int(found or 0)
