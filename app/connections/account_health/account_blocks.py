"""An ad account that Meta blocks from any action (code 368): shown on its connections, told, lifted.

The governor keeps every call away from such an account until the block should be over. Here is the word
about it: a run that meets a block writes it down, and an administrator who has settled the matter at Meta
need not wait for the end that was guessed.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.audit import record
from app.access.callers import SYSTEM, Caller
from app.connections.collaborators import Connections
from app.db.models import Connection, Run
from app.db.session import Database
from app.errors import AppError, Conflict, NotFound, Unavailable
from app.facebook.errors import Throttled
from app.ids import is_id
from app.observability.logs import get_logger
from app.webhooks.events import EventType, announce, written

log = get_logger(__name__)

BLOCKED = "blocked-by-meta"


def blocked_until(row: Connection) -> datetime | None:
    """Until when Meta keeps the connection's ad account from any action; None if it does not."""
    if row.blocked is None:
        return None
    until = datetime.fromisoformat(row.blocked["until"])
    return until if until > clock.now() else None


async def note_block(
    session: AsyncSession, ad_account_id: str, error: AppError, *, until: datetime
) -> None:
    """Write the block on every connection to the ad account; webhooks are told of what is news."""
    now = clock.now()
    rows = await session.scalars(
        select(Connection)
        .where(Connection.ad_account["id"].astext == ad_account_id)
        .order_by(Connection.id)
        .with_for_update()
    )
    for row in rows:
        known = row.blocked if blocked_until(row) is not None else None
        block = {
            "reason": error.detail,
            "code": error.code,
            "help_url": error.help_url,
            "since": (known or {}).get("since") or _text(now),
            "until": _text(until),
        }
        await _put(session, row.id, block)
        if known is None:
            data = {
                "connection_id": row.id,
                "ad_account_id": ad_account_id,
                "reason": error.detail,
                "until": written(until),
            }
            await announce(session, EventType.CONNECTION_BLOCKED, row.id, data)
            record(session, SYSTEM, "connection.blocked", row.id, after=block)


class Blocks:
    """Writes down the blocks that any call of this process meets: of a person, a check, an erasure.

    Beside the call: whoever made it may hold the connection's row.
    """

    def __init__(self, database: Database) -> None:
        """`database`: where connections are kept."""
        self._database = database
        self._writing: set[asyncio.Task[None]] = set()

    def note(self, account: str, error: Throttled) -> None:
        """See `app.facebook.calls.OnBlock`."""
        task = asyncio.create_task(self._write(account, error))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, account: str, error: Throttled) -> None:
        until = clock.now() + timedelta(seconds=error.wait_seconds)
        try:
            async with self._database.transaction() as session:
                await note_block(session, f"act_{account}", error, until=until)
        except Unavailable as away:
            log.warning("block.not_noted", ad_account=account, code=away.code)


async def resume(deps: Connections, connection_id: str, *, caller: Caller) -> Connection:
    """Have the ad account's runs go on now; a block that Meta still means comes back at the next call.

    It holds for all connections to the account, since the block is the account's. Raises `NotFound`, and
    `Conflict` (`ad-account-missing`) for a connection without an account.
    """
    async with deps.database.transaction() as session:
        row = await session.get(Connection, connection_id) if is_id("con", connection_id) else None
        if row is None:
            raise NotFound("There is no such connection.")
        if row.ad_account is None:
            raise Conflict("The connection has no ad account yet.", code="ad-account-missing")
        account = str(row.ad_account["id"])
    # first: a run that goes on must not meet the block that was only remembered
    await deps.graph.governor.lift(account)
    now = clock.now()
    async with deps.database.transaction() as session:
        rows = await session.scalars(
            select(Connection)
            .where(Connection.ad_account["id"].astext == account)
            .order_by(Connection.id)
            .with_for_update()
        )
        for other in rows:
            if other.blocked is not None:
                before, after = other.blocked, {"ad_account_id": account}
                await _put(session, other.id, None)
                record(session, caller, "connection.resumed", other.id, before=before, after=after)
        # the janitor tells workers of what is due
        await session.execute(
            update(Run)
            .where(
                Run.ad_account_id == account,
                Run.status == "queued",
                Run.throttled_until.is_not(None),
            )
            .values(due_at=now, throttled_until=None, waiting=None)
            .execution_options(synchronize_session=False)
        )
    async with deps.database.transaction() as session:
        return await session.get_one(Connection, connection_id)


async def _put(session: AsyncSession, connection_id: str, block: dict[str, Any] | None) -> None:
    # by statement: the row's version is its editors' business
    await session.execute(
        update(Connection)
        .where(Connection.id == connection_id)
        .values(blocked=block)
        .execution_options(synchronize_session=False)
    )


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
