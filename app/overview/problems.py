"""What does not do its work until somebody moves: connections, exports, webhooks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections.account_health.account_blocks import blocked_until
from app.db.listing import written_out
from app.db.models import Connection, Export, LastEnd, Run, Webhook
from app.runs.states import RunStatus

# of each kind, as many as somebody reads
MOST = 50
_BROKEN = (RunStatus.FAILED, RunStatus.SKIPPED)


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that does not do its work until somebody moves."""

    kind: str
    id: str
    display_name: str
    since: datetime | None
    code: str
    culprit: str
    message: str
    help_url: str | None = None
    run_id: str | None = None
    connection_id: str | None = None
    exports: int = 0


def is_stopped(row: Connection) -> bool:
    """Whether its exports wait: the token is refused, or the account is blocked."""
    return row.status == "reauthentication_required" or blocked_until(row) is not None


def broken_connections(
    rows: Iterable[Connection], by_connection: Mapping[str, Sequence[Export]]
) -> Sequence[Broken]:
    """Connections whose token is refused or whose account is blocked, and that exports wait for."""
    found = []
    for row in rows:
        waiting = len(by_connection.get(row.id, ()))
        if row.status == "reauthentication_required":
            found.append(
                Broken(
                    kind="connection",
                    id=row.id,
                    display_name=row.display_name,
                    since=None,
                    code="reauthentication-required",
                    culprit="user",
                    message="Meta refuses the token; an administrator must renew it. Scheduled runs "
                    "wait until then.",
                    connection_id=row.id,
                    exports=waiting,
                )
            )
        elif row.blocked is not None and blocked_until(row) is not None:
            since = row.blocked.get("since")
            found.append(
                Broken(
                    kind="connection",
                    id=row.id,
                    display_name=row.display_name,
                    since=None if since is None else datetime.fromisoformat(since),
                    code="account-blocked",
                    culprit="external",
                    message=str(row.blocked.get("reason") or "Meta blocks the ad account."),
                    help_url=row.blocked.get("help_url"),
                    connection_id=row.id,
                    exports=waiting,
                )
            )
    return found


async def broken_exports(session: AsyncSession) -> list[Broken]:
    """Exports that should run and whose newest ended run failed or was skipped.

    Read off `last_ends`: neither the history's length nor the number of sound exports matters.
    """
    rows = await session.execute(
        select(
            *(Export.id, Export.display_name, Export.connection_id),
            *(Run.id.label("run_id"), Run.finished_at, Run.error),
        )
        .join(LastEnd, LastEnd.run_id == Run.id)
        .join(Export, Export.id == LastEnd.export_id)
        .where(
            written_out(LastEnd.status, _BROKEN), Export.enabled, Export.connection_id.is_not(None)
        )
        .order_by(LastEnd.run_id.desc())
        .limit(MOST)
    )
    found = []
    for row in rows:
        error = row.error or {}
        found.append(
            Broken(
                kind="export",
                id=row.id,
                display_name=row.display_name,
                since=row.finished_at,
                code=error.get("code", "run-failed"),
                culprit=error.get("culprit", "system"),
                message=error.get("message", "The run could not go on."),
                help_url=error.get("help_url"),
                run_id=row.run_id,
                connection_id=row.connection_id,
            )
        )
    return found


async def broken_webhooks(session: AsyncSession) -> list[Broken]:
    rows = await session.scalars(
        select(Webhook)
        .where(or_(Webhook.disabled_at.is_not(None), Webhook.failing_since.is_not(None)))
        .order_by(Webhook.id)
        .limit(MOST)
    )
    return [
        Broken(
            kind="webhook",
            id=row.id,
            display_name=row.url,
            since=row.failing_since,
            code="webhook-disabled" if row.disabled_at else "webhook-failing",
            culprit="external",
            message="The receiver does not answer as it should; events wait and are tried again."
            if row.disabled_at is None
            else "The receiver did not answer for days; the webhook was switched off.",
        )
        for row in rows
    ]
