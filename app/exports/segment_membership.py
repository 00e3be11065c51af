"""`/v1/segments/{id}/exports/{id}`: a segment joins or leaves an export, seen from the segment (L76)."""

from typing import Annotated

from fastapi import APIRouter, Path, Response, status

from app.access.callers import Caller
from app.access.dependencies import ContributorDep
from app.db.models import Export
from app.errors import Conflict, NotFound
from app.exports import schemas, service
from app.exports.collaborators import Exports
from app.exports.routes import ExportId, ExportsDep
from app.exports.views import export_view
from app.http.idempotency import IdempotentRoute
from app.http.preconditions import set_etag
from app.segments import service as segments

router = APIRouter(prefix="/v1/segments", tags=["segments"], route_class=IdempotentRoute)

SegmentId = Annotated[str, Path(max_length=80, examples=["seg_0193…"])]


@router.post("/{segment_id}/exports/{export_id}", operation_id="add_segment_to_export")
async def add_segment_to_export(
    segment_id: SegmentId,
    export_id: ExportId,
    response: Response,
    deps: ExportsDep,
    caller: ContributorDep,
) -> schemas.Export:
    """Have an export send the segment too; nothing changes if it does already."""
    row, members = await _export_of(deps, segment_id, export_id, caller)
    if segment_id not in members:
        row = await service.update_export(
            deps,
            export_id,
            caller=caller,
            given={"segment_ids": [*members, segment_id]},
            version=row.version,
        )
    set_etag(response, row.version)
    async with deps.database.transaction() as session:
        return await export_view(session, row, caller, max_members=deps.max_members)


@router.delete(
    "/{segment_id}/exports/{export_id}",
    operation_id="remove_segment_from_export",
    status_code=status.HTTP_204_NO_CONTENT,
)
async def remove_segment_from_export(
    segment_id: SegmentId, export_id: ExportId, deps: ExportsDep, caller: ContributorDep
) -> Response:
    """Have an export not send the segment any more; its last one stays (S56)."""
    row, members = await _export_of(deps, segment_id, export_id, caller)
    if segment_id not in members:
        raise NotFound("The export does not send this segment.")
    if len(members) == 1:
        raise Conflict(
            "An export needs a segment; add another one first, or delete the export.",
            code="last-segment",
        )
    left = [name for name in members if name != segment_id]
    await service.update_export(
        deps, export_id, caller=caller, given={"segment_ids": left}, version=row.version
    )
    return Response(status_code=status.HTTP_204_NO_CONTENT)


async def _export_of(
    deps: Exports, segment_id: str, export_id: str, caller: Caller
) -> tuple[Export, list[str]]:
    """The export and its segments. Raises `NotFound`, `Forbidden`."""
    async with deps.database.transaction() as session:
        await segments.get_segment(session, segment_id)
        row = await service.editable_export(session, export_id, caller=caller)
        return row, (await service.segment_ids_of(session, [row.id]))[row.id]
