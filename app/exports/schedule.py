"""When an export runs of itself: its own schedule and the system's, as rules that have moments."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Connection, Export, RefreshSchedule
from app.errors import Unprocessable
from app.schedule_times import DAYS, Cron, Rule, Weekdays, next_time

# a change of one of these begins the schedule anew
TIMING_FIELDS = ("schedule", "enabled", "connection_id")


def settle_schedule(before: Mapping[str, Any] | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """The schedule that is kept when these fields are given; absent ones stay as they were (RFC 7396).

    Switching to manual keeps the custom schedule, so that it can be switched on again (L42). Raises
    `Unprocessable`.
    """
    kept = {"mode": "system", "cron": None, "time_zone": None} | dict(before or {}) | dict(given)
    if kept["mode"] == "system":
        if given.get("cron") or given.get("time_zone"):
            raise _unusable("cron and time_zone belong to mode custom; set it, or leave them out.")
        return {"mode": "system", "cron": None, "time_zone": None}
    if kept["mode"] == "custom" and kept["cron"] is None:
        raise _unusable("A custom schedule needs cron.")
    if kept["cron"] is not None and kept["time_zone"] is None:
        kept["time_zone"] = "UTC"
    return kept


def switched(schedule: Mapping[str, Any], *, on: bool) -> dict[str, Any]:
    """The schedule switched on or off; what was stored is kept (L42, L43)."""
    if not on:
        return {**schedule, "mode": "manual"}
    if schedule["mode"] != "manual":
        return dict(schedule)
    return {**schedule, "mode": "system" if schedule["cron"] is None else "custom"}


def is_on(schedule: Mapping[str, Any]) -> bool:
    """Whether the export's schedule is on (L45)."""
    return bool(schedule["mode"] != "manual")


async def refresh_rule(session: AsyncSession) -> Rule | None:
    """When the system refreshes; None while its schedule is off (L57)."""
    row = await session.get(RefreshSchedule, 1)
    return None if row is None else rule_of_refresh(row)


def rule_of_refresh(row: RefreshSchedule) -> Rule | None:
    """The refresh schedule as a rule; None while it is off."""
    if not row.enabled:
        return None
    days = DAYS if row.frequency == "daily" else row.days
    return Weekdays(
        days=frozenset(DAYS.index(name) for name in days),
        times=frozenset(time.fromisoformat(text) for text in row.times),
        zone=row.time_zone,
    )


def rule_of_export(schedule: Mapping[str, Any], refresh: Rule | None) -> Rule | None:
    """The rule an export's schedule follows; None if it does not run of itself."""
    match schedule["mode"]:
        case "system":
            return refresh
        case "custom":
            return Cron(schedule["cron"], schedule["time_zone"])
        case _:
            return None


def next_run_at(
    row: Export, connection: Connection | None, refresh: Rule | None, now: datetime
) -> datetime | None:
    """The next moment at which the export will start of itself, as things are (UTC)."""
    if not row.enabled or connection is None or connection.status != "ready":
        return None
    rule = rule_of_export(row.schedule, refresh)
    return None if rule is None else next_time(rule, now)


def _unusable(detail: str) -> Unprocessable:
    return Unprocessable(
        detail,
        errors=[
            {"pointer": "/schedule", "parameter": None, "code": "schedule", "detail": detail},
        ],
    )
