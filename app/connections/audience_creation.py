"""Makes a connection's new audience at Meta once, whatever happens on the way (L52b).

The attempt is written down before the call leaves. An answer that was lost is looked for by name, so
the audience that was made is taken and never made again.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.audit import record
from app.access.callers import Caller
from app.connections.collaborators import Connections
from app.db.models import Connection
from app.errors import Conflict, VersionMismatch
from app.facebook.errors import Action, AmbiguousOutcome, Fatal, GraphError, Retryable
from app.facebook.graph import Graph
from app.facebook.objects.audiences import CUSTOMER_LIST

# how long an unanswered creation may still be under way
_SETTLES = timedelta(seconds=60)
# Meta's clock and ours may differ
_CLOCKS_DIFFER = timedelta(minutes=5)


def nothing_made(error: GraphError) -> bool:
    """Whether it is certain from Meta's answer that no audience was made."""
    if isinstance(error, Retryable):
        return error.nothing_done
    return error.action is not Action.RETRY


async def refuse_taken_name(deps: Connections, row: Connection, token: str) -> None:
    """Raises `Conflict` (`audience-name-taken`) where the ad account has an audience of that name.

    Unless the caller allows two of one name; or one may have been made by a call whose answer was lost.
    Where Meta does not list the audiences nothing is known, and nothing refused. Raises `GraphError`
    when it cannot be asked now.
    """
    assert row.ad_account is not None
    assert row.audience_request is not None
    request = row.audience_request
    if request.get("allow_duplicate_name") or row.audience_creation_started_at is not None:
        return
    account_id = row.ad_account["id"]
    graph = deps.graph.for_token(token, ad_account_id=account_id)
    try:
        there = await graph.audiences(account_id)
    except Fatal as error:
        if error.reauthentication:
            raise
        return
    taken = next((item for item in there if item.name == request["name"]), None)
    if taken is not None:
        raise Conflict(
            f"The ad account has an audience of this name already, {taken.id}: choose it by its id, "
            "give another name, or set allow_duplicate_name.",
            code="audience-name-taken",
            audience_id=taken.id,
        )


async def create_audience(
    deps: Connections, row: Connection, token: str, caller: Caller
) -> Connection:
    """The connection with the audience it asked for.

    Raises `Conflict` (`audience-creation-in-progress`), `VersionMismatch` if the connection was changed
    meanwhile, `GraphError`.
    """
    tried_at, now = row.audience_creation_started_at, clock.now()
    if tried_at is not None and now - tried_at < _SETTLES:
        raise Conflict(
            "The audience is being created at Meta; repeat this in a minute.",
            code="audience-creation-in-progress",
        )
    async with deps.database.transaction() as session:
        # two callers completing one draft meet at the row's version: only one goes on
        row = await session.merge(row)
        row.audience_creation_started_at = now
        await session.flush()
        others = await _audiences_of_others(session, row)
    assert row.ad_account is not None
    assert row.audience_request is not None
    account_id, request = row.ad_account["id"], row.audience_request
    graph = deps.graph.for_token(token, ad_account_id=account_id)
    audience_id = None
    if tried_at is not None:
        audience_id = await _made_before(graph, account_id, request, since=tried_at, others=others)
    if audience_id is None:
        try:
            audience_id = await _make(graph, account_id, request, since=now, others=others)
        except GraphError as error:
            if nothing_made(error):
                await _forget_attempt(deps, row.id, now)
            raise
    return await _put(deps, row.id, now, audience_id, caller)


async def _make(
    graph: Graph,
    account_id: str,
    request: Mapping[str, Any],
    *,
    since: datetime,
    others: frozenset[str],
) -> str:
    """The new audience's id, also when Meta's answer was lost but the audience is there."""
    try:
        return await graph.create_audience(
            account_id,
            name=str(request["name"]),
            description=request.get("description"),
            customer_file_source=request.get("customer_file_source") or "USER_PROVIDED_ONLY",
            retention_days=request.get("retention_days"),
            is_value_based=bool(request.get("is_value_based")),
        )
    except AmbiguousOutcome:
        found = None
        with suppress(GraphError):  # that it cannot be looked for is no news
            found = await _made_before(graph, account_id, request, since=since, others=others)
        if found is None:
            raise
        return found


async def _made_before(
    graph: Graph,
    account_id: str,
    request: Mapping[str, Any],
    *,
    since: datetime,
    others: frozenset[str],
) -> str | None:
    floor = since - _CLOCKS_DIFFER
    for audience in await graph.audiences(account_id):
        fresh = audience.time_created is None or audience.time_created >= floor
        ours = audience.name == request["name"] and audience.subtype == CUSTOMER_LIST
        if ours and fresh and audience.id not in others:
            return audience.id
    return None


async def _audiences_of_others(session: AsyncSession, row: Connection) -> frozenset[str]:
    """What other connections fill: one of the same name is theirs, however new it is."""
    found = await session.scalars(
        select(Connection.audience["id"].astext).where(
            Connection.id != row.id, Connection.audience.is_not(None)
        )
    )
    return frozenset(found)


async def _forget_attempt(deps: Connections, connection_id: str, attempt: datetime) -> None:
    async with deps.database.transaction() as session:
        row = await session.get(Connection, connection_id, with_for_update=True)
        if row is not None and row.audience_creation_started_at == attempt:
            row.audience_creation_started_at = None


async def _put(
    deps: Connections, connection_id: str, attempt: datetime, audience_id: str, caller: Caller
) -> Connection:
    """Write the audience into the row as it is now, unless something else is wanted by now."""
    async with deps.database.transaction() as session:
        row = await session.get(Connection, connection_id, with_for_update=True)
        if row is None or row.audience_creation_started_at != attempt:
            raise VersionMismatch
        assert row.audience_request is not None
        name = row.audience_request["name"]
        row.audience = {
            "id": audience_id,
            "name": name,
            "subtype": CUSTOMER_LIST,
            "is_value_based": bool(row.audience_request.get("is_value_based")),
        }
        record(session, caller, "audience.created", row.id, after=row.audience)
        await session.flush()
        return row
