"""Pages of segments, read and written only where something that they show has changed."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.caller_names import makers_of
from app.access.callers import Caller
from app.db.listing import one_of, plain_rows
from app.db.models import Segment
from app.db.secrets import Vault
from app.http.json_cache import Item, Until, Written
from app.segments.views import segment_fields

_SHOWN = (
    *(Segment.id, Segment.name, Segment.display_name, Segment.source, Segment.query),
    *(Segment.state, Segment.member_count, Segment.evaluated_at, Segment.labels),
    *(Segment.created_at, Segment.created_by, Segment.updated_at, Segment.updated_by),
    Segment.version,
)


async def written_segments(
    session: AsyncSession, written: Written, vault: Vault, caller: Caller, rows: Sequence[Any]
) -> list[bytes]:
    """Each segment as JSON; one that was deleted meanwhile is left out."""
    names = await makers_of(session, rows)

    async def write(missing: list[Any]) -> dict[Any, tuple[Item, Until]]:
        segments = await plain_rows(session, select(*_SHOWN).where(Segment.id == one_of(missing)))
        shown = await segment_fields(session, vault, caller, segments, names)
        return {fields["id"]: (fields, None) for fields in shown}

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
