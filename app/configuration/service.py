"""Writes the configuration out, and reads one in: all of it, or nothing.

Ids are mapped by name: a connection or an export by its display name, a segment by its name. What is here
already stays as it is. Tokens do not travel, so connections arrive as drafts and exports disabled (L37).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.audit import record
from app.access.callers import Caller
from app.configuration.schemas import ImportedItem
from app.connections import service as connections
from app.db.models import Connection, Export, Segment
from app.db.secrets import Vault
from app.db.session import Database
from app.errors import Unprocessable
from app.exports import copying
from app.exports import service as exports
from app.schedules import service as schedules
from app.segments.configuration_import import import_segment
from app.segments.queries import source_of

_SIGN_IN = "sign in, then choose the ad account and the audience, and agree to the consent text"
_ENABLE = "enable it once its connection is ready"


class _DryRun(Exception):  # it is no error
    """Nothing of it is to stand."""


async def written(session: AsyncSession, vault: Vault) -> dict[str, Any]:
    """The configuration of this deployment, as plain values in the order of creation."""
    known = (await session.scalars(select(Connection).order_by(Connection.id))).all()
    members = (await session.scalars(select(Segment).order_by(Segment.id))).all()
    rows = (await session.scalars(select(Export).order_by(Export.id))).all()
    of = await exports.segments_of(session, [row.id for row in rows])
    names = {row.id: row.display_name for row in known}
    schedule = await schedules.get_schedule(session)
    return {
        "format": 1,
        "connections": [
            {
                "display_name": row.display_name,
                "type": row.type,
                "shared_with": row.shared_with,
                "ad_account_id": (row.ad_account or {}).get("id"),
                "audience_name": (row.audience or row.audience_request or {}).get("name"),
                "audience_choice": row.audience_choice,
                "allowed_audience_ids": row.allowed_audience_ids,
                "metadata": row.labels or {},
            }
            for row in known
        ],
        "segments": [
            {
                **{name: getattr(row, name) for name in ("name", "display_name", "state")},
                "source": source_of(vault, row),
                "metadata": row.labels or {},
            }
            for row in members
        ],
        "exports": [
            {
                **{name: getattr(row, name) for name in exports.FIELDS if name != "connection_id"},
                "audience": None if row.audience is None else {"id": row.audience["id"]},
                "connection": names.get(row.connection_id or ""),
                "segments": [item.name for item in of[row.id]],
                "metadata": row.labels or {},
            }
            for row in rows
        ],
        "schedule": None
        if schedule is None
        else {name: getattr(schedule, name) for name in schedules.DEFAULT},
    }


async def read_in(
    database: Database, vault: Vault, given: Mapping[str, Any], *, caller: Caller, dry_run: bool
) -> list[ImportedItem]:
    """Make what is not here yet, and say of everything what became of it.

    Raises `Unprocessable` (`configuration-ambiguous`, `configuration-incomplete`), and what saving the
    parts raises; then nothing was made.
    """
    items: list[ImportedItem] = []
    try:
        async with database.transaction() as session:
            named = await _connections(session, given["connections"], caller, items)
            members = await _segments(session, vault, given["segments"], caller, items)
            await _exports(session, given["exports"], named, members, caller, items)
            if given["schedule"] is not None:
                await _schedule(session, given["schedule"], caller, items)
            if dry_run:
                raise _DryRun  # noqa: TRY301 - it ends the transaction
            made = [item for item in items if item.action == "created"]
            after = dict(Counter(str(item.kind) for item in made))
            record(session, caller, "configuration.imported", None, after=after)
    except _DryRun:
        return [
            item.model_copy(update={"id": None}) if item.action == "created" else item
            for item in items
        ]
    return items


async def _connections(
    session: AsyncSession,
    given: Sequence[Mapping[str, Any]],
    caller: Caller,
    items: list[ImportedItem],
) -> dict[str, str]:
    """The ids of connections by name, those here and those made."""
    rows = (await session.scalars(select(Connection))).all()
    times = Counter(row.display_name for row in rows)
    found = {row.display_name: row.id for row in rows}
    _refuse_repeated("connections", [item["display_name"] for item in given])
    for item in given:
        name = item["display_name"]
        if times[name] > 1:
            raise Unprocessable(
                f"{times[name]} connections here are named {name}, so nobody can tell which is meant; "
                "rename one.",
                code="configuration-ambiguous",
            )
        if name in found:
            items.append(_item("connection", name, "exists", found[name]))
            continue
        row = await connections.import_connection(session, caller=caller, given=item)
        found[name] = row.id
        hints = [item["ad_account_id"], item["audience_name"]]
        before = " (it was " + ", ".join(hint for hint in hints if hint) + ")" if any(hints) else ""
        items.append(_item("connection", name, "created", row.id, _SIGN_IN + before))
    return found


async def _segments(
    session: AsyncSession,
    vault: Vault,
    given: Sequence[Mapping[str, Any]],
    caller: Caller,
    items: list[ImportedItem],
) -> dict[str, str]:
    found = {row.name: row.id for row in await session.scalars(select(Segment))}
    _refuse_repeated("segments", [item["name"] for item in given])
    for item in given:
        name = item["name"]
        if name in found:
            items.append(_item("segment", name, "exists", found[name]))
            continue
        row = await import_segment(session, vault, caller=caller, given=item)
        found[name] = row.id
        pushed = item["source"]["kind"] == "upload"
        items.append(
            _item("segment", name, "created", row.id, "push its members" if pushed else None)
        )
    return found


async def _exports(
    session: AsyncSession,
    given: Sequence[Mapping[str, Any]],
    named: Mapping[str, str],
    members: Mapping[str, str],
    caller: Caller,
    items: list[ImportedItem],
) -> None:
    rows = await session.scalars(select(Export))
    there = {(row.display_name, row.connection_id): row.id for row in rows}
    for place, item in enumerate(given):
        name, connection = item["display_name"], item["connection"]
        lacks = [each for each in item["segments"] if each not in members]
        if connection is not None and connection not in named:
            lacks.append(connection)
        if lacks:
            raise Unprocessable(
                f"The export at /exports/{place} names what is neither here nor in the document: "
                f"{', '.join(lacks)}.",
                code="configuration-incomplete",
            )
        connection_id = None if connection is None else named[connection]
        known = there.get((name, connection_id))
        if known is not None:
            items.append(_item("export", name, "exists", known))
            continue
        row = await copying.import_export(
            session,
            caller=caller,
            given={**item, "connection_id": connection_id},
            segment_ids=[members[each] for each in item["segments"]],
        )
        there[name, connection_id] = row.id
        items.append(_item("export", name, "created", row.id, _ENABLE))


async def _schedule(
    session: AsyncSession, given: Mapping[str, Any], caller: Caller, items: list[ImportedItem]
) -> None:
    if await schedules.get_schedule(session) is not None:
        items.append(_item("schedule", None, "exists", None))
        return
    await schedules.put_schedule(session, caller=caller, given=given)
    items.append(_item("schedule", None, "created", None))


def _refuse_repeated(part: str, names: Sequence[str]) -> None:
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        raise Unprocessable(
            f"/{part} names {repeated[0]} more than once; names must tell them apart.",
            code="configuration-ambiguous",
        )


def _item(
    kind: Any, name: str | None, action: Any, item_id: str | None, to_do: str | None = None
) -> ImportedItem:
    return ImportedItem(kind=kind, name=name, action=action, id=item_id, to_do=to_do)
