"""What Meta says now, asked with a connection's token: its audiences, and every preflight check."""

from collections.abc import Sequence

from app import clock
from app.connections.collaborators import Connections
from app.connections.parts import missing, open_token
from app.connections.service import get_connection
from app.db.models import Connection
from app.errors import Unprocessable
from app.facebook.client import Graph
from app.facebook.objects.audiences import Audience
from app.facebook.preflight import Check, preflight


async def graph_for(deps: Connections, connection_id: str) -> tuple[Graph, Connection]:
    """A Graph client opened with the connection's token. Raises `NotFound`, `Unprocessable`."""
    async with deps.database.transaction() as session:
        row = await get_connection(session, connection_id)
    account = row.ad_account["id"] if row.ad_account else None
    return deps.graph.for_token(open_token(deps.vault, row), ad_account_id=account), row


async def list_audiences(deps: Connections, connection_id: str) -> Sequence[Audience]:
    """Every audience of the connection's ad account (S29). Raises as `graph_for`, and `GraphError`."""
    graph, row = await graph_for(deps, connection_id)
    if row.ad_account is None:
        raise Unprocessable("Choose an ad account first.", code="ad-account-missing")
    return await graph.audiences(row.ad_account["id"])


async def check_connection(deps: Connections, connection_id: str) -> list[Check]:
    """Every preflight check of the connection, now."""
    async with deps.database.transaction() as session:
        row = await get_connection(session, connection_id)
    lacks = missing(row)
    if lacks:
        return [
            Check(
                name="complete",
                ok=False,
                code="connection-incomplete",
                detail="The connection still lacks: " + ", ".join(lacks) + ".",
            )
        ]
    assert row.ad_account is not None
    assert row.audience is not None
    graph = deps.graph.for_token(open_token(deps.vault, row), ad_account_id=row.ad_account["id"])
    return await preflight(
        graph,
        deps.graph,
        ad_account_id=row.ad_account["id"],
        audience_id=row.audience["id"],
        value_based_mapping=None,
        sync_mode="add",
        now=clock.now(),
    )
