"""Which exports fill an audience: their own choice, or else their connection's audience.

An audience that a mirror or replace export fills is filled by no other: they would undo each other's
work.
"""

from collections.abc import Sequence

from sqlalchemy import false, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Connection, Export
from app.errors import Conflict

EXCLUSIVE_MODES = frozenset({"mirror", "replace"})


async def lock_audience(session: AsyncSession, audience_id: str) -> None:
    """Make whoever else is about to aim at this audience wait for this transaction."""
    await session.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:id, 0))"), {"id": audience_id}
    )


async def exports_filling(
    session: AsyncSession, audience_id: str | None, *, connection_id: str | None = None
) -> Sequence[Export]:
    """The attached exports that fill the audience, or will fill the one this connection has yet to make."""
    chosen = Export.audience["id"].astext
    filled = func.coalesce(chosen, Connection.audience["id"].astext)
    named = false() if audience_id is None else filled == audience_id
    of_connection = (
        false()
        if connection_id is None
        else (Export.connection_id == connection_id) & chosen.is_(None)
    )
    statement = (
        select(Export)
        .join(Connection, Connection.id == Export.connection_id)
        .where(or_(named, of_connection))
        .order_by(Export.id)
    )
    return (await session.scalars(statement)).all()


def already_targeted(other: Export, *, sync_mode: str) -> Conflict:
    """The refusal that names the other export, and whose mode it is; `sync_mode` is the one's refused."""
    if other.sync_mode in EXCLUSIVE_MODES:
        whose = (
            f"the sync mode of {other.display_name} is {other.sync_mode}, which leaves nobody else's "
            "members in it. Choose another audience for this export."
        )
    else:
        whose = (
            f"the sync mode of this export would be {sync_mode}, which would take out what "
            f"{other.display_name} (sync mode {other.sync_mode}) puts in. Choose another audience, or "
            "sync mode add."
        )
    return Conflict(
        f"The export {other.display_name} fills this audience already, and {whose}",
        code="audience-already-targeted",
        export_id=other.id,
        export_display_name=other.display_name,
        export_sync_mode=other.sync_mode,
        sync_mode=sync_mode,
    )
