"""What a mirror has put into its audience; here, since a run can be ended by a worker, a janitor or a caller.

Only manifests of staged rows are kept, never rows. A run that ended early is remembered beside the last
one that finished: what it added must be found again to be removed later.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Export, ExportBaseline, Run


async def move_baseline(
    session: AsyncSession,
    export_id: str,
    staged: Mapping[str, Any],
    *,
    audience_id: str | None,
    finished: bool,
    kept: Sequence[Mapping[str, Any]] = (),
) -> set[str]:
    """Take the staged rows of a mirror's run into its baseline.

    `kept` are people Meta did not let go yet; whoever of them is no member then leaves with a later
    run. Returns the prefixes of staged rows that nobody needs any more once the transaction stands.
    """
    prefix: str = staged["prefix"]
    export = await session.get(Export, export_id, with_for_update=True)
    if export is None or export.connection_id is None:
        # nothing will be compared with these rows: a detached export gets another connection
        return {prefix}
    row = await session.get(ExportBaseline, export_id)
    if row is None:
        row = ExportBaseline(export_id=export_id, delivered=None, pending=[])
        session.add(row)
    foreign: set[str] = set()
    if row.audience_id not in {None, audience_id}:
        # of the audience the export filled before
        foreign = {item["prefix"] for item in [row.delivered, *row.pending] if item is not None}
        row.delivered, row.pending = None, []
    row.audience_id = audience_id
    if finished:
        old = [item["prefix"] for item in [row.delivered, *row.pending] if item is not None]
        old += foreign
        row.delivered, row.pending = dict(staged), [dict(item) for item in kept]
        return set(old) - {prefix, *(item["prefix"] for item in kept)}
    if all(item["prefix"] != prefix for item in row.pending):
        row.pending = [*row.pending, dict(staged)]
    return foreign


async def remember_unfinished(session: AsyncSession, runs: Iterable[Run]) -> None:
    """Have what these runs may have delivered found again; call it when they end early."""
    for run in runs:
        if has_delivered(run):
            assert run.plan is not None
            await move_baseline(
                session,
                run.export_id,
                run.plan["staged"],
                audience_id=run.audience_id,
                finished=False,
            )


async def forget_plans(session: AsyncSession, runs: Iterable[Run]) -> None:
    """Have runs that ended keep no plan: the keys of their staged files go with it."""
    ids = [run.id for run in runs]
    await session.execute(
        update(Run)
        .where(Run.id.in_(ids))
        .values(plan=None)
        .execution_options(synchronize_session=False)
    )


def has_delivered(run: Run) -> bool:
    """Whether a mirror's run may have changed its audience: a session is noted before its first batch."""
    return run.spec["sync_mode"] == "mirror" and run.plan is not None and bool(run.session_ids)
