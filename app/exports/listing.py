"""The list of exports: what may be asked for, and in which order."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections.connection_types.kinds import DISPLAY_NAMES
from app.db.listing import (
    NamedSort,
    contains,
    equal,
    made,
    sorted_page,
    version_of,
    written_out,
)
from app.db.models import Connection, Export, ExportSegment, LastEnd, RefreshSchedule, Run, Segment
from app.exports.service import shown_run


@dataclass(frozen=True, slots=True)
class Listed:
    """An export of a page, without what it shows."""

    id: str
    display_name: str
    created_by: str
    updated_by: str
    # of all rows that it shows something of: together, another one when any of them changed
    versions: tuple[Hashable, ...]


_DASH: ColumnElement[str] = literal_column("'-'")


def _versions() -> tuple[ColumnElement[Any], ...]:
    connection = (
        select(version_of(Connection))
        .where(Connection.id == Export.connection_id)
        .correlate(Export)
        .scalar_subquery()
    )
    # as text: a list of numbers would be a list in Python, which no dictionary takes as a key
    each = func.concat_ws(_DASH, version_of(ExportSegment), version_of(Segment), Segment.id)
    segments = (
        select(func.string_agg(each, aggregate_order_by(_DASH, ExportSegment.position)))
        .join_from(ExportSegment, Segment, Segment.id == ExportSegment.segment_id)
        .where(ExportSegment.export_id == Export.id)
        .correlate(Export)
        .scalar_subquery()
    )
    shown = shown_run()
    run = select(version_of(Run)).where(Run.id == shown).correlate(Export).scalar_subquery()
    refresh = select(version_of(RefreshSchedule)).select_from(RefreshSchedule).scalar_subquery()
    return version_of(Export), connection, segments, shown, run, refresh


_VERSIONS = _versions()


async def list_exports(
    session: AsyncSession,
    filters: Mapping[str, Any],
    *,
    sort: NamedSort = NamedSort.NEWEST,
    after: str | None,
    limit: int,
) -> Sequence["Listed"]:
    """Exports by what `filters` names; `q` searches export name, connection name and type (L24).

    One more than the limit if there is more. `last_status` is the status of the newest run, or `none`.
    """
    statement = select(
        Export.id, Export.display_name, Export.created_by, Export.updated_by, *_VERSIONS
    )
    if filters.get("q"):
        # connections are few: found first, not looked up for each export
        connections = select(Connection.id).where(
            or_(
                contains(Connection.display_name, filters["q"]),
                Connection.type.in_(_types_named(filters["q"])),
            )
        )
        statement = statement.where(
            or_(contains(Export.display_name, filters["q"]), Export.connection_id.in_(connections))
        )
    statement = made(statement, filters, Export.created_by, Export.created_at)
    statement = equal(statement, filters, Export.connection_id, Export.sync_mode)
    if filters.get("segment_id") is not None:
        members = select(ExportSegment.export_id).where(
            ExportSegment.segment_id == filters["segment_id"]
        )
        statement = statement.where(Export.id.in_(members))
    if filters.get("status") is not None:
        statement = statement.where(_STATUS[filters["status"]])
    if filters.get("metadata"):
        statement = statement.where(Export.labels.contains(filters["metadata"]))
    if filters.get("last_status") is not None:
        of_export = select(Run.status).where(Run.export_id == Export.id).correlate(Export)
        newest = of_export.order_by(Run.id.desc()).limit(1).scalar_subquery()
        wanted = filters["last_status"]
        if wanted == "none":
            # most have ended once, and are told without a look at their runs
            ended = select(LastEnd.export_id).where(LastEnd.export_id == Export.id)
            statement = statement.where(~ended.exists(), ~of_export.exists())
        else:
            statement = statement.where(newest == wanted)
        if wanted in _ENDS:
            # whose newest run ended so is among those whose newest end was such
            ended = select(LastEnd.export_id).where(written_out(LastEnd.status, [wanted]))
            statement = statement.where(Export.id.in_(ended))
    page = sorted_page(
        statement, Export.id, Export.display_name, sort=sort, after=after, limit=limit
    )
    return [
        Listed(name, display_name, created_by, updated_by, tuple(versions))
        for name, display_name, created_by, updated_by, *versions in await session.execute(page)
    ]


# what `last_ends` has
_ENDS = frozenset({"succeeded", "succeeded_with_warnings", "failed", "skipped"})
_STATUS = {
    "active": Export.connection_id.is_not(None) & Export.enabled,
    "disabled": Export.connection_id.is_not(None) & ~Export.enabled,
    "detached": Export.connection_id.is_(None),
}


def _types_named(query: str) -> list[str]:
    """The types of connection whose name, as people see it or as the API writes it, holds the query."""
    wanted = query.casefold()
    return [
        str(kind)
        for kind, name in DISPLAY_NAMES.items()
        if wanted in name.casefold() or wanted in str(kind)
    ]
