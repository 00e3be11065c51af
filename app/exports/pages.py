"""Pages of exports, read and written only where something that they show has changed."""

from collections.abc import Hashable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.callers import Caller
from app.access.names import names_of
from app.connections.blocking import blocked_until
from app.db.listing import one_of
from app.db.models import Export
from app.exports import service
from app.exports.views import export_views
from app.http.written import Written


async def written_exports(
    session: AsyncSession,
    written: Written,
    rows: Sequence[Any],
    caller: Caller,
    *,
    max_members: int,
) -> list[bytes]:
    """Each export as JSON; one that was deleted meanwhile is left out.

    `rows` are those of `app.exports.listing`, with the versions of all that an export shows.
    """
    now = clock.now()
    names = await names_of(session, [by for row in rows for by in (row.created_by, row.updated_by)])

    def made_of(row: Any) -> Hashable:
        people = names[row.created_by], names[row.updated_by]
        return (row.id, *row.versions, caller.role, *people)

    found = {row.id: written.get(made_of(row), now=now) for row in rows}
    missing = [row for row in rows if found[row.id] is None]
    if missing:
        # what has changed since the versions were read is shown, and not kept under them for long: the
        # next reader sees other versions
        wanted = select(Export).where(Export.id == one_of(row.id for row in missing))
        exports = {export.id: export for export in await session.scalars(wanted)}
        known = [row for row in missing if row.id in exports]
        views = await export_views(
            session, [exports[row.id] for row in known], caller, max_members=max_members
        )
        connections = await service.connections_of(session, list(exports.values()))
        for row, view in zip(known, views, strict=True):
            text = found[row.id] = view.model_dump_json().encode()
            connection = connections.get(view.connection_id or "")
            ends = [view.next_run_at, None if connection is None else blocked_until(connection)]
            until = min((moment for moment in ends if moment is not None), default=None)
            written.keep(made_of(row), text, until=until)
    return [text for text in found.values() if text is not None]
