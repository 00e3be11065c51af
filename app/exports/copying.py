"""Exports that come from others: a duplicate, and one that another deployment wrote out."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.audit import record
from app.access.callers import Caller
from app.db.models import Export
from app.exports.collaborators import Exports
from app.exports.service import (
    FIELDS,
    audited,
    create_export,
    editable_export,
    new_export,
    put_segments,
    segment_ids_of,
)
from app.exports.validation import check_mapping, claim_audience


async def duplicate_export(
    deps: Exports, export_id: str, *, caller: Caller, given: Mapping[str, Any]
) -> Export:
    """A new export with the same values (L26), but for `display_name`, `connection_id` and `audience`.

    On another connection its own audience is filled, unless one is given. A detached export's copy is
    detached too, unless a connection is given. Raises as `create_export`.
    """
    async with deps.database.transaction() as session:
        row = await editable_export(session, export_id, caller=caller)
        segment_ids = (await segment_ids_of(session, [row.id]))[row.id]
    values = {field: getattr(row, field) for field in FIELDS}
    values |= {
        "metadata": row.labels,
        "segment_ids": segment_ids,
        "display_name": f"{row.display_name} (copy)"[:200],
    }
    said = {name: value for name, value in given.items() if value is not None}
    if said.get("connection_id", row.connection_id) != row.connection_id:
        values["audience"] = None
    values |= said
    if "audience" in given:
        values["audience"] = given["audience"]
    return await create_export(deps, caller=caller, given=values)


async def import_export(
    session: AsyncSession, *, caller: Caller, given: Mapping[str, Any], segment_ids: Sequence[str]
) -> Export:
    """An export as another deployment had it, disabled until somebody enables it (L37).

    Its mapping and its place at the audience are checked; its sources and Meta are asked when it is
    enabled or run. Raises `Unprocessable`, `Conflict`.
    """
    row = new_export(caller, given)
    row.enabled = False
    check_mapping(row)
    await claim_audience(session, row)
    session.add(row)
    await session.flush()
    put_segments(session, row.id, segment_ids)
    record(session, caller, "export.created", row.id, after=audited(row, segment_ids))
    await session.flush()
    return row
