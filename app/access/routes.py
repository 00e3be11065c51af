"""`/v1/api-keys`, `/v1/audit-events`, `/v1/me`."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status

from app.access import schemas, service
from app.access.caller_names import with_names
from app.access.callers import Role
from app.access.dependencies import AdministratorDep, ViewerDep
from app.db.listing import NamedSort, TimeSort, place_of
from app.http.dependencies import MadeDep, PageDep, SessionDep
from app.http.idempotency import IdempotentRoute
from app.http.pagination import Page, cut_page
from app.http.schemas import Moment

router = APIRouter(prefix="/v1", tags=["access"], route_class=IdempotentRoute)


@router.get("/me", operation_id="get_me")
async def get_me(caller: ViewerDep) -> schemas.Me:
    """Who I am and what my role is."""
    return schemas.Me.model_validate(caller)


# an answer that is kept for an Idempotency-Key is sealed, and is gone after a day
@router.post("/api-keys", operation_id="create_api_key", status_code=status.HTTP_201_CREATED)
async def create_api_key(
    body: schemas.ApiKeyCreate, request: Request, session: SessionDep, caller: AdministratorDep
) -> schemas.ApiKeyCreated:
    """Make a key; the answer is the only time it is shown."""
    row, key = await service.create_api_key(
        session,
        caller=caller,
        vault=request.app.state.vault,
        display_name=body.display_name,
        role=body.role,
        expires_at=body.expires_at,
    )
    (shown,) = await with_names(session, schemas.ApiKey, [row], "created_by")
    return schemas.ApiKeyCreated(**shown.model_dump(), key=key)


@router.get("/api-keys", operation_id="list_api_keys")
async def list_api_keys(
    session: SessionDep,
    page: PageDep,
    made: MadeDep,
    _: AdministratorDep,
    q: Annotated[str | None, Query(max_length=200, description="in the name")] = None,
    role: Role | None = None,
    sort: NamedSort = NamedSort.NEWEST,
) -> Page[schemas.ApiKey]:
    """Keys in force, newest first unless sorted otherwise."""
    filters = {"q": q, "role": role, **made}
    scope = f"api-keys|{filters}|{sort}"
    rows = await service.list_api_keys(
        session, filters, sort=sort, after=page.after(scope), limit=page.limit
    )
    items, cursor = cut_page(rows, page, scope=scope, place=lambda row: place_of(row, sort))
    shown = await with_names(session, schemas.ApiKey, items, "created_by")
    return Page(items=shown, next_cursor=cursor)


@router.get("/api-keys/{key_id}", operation_id="get_api_key")
async def get_api_key(
    key_id: Annotated[str, Path(max_length=80, examples=["key_0193…"])],
    session: SessionDep,
    _: AdministratorDep,
) -> schemas.ApiKey:
    """A key in force: whose it is and what it may do, never the key itself."""
    row = await service.get_api_key(session, key_id)
    (shown,) = await with_names(session, schemas.ApiKey, [row], "created_by")
    return shown


@router.delete(
    "/api-keys/{key_id}", operation_id="revoke_api_key", status_code=status.HTTP_204_NO_CONTENT
)
async def revoke_api_key(
    key_id: Annotated[str, Path(max_length=80, examples=["key_0193…"])],
    session: SessionDep,
    caller: AdministratorDep,
) -> Response:
    """Refuse a key from now on."""
    await service.revoke_api_key(session, key_id, caller=caller)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.get("/audit-events", operation_id="list_audit_events")
async def list_audit_events(
    session: SessionDep,
    page: PageDep,
    _: AdministratorDep,
    resource_id: Annotated[str | None, Query(max_length=80)] = None,
    actor: Annotated[str | None, Query(max_length=300)] = None,
    action: Annotated[str | None, Query(max_length=80, examples=["connection.created"])] = None,
    at_after: Moment | None = None,
    at_before: Moment | None = None,
    sort: TimeSort = TimeSort.NEWEST,
) -> Page[schemas.AuditEvent]:
    """Who changed what, newest first unless sorted otherwise."""
    filters = {
        "resource_id": resource_id,
        "actor": actor,
        "action": action,
        "at_after": at_after,
        "at_before": at_before,
    }
    scope = f"audit-events|{filters}|{sort}"
    rows = await service.list_audit_events(
        session, filters, sort=sort, after=page.after(scope), limit=page.limit
    )
    items, cursor = cut_page(rows, page, scope=scope)
    shown = await with_names(session, schemas.AuditEvent, items, "actor")
    return Page(items=shown, next_cursor=cursor)
