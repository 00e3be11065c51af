"""Takes people out of the audiences of one ad account: one call for all of them, or one for each.

https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences: the people of
a `usersofanyaudience` payload leave every customer list of the account. Every call is set-like, so
an interrupted removal simply begins again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections.parts import open_token
from app.connections.service import flag_reauthentication
from app.db.models import Connection, Export, Run
from app.db.secrets import Vault
from app.db.session import Database
from app.errors import AppError, Culprit
from app.exports.members.suppression import SuppressionList
from app.facebook.client import GraphClient
from app.facebook.errors import Fatal, GraphError, Rejected
from app.facebook.graph import Graph
from app.facebook.upload.body import MAX_ROWS, upload_body

TOO_SMALL = "audience-too-small"
GONE = frozenset({"audience-gone", "object-unavailable"})


class NoWayIn(AppError):
    """No ready connection opens this ad account; renew one, and the erasure goes on."""

    code = "connection-missing"
    culprit = Culprit.USER


class PeopleKept(AppError):
    """Meta keeps the people in an audience that would become too small."""

    code = TOO_SMALL
    culprit = Culprit.USER


@dataclass(slots=True)
class Removed:
    """What Meta answered; `audiences` are the managed ones, each with what became of the people."""

    connection_id: str
    method: str = "usersofanyaudience"
    requests: int = 0
    trace_ids: list[str] = field(default_factory=list)
    audiences: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether Meta kept nobody."""
        return all(entry["outcome"] != "kept" for entry in self.audiences.values())

    def answered(self, trace_id: str | None) -> None:
        """Count an answer."""
        self.requests += 1
        if trace_id is not None:
            self.trace_ids.append(trace_id)


def bodies_of(listed: SuppressionList, plain: Mapping[str, Sequence[str]]) -> list[bytes]:
    """The requests that name these people: one key each, since a row must match as a whole."""
    columns = [column for key, column in listed.hashes.items() if key not in plain and len(column)]
    columns += [pl.Series(key, texts, dtype=pl.String) for key, texts in plain.items()]
    return [
        upload_body(piece)
        for column in columns
        for piece in column.to_frame().iter_slices(MAX_ROWS)
    ]


async def managed_audiences(session: AsyncSession, account: str) -> list[str]:
    """Every audience of the ad account that this service fills or has filled."""
    here = Connection.ad_account["id"].astext == account
    queries = (
        select(Connection.audience["id"].astext).where(here, Connection.audience.is_not(None)),
        select(Export.audience["id"].astext)
        .join(Connection, Connection.id == Export.connection_id)
        .where(here, Export.audience.is_not(None)),
        select(Run.audience_id).where(Run.ad_account_id == account).distinct(),
    )
    found = {name for query in queries for name in await session.scalars(query) if name}
    return sorted(found)


async def remove_people(
    database: Database, client: GraphClient, vault: Vault, account: str, bodies: Sequence[bytes]
) -> Removed:
    """Take the people out, through the first ready connection whose token Meta takes.

    Raises `NoWayIn`, `GraphError`.
    """
    async with database.transaction() as session:
        ready = select(Connection).where(
            Connection.ad_account["id"].astext == account, Connection.status == "ready"
        )
        connections = (await session.scalars(ready.order_by(Connection.id))).all()
        audiences = await managed_audiences(session, account)
    failure: AppError = NoWayIn()
    for row in connections:
        graph = client.for_token(open_token(vault, row), ad_account_id=account)
        try:
            return await _remove(graph, account, bodies, Removed(row.id), audiences)
        except GraphError as error:
            if not error.reauthentication:
                raise
            failure = error
            async with database.transaction() as session:
                await flag_reauthentication(session, row.id)
    raise failure


async def _remove(
    graph: Graph, account: str, bodies: Sequence[bytes], removed: Removed, audiences: Sequence[str]
) -> Removed:
    removed.audiences = {name: {"audience_id": name, "outcome": "removed"} for name in audiences}
    for body in bodies:
        try:
            removed.answered(await graph.remove_from_every_audience(account, body))
        except (Fatal, Rejected) as error:
            if error.reauthentication or not audiences:
                raise
            # not every account may do this; then each audience is asked by itself
            removed.method = "users"
            await _remove_from_each(graph, body, removed)
    return removed


async def _remove_from_each(graph: Graph, body: bytes, removed: Removed) -> None:
    for name, entry in removed.audiences.items():
        try:
            receipt = await graph.remove_users(name, body)
        except Fatal as error:
            if error.code not in {TOO_SMALL, *GONE}:
                raise
            if entry["outcome"] != "kept":
                outcome = "kept" if error.code == TOO_SMALL else "unavailable"
                entry.update(outcome=outcome, code=error.code, trace_id=error.fbtrace_id)
        else:
            removed.answered(receipt.trace_id)
