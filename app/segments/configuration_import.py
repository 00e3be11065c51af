"""Segments that another deployment wrote out."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.audit import record
from app.access.callers import Caller
from app.db.labels import merged
from app.db.models import Segment
from app.db.secrets import Vault
from app.ids import new_id
from app.segments.audit_details import audited
from app.segments.queries import put_source
from app.segments.service import check_source


async def import_segment(
    session: AsyncSession, vault: Vault, *, caller: Caller, given: Mapping[str, Any]
) -> Segment:
    """A segment as another deployment had it; its source is looked at when somebody needs it (L37).

    Raises `Unprocessable`, `Forbidden`.
    """
    check_source(caller, given["source"])
    now = clock.now()
    row = Segment(
        id=new_id("seg"),
        name=given["name"],
        display_name=given["display_name"] or given["name"],
        state=given["state"],
        labels=merged(None, given),
        created_at=now,
        created_by=caller.id,
        updated_at=now,
        updated_by=caller.id,
    )
    put_source(vault, row, given["source"])
    session.add(row)
    await session.flush()
    record(session, caller, "segment.created", row.id, after=audited(vault, row))
    return row
