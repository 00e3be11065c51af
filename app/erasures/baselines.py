"""Which runs and mirrors an erasure has to respect, and the swap of what a mirror remembers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.listing import written_out
from app.db.models import Connection, Erasure, Export, ExportBaseline, Run

_ACTIVE = ("queued", "running")


async def runs_before(session: AsyncSession, account: str, moment: datetime) -> list[str]:
    """Active runs into the ad account that began before then."""
    query = select(Run.id).where(
        Run.ad_account_id == account, written_out(Run.status, _ACTIVE), Run.started_at < moment
    )
    return list(await session.scalars(query.order_by(Run.id)))


async def mirrors_of(session: AsyncSession, accounts: Sequence[str]) -> list[str]:
    """Exports into these ad accounts (or detached ones) that remember what they delivered."""
    query = (
        select(ExportBaseline.export_id)
        .join(Export, Export.id == ExportBaseline.export_id)
        .outerjoin(Connection, Connection.id == Export.connection_id)
        .where(
            or_(
                Export.connection_id.is_(None),
                Connection.ad_account["id"].astext.in_(accounts),
            )
        )
    )
    return list(await session.scalars(query.order_by(ExportBaseline.export_id)))


async def manifests_of(session: AsyncSession, export_id: str) -> list[dict[str, Any]]:
    """The manifests an export remembers."""
    row = await session.get(ExportBaseline, export_id)
    return [] if row is None else _documents(row)


async def swap(
    session: AsyncSession, export_id: str, fresh: Mapping[str, dict[str, Any]]
) -> list[str]:
    """Put manifests in place of those with these prefixes; the prefixes nobody needs afterwards.

    A run that finished meanwhile may have put another baseline there: then ours is not needed.
    """
    await session.get(Export, export_id, with_for_update=True)
    row = await session.get(ExportBaseline, export_id, populate_existing=True)
    known = set() if row is None else {item["prefix"] for item in _documents(row)}
    if row is not None:
        if row.delivered is not None:
            row.delivered = fresh.get(row.delivered["prefix"], row.delivered)
        row.pending = [fresh.get(item["prefix"], item) for item in row.pending]
        await session.flush()
    return [old if old in known else new["prefix"] for old, new in fresh.items()]


async def is_read(session: AsyncSession, export_id: str, before: datetime) -> bool:
    """Whether a run that began before then may be comparing its members with the old files."""
    query = select(Run.id).where(
        Run.export_id == export_id, Run.status == "running", Run.started_at < before
    )
    return await session.scalar(query.limit(1)) is not None


async def unneeded(session: AsyncSession, names: Iterable[str]) -> list[str]:
    """The folders among files that were written for erasures that no mirror remembers (any more).

    `names` must have been listed before: a folder of an erasure under way is never unneeded, and
    the baseline of one that has ended is known by then.
    """
    # erasures/<erasure>/<export>/<number>/…
    folders = {"/".join(name.split("/")[:4]) for name in names}
    active = set(await session.scalars(select(Erasure.id).where(Erasure.status.in_(_ACTIVE))))
    rows = await session.scalars(select(ExportBaseline))
    kept = {item["prefix"] for row in rows for item in _documents(row)}
    return sorted(folder for folder in folders - kept if folder.split("/")[1] not in active)


def _documents(row: ExportBaseline) -> list[dict[str, Any]]:
    return [item for item in [row.delivered, *row.pending] if item is not None]
