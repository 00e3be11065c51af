"""`/v1/api-keys`, `/v1/audit-events`, `/v1/me`."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status

from app.access import schemas, service
from app.access.caller_names import names_of
from app.access.dependencies import AdministratorDep, ViewerDep
from app.http.dependencies import PageDep, SessionDep
from app.http.pagination import Page, cut_page
from app.http.read_only_fields import ReadingRoute
from app.http.schemas import Moment

router = APIRouter(prefix="/v1", tags=["access"], route_class=ReadingRoute)


@router.get("/me", operation_id="get_me")
async def get_me(caller: ViewerDep) -> schemas.Me:
    """Who I am and what my role is."""
    return schemas.Me.model_validate(caller)


# no Idempotency-Key here: an answer that is stored would be a stored key
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
    return schemas.ApiKeyCreated(**schemas.ApiKey.model_validate(row).model_dump(), key=key)


@router.get("/api-keys", operation_id="list_api_keys")
async def list_api_keys(
    session: SessionDep, page: PageDep, _: AdministratorDep
) -> Page[schemas.ApiKey]:
    """Keys in force, newest first."""
    rows = await service.list_api_keys(session, after=page.after("api-keys"), limit=page.limit)
    items, cursor = cut_page(rows, page, scope="api-keys")
    return Page(items=[schemas.ApiKey.model_validate(row) for row in items], next_cursor=cursor)


@router.get("/api-keys/{key_id}", operation_id="get_api_key")
async def get_api_key(
    key_id: Annotated[str, Path(max_length=80, examples=["key_0193…"])],
    session: SessionDep,
    _: AdministratorDep,
) -> schemas.ApiKey:
    """A key in force: whose it is and what it may do, never the key itself."""
    return schemas.ApiKey.model_validate(await service.get_api_key(session, key_id))


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
) -> Page[schemas.AuditEvent]:
    """Who changed what, newest first."""
    filters = {
        "resource_id": resource_id,
        "actor": actor,
        "action": action,
        "at_after": at_after,
        "at_before": at_before,
    }
    scope = f"audit-events|{filters}"
    rows = await service.list_audit_events(
        session, filters, after=page.after(scope), limit=page.limit
    )
    items, cursor = cut_page(rows, page, scope=scope)
    names = await names_of(session, [row.actor for row in items])
    return Page(items=[_event(row, names[row.actor]) for row in items], next_cursor=cursor)


def _event(row: object, actor_name: str) -> schemas.AuditEvent:
    names = set(schemas.AuditEvent.model_fields) - {"actor_name"}
    values = {name: getattr(row, name) for name in names}
    return schemas.AuditEvent(actor_name=actor_name, **values)
