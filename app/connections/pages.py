"""Pages of connections, read and written only where a row has changed since it was last shown."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.connections.blocking import blocked_until
from app.connections.views import connection_view
from app.db.listing import one_of
from app.db.models import Connection
from app.http.written import Until, Written


async def written_connections(
    session: AsyncSession, written: Written, rows: Sequence[Any], *, warn_within: timedelta
) -> list[bytes]:
    """Each connection as JSON, as an administrator sees it; one that was deleted meanwhile is left out."""

    async def write(missing: list[Any]) -> dict[Any, tuple[BaseModel, Until]]:
        found = await session.scalars(select(Connection).where(Connection.id == one_of(missing)))
        return {
            row.id: (connection_view(row, warn_within=warn_within), _until(row, warn_within))
            for row in found
        }

    return await written.items({row.id: (row.id, row.row_version) for row in rows}, write)


def _until(row: Connection, warn_within: timedelta) -> Until:
    """The next moment at which it is shown otherwise with no change of its row."""
    now = clock.now()
    ends = [row.token_expires_at, row.token_data_access_expires_at]
    moments = [end - warn_within for end in ends if end is not None]
    blocked = blocked_until(row)
    if blocked is not None:
        moments.append(blocked)
    return min((moment for moment in moments if moment > now), default=None)
