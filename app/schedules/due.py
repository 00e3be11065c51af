"""Starting what the schedules say is due: once, whoever looks, however long nobody looked.

A schedule is due if it has a moment in (last look, now]. The last look is kept per export and is moved
in the transaction that writes the run, so a moment is used up exactly once; what was missed while no
process looked is one run. Called by the workers' cron and by the API's upkeep loop.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfoNotFoundError

from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.audit import record
from app.access.callers import SYSTEM
from app.db.models import Connection, Export, RefreshSchedule
from app.db.session import Database
from app.errors import AppError, Culprit, RunError, Unavailable
from app.exports.schedule import rule_of_export, rule_of_refresh
from app.observability.crashes import crashes_told
from app.observability.logs import get_logger
from app.observability.tracing import span
from app.queue import QueueNotifier
from app.runs.service import active_run, queue_run, skip_run
from app.runs.states import Trigger
from app.schedule_times import Rule, is_due

log = get_logger(__name__)

_LOCK = 7_201_883_443


async def start_due(database: Database, notifier: QueueNotifier) -> list[str] | None:
    """Start a run of every export that is due; their ids. None if another process is at it.

    "Not due" writes nothing. A due export that is withheld (its run is active, its connection cannot be
    used, it is disabled or detached) leaves a run that is `skipped` and says why (L55).
    """
    async with database.transaction() as session:
        # spares the others the work; that nothing starts twice is seen to by `_start`
        if not await session.scalar(text("select pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}):
            return None
        now = clock.now()
        system = await session.get(RefreshSchedule, 1)
        refresh = _refresh(system, now)
        started, failed = list[str](), False
        for export_id, mode in await _due(session, system, refresh, now):
            ended = False
            try:
                # a trace begins here: every attempt of the run is in it
                with (
                    crashes_told("schedule.failed", export_id=export_id),
                    span("schedule", export_id=export_id),
                ):
                    run_id = await _start(database, notifier, export_id, now)
                    started += [] if run_id is None else [run_id]
                    ended = True
            except Unavailable:
                raise
            except AppError as error:
                log.warning("schedule.failed", export_id=export_id, code=error.code)
            failed |= mode == "system" and not ended
        # the moment stays for whoever failed, who is tried again each round as one with a schedule of
        # its own is; all others have used it up by themselves
        if system is not None and refresh is not None and not failed:
            await session.execute(
                update(RefreshSchedule)
                # unless it was set anew meanwhile
                .where(RefreshSchedule.id == 1, RefreshSchedule.checked_at == system.checked_at)
                .values(checked_at=now)
            )
        return started


async def _due(
    session: AsyncSession, system: RefreshSchedule | None, refresh: Rule | None, now: datetime
) -> Sequence[tuple[str, str]]:
    """The exports that are due and what they follow, in the order they were made."""
    modes = ["custom"] if refresh is None else ["custom", "system"]
    rows = await session.execute(
        select(
            Export.id,
            Export.schedule,
            func.coalesce(Export.schedule_checked_at, Export.created_at),
        )
        .where(Export.schedule["mode"].astext.in_(modes))
        .order_by(Export.id)
    )
    due = []
    for export_id, schedule, looked in rows:
        # one schedule that cannot be read must not stop the others
        with crashes_told("schedule.failed", export_id=export_id):
            if _is_due(rule_of_export(schedule, refresh), _since(schedule, looked, system), now):
                due.append((export_id, schedule["mode"]))
    return due


def _refresh(system: RefreshSchedule | None, now: datetime) -> Rule | None:
    """The refresh schedule, if it is due; None while it is off, or cannot be read."""
    due = None
    # a schedule or a zone that cannot be read must not stop the exports that have their own
    with crashes_told("schedule.failed"):
        if system is not None and _is_due(rule := rule_of_refresh(system), system.checked_at, now):
            due = rule
    return due


async def _start(
    database: Database, notifier: QueueNotifier, export_id: str, now: datetime
) -> str | None:
    """Use the moment up, and start the run unless something speaks against it."""
    try:
        async with database.transaction() as session:
            # the lock decides between two processes: the second finds the moment used up
            export = await session.get(Export, export_id, with_for_update=True)
            system = await session.get(RefreshSchedule, 1)
            if export is None or not _still_due(export, system, now):
                return None
            await session.execute(
                # not by the unit of work: it would count as a new version of the export
                update(Export).where(Export.id == export_id).values(schedule_checked_at=now)
            )
            against = await _against(session, export)
            if against is not None:
                await skip_run(
                    session, export, against, trigger=Trigger.SCHEDULED, requested_by=SYSTEM.id
                )
                log.info("schedule.not_started", export_id=export_id, reason=against.code)
                return None
            run = await queue_run(
                session, notifier, export, trigger=Trigger.SCHEDULED, requested_by=SYSTEM.id
            )
            after = {"export_id": export.id, "trigger": Trigger.SCHEDULED}
            record(session, SYSTEM, "run.requested", run.id, after=after)
    except IntegrityError as error:
        if "uq_runs_one_active_per_export" not in str(error.orig):
            raise
        # somebody started a run this very moment; the next look finds it active
        return None
    log.info("schedule.started", export_id=export_id, run_id=run.id)
    return run.id


async def _against(session: AsyncSession, export: Export) -> RunError | None:
    """What withholds the run."""
    if export.connection_id is None:
        return _withheld("export-detached", "The export is detached; give it a connection.")
    if not export.enabled:
        return _withheld("export-disabled", "The export is disabled; enable it to have it run.")
    active = await active_run(session, export.id)
    if active is not None:
        return _withheld(
            "run-already-active",
            f"A run of this export was still active: {active.id}. Runs do not overtake each other.",
        )
    connection = await session.get(Connection, export.connection_id)
    if connection is not None and connection.status == "reauthentication_required":
        return _withheld(
            "reauthentication-required",
            "Meta no longer accepts the connection's token; an administrator must renew the sign-in.",
        )
    if connection is None or connection.status != "ready":
        return _withheld("connection-not-ready", "The connection is not ready; complete it.")
    return None


def _withheld(code: str, detail: str) -> RunError:
    return RunError(detail, code=code, culprit=Culprit.USER)


def _still_due(export: Export, system: RefreshSchedule | None, now: datetime) -> bool:
    refresh = _refresh(system, now) if export.schedule["mode"] == "system" else None
    looked = export.schedule_checked_at or export.created_at
    rule = rule_of_export(export.schedule, refresh)
    return _is_due(rule, _since(export.schedule, looked, system), now)


def _since(schedule: dict[str, str], looked: datetime, system: RefreshSchedule | None) -> datetime:
    """From when on the export is owed a run: a refresh schedule owes nothing before it was set."""
    if schedule["mode"] == "system" and system is not None:
        return max(looked, system.checked_at)
    return looked


def _is_due(rule: Rule | None, since: datetime, now: datetime) -> bool:
    if rule is None:
        return False
    try:
        return is_due(rule, since, now)
    except ZoneInfoNotFoundError:
        log.warning("schedule.zone_unknown", zone=rule.zone)
        return False
