"""A later look at the audience a run filled: Meta takes up to a day to match its members.

What it says (status, size bounds) is written into the run, and into the connection whose audience it
is (https://developers.facebook.com/docs/marketing-api/reference/custom-audience).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.connections.collaborators import Connections
from app.connections.parts import open_token
from app.db.models import Connection, Run
from app.db.secrets import SecretUnreadable
from app.errors import Unprocessable
from app.facebook.errors import GraphError, Retryable, Throttled
from app.facebook.objects.audiences import FLAGGED, Audience, Status
from app.observability.crashes import crashes_told
from app.observability.logs import get_logger
from app.webhooks.run_events import announce_flagged

log = get_logger(__name__)

LOOKS = (timedelta(minutes=15), timedelta(hours=2), timedelta(hours=24))
"""How long after its end a run's audience is looked at."""

# a look that was missed by more than this is left out
_PATIENCE = timedelta(hours=24)
# Meta is away or busy; the next round asks again
_MOST_FAILURES = 3
_NOTHING: dict[str, Any] = {
    "operation_status": None,
    "delivery_status": None,
    "lower_bound": None,
    "upper_bound": None,
    "error": None,
}


async def follow_up_audiences(deps: Connections, *, most: int = 100) -> int:
    """Take the looks that are due; how many. Any number of processes may call it at any time."""
    failed: list[str] = []
    for done in range(most):
        run = await _claim(deps, failed) if len(failed) < _MOST_FAILURES else None
        if run is None:
            return done - len(failed)
        # what nobody foresaw must not keep the others waiting; that look is left out
        with crashes_told("audience.not_looked_at", run_id=run.id):
            try:
                found = await _look(deps, run)
                found["readings"] = _readings(run, found)
            except (Retryable, Throttled) as error:
                log.warning("audience.not_looked_at", run_id=run.id, code=error.code)
                async with deps.database.transaction() as session:
                    await _put(session, run, run.audience_state)
                failed.append(run.id)
                continue
            async with deps.database.transaction() as session:
                await _put(session, run, found)
                if _is_flagged(found) and not _is_flagged(run.audience_state):
                    await announce_flagged(session, run, status=found["operation_status"])
                if found["error"] is None:
                    await _tell_connection(session, run, found)
    return most - len(failed)


async def _claim(deps: Connections, not_these: Sequence[str]) -> Run | None:
    """A run whose audience is due for a look; marked as looked at, so that nobody else does."""
    now = clock.now()
    looked_at = Run.audience_state["looked_at"].astext
    due = (
        select(Run)
        .where(
            Run.audience_id.is_not(None),
            Run.id.not_in(not_these),
            Run.batches_done > 0,
            Run.finished_at > now - LOOKS[-1] - _PATIENCE,
            or_(
                *(
                    and_(
                        Run.finished_at <= now - wait,
                        or_(
                            looked_at.is_(None),
                            looked_at.cast(Run.finished_at.type) < Run.finished_at + wait,
                        ),
                    )
                    for wait in LOOKS
                )
            ),
        )
        .order_by(Run.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    async with deps.database.transaction() as session:
        run: Run | None = await session.scalar(due)
        if run is not None:
            await _put(session, run, {**(run.audience_state or _NOTHING), "looked_at": _text(now)})
    return run


async def _look(deps: Connections, run: Run) -> dict[str, Any]:
    """The audience's state. Raises `Retryable`, `Throttled` when Meta cannot be asked now."""
    looked = {**_NOTHING, "looked_at": _text(clock.now())}
    async with deps.database.transaction() as session:
        row = await session.get(Connection, run.connection_id) if run.connection_id else None
    if row is None or row.token is None or row.status == "reauthentication_required":
        return {**looked, "error": "connection-not-ready"}
    assert run.audience_id is not None
    try:
        graph = deps.graph.for_token(open_token(deps.vault, row), ad_account_id=run.ad_account_id)
        audience = await graph.audience(run.audience_id)
    except (Retryable, Throttled):
        raise
    except (GraphError, SecretUnreadable, Unprocessable) as error:
        return {**looked, "error": error.code}
    return looked | _state(audience)


def _is_flagged(state: dict[str, Any] | None) -> bool:
    status = (state or {}).get("operation_status")
    return status is not None and status["code"] == FLAGGED


def _state(audience: Audience) -> dict[str, Any]:
    return {
        "operation_status": _status(audience.operation_status),
        "delivery_status": _status(audience.delivery_status),
        "lower_bound": audience.lower_bound,
        "upper_bound": audience.upper_bound,
    }


def _readings(run: Run, found: dict[str, Any]) -> list[dict[str, Any]]:
    """Those before, and this one, where Meta said something."""
    before = (run.audience_state or {}).get("readings", [])
    if found["error"]:
        return list(before)
    return [*before, {name: found[name] for name in ("looked_at", "lower_bound", "upper_bound")}]


def _status(status: Status | None) -> dict[str, Any] | None:
    return None if status is None else {"code": status.code, "description": status.description}


async def _tell_connection(session: AsyncSession, run: Run, found: dict[str, Any]) -> None:
    # the row's version is its editors' business, so it is not touched
    await session.execute(
        update(Connection)
        .where(
            Connection.id == run.connection_id,
            Connection.audience["id"].astext == run.audience_id,
        )
        .values(audience_state=found)
        .execution_options(synchronize_session=False)
    )


async def _put(session: AsyncSession, run: Run, state: dict[str, Any] | None) -> None:
    await session.execute(
        update(Run)
        .where(Run.id == run.id)
        .values(audience_state=state)
        .execution_options(synchronize_session=False)
    )


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
