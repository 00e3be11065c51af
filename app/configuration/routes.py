"""`/v1/configuration`."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.access.dependencies import AdministratorDep
from app.configuration import schemas, service
from app.http.dependencies import DatabaseDep, SessionDep
from app.http.encoding import encode
from app.http.idempotency import IdempotentRoute
from app.segments.source_types import source_fields

router = APIRouter(prefix="/v1/configuration", tags=["configuration"], route_class=IdempotentRoute)


@router.get("", operation_id="export_configuration", response_model=schemas.Configuration)
async def export_configuration(
    request: Request, session: SessionDep, _: AdministratorDep
) -> Response:
    """Connections without tokens, segments, exports and the schedule, by name; to be kept or read in."""
    return Response(
        encode(await service.written(session, request.app.state.vault)),
        media_type="application/json",
    )


@router.post("", operation_id="import_configuration")
async def import_configuration(
    body: schemas.Configuration,
    request: Request,
    database: DatabaseDep,
    caller: AdministratorDep,
    dry_run: Annotated[bool, Query(description="say what would be made, and make nothing")] = False,
) -> schemas.Imported:
    """Make what the document names and is not here yet: connections as drafts, exports disabled."""
    given: dict[str, Any] = body.model_dump(mode="json")
    for item, segment in zip(given["segments"], body.segments, strict=True):
        item["source"] = source_fields(segment.source)
    items = await service.read_in(
        database, request.app.state.vault, given, caller=caller, dry_run=dry_run
    )
    return schemas.Imported(dry_run=dry_run, items=items)
