"""Batches of runs that ended long ago, put together: one line for all that went the same way.

A batch's own line is for who follows a run, resumes it, or asks Meta about a trace id; after some weeks
only the sums are looked at, and a long history is mostly batches. So for each operation and session of a
run the first line takes the sums of the others, which go.
"""

from datetime import timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, func, select, text
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.db.models import Run, Watermark
from app.db.session import Database
from app.ids import least_id
from app.runs.states import ACTIVE

_ERRAND = "compact-batches"
_LOCK = 7_201_883_445
_AT_ONCE = 500
_SUM = text(
    """
    with summed as (
        select run_id, operation, session_id, min(sequence) as first, sum(rows) as rows,
            sum(received) as received, sum(invalid) as invalid, sum(refused) as refused,
            sum(attempts) as attempts, sum(batches) as batches,
            min(started_at) as started_at, max(finished_at) as finished_at
        from run_batches where run_id = any(:runs)
        group by run_id, operation, session_id having count(*) > 1
    ), reasons as (
        select run_id, operation, session_id, jsonb_object_agg(reason, entries) as told from (
            select run_id, operation, session_id, key as reason, sum(value::bigint) as entries
            from run_batches, jsonb_each_text(invalid_reasons)
            where run_id = any(:runs) group by run_id, operation, session_id, key
        ) each group by run_id, operation, session_id
    )
    update run_batches kept
    set rows = s.rows, received = s.received, invalid = s.invalid, refused = s.refused,
        attempts = s.attempts, batches = s.batches, trace_id = null,
        invalid_reasons = coalesce(r.told, '{}'), started_at = s.started_at,
        finished_at = s.finished_at
    from summed s left join reasons r on (r.run_id, r.operation) = (s.run_id, s.operation)
        and r.session_id is not distinct from s.session_id
    where (kept.run_id, kept.sequence) = (s.run_id, s.first)
    """
)
_DROP = text(
    """
    delete from run_batches spare using run_batches kept
    where spare.run_id = any(:runs) and kept.run_id = spare.run_id
        and kept.operation = spare.operation and kept.sequence < spare.sequence
        and kept.session_id is not distinct from spare.session_id
        and kept.batches > 1
    """
)


async def compact_batches(database: Database, *, after: timedelta) -> int | None:
    """Put together the batches of runs that ended longer than `after` ago; how many lines went.

    In portions, as retention does; each run is looked at once. None if another process is at it.
    """
    gone = 0
    while True:
        async with database.transaction() as session:
            if not await session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
                return None
            mark = await session.get(Watermark, _ERRAND)
            # a run that took longer than a day from its request keeps its batches; there are few
            until = clock.now() - after
            runs = (
                await session.execute(
                    select(Run.id, Run.finished_at, Run.status)
                    .where(
                        Run.id > ("" if mark is None else mark.reached),
                        Run.id < least_id("run", until - timedelta(days=1)),
                    )
                    .order_by(Run.id)
                    .limit(_AT_ONCE)
                )
            ).all()
            if not runs:
                return gone
            over = [
                run.id
                for run in runs
                if run.status not in ACTIVE and run.finished_at and run.finished_at < until
            ]
            await session.execute(_SUM, {"runs": over})
            dropped = cast("CursorResult[Any]", await session.execute(_DROP, {"runs": over}))
            gone += dropped.rowcount
            reached = {"reached": runs[-1].id}
            await session.execute(
                insert(Watermark)
                .values(errand=_ERRAND, **reached)
                .on_conflict_do_update(index_elements=["errand"], set_=reached)
            )
        if len(runs) < _AT_ONCE:
            return gone
