"""`/v1/exports/{id}/runs` and `/v1/runs`."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status

from app.access.dependencies import ContributorDep, ViewerDep
from app.db.listing import SequenceSort, TimeSort
from app.db.session import Database
from app.http.dependencies import DatabaseDep, MetadataDep, PageDep, SessionDep
from app.http.idempotency import IdempotentRoute
from app.http.json_cache import WrittenDep, written_page
from app.http.pagination import Page, cut_page
from app.http.schemas import Moment
from app.runs import schemas, service
from app.runs.pages import written_batches, written_runs
from app.runs.states import RunStatus, Trigger
from app.runs.statistics import export_statistics
from app.runs.views import run_views, statistics_view

router = APIRouter(prefix="/v1", tags=["runs"], route_class=IdempotentRoute)

RunId = Annotated[str, Path(max_length=80, examples=["run_0193…"])]
ExportId = Annotated[str, Path(max_length=80, examples=["exp_0193…"])]


@router.post(
    "/exports/{export_id}/runs", operation_id="create_run", status_code=status.HTTP_202_ACCEPTED
)
async def create_run(
    export_id: ExportId,
    request: Request,
    response: Response,
    database: DatabaseDep,
    caller: ContributorDep,
    body: schemas.RunCreate | None = None,
) -> schemas.Run:
    """Ask for a run; it exists at once, its work follows."""
    run = await service.start_run(
        database,
        request.app.state.notifier,
        export_id,
        caller=caller,
        metadata=None if body is None else body.metadata,
        force=body is not None and body.force,
    )
    response.headers["Location"] = f"/v1/runs/{run.id}"
    return await _one(database, run.id)


@router.get("/runs", operation_id="list_runs", response_model=Page[schemas.Run])
async def list_runs(
    written: WrittenDep,
    session: SessionDep,
    page: PageDep,
    metadata: MetadataDep,
    _: ViewerDep,
    export_id: Annotated[str | None, Query(max_length=80)] = None,
    connection_id: Annotated[str | None, Query(max_length=80)] = None,
    segment_id: Annotated[
        str | None, Query(max_length=80, description="among the segments the run was to send")
    ] = None,
    status: Annotated[list[RunStatus] | None, Query(description="repeat for several")] = None,
    trigger: Trigger | None = None,
    requested_by: Annotated[str | None, Query(max_length=300)] = None,
    error_code: Annotated[str | None, Query(max_length=80)] = None,
    queued_after: Moment | None = None,
    queued_before: Moment | None = None,
    q: Annotated[
        str | None,
        Query(max_length=200, description="in the names of export and connection, and error codes"),
    ] = None,
    sort: TimeSort = TimeSort.NEWEST,
) -> Response:
    """Runs, newest first unless sorted otherwise."""
    filters = {
        "export_id": export_id,
        "connection_id": connection_id,
        "segment_id": segment_id,
        "status": status,
        "trigger": trigger,
        "requested_by": requested_by,
        "error_code": error_code,
        "queued_after": queued_after,
        "queued_before": queued_before,
        "q": q,
        "metadata": metadata,
    }
    scope = f"runs|{filters}|{sort}"
    rows = await service.list_runs(
        session,
        filters,
        after=page.after(scope),
        limit=page.limit,
        oldest_first=sort is TimeSort.OLDEST,
    )
    items, cursor = cut_page(rows, page, scope=scope)
    return written_page(await written_runs(session, written, items), cursor)


@router.get(
    "/exports/{export_id}/runs",
    operation_id="list_export_runs",
    response_model=Page[schemas.Run],
)
async def list_export_runs(
    export_id: ExportId,
    written: WrittenDep,
    session: SessionDep,
    page: PageDep,
    _: ViewerDep,
    status: Annotated[list[RunStatus] | None, Query(description="repeat for several")] = None,
    trigger: Trigger | None = None,
    queued_after: Moment | None = None,
    queued_before: Moment | None = None,
    sort: TimeSort = TimeSort.NEWEST,
) -> Response:
    """An export's runs, newest first unless sorted otherwise."""
    filters = {
        "export_id": export_id,
        "status": status,
        "trigger": trigger,
        "queued_after": queued_after,
        "queued_before": queued_before,
    }
    scope = f"runs|{filters}|{sort}"
    rows = await service.list_runs(
        session,
        filters,
        after=page.after(scope),
        limit=page.limit,
        oldest_first=sort is TimeSort.OLDEST,
    )
    items, cursor = cut_page(rows, page, scope=scope)
    return written_page(await written_runs(session, written, items), cursor)


@router.get("/exports/{export_id}/statistics", operation_id="get_export_statistics")
async def get_export_statistics(
    export_id: ExportId,
    session: SessionDep,
    _: ViewerDep,
    limit: Annotated[int, Query(ge=1, le=500, description="runs in `history`")] = 100,
) -> schemas.ExportStatistics:
    """How an export's runs went: by status, the last success, and what each run added and removed."""
    return statistics_view(await export_statistics(session, export_id, limit=limit))


@router.get("/runs/{run_id}", operation_id="get_run")
async def get_run(
    run_id: RunId,
    request: Request,
    database: DatabaseDep,
    _: ViewerDep,
    wait: Annotated[
        int, Query(ge=0, le=60, description="seconds to wait for the run's end before answering")
    ] = 0,
) -> schemas.Run:
    """A run: where it stands, its numbers, and why it ended as it did.

    With `wait` the answer comes when the run has ended, or else when the time is up.
    """
    # a little less than the request may take
    most = min(wait, request.app.state.settings.request_timeout_seconds - 1)
    async with database.transaction() as session:
        run = await service.get_run(session, run_id)
    if most > 0:
        run = await service.wait_for_end(database, run, seconds=most)
    return await _one(database, run.id)


@router.post("/runs/{run_id}/cancel", operation_id="cancel_run")
async def cancel_run(run_id: RunId, session: SessionDep, caller: ContributorDep) -> schemas.Run:
    """Stop a run; what was sent stays sent, and the counts say so."""
    run = await service.cancel_run(session, run_id, caller=caller)
    return (await run_views(session, [run]))[0]


async def _one(database: Database, run_id: str) -> schemas.Run:
    async with database.transaction() as session:
        return (await run_views(session, [await service.get_run(session, run_id)]))[0]


@router.get(
    "/runs/{run_id}/batches",
    operation_id="list_run_batches",
    response_model=Page[schemas.RunBatch],
)
async def list_run_batches(
    run_id: RunId,
    written: WrittenDep,
    session: SessionDep,
    page: PageDep,
    _: ViewerDep,
    after_sequence: Annotated[
        int | None,
        Query(ge=0, le=2**53, description="only batches with a greater sequence, to read on later"),
    ] = None,
    operation: schemas.BatchOperation | None = None,
    refused: Annotated[
        bool | None, Query(description="only those of which Meta refused something, or nothing")
    ] = None,
    sort: SequenceSort = SequenceSort.FIRST,
) -> Response:
    """Every answered upload of a run, in order.

    Batches are answered out of order: whoever reads on with `after_sequence` while the run is under
    way should go back a little.
    """
    await service.check_run(session, run_id)
    filters = {"after_sequence": after_sequence, "operation": operation, "refused": refused}
    scope = f"batches|{run_id}|{filters}|{sort}"
    rows = await service.list_batches(
        session, run_id, filters, sort=sort, after=page.after_number(scope), limit=page.limit
    )
    items, cursor = cut_page(rows, page, scope=scope, key="sequence")
    return written_page(await written_batches(session, written, run_id, items), cursor)
