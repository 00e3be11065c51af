"""Runs of many exports, asked for at once: a few statements for a hundred of them, not a transaction each."""

import asyncio
from collections.abc import Mapping, Sequence

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.audit import record
from app.access.callers import Caller
from app.db.listing import written_out
from app.db.models import Connection, Export, Run
from app.db.session import Database, after_commit
from app.exports import service as exports
from app.ids import new_id
from app.observability.tracing import traceparent
from app.queue import QueueNotifier
from app.runs.service import account_of, spec_of
from app.runs.states import ACTIVE, RunStatus, Trigger

_IN_A_TRANSACTION = 100
_RINGS_AT_ONCE = 8
# as the index has it
_ACTIVE = text("status in ('queued', 'running')")


async def start_runs(
    database: Database,
    notifier: QueueNotifier,
    rows: Sequence[Export],
    connections: Mapping[str, Connection],
    *,
    caller: Caller,
    force: bool = False,
) -> tuple[list[Run], dict[str, str | None]]:
    """Queue a run of each of these exports, which may run; workers are told as each hundred stands.

    The runs, in the exports' order, and of the exports that were running already the ids of their runs.
    """
    started: list[Run] = []
    active: dict[str, str | None] = {}
    for first in range(0, len(rows), _IN_A_TRANSACTION):
        part = rows[first : first + _IN_A_TRANSACTION]
        async with database.transaction() as session:
            made = await _queue(session, part, connections, caller, force=force)
            left = [row.id for row in part if row.id not in made]
            active |= dict.fromkeys(left) | await _active(session, left)
            started += [made[row.id] for row in part if row.id in made]
            _notify_later(session, notifier, [run.id for run in made.values()])
    return started, active


async def _queue(
    session: AsyncSession,
    rows: Sequence[Export],
    connections: Mapping[str, Connection],
    caller: Caller,
    *,
    force: bool,
) -> dict[str, Run]:
    """The new runs by export; one that is active already keeps another from coming to be."""
    now, members = clock.now(), await exports.segment_ids_of(session, [row.id for row in rows])
    values = [
        {
            "id": new_id("run"),
            "export_id": row.id,
            "connection_id": row.connection_id,
            "ad_account_id": account_of(connections.get(row.connection_id or "")),
            "trigger": Trigger.ON_DEMAND,
            "status": RunStatus.QUEUED,
            "spec": {
                **spec_of(row, members[row.id], connections.get(row.connection_id or "")),
                **({"force": True} if force else {}),
            },
            "requested_by": caller.id,
            "queued_at": now,
            "due_at": now,
            "traceparent": traceparent(),
        }
        for row in rows
    ]
    unless_active = insert(Run).on_conflict_do_nothing(
        index_elements=["export_id"], index_where=_ACTIVE
    )
    made = (await session.scalars(unless_active.returning(Run), values)).all()
    for run in made:
        record(session, caller, "run.requested", run.id, after={"export_id": run.export_id})
    return {run.export_id: run for run in made}


async def _active(session: AsyncSession, export_ids: Sequence[str]) -> dict[str, str | None]:
    found = await session.execute(
        select(Run.export_id, Run.id).where(
            Run.export_id.in_(export_ids), written_out(Run.status, ACTIVE)
        )
    )
    return {row.export_id: row.id for row in found}


def _notify_later(session: AsyncSession, notifier: QueueNotifier, run_ids: Sequence[str]) -> None:
    async def tell() -> None:
        for first in range(0, len(run_ids), _RINGS_AT_ONCE):
            some = run_ids[first : first + _RINGS_AT_ONCE]
            await asyncio.gather(*(notifier.notify(run_id, 0) for run_id in some))

    after_commit(session, tell)
