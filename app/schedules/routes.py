"""`/v1/schedule`, `/v1/exports/schedule`, and `/v1/exports/runs`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, status
from pydantic import AfterValidator

from app import clock
from app.access.dependencies import AdministratorDep, ContributorDep, ViewerDep
from app.exports.views import export_views
from app.http.dependencies import DatabaseDep, SessionDep
from app.http.idempotency import IdempotentRoute
from app.http.schemas import changes
from app.schedule_times import Cron, check_cron, check_zone
from app.schedules import schemas, service
from app.schedules.views import all_runs_view, next_times_view, schedule_view, time_zones_view

router = APIRouter(prefix="/v1", tags=["schedules"], route_class=IdempotentRoute)


@router.get("/schedule", operation_id="get_schedule")
async def get_schedule(session: SessionDep, _: ViewerDep) -> schemas.RefreshSchedule:
    """The system's refresh schedule; off until an administrator sets it."""
    return await schedule_view(session, await service.get_schedule(session), clock.now())


@router.put("/schedule", operation_id="put_schedule")
async def put_schedule(
    body: schemas.RefreshScheduleUpdate, session: SessionDep, caller: AdministratorDep
) -> schemas.RefreshSchedule:
    """Set the system's refresh schedule; it holds from now on."""
    row = await service.put_schedule(session, caller=caller, given=body.model_dump(mode="json"))
    return await schedule_view(session, row, clock.now())


@router.get("/schedule/time-zones", operation_id="list_time_zones")
async def list_time_zones(_: ViewerDep) -> schemas.TimeZones:
    """The time zones a schedule may name."""
    return time_zones_view(clock.now())


@router.get("/schedule/next-times", operation_id="list_next_times")
async def list_next_times(
    _: ViewerDep,
    cron: Annotated[
        str,
        AfterValidator(check_cron),
        Query(
            max_length=100,
            description="five fields: minute, hour, day of month, month, day of week",
            examples=["30 5 * * 1-5"],
        ),
    ],
    time_zone: Annotated[
        str,
        AfterValidator(check_zone),
        Query(max_length=64, description="whose clock `cron` reads", examples=["Europe/Berlin"]),
    ] = "UTC",
    count: Annotated[int, Query(ge=1, le=50)] = 5,
) -> schemas.NextTimes:
    """When a cron expression would start runs, before it is saved."""
    return next_times_view(Cron(cron, time_zone), clock.now(), count)


@router.post("/exports/schedule", operation_id="schedule_exports")
async def schedule_exports(
    body: schemas.BulkSchedule, request: Request, session: SessionDep, caller: ContributorDep
) -> schemas.BulkScheduled:
    """Schedule several exports at once: switch their own schedules on or off, or give all a new one."""
    rows = await service.schedule_exports(
        session,
        body.export_ids,
        caller=caller,
        enabled=body.enabled,
        schedule=None if body.schedule is None else changes(body.schedule),
    )
    most = request.app.state.settings.max_members_per_export
    items = await export_views(session, rows, caller, max_members=most)
    return schemas.BulkScheduled(items=items)


@router.post("/exports/runs", operation_id="run_all_exports", status_code=status.HTTP_202_ACCEPTED)
async def run_all_exports(
    request: Request,
    database: DatabaseDep,
    caller: ContributorDep,
    body: schemas.RunSelection | None = None,
) -> schemas.AllRuns:
    """Run all exports whose schedule is on, or those of them that are named, now.

    The answer names those that did not start, and why.
    """
    started, refused = await service.run_all(
        database,
        request.app.state.notifier,
        caller=caller,
        export_ids=None if body is None else body.export_ids,
        force=body is not None and body.force,
    )
    return all_runs_view(started, refused)
