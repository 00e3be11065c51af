"""Pages of exports, read and written only where something that they show has changed."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.caller_names import makers_of
from app.access.callers import Caller
from app.connections.account_health.account_blocks import blocked_until
from app.db.listing import one_of, plain_rows
from app.db.models import Connection, Export
from app.exports.listing import Listed
from app.exports.views import export_fields
from app.http.json_cache import Item, Until, Written

# of an export, and of its connection what exports show, warn of and start by
_SHOWN = (
    *(Export.id, Export.display_name, Export.connection_id, Export.key_identifier),
    *(Export.attributes, Export.sync_mode, Export.audience, Export.default_country),
    *(Export.date_format, Export.time_zone, Export.consent, Export.ldu, Export.min_usable_ratio),
    *(Export.allow_shrink, Export.schedule, Export.enabled, Export.labels, Export.version),
    *(Export.created_at, Export.created_by, Export.updated_at, Export.updated_by),
)
_OF_CONNECTION = (
    *(Connection.id, Connection.display_name, Connection.type, Connection.status),
    *(Connection.shared_with, Connection.blocked, Connection.audience, Connection.audience_request),
    *(Connection.token, Connection.ad_account, Connection.consent_version),
)


async def written_exports(
    session: AsyncSession,
    written: Written,
    rows: Sequence[Listed],
    caller: Caller,
    *,
    max_members: int,
) -> list[bytes]:
    """Each export as JSON; one that was deleted meanwhile is left out."""
    names = await makers_of(session, rows)

    async def write(missing: list[Any]) -> dict[Any, tuple[Item, Until]]:
        exports = await plain_rows(session, select(*_SHOWN).where(Export.id == one_of(missing)))
        wanted = {row.connection_id for row in exports if row.connection_id is not None}
        of_these = select(*_OF_CONNECTION).where(Connection.id == one_of(wanted))
        connections = {row.id: row for row in await plain_rows(session, of_these)}
        found: dict[Any, tuple[Item, Until]] = {}
        for fields in await export_fields(
            session, exports, caller, connections, names, max_members=max_members
        ):
            connection = connections.get(fields["connection_id"] or "")
            ends = [
                fields["next_run_at"],
                None if connection is None else blocked_until(connection),
            ]
            until = min((moment for moment in ends if moment is not None), default=None)
            found[fields["id"]] = fields, until
        return found

    made_of = {
        row.id: (row.id, *row.versions, caller.role, names[row.created_by], names[row.updated_by])
        for row in rows
    }
    return await written.items(made_of, write)
