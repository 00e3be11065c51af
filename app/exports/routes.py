"""`/v1/exports`."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status

from app.access.dependencies import AdministratorDep, ContributorDep, ViewerDep
from app.connections.routes import ConnectionsDep
from app.db.listing import NamedSort, place_of
from app.exports import copying, listing, schemas, service
from app.exports.collaborators import Exports, StartRun
from app.exports.pages import written_exports
from app.exports.previews import match_quality, unsaved_export
from app.exports.previews import schemas as findings
from app.exports.views import draft_view, export_view, export_views
from app.http.dependencies import MadeDep, MetadataDep, PageDep, SessionDep
from app.http.idempotency import IdempotentRoute
from app.http.json_cache import WrittenDep, written_page
from app.http.pagination import Page, cut_page
from app.http.preconditions import IfMatch, check_version, set_etag
from app.http.requests.disconnect import while_listening
from app.http.schemas import changes

router = APIRouter(prefix="/v1/exports", tags=["exports"], route_class=IdempotentRoute)

ExportId = Annotated[str, Path(max_length=80, examples=["exp_0193…"])]


async def get_exports(request: Request, connections: ConnectionsDep) -> Exports:
    """The collaborators of the export service."""
    state = request.app.state
    return Exports(
        connections=connections,
        access=state.source_access,
        max_members=state.settings.max_members_per_export,
        refused_share=state.settings.refused_values_warning_share,
    )


ExportsDep = Annotated[Exports, Depends(get_exports)]


async def get_start_run(request: Request) -> StartRun:
    """What runs an export that was just saved."""
    start: StartRun = request.app.state.start_run
    return start


StartRunDep = Annotated[StartRun, Depends(get_start_run)]


@router.post("", operation_id="create_export", status_code=status.HTTP_201_CREATED)
async def create_export(
    body: schemas.ExportCreate,
    response: Response,
    deps: ExportsDep,
    start_run: StartRunDep,
    caller: ContributorDep,
) -> schemas.Export:
    """Make an export. Saving checks everything and sends nothing, unless `run` asks for it."""
    given = body.model_dump(mode="json", exclude={"run"})
    if body.run:
        service.refuse_run_of_disabled(enabled=body.enabled)
    row = await service.create_export(deps, caller=caller, given=given)
    if body.run:
        await start_run(row.id, caller=caller)
    response.headers["Location"] = f"/v1/exports/{row.id}"
    set_etag(response, row.version)
    async with deps.database.transaction() as session:
        return await export_view(session, row, caller, max_members=deps.max_members)


@router.get("", operation_id="list_exports", response_model=Page[schemas.Export])
async def list_exports(
    written: WrittenDep,
    session: SessionDep,
    deps: ExportsDep,
    page: PageDep,
    metadata: MetadataDep,
    made: MadeDep,
    caller: ViewerDep,
    q: Annotated[
        str | None, Query(max_length=200, description="in export name, connection name or type")
    ] = None,
    status: Literal["active", "detached", "disabled"] | None = None,
    last_status: Annotated[
        schemas.LastStatus | None, Query(description="of the newest run; `none` if there is none")
    ] = None,
    connection_id: Annotated[str | None, Query(max_length=80)] = None,
    segment_id: Annotated[str | None, Query(max_length=80)] = None,
    sync_mode: schemas.SyncMode | None = None,
    sort: NamedSort = NamedSort.NEWEST,
) -> Response:
    """Exports, newest first unless sorted otherwise."""
    filters = {
        "q": q,
        "status": status,
        "last_status": last_status,
        "connection_id": connection_id,
        "segment_id": segment_id,
        "sync_mode": sync_mode,
        "metadata": metadata,
        **made,
    }
    scope = f"exports|{filters}|{sort}"
    rows = await listing.list_exports(
        session, filters, sort=sort, after=page.after(scope), limit=page.limit
    )
    items, cursor = cut_page(rows, page, scope=scope, place=lambda row: place_of(row, sort))
    shown = await written_exports(session, written, items, caller, max_members=deps.max_members)
    return written_page(shown, cursor)


@router.post("/preview", operation_id="preview_draft")
async def preview_draft(
    body: schemas.ExportPreview, request: Request, deps: ExportsDep, caller: ContributorDep
) -> findings.DraftPreview:
    """What a draft would make of its first members: fill, reasons, masked samples; within two seconds."""
    found = await unsaved_export.preview_draft(
        deps,
        request.app.state.drafts,
        caller=caller,
        given=body.model_dump(mode="json", exclude={"sample_rows"}),
        rows=body.sample_rows,
    )
    return draft_view(found)


@router.get("/{export_id}", operation_id="get_export")
async def get_export(
    export_id: ExportId,
    response: Response,
    session: SessionDep,
    deps: ExportsDep,
    caller: ViewerDep,
) -> schemas.Export:
    """An export."""
    row = await service.get_export(session, export_id)
    set_etag(response, row.version)
    return await export_view(session, row, caller, max_members=deps.max_members)


@router.patch("/{export_id}", operation_id="update_export")
async def update_export(
    export_id: ExportId,
    body: schemas.ExportUpdate,
    response: Response,
    deps: ExportsDep,
    start_run: StartRunDep,
    caller: ContributorDep,
    if_match: IfMatch = None,
) -> schemas.Export:
    """Change an export; a run under way goes on as it began."""
    async with deps.database.transaction() as session:
        current = await service.get_export(session, export_id)
    check_version(if_match, current.version)
    given = body.model_dump(mode="json", include=set(changes(body)) - {"run"})
    if body.run:
        enabled = current.enabled if body.enabled is None else body.enabled
        service.refuse_run_of_disabled(enabled=enabled)
    if body.schedule is not None:
        given["schedule"] = changes(body.schedule)
    row = await service.update_export(
        deps, export_id, caller=caller, given=given, version=current.version
    )
    if body.run:
        await start_run(row.id, caller=caller)
    set_etag(response, row.version)
    async with deps.database.transaction() as session:
        return await export_view(session, row, caller, max_members=deps.max_members)


@router.delete("/{export_id}", operation_id="delete_export", status_code=status.HTTP_204_NO_CONTENT)
async def delete_export(
    export_id: ExportId, session: SessionDep, caller: ContributorDep, if_match: IfMatch = None
) -> Response:
    """Forget an export; its runs stay in the history and its audience at Meta."""
    row = await service.get_export(session, export_id)
    check_version(if_match, row.version)
    await service.delete_export(session, export_id, caller=caller)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post(
    "/{export_id}/duplicate", operation_id="duplicate_export", status_code=status.HTTP_201_CREATED
)
async def duplicate_export(
    export_id: ExportId,
    response: Response,
    deps: ExportsDep,
    caller: ContributorDep,
    body: schemas.ExportDuplicate | None = None,
) -> schemas.Export:
    """Make a new export with the same values, but for those of the body."""
    given = {} if body is None else body.model_dump(mode="json", include=set(changes(body)))
    row = await copying.duplicate_export(deps, export_id, caller=caller, given=given)
    response.headers["Location"] = f"/v1/exports/{row.id}"
    set_etag(response, row.version)
    async with deps.database.transaction() as session:
        return await export_view(session, row, caller, max_members=deps.max_members)


@router.post("/{export_id}/preview", operation_id="preview_export")
async def preview_export(
    export_id: ExportId, request: Request, deps: ExportsDep, caller: ContributorDep
) -> findings.Preview:
    """Count what a run would send, key by key, without sending; numbers only, no values."""
    counting = match_quality.preview_export(
        deps, request.app.state.previews, export_id, caller=caller
    )
    report = await while_listening(request, counting)
    return findings.Preview.model_validate(report)


@router.post("/detach", operation_id="detach_exports")
async def detach_exports(
    body: schemas.BulkDetach, session: SessionDep, deps: ExportsDep, caller: AdministratorDep
) -> schemas.BulkDetached:
    """Take the connection away from several exports at once: all of them, or none."""
    rows = await service.detach_exports(session, body.export_ids, caller=caller)
    items = await export_views(session, rows, caller, max_members=deps.max_members)
    return schemas.BulkDetached(items=items)


@router.post("/{export_id}/detach", operation_id="detach_export")
async def detach_export(
    export_id: ExportId,
    response: Response,
    session: SessionDep,
    deps: ExportsDep,
    caller: AdministratorDep,
) -> schemas.Export:
    """Take the connection away; the export is kept and does not run until it gets another."""
    row = await service.detach_export(session, export_id, caller=caller)
    set_etag(response, row.version)
    return await export_view(session, row, caller, max_members=deps.max_members)
