"""Pages of segments, read and written only where something that they show has changed."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.caller_names import names_of
from app.access.callers import Caller
from app.db.listing import one_of
from app.db.models import Segment
from app.db.secrets import Vault
from app.http.json_cache import Until, Written
from app.segments.views import segment_views


async def written_segments(
    session: AsyncSession, written: Written, vault: Vault, caller: Caller, rows: Sequence[Any]
) -> list[bytes]:
    """Each segment as JSON; one that was deleted meanwhile is left out."""
    names = await names_of(session, [by for row in rows for by in (row.created_by, row.updated_by)])

    async def write(missing: list[Any]) -> dict[Any, tuple[BaseModel, Until]]:
        segments = await session.scalars(select(Segment).where(Segment.id == one_of(missing)))
        views = await segment_views(session, vault, caller, segments.all())
        return {view.id: (view, None) for view in views}

    # not everybody is shown the queries of sources
    sees = caller.is_administrator
    made_of = {
        row.id: (
            *(row.id, row.row_version, row.evaluation, sees),
            *(names[row.created_by], names[row.updated_by]),
        )
        for row in rows
    }
    return await written.items(made_of, write)
