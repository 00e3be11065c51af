"""`/v1/erasures`."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status

from app.access.dependencies import AdministratorDep
from app.db.listing import TimeSort
from app.erasures import schemas, service
from app.erasures.views import erasure_view, erasure_views
from app.http.dependencies import DatabaseDep, PageDep, SessionDep
from app.http.idempotency import IdempotentRoute
from app.http.pagination import Page, cut_page
from app.http.problem_document import MEDIA_TYPE
from app.http.schemas import Moment

router = APIRouter(prefix="/v1", tags=["erasures"], route_class=IdempotentRoute)

ErasureId = Annotated[str, Path(max_length=80, examples=["era_0193…"])]


@router.post("/erasures", operation_id="create_erasure", status_code=status.HTTP_202_ACCEPTED)
async def create_erasure(
    body: schemas.ErasureCreate,
    request: Request,
    response: Response,
    database: DatabaseDep,
    caller: AdministratorDep,
) -> schemas.Erasure:
    """Forget people: out of every managed audience and every snapshot, and never exported again."""
    row = await service.create_erasure(
        database,
        request.app.state.vault,
        caller=caller,
        people=[person.given() for person in body.people],
        ad_account_ids=body.ad_account_ids,
        default_country=body.default_country,
    )
    response.headers["Location"] = f"/v1/erasures/{row.id}"
    async with database.transaction() as session:
        return await erasure_view(session, row)


@router.get("/erasures", operation_id="list_erasures")
async def list_erasures(
    session: SessionDep,
    page: PageDep,
    _: AdministratorDep,
    status: schemas.ErasureStatus | None = None,
    ad_account_id: Annotated[str | None, Query(max_length=80, examples=["act_1001"])] = None,
    requested_by: Annotated[str | None, Query(max_length=300)] = None,
    requested_after: Moment | None = None,
    requested_before: Moment | None = None,
    sort: TimeSort = TimeSort.NEWEST,
) -> Page[schemas.Erasure]:
    """Erasures, newest first unless sorted otherwise."""
    filters = {
        "status": status,
        "ad_account_id": ad_account_id,
        "requested_by": requested_by,
        "requested_after": requested_after,
        "requested_before": requested_before,
    }
    scope = f"erasures|{filters}|{sort}"
    rows = await service.list_erasures(
        session, filters, sort=sort, after=page.after(scope), limit=page.limit
    )
    items, cursor = cut_page(rows, page, scope=scope)
    return Page(items=await erasure_views(session, items), next_cursor=cursor)


@router.get("/erasures/{erasure_id}", operation_id="get_erasure")
async def get_erasure(
    erasure_id: ErasureId, session: SessionDep, _: AdministratorDep
) -> schemas.Erasure:
    """What was done, where and when; it names nobody."""
    return await erasure_view(session, await service.get_erasure(session, erasure_id))


@router.post("/erasures/{erasure_id}/lift", operation_id="lift_erasure")
async def lift_erasure(
    erasure_id: ErasureId,
    body: schemas.ErasureLift,
    session: SessionDep,
    caller: AdministratorDep,
) -> schemas.Erasure:
    """Let the people be exported again; the record of the erasure stays, with the reason."""
    row = await service.lift_erasure(session, erasure_id, caller=caller, reason=body.reason)
    return await erasure_view(session, row)


@router.delete(
    "/erasures/{erasure_id}",
    operation_id="delete_erasure",
    status_code=status.HTTP_409_CONFLICT,
    response_class=Response,
    responses={
        status.HTTP_409_CONFLICT: {
            "description": "Always: an erasure is lifted instead",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    },
)
async def delete_erasure(erasure_id: ErasureId, session: SessionDep, _: AdministratorDep) -> None:
    """Refused: an erasure stays. The answer says how it is lifted."""
    await service.refuse_deletion(session, erasure_id)
