"""Pages of connections, read and written only where a row has changed since it was last shown."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.caller_names import names_of
from app.connections.account_health.account_blocks import blocked_until
from app.connections.views import callers_of, connection_fields
from app.db.listing import (
    NamedSort,
    contains,
    made,
    one_of,
    plain_rows,
    sorted_page,
    version_of,
)
from app.db.models import Connection
from app.http.json_cache import Item, Until, Written

_SHOWN = (
    *(Connection.id, Connection.type, Connection.display_name, Connection.shared_with),
    *(Connection.status, Connection.token, Connection.ad_account, Connection.audience),
    *(Connection.audience_request, Connection.audience_choice, Connection.allowed_audience_ids),
    *(Connection.audience_state, Connection.blocked, Connection.token_kind, Connection.token_last4),
    *(Connection.token_expires_at, Connection.token_data_access_expires_at),
    *(Connection.token_scopes, Connection.sign_in_problem, Connection.consent_version),
    *(Connection.consent_accepted_at, Connection.consent_accepted_by, Connection.labels),
    *(Connection.created_at, Connection.created_by, Connection.updated_at, Connection.updated_by),
    Connection.version,
)


async def connections_page(
    session: AsyncSession,
    filters: Mapping[str, Any],
    *,
    sort: NamedSort = NamedSort.NEWEST,
    after: str | None,
    limit: int,
) -> Sequence[Any]:
    """Connections by name (`q`) and status; one more than the limit if there is more."""
    query: Select[*tuple[Any, ...]] = select(
        Connection.id,
        Connection.display_name,
        version_of(Connection).label("row_version"),
        Connection.created_by,
        Connection.updated_by,
        Connection.consent_accepted_by,
    )
    if filters.get("q"):
        query = query.where(contains(Connection.display_name, filters["q"]))
    if filters.get("status") is not None:
        query = query.where(Connection.status == filters["status"])
    query = made(query, filters, Connection.created_by, Connection.created_at)
    if filters.get("metadata"):
        query = query.where(Connection.labels.contains(filters["metadata"]))
    page = sorted_page(
        query, Connection.id, Connection.display_name, sort=sort, after=after, limit=limit
    )
    return list(await session.execute(page))


async def written_connections(
    session: AsyncSession, written: Written, rows: Sequence[Any], *, warn_within: timedelta
) -> list[bytes]:
    """Each connection as JSON, as an administrator sees it; one that was deleted meanwhile is left out."""
    names = await names_of(session, [caller for row in rows for caller in callers_of(row)])

    async def write(missing: list[Any]) -> dict[Any, tuple[Item, Until]]:
        found = await plain_rows(session, select(*_SHOWN).where(Connection.id == one_of(missing)))
        return {
            row.id: (connection_fields(row, names, warn_within), _until(row, warn_within))
            for row in found
        }

    made_of = {
        row.id: (row.id, row.row_version, *(names.get(caller or "") for caller in callers_of(row)))
        for row in rows
    }
    return await written.items(made_of, write)


def _until(row: Connection, warn_within: timedelta) -> Until:
    """The next moment at which it is shown otherwise with no change of its row."""
    now = clock.now()
    ends = [row.token_expires_at, row.token_data_access_expires_at]
    moments = [end - warn_within for end in ends if end is not None]
    blocked = blocked_until(row)
    if blocked is not None:
        moments.append(blocked)
    return min((moment for moment in moments if moment > now), default=None)
