"""Runs as callers see them: asked for, listed, canceled.

Its lines are more than 300, since what a run is asked for with and found by is one story.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, literal_column, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.audit import record
from app.access.callers import Caller
from app.db.cancellation import request_cancel
from app.db.listing import SequenceSort, equal, version_of, written_out
from app.db.models import Connection, Export, Run, RunBatch, RunSegment
from app.db.session import Database, after_commit
from app.errors import Conflict, NotFound, RunError
from app.exports import service as exports
from app.exports.validation import refuse_draft
from app.ids import SKEW, is_id, least_id, new_id
from app.observability.tracing import traceparent
from app.queue import QueueNotifier
from app.runs.execution import error_document
from app.runs.search import found, places_of
from app.runs.states import ACTIVE, RunStatus, Trigger
from app.webhooks.run_events import announce_end, announce_ends

_LOOK_SECONDS = 0.3


async def start_run(
    database: Database,
    notifier: QueueNotifier,
    export_id: str,
    *,
    caller: Caller,
    trigger: Trigger = Trigger.ON_DEMAND,
    metadata: Mapping[str, str] | None = None,
    force: bool = False,
) -> Run:
    """A queued run of the export as it is now (S60). A worker is told after the commit.

    With `force` a mirror reads and compares even if nothing has changed.

    Raises `NotFound`, `Forbidden`, `Conflict` (`export-detached`, `export-disabled`, `connection-draft`,
    `run-already-active`).
    """
    try:
        async with database.transaction() as session:
            export = await exports.editable_export(session, export_id, caller=caller)
            refuse_idle(export)
            connection = await session.get(Connection, export.connection_id)
            if connection is not None:
                refuse_draft(connection)
            run = await queue_run(
                session,
                notifier,
                export,
                trigger=trigger,
                requested_by=caller.id,
                force=force,
            )
            run.labels = dict(metadata or {})
            record(session, caller, "run.requested", run.id, after={"export_id": export.id})
            await session.flush()
    except IntegrityError as error:
        if "uq_runs_one_active_per_export" not in str(error.orig):
            raise
        async with database.transaction() as session:
            active = await active_run(session, export_id)
        raise already_active(None if active is None else active.id) from None
    return run


def already_active(run_id: str | None) -> Conflict:
    """Why a second run of an export does not start."""
    return Conflict(
        "A run of this export is active already; wait for it, or cancel it.",
        code="run-already-active",
        run_id=run_id,
    )


def refuse_idle(export: Export) -> None:
    """Raises `Conflict` for an export that must not run."""
    if export.connection_id is None:
        raise Conflict(
            "The export is detached; give it a connection first.", code="export-detached"
        )
    if not export.enabled:
        raise Conflict("The export is disabled; enable it first.", code="export-disabled")


async def queue_run(
    session: AsyncSession,
    notifier: QueueNotifier,
    export: Export,
    *,
    trigger: Trigger,
    requested_by: str,
    force: bool = False,
) -> Run:
    """Write the run with a frozen copy of its export; a worker is told once the transaction stands.

    The unique index on active runs makes a second one fail (decision: one active run per export).
    """
    run = await _new_run(
        session, export, trigger=trigger, requested_by=requested_by, status=RunStatus.QUEUED
    )
    if force:
        run.spec = {**run.spec, "force": True}
    await session.flush()

    async def tell() -> None:
        await notifier.notify(run.id, 0)

    after_commit(session, tell)
    return run


async def skip_run(
    session: AsyncSession, export: Export, reason: RunError, *, trigger: Trigger, requested_by: str
) -> Run:
    """Write a run that did not start, with why: the history has one for every moment that was due (L55)."""
    run = await _new_run(
        session, export, trigger=trigger, requested_by=requested_by, status=RunStatus.SKIPPED
    )
    run.error, run.finished_at = error_document(reason), run.queued_at
    await session.flush()
    await announce_end(session, run)
    return run


async def _new_run(
    session: AsyncSession,
    export: Export,
    *,
    trigger: Trigger,
    requested_by: str,
    status: RunStatus,
) -> Run:
    now, connection = clock.now(), await _connection_of(session, export)
    run = Run(
        id=new_id("run"),
        export_id=export.id,
        connection_id=export.connection_id,
        ad_account_id=account_of(connection),
        trigger=trigger,
        status=status,
        spec=await freeze(session, export),
        requested_by=requested_by,
        queued_at=now,
        due_at=now,
        traceparent=traceparent(),
    )
    session.add(run)
    return run


async def _connection_of(session: AsyncSession, export: Export) -> Connection | None:
    if export.connection_id is None:
        return None
    found: Connection | None = await session.get(Connection, export.connection_id)
    return found


async def freeze(session: AsyncSession, export: Export) -> dict[str, Any]:
    """What a run needs of its export, so that editing one cannot change the other."""
    members = (await exports.segment_ids_of(session, [export.id]))[export.id]
    return spec_of(export, members, await _connection_of(session, export))


def account_of(connection: Connection | None) -> str | None:
    """The ad account that a run of an export with this connection is about."""
    known = None if connection is None else connection.ad_account
    return None if known is None else str(known["id"])


def spec_of(
    export: Export, segment_ids: Sequence[str], connection: Connection | None
) -> dict[str, Any]:
    """As `freeze`, of what is known already."""
    spec: dict[str, Any] = {field: getattr(export, field) for field in exports.SPEC_FIELDS}
    spec["segment_ids"] = list(segment_ids)
    # names for the history, which outlives both
    spec["export"] = {"id": export.id, "display_name": export.display_name}
    if connection is not None:
        names = ("id", "display_name", "type")
        spec["connection"] = {name: getattr(connection, name) for name in names}
    return spec


async def active_run(session: AsyncSession, export_id: str) -> Run | None:
    """The export's run that is queued or running, if any."""
    run: Run | None = await session.scalar(
        select(Run).where(Run.export_id == export_id, written_out(Run.status, ACTIVE))
    )
    return run


async def get_run(session: AsyncSession, run_id: str) -> Run:
    """The run. Raises `NotFound`."""
    row = await session.get(Run, run_id) if is_id("run", run_id) else None
    if row is None:
        raise NotFound("There is no such run.")
    return row


async def check_run(session: AsyncSession, run_id: str) -> None:
    """Raises `NotFound` if there is no such run."""
    found = is_id("run", run_id) and await session.scalar(select(Run.id).where(Run.id == run_id))
    if not found:
        raise NotFound("There is no such run.")


async def wait_for_end(database: Database, run: Run, *, seconds: float) -> Run:
    """The run once it has ended, or as it is when the time is up. Raises `NotFound` if it is forgotten."""
    until = time.monotonic() + seconds
    while run.status in ACTIVE and time.monotonic() < until:
        await asyncio.sleep(min(_LOOK_SECONDS, max(until - time.monotonic(), 0)))
        async with database.transaction() as session:
            run = await get_run(session, run.id)
    return run


_ERROR_CODE = literal_column("runs.error ->> 'code'", Text)
_LISTED = select(Run.id, Run.status, Run.due_at, Run.requested_by, version_of(Run).label("version"))


async def list_runs(
    session: AsyncSession,
    filters: Mapping[str, Any],
    *,
    after: str | None,
    limit: int,
    oldest_first: bool = False,
) -> Sequence[Any]:
    """Runs by what `filters` names, newest first; one more than the limit if there is more.

    Of each only what `app.runs.pages` asks for.

    `q` is looked for in the names of export and connection as they were, and in ids and error codes.
    """
    listed, place, conditions = _LISTED, Run.id, list[ColumnElement[bool]]()
    if filters.get("segment_id"):
        listed, place = listed.join(RunSegment, RunSegment.run_id == Run.id), RunSegment.run_id
        conditions.append(RunSegment.segment_id == filters["segment_id"])
    order = place.asc() if oldest_first else place.desc()
    if after is not None:
        conditions.append(place > after if oldest_first else place < after)
    conditions += [
        getattr(Run, name) == filters[name]
        for name in ("export_id", "connection_id", "trigger", "requested_by")
        if filters.get(name) is not None
    ]
    if filters.get("status"):
        conditions.append(Run.status.in_(filters["status"]))
    for name, clause in _CLAUSES.items():
        if filters.get(name):
            conditions.append(clause(filters[name]))
    words, query = filters.get("q"), listed.where(*conditions).order_by(order).limit(limit + 1)
    if words:
        places = await places_of(session, words)
        query = found(listed, words, places, conditions, limit=limit + 1, oldest_first=oldest_first)
    return (await session.execute(query)).all()


_CLAUSES: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "metadata": Run.labels.contains,
    # as the index has it, word for word
    "error_code": lambda code: and_(Run.error.is_not(None), code == _ERROR_CODE),
    # ids begin with the moment they were made at: the pages lie side by side in the order they are read in
    "queued_after": lambda moment: and_(
        Run.queued_at >= moment, Run.id >= least_id("run", moment - SKEW)
    ),
    "queued_before": lambda moment: and_(
        Run.queued_at < moment, Run.id < least_id("run", moment + SKEW)
    ),
}


async def list_batches(
    session: AsyncSession,
    run_id: str,
    filters: Mapping[str, Any],
    *,
    sort: SequenceSort,
    after: int | None,
    limit: int,
) -> Sequence[Any]:
    """The run's answered uploads in order, number and version; one more than the limit if there is more.

    `filters`: `after_sequence`, `operation`, and `refused` (whether Meta refused something of it).
    """
    number, down = RunBatch.sequence, sort is SequenceSort.LAST
    query: Select[*tuple[Any, ...]] = select(number, version_of(RunBatch).label("version"))
    query = query.where(RunBatch.run_id == run_id)
    query = equal(query, filters, RunBatch.operation)
    if filters.get("after_sequence") is not None:
        query = query.where(number > filters["after_sequence"])
    if filters.get("refused") is not None:
        query = query.where((RunBatch.refused > 0) == filters["refused"])
    if after is not None:
        query = query.where(number < after if down else number > after)
    query = query.order_by(number.desc() if down else number).limit(limit + 1)
    return list(await session.execute(query))


async def cancel_run(session: AsyncSession, run_id: str, *, caller: Caller) -> Run:
    """Stop the run: at once if nobody works on it, else at the next batch. Asking twice changes nothing.

    Raises `NotFound`, `Forbidden`, and `Conflict` (`run-finished`) when it ended in another way.
    """
    run = await get_run(session, run_id)
    export = await session.get(Export, run.export_id)
    if export is not None:
        await exports.editable_export(session, export.id, caller=caller)
    elif not caller.is_administrator:
        raise NotFound("There is no such run.")
    asked_before = run.cancel_requested_at is not None
    await announce_ends(session, await request_cancel(session, Run.id == run_id))
    await session.refresh(run)
    if run.status not in {RunStatus.CANCELED, *ACTIVE}:
        raise Conflict(
            f"The run has ended already: {run.status}.", code="run-finished", run_status=run.status
        )
    if not asked_before:
        record(session, caller, "run.cancel_requested", run.id)
    return run
