"""The rules of schedules: the system's one, those of several exports at once, and running all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.audit import record
from app.access.callers import Caller
from app.db.models import Connection, Export, RefreshSchedule, Run
from app.db.session import Database
from app.errors import AppError, Conflict, Forbidden, NotFound, Unprocessable
from app.exports import service as exports
from app.exports.schedule import is_on, settle_schedule, switched
from app.exports.validation import refuse_draft
from app.queue import QueueNotifier
from app.runs.bulk_start import start_runs
from app.runs.service import already_active, refuse_idle
from app.schedule_times import DAYS

# until somebody sets it: off (L57), weekly (L58)
DEFAULT: dict[str, Any] = {
    "enabled": False,
    "frequency": "weekly",
    "days": ["monday"],
    "time_zone": "UTC",
    "times": ["03:00"],
}


# runs that are asked for side by side, when many are asked for at once


@dataclass(frozen=True, slots=True)
class Refused:
    """An export that was not started."""

    export: Export
    error: AppError


# -- the system's schedule -------------------------------------------------------------------------


async def get_schedule(session: AsyncSession) -> RefreshSchedule | None:
    """The refresh schedule, if anybody set it."""
    return await session.get(RefreshSchedule, 1)


async def put_schedule(
    session: AsyncSession, *, caller: Caller, given: Mapping[str, Any]
) -> RefreshSchedule:
    """Set the refresh schedule; it begins now, and owes nothing for the time before (L60).

    What is not given stays as it is. Raises `Unprocessable` for days that do not fit the frequency.
    """
    # two first writers: the second waits here, and finds the row
    await session.execute(text("select pg_advisory_xact_lock(hashtextextended('refresh', 0))"))
    now = clock.now()
    row = await session.get(RefreshSchedule, 1, with_for_update=True)
    before = None if row is None else {name: getattr(row, name) for name in DEFAULT}
    values = _settled(before or DEFAULT, given)
    if row is None:
        row = RefreshSchedule(id=1)
        session.add(row)
    if before != values:
        for name, value in values.items():
            setattr(row, name, value)
        row.checked_at = now
    row.updated_at, row.updated_by = now, caller.id
    record(session, caller, "schedule.updated", None, before=before, after=values)
    await session.flush()
    return row


def _settled(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given over what stood; days follow the frequency. Raises `Unprocessable`."""
    said = {name: value for name, value in given.items() if value is not None}
    values = {name: said.get(name, before[name]) for name in DEFAULT}
    if values["frequency"] == "daily":
        if said.get("days"):
            raise Unprocessable("days: a weekly schedule has one or more, a daily one none.")
        values["days"] = []
    elif not values["days"]:
        if "days" in said or before["frequency"] == "weekly":
            raise Unprocessable("days: a weekly schedule has one or more, a daily one none.")
        values["days"] = DEFAULT["days"]
    values["days"] = sorted(values["days"], key=DAYS.index)
    values["times"] = sorted(values["times"], key=time.fromisoformat)
    return values


# -- several exports at once -----------------------------------------------------------------------


async def schedule_exports(
    session: AsyncSession,
    export_ids: Sequence[str],
    *,
    caller: Caller,
    enabled: bool | None,
    schedule: Mapping[str, Any] | None,
) -> list[Export]:
    """Give all these exports a schedule, or switch the one each has on or off: all, or none (L43, L44).

    Raises `NotFound`, `Forbidden`, `Unprocessable`.
    """
    now = clock.now()
    found: dict[str, Export] = {}
    # in one order, so that two such requests cannot wait for each other
    for export_id in sorted(set(export_ids)):
        try:
            row = await exports.editable_export(session, export_id, caller=caller)
        except (NotFound, Forbidden) as error:
            error.members["export_id"] = export_id
            raise
        await session.refresh(row, with_for_update=True)
        before = row.schedule
        after = before if schedule is None else settle_schedule(before, schedule)
        if enabled is not None:
            after = switched(after, on=enabled)
        if after != before:
            row.schedule, row.schedule_checked_at = after, now
            row.updated_at, row.updated_by = now, caller.id
            record(
                session,
                caller,
                "export.scheduled",
                row.id,
                before={"schedule": before},
                after={"schedule": after},
            )
        found[export_id] = row
    await session.flush()
    return [found[export_id] for export_id in dict.fromkeys(export_ids)]


# -- run all ---------------------------------------------------------------------------------------


async def run_all(
    database: Database,
    notifier: QueueNotifier,
    *,
    caller: Caller,
    export_ids: Sequence[str] | None = None,
    force: bool = False,
) -> tuple[list[Run], list[Refused]]:
    """Run every export whose schedule is on (L45), or those of them that are named.

    What cannot run, or is not the caller's, is named in the answer. Raises `Unprocessable` for an
    export that is not there: then none is run.
    """
    async with database.transaction() as session:
        query = select(Export).order_by(Export.id)
        if export_ids is not None:
            query = query.where(Export.id.in_(export_ids))
        rows = (await session.scalars(query)).all()
        connections = await exports.connections_of(session, rows)
    if export_ids is not None and len(rows) < len(set(export_ids)):
        raise Unprocessable(
            "One of export_ids names no export; none was run.", code="export-unknown"
        )
    refused: dict[str, Refused] = {}
    for row in rows:
        try:
            _refuse(caller, row, connections.get(row.connection_id or ""))
        except (Conflict, Forbidden) as error:
            refused[row.id] = Refused(row, error)
    startable = [row for row in rows if row.id not in refused]
    started, active = await start_runs(
        database, notifier, startable, connections, caller=caller, force=force
    )
    for row in startable:
        if row.id in active:
            refused[row.id] = Refused(row, already_active(active[row.id]))
    return started, [refused[row.id] for row in rows if row.id in refused]


def _refuse(caller: Caller, row: Export, connection: Connection | None) -> None:
    """Raises `Forbidden` or `Conflict` for an export that running all leaves alone."""
    if not exports.may_edit(caller, connection):
        raise exports.not_shared(caller)
    if not is_on(row.schedule):
        raise Conflict("The export's schedule is off.", code="schedule-off")
    if connection is not None and connection.status == "reauthentication_required":
        raise Conflict(
            "Meta refuses the connection's token; an administrator must renew it.",
            code="reauthentication-required",
        )
    refuse_idle(row)
    if connection is not None:
        refuse_draft(connection)
