"""The daily look at every token: its end is announced in time, and one Meta refuses is flagged.

Tokens can end long before their date, so they are checked at least daily
(https://developers.facebook.com/docs/facebook-login/security).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.connections.collaborators import Connections
from app.connections.parts import open_token
from app.connections.service import flag_reauthentication
from app.db.models import Connection
from app.db.secrets import SecretUnreadable
from app.facebook.client import SCOPE
from app.facebook.errors import GraphError
from app.facebook.objects.ad_accounts import TokenInfo
from app.observability.crashes import crashes_told
from app.observability.logs import get_logger
from app.webhooks.events import EventType, announce, written

log = get_logger(__name__)

EVERY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Watched:
    """What one round did, in connections."""

    checked: int = 0
    refused: int = 0
    announced: int = 0


async def watch_tokens(deps: Connections, *, warn_within: timedelta, most: int = 100) -> Watched:
    """Look at every token that was not looked at for a day, and announce ends that are near.

    Each end is announced once, `warn_within` ahead (TOKEN_EXPIRY_WARNING_DAYS). Any number of
    processes may call it at any time.
    """
    checked = refused = 0
    while checked < most:
        row = await _claim(deps)
        if row is None:
            break
        checked += 1
        # the others must not wait for one that nobody foresaw, nor the ends that are to be announced
        with crashes_told("token.not_checked", connection_id=row.id):
            try:
                info = await deps.graph.debug_token(open_token(deps.vault, row))
            except SecretUnreadable as error:
                log.warning("token.unreadable", connection_id=row.id, code=error.code)
                continue
            except GraphError as error:
                if not error.reauthentication:
                    log.warning("token.not_checked", connection_id=row.id, code=error.code)
                    await _give_back(deps, row)
                    break  # Meta is away or busy; the next round asks again
                info = None
            refused += await _note(deps, row, info)
    return Watched(checked, refused, await _announce_ends(deps, warn_within))


async def _claim(deps: Connections) -> Connection | None:
    """A connection whose token is due, marked as looked at so that nobody else does."""
    now = clock.now()
    due = (
        select(Connection)
        .where(
            Connection.token.is_not(None),
            Connection.status != "reauthentication_required",
            or_(Connection.token_checked_at.is_(None), Connection.token_checked_at <= now - EVERY),
        )
        .order_by(Connection.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    async with deps.database.transaction() as session:
        row: Connection | None = await session.scalar(due)
        if row is not None:
            # the row's version is its editors' business, so it is not touched
            await _put(session, Connection.id == row.id, token_checked_at=now)
    return row


async def _give_back(deps: Connections, row: Connection) -> None:
    async with deps.database.transaction() as session:
        # an hour later, not at once: Meta asked for patience, or cannot be reached
        again = clock.now() - EVERY + timedelta(hours=1)
        await _put(session, Connection.id == row.id, token_checked_at=again)


async def _note(deps: Connections, row: Connection, info: TokenInfo | None) -> bool:
    """Write what Meta said; whether the token is of no use any more."""
    # scopes that Meta does not name are no refusal
    usable = info is not None and info.is_valid and (not info.scopes or SCOPE in info.scopes)
    # a token that was renewed meanwhile is another one, and not what was asked about
    same = (Connection.id == row.id) & (Connection.token_fingerprint == row.token_fingerprint)
    async with deps.database.transaction() as session:
        if info is not None and info.is_valid:
            await _put(
                session,
                same,
                token_kind=info.kind,
                token_scopes=sorted(info.scopes),
                token_expires_at=info.expires_at,
                token_data_access_expires_at=info.data_access_expires_at,
            )
        if not usable and await session.scalar(select(Connection.id).where(same)) is not None:
            await flag_reauthentication(session, row.id)
            log.warning("token.refused", connection_id=row.id)
    return not usable


async def _announce_ends(deps: Connections, warn_within: timedelta) -> int:
    """Announce every end that has come near and was not announced yet."""
    now = clock.now()
    announced = 0
    async with deps.database.transaction() as session:
        rows = await session.scalars(
            select(Connection)
            .where(
                Connection.token.is_not(None),
                Connection.status != "reauthentication_required",
                or_(
                    Connection.token_expires_at <= now + warn_within,
                    Connection.token_data_access_expires_at <= now + warn_within,
                ),
            )
            .with_for_update(skip_locked=True)
        )
        for row in rows.all():
            ends = (row.token_expires_at, row.token_data_access_expires_at)
            end = min(moment for moment in ends if moment is not None)
            told = row.token_expiry_announced_at
            if told is not None and told >= end - warn_within:
                continue
            # nor must the ends of the others wait for one that nobody foresaw
            with crashes_told("token.not_announced", within=True, connection_id=row.id):
                async with session.begin_nested():
                    await _announce_end(session, row)
                announced += 1
    return announced


async def _announce_end(session: AsyncSession, row: Connection) -> None:
    data = {
        "connection_id": row.id,
        "ad_account_id": row.ad_account["id"] if row.ad_account else None,
        "expires_at": written(row.token_expires_at),
        "data_access_expires_at": written(row.token_data_access_expires_at),
    }
    await announce(session, EventType.CONNECTION_TOKEN_EXPIRING, row.id, data)
    await _put(session, Connection.id == row.id, token_expiry_announced_at=clock.now())


async def _put(session: AsyncSession, which: ColumnElement[bool], **values: Any) -> None:
    await session.execute(
        update(Connection)
        .where(which)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
