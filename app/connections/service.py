"""The rules of connections: what a draft lacks, when an audience is made, who may use which.

Meta is asked before a transaction begins, never inside one; the row's version guards against a change
in between.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.audit import record
from app.access.callers import SYSTEM, Caller
from app.connections import consent
from app.connections.audience_creation import nothing_made
from app.connections.audience_ownership import (
    EXCLUSIVE_MODES,
    already_targeted,
    exports_filling,
    lock_audience,
)
from app.connections.collaborators import Connections
from app.connections.parts import apply, complete, open_token
from app.db.cancellation import request_cancel
from app.db.labels import merged
from app.db.models import Connection, Export, ExportBaseline, Run
from app.errors import Conflict, NotFound, Unprocessable, VersionMismatch
from app.facebook.errors import GraphError
from app.ids import is_id, new_id
from app.webhooks.events import EventType, announce
from app.webhooks.run_events import announce_ends

AUDITED = (
    "display_name",
    "shared_with",
    "status",
    "ad_account",
    "audience",
    "audience_choice",
    "allowed_audience_ids",
    "token_last4",
    "consent_version",
    "labels",
)


# -- reading ---------------------------------------------------------------------------------------


async def get_connection(session: AsyncSession, connection_id: str) -> Connection:
    """The connection. Raises `NotFound`."""
    row = await session.get(Connection, connection_id) if is_id("con", connection_id) else None
    if row is None:
        raise NotFound("There is no such connection.")
    return row


async def usable_connections(session: AsyncSession, caller: Caller) -> Sequence[Connection]:
    """The connections the caller may make exports on (L11-L13, S39)."""
    query = select(Connection).order_by(Connection.display_name, Connection.id)
    return [row for row in (await session.scalars(query)).all() if may_use(caller, row)]


def may_use(caller: Caller, connection: Connection) -> bool:
    """Administrators use every connection, the others what is shared with their role (L20, L21)."""
    return caller.is_administrator or caller.role in connection.shared_with


async def list_dependents(session: AsyncSession, connection_id: str) -> Sequence[Export]:
    """The exports that use the connection (L30)."""
    query = select(Export).where(Export.connection_id == connection_id).order_by(Export.id)
    return (await session.scalars(query)).all()


# -- writing ---------------------------------------------------------------------------------------


async def create_connection(
    deps: Connections, *, caller: Caller, given: Mapping[str, Any]
) -> Connection:
    """A new connection from whatever parts the caller gave; complete ones are ready at once.

    Raises `Unprocessable` for what Meta or the rules refuse, `GraphError` when Meta cannot be asked.
    """
    now = clock.now()
    row = Connection(
        id=new_id("con"),
        type=given["type"],
        display_name=given["display_name"],
        shared_with=given["shared_with"],
        audience_choice=given["audience_choice"],
        allowed_audience_ids=given["allowed_audience_ids"],
        status="draft",
        created_at=now,
        created_by=caller.id,
        updated_at=now,
        updated_by=caller.id,
    )
    await apply(deps, row, given, caller)
    async with deps.database.transaction() as session:
        session.add(row)
        await session.flush()
        record(session, caller, "connection.created", row.id, after=_audited(row))
    try:
        return await complete(deps, row, caller, before="draft")
    except GraphError as error:
        if nothing_made(error):
            # nothing was made at Meta, so nothing needs to be kept here
            async with deps.database.transaction() as session:
                await session.execute(delete(Connection).where(Connection.id == row.id))
                record(session, caller, "connection.deleted", row.id, before=_audited(row))
        else:
            # the draft stands; a PATCH of it, be it empty, finds what was made and goes on
            error.members["connection_id"] = row.id
        raise


async def import_connection(
    session: AsyncSession, *, caller: Caller, given: Mapping[str, Any]
) -> Connection:
    """A draft with the name and the sharing another deployment gave it; it is signed in here (L37)."""
    now = clock.now()
    row = Connection(
        id=new_id("con"),
        type=given["type"],
        display_name=given["display_name"],
        shared_with=given["shared_with"],
        audience_choice=given["audience_choice"],
        allowed_audience_ids=given["allowed_audience_ids"],
        labels=merged(None, given),
        status="draft",
        created_at=now,
        created_by=caller.id,
        updated_at=now,
        updated_by=caller.id,
    )
    session.add(row)
    await session.flush()
    record(session, caller, "connection.created", row.id, after=_audited(row))
    return row


async def update_connection(
    deps: Connections,
    connection_id: str,
    *,
    caller: Caller,
    given: Mapping[str, Any],
    version: int | None = None,
) -> Connection:
    """Apply a merge patch; a new token renews the connection in place (L17).

    Raises `NotFound`, `VersionMismatch`, `Unprocessable`, `GraphError`.
    """
    async with deps.database.transaction() as session:
        row = await get_connection(session, connection_id)
    if version is not None and row.version != version:
        raise VersionMismatch
    if given and "consent" not in given:
        consent.check_current(row.consent_version)
    before = _audited(row)
    target = _target(row)
    for field in ("display_name", "shared_with"):
        if field in given:
            if not given[field]:
                raise Unprocessable(f"{field} cannot be empty.")
            setattr(row, field, given[field])
    for field in ("audience_choice", "allowed_audience_ids"):
        if field in given:
            setattr(row, field, given[field])
    await apply(deps, row, given, caller)
    row.updated_at, row.updated_by = clock.now(), caller.id
    async with deps.database.transaction() as session:
        row = await session.merge(row)
        await session.flush()
        if _target(row) != target:
            await _aim_exports_anew(session, row)
        record(session, caller, "connection.updated", row.id, before=before, after=_audited(row))
    return await complete(deps, row, caller, before=before["status"])


async def delete_connection(
    session: AsyncSession, connection_id: str, *, caller: Caller, detach: bool
) -> None:
    """Forget the connection and its token; the audience stays at Meta (S66, S67).

    Raises `NotFound`, and `Conflict` naming the exports that use it unless they are to be detached (L30).
    """
    row = await get_connection(session, connection_id)
    dependents = await _removable(session, connection_id, detach=detach)
    for item in dependents:
        item.connection_id = None
        item.updated_at, item.updated_by = clock.now(), caller.id
        record(session, caller, "export.detached", item.id, before={"connection_id": connection_id})
    await session.flush()
    ids = [item.id for item in dependents]
    await session.execute(delete(ExportBaseline).where(ExportBaseline.export_id.in_(ids)))
    await announce_ends(session, await request_cancel(session, Run.connection_id == connection_id))
    record(session, caller, "connection.deleted", row.id, before=_audited(row))
    await session.delete(row)


async def revoke_token(
    deps: Connections, connection_id: str, *, caller: Caller, detach: bool
) -> None:
    """Take the app's access back at Meta, for a connection that is about to be deleted.

    It ends every token of that person for this app. One that has ended already is no error.
    https://developers.facebook.com/docs/facebook-login/permissions/requesting-and-revoking
    Raises as `delete_connection`, before anything is asked of Meta, and `GraphError`.
    """
    async with deps.database.transaction() as session:
        row = await get_connection(session, connection_id)
        await _removable(session, connection_id, detach=detach)
    if row.token is None:
        return
    try:
        await deps.graph.for_token(open_token(deps.vault, row)).revoke()
    except GraphError as error:
        if not error.reauthentication:
            raise
    async with deps.database.transaction() as session:
        after = {"token_last4": row.token_last4}
        record(session, caller, "connection.token_revoked", row.id, after=after)


async def _removable(
    session: AsyncSession, connection_id: str, *, detach: bool
) -> Sequence[Export]:
    """The exports to detach with it. Raises `Conflict` naming them if they are not to be (L30)."""
    dependents = await list_dependents(session, connection_id)
    if dependents and not detach:
        raise Conflict(
            "Exports use this connection; remove or detach them first, or delete with detach=true.",
            code="connection-in-use",
            exports=[{"id": item.id, "display_name": item.display_name} for item in dependents],
        )
    return dependents


async def flag_reauthentication(session: AsyncSession, connection_id: str) -> bool:
    """Note that Meta refuses the token, and have webhooks told; True if that is news."""
    row = await session.get(Connection, connection_id, with_for_update=True)
    if row is None or row.status == "reauthentication_required":
        return False
    row.status = "reauthentication_required"
    row.updated_at = clock.now()
    data = {"connection_id": row.id, "ad_account_id": (row.ad_account or {}).get("id")}
    await announce(session, EventType.CONNECTION_REAUTHENTICATION_REQUIRED, row.id, data)
    record(session, SYSTEM, "connection.reauthentication_required", row.id)
    return True


def _target(row: Connection) -> str | None:
    return None if row.audience is None else str(row.audience["id"])


async def _aim_exports_anew(session: AsyncSession, row: Connection) -> None:
    """The exports that fill the connection's audience fill another one now. Raises `Conflict`."""
    own = select(Export.id).where(Export.connection_id == row.id, Export.audience.is_(None))
    # what a mirror delivered is in the old audience: nothing of it may be compared with the new one
    await session.execute(delete(ExportBaseline).where(ExportBaseline.export_id.in_(own)))
    target = _target(row)
    moved = set(await session.scalars(own))
    if target is None or not moved:
        return
    await lock_audience(session, target)
    filling = await exports_filling(session, target)
    if len(filling) > 1 and any(item.sync_mode in EXCLUSIVE_MODES for item in filling):
        mine = next(item for item in filling if item.id in moved)
        exclusive = [item for item in filling if item.sync_mode in EXCLUSIVE_MODES]
        others = [item for item in (exclusive or filling) if item is not mine]
        raise already_targeted(
            (others or [item for item in filling if item is not mine])[0], sync_mode=mine.sync_mode
        )


def _audited(row: Connection) -> dict[str, Any]:
    return {name: getattr(row, name) for name in AUDITED}
