"""`/v1/exports/{id}/runs` and `/v1/runs`."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status

from app.access.dependencies import ContributorDep, ViewerDep
from app.http.dependencies import DatabaseDep, PageDep, SessionDep
from app.http.idempotency import IdempotentRoute
from app.http.pagination import Page, cut_page
from app.http.schemas import Moment
from app.runs import schemas, service
from app.runs.states import RunStatus, Trigger
from app.runs.statistics import export_statistics
from app.runs.views import run_view, statistics_view

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
) -> schemas.Run:
    """Ask for a run; it exists at once, its work follows."""
    run = await service.start_run(database, request.app.state.doorbell, export_id, caller=caller)
    response.headers["Location"] = f"/v1/runs/{run.id}"
    return run_view(run)


@router.get("/runs", operation_id="list_runs")
async def list_runs(
    session: SessionDep,
    page: PageDep,
    _: ViewerDep,
    export_id: Annotated[str | None, Query(max_length=80)] = None,
    status: Annotated[list[RunStatus] | None, Query(description="repeat for several")] = None,
    trigger: Trigger | None = None,
    queued_after: Moment | None = None,
    queued_before: Moment | None = None,
) -> Page[schemas.Run]:
    """Runs, newest first."""
    filters = {
        "export_id": export_id,
        "status": status,
        "trigger": trigger,
        "queued_after": queued_after,
        "queued_before": queued_before,
    }
    scope = f"runs|{filters}"
    rows = await service.list_runs(session, filters, after=page.after(scope), limit=page.limit)
    items, cursor = cut_page(rows, page, scope=scope)
    return Page(items=[run_view(row) for row in items], next_cursor=cursor)


@router.get("/exports/{export_id}/runs", operation_id="list_export_runs")
async def list_export_runs(
    export_id: ExportId, session: SessionDep, page: PageDep, _: ViewerDep
) -> Page[schemas.Run]:
    """An export's runs, newest first."""
    scope = f"runs|{export_id}"
    rows = await service.list_runs(
        session, {"export_id": export_id}, after=page.after(scope), limit=page.limit
    )
    items, cursor = cut_page(rows, page, scope=scope)
    return Page(items=[run_view(row) for row in items], next_cursor=cursor)


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
async def get_run(run_id: RunId, session: SessionDep, _: ViewerDep) -> schemas.Run:
    """A run: where it stands, its numbers, and why it ended as it did."""
    return run_view(await service.get_run(session, run_id))


@router.post("/runs/{run_id}/cancel", operation_id="cancel_run")
async def cancel_run(run_id: RunId, session: SessionDep, caller: ContributorDep) -> schemas.Run:
    """Stop a run; what was sent stays sent, and the counts say so."""
    return run_view(await service.cancel_run(session, run_id, caller=caller))


@router.get("/runs/{run_id}/batches", operation_id="list_run_batches")
async def list_run_batches(
    run_id: RunId, session: SessionDep, page: PageDep, _: ViewerDep
) -> Page[schemas.RunBatch]:
    """Every answered upload of a run, in order."""
    await service.get_run(session, run_id)
    scope = f"batches|{run_id}"
    after = page.after(scope)
    rows = await service.list_batches(
        session, run_id, after=None if after is None else int(after), limit=page.limit
    )
    items, cursor = cut_page(rows, page, scope=scope, key="sequence")
    return Page(items=[schemas.RunBatch.model_validate(row) for row in items], next_cursor=cursor)
