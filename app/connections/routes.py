"""`/v1/connections`, `/v1/connection-types`, `/v1/consent`."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status

from app.access.dependencies import AdministratorDep, ContributorDep, ViewerDep
from app.connections import consent, meta_queries, meta_schemas, schemas, service
from app.connections.account_health import account_blocks
from app.connections.collaborators import Connections
from app.connections.connection_types import schemas as offers
from app.connections.connection_types.catalogue import connection_types
from app.connections.connection_types.kinds import DISPLAY_NAMES
from app.connections.pages import connections_page, written_connections
from app.connections.views import (
    account_choice,
    account_choices,
    audience_option,
    check_result,
    connection_view,
    shown_connection,
)
from app.db.listing import NamedSort, place_of
from app.http.dependencies import MadeDep, MetadataDep, PageDep, SessionDep
from app.http.idempotency import IdempotentRoute
from app.http.json_cache import WrittenDep, written_page
from app.http.pagination import Page, cut_page
from app.http.preconditions import IfMatch, check_version, set_etag
from app.http.schemas import changes

router = APIRouter(prefix="/v1", tags=["connections"], route_class=IdempotentRoute)

ConnectionId = Annotated[str, Path(max_length=80, examples=["con_0193…"])]


async def get_connections(request: Request) -> Connections:
    """The collaborators of the connection service."""
    state = request.app.state
    return Connections(database=state.database, graph=state.graph, vault=state.vault)


ConnectionsDep = Annotated[Connections, Depends(get_connections)]


async def get_warn_within(request: Request) -> timedelta:
    """How long before its end a token is announced."""
    return timedelta(days=request.app.state.settings.token_expiry_warning_days)


WarnWithinDep = Annotated[timedelta, Depends(get_warn_within)]


@router.get("/consent", operation_id="get_consent")
async def get_consent(request: Request, _: ViewerDep) -> offers.ConsentText:
    """The data-privacy text to read before a connection is saved."""
    return offers.ConsentText.model_validate(
        consent.current(request.app.state.settings.privacy_statement_url)
    )


@router.get("/connection-types", operation_id="list_connection_types")
async def list_connection_types(_: ViewerDep) -> offers.ConnectionTypes:
    """The kinds of connection, with the attribute keys that can be mapped."""
    return offers.ConnectionTypes(items=connection_types())


@router.post("/connections", operation_id="create_connection", status_code=status.HTTP_201_CREATED)
async def create_connection(
    body: schemas.ConnectionCreate,
    response: Response,
    deps: ConnectionsDep,
    caller: AdministratorDep,
    warn_within: WarnWithinDep,
) -> schemas.Connection:
    """Make a connection; one call may carry everything, or leave a draft to be completed by PATCH."""
    row = await service.create_connection(
        deps, caller=caller, given=body.model_dump(mode="json", exclude_none=True)
    )
    response.headers["Location"] = f"/v1/connections/{row.id}"
    set_etag(response, row.version)
    return await shown_connection(deps.database, row, warn_within=warn_within)


@router.get(
    "/connections", operation_id="list_connections", response_model=Page[schemas.Connection]
)
async def list_connections(
    written: WrittenDep,
    session: SessionDep,
    page: PageDep,
    metadata: MetadataDep,
    made: MadeDep,
    _: AdministratorDep,
    warn_within: WarnWithinDep,
    q: Annotated[str | None, Query(max_length=200, description="in the name")] = None,
    status: Literal["draft", "ready", "reauthentication_required"] | None = None,
    sort: NamedSort = NamedSort.NEWEST,
) -> Response:
    """Connections, newest first unless sorted otherwise."""
    filters = {"q": q, "status": status, "metadata": metadata, **made}
    scope = f"connections|{filters}|{sort}"
    rows = await connections_page(
        session, filters, sort=sort, after=page.after(scope), limit=page.limit
    )
    items, cursor = cut_page(rows, page, scope=scope, place=lambda row: place_of(row, sort))
    shown = await written_connections(session, written, items, warn_within=warn_within)
    return written_page(shown, cursor)


@router.get("/connections/available", operation_id="list_available_connections")
async def list_available_connections(
    session: SessionDep, caller: ContributorDep
) -> offers.AvailableConnections:
    """The connections I may use, by type; id, name and type only."""
    rows = await service.usable_connections(session, caller)
    groups = [
        offers.AvailableGroup(
            type=kind,
            display_name=name,
            connections=[
                offers.AvailableConnection.model_validate(row) for row in rows if row.type == kind
            ],
        )
        for kind, name in DISPLAY_NAMES.items()
    ]
    return offers.AvailableConnections(items=[group for group in groups if group.connections])


@router.get("/connections/{connection_id}", operation_id="get_connection")
async def get_connection(
    connection_id: ConnectionId,
    response: Response,
    session: SessionDep,
    _: AdministratorDep,
    warn_within: WarnWithinDep,
) -> schemas.Connection:
    """A connection, without its secret."""
    row = await service.get_connection(session, connection_id)
    set_etag(response, row.version)
    return await connection_view(session, row, warn_within=warn_within)


@router.patch("/connections/{connection_id}", operation_id="update_connection")
async def update_connection(
    connection_id: ConnectionId,
    body: schemas.ConnectionUpdate,
    response: Response,
    deps: ConnectionsDep,
    caller: AdministratorDep,
    warn_within: WarnWithinDep,
    if_match: IfMatch = None,
) -> schemas.Connection:
    """Change parts of a connection; a new access token renews it in place."""
    async with deps.database.transaction() as session:
        current = await service.get_connection(session, connection_id)
    check_version(if_match, current.version)
    given = body.model_dump(mode="json", include=set(changes(body)))
    row = await service.update_connection(
        deps, connection_id, caller=caller, given=given, version=current.version
    )
    set_etag(response, row.version)
    return await shown_connection(deps.database, row, warn_within=warn_within)


@router.delete(
    "/connections/{connection_id}",
    operation_id="delete_connection",
    status_code=status.HTTP_204_NO_CONTENT,
)
async def delete_connection(
    connection_id: ConnectionId,
    deps: ConnectionsDep,
    caller: AdministratorDep,
    detach: Annotated[bool, Query(description="detach the exports that use it first")] = False,
    revoke: Annotated[
        bool,
        Query(description="also end the token at Meta, with every other token of that person"),
    ] = False,
    if_match: IfMatch = None,
) -> Response:
    """Forget a connection and its token, and cancel its runs; the audience stays at Meta."""
    if revoke:
        async with deps.database.transaction() as session:
            row = await service.get_connection(session, connection_id)
        check_version(if_match, row.version)
        await service.revoke_token(deps, connection_id, caller=caller, detach=detach)
    async with deps.database.transaction() as session:
        row = await service.get_connection(session, connection_id)
        check_version(if_match, row.version)
        await service.delete_connection(session, connection_id, caller=caller, detach=detach)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post("/connections/{connection_id}/resume", operation_id="resume_connection")
async def resume_connection(
    connection_id: ConnectionId,
    response: Response,
    deps: ConnectionsDep,
    caller: AdministratorDep,
    warn_within: WarnWithinDep,
) -> schemas.Connection:
    """Lift the block of the connection's ad account: its runs go on now, not when the block would end."""
    row = await account_blocks.resume(deps, connection_id, caller=caller)
    set_etag(response, row.version)
    return await shown_connection(deps.database, row, warn_within=warn_within)


@router.get("/connections/{connection_id}/throttle", operation_id="get_account_throttle")
async def get_account_throttle(
    connection_id: ConnectionId, session: SessionDep, deps: ConnectionsDep, _: AdministratorDep
) -> schemas.AccountThrottle:
    """Whether Meta's limits hold up the connection's ad account, and until when."""
    row = await service.get_connection(session, connection_id)
    account = row.ad_account["id"] if row.ad_account else None
    until = await deps.graph.governor.throttled_until(account) if account else None
    return schemas.AccountThrottle(ad_account_id=account, throttled_until=until)


@router.get("/connections/{connection_id}/exports", operation_id="list_connection_exports")
async def list_connection_exports(
    connection_id: ConnectionId, session: SessionDep, _: AdministratorDep
) -> schemas.Dependents:
    """The exports that use a connection."""
    await service.get_connection(session, connection_id)
    rows = await service.list_dependents(session, connection_id)
    return schemas.Dependents(items=[schemas.Dependent.model_validate(row) for row in rows])


@router.get("/connections/{connection_id}/ad-accounts", operation_id="list_ad_accounts")
async def list_ad_accounts(
    connection_id: ConnectionId, deps: ConnectionsDep, _: AdministratorDep
) -> meta_schemas.AdAccountChoices:
    """Every ad account the connection's token can see, and which can be chosen."""
    graph, row = await meta_queries.graph_for(deps, connection_id)
    items = [account_choice(item, row.token_scopes or ()) for item in await graph.ad_accounts()]
    return account_choices(items)


@router.get("/connections/{connection_id}/audiences", operation_id="list_audiences")
async def list_audiences(
    connection_id: ConnectionId, deps: ConnectionsDep, _: AdministratorDep
) -> meta_schemas.AudienceOptions:
    """Every audience of the connection's ad account, and which can be chosen."""
    items = await meta_queries.list_audiences(deps, connection_id)
    return meta_schemas.AudienceOptions(items=[audience_option(item) for item in items])


@router.post("/connections/{connection_id}/check", operation_id="check_connection")
async def check_connection(
    connection_id: ConnectionId, deps: ConnectionsDep, _: AdministratorDep
) -> meta_schemas.CheckReport:
    """Run every preflight check now; the answer is 200 also when a check fails."""
    checks = await meta_queries.check_connection(deps, connection_id)
    return meta_schemas.CheckReport(
        ok=all(item.ok for item in checks), checks=[check_result(item) for item in checks]
    )
