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


def already_targeted(other: Export) -> Conflict:
    """The refusal that names the other export."""
    return Conflict(
        "Another export fills this audience, and one of the two replaces or mirrors it; they "
        "would undo each other's work. Choose another audience, or sync mode add.",
        code="audience-already-targeted",
        export_id=other.id,
        export_display_name=other.display_name,
    )
