"""Pages of exports, read and written only where something that they show has changed."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.caller_names import names_of
from app.access.callers import Caller
from app.connections.account_health.account_blocks import blocked_until
from app.db.listing import one_of
from app.db.models import Export
from app.exports import service
from app.exports.listing import Listed
from app.exports.views import export_views
from app.http.json_cache import Until, Written


async def written_exports(
    session: AsyncSession,
    written: Written,
    rows: Sequence[Listed],
    caller: Caller,
    *,
    max_members: int,
) -> list[bytes]:
    """Each export as JSON; one that was deleted meanwhile is left out."""
    names = await names_of(session, [by for row in rows for by in (row.created_by, row.updated_by)])

    async def write(missing: list[Any]) -> dict[Any, tuple[BaseModel, Until]]:
        exports = (await session.scalars(select(Export).where(Export.id == one_of(missing)))).all()
        views = await export_views(session, exports, caller, max_members=max_members)
        connections = await service.connections_of(session, exports)
        found: dict[Any, tuple[BaseModel, Until]] = {}
        for view in views:
            connection = connections.get(view.connection_id or "")
            ends = [view.next_run_at, None if connection is None else blocked_until(connection)]
            until = min((moment for moment in ends if moment is not None), default=None)
            found[view.id] = view, until
        return found

    made_of = {
        row.id: (row.id, *row.versions, caller.role, names[row.created_by], names[row.updated_by])
        for row in rows
    }
    return await written.items(made_of, write)
