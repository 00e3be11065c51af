"""What must hold before an export is saved: its mapping, its segments, its audience.

An audience that a mirror or replace export fills is filled by no other; two exports claiming one at
the same moment meet at a lock.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.callers import Caller
from app.connections import service as connections
from app.connections import verification
from app.connections.audience_ownership import (
    EXCLUSIVE_MODES,
    already_targeted,
    exports_filling,
    lock_audience,
)
from app.connections.parts import missing, open_token
from app.db.models import Connection, Export, Segment
from app.errors import Conflict, Forbidden, Unprocessable
from app.exports.collaborators import Exports
from app.exports.members.mapping import identifier_plan, plan_for
from app.exports.warnings import Warned, export_warnings
from app.facebook.preflight_checks.audience import check_values
from app.identifiers import check_plan
from app.ids import is_id
from app.segments import service as segments
from app.segments.pushed import readable_sources
from app.sources import SourceAccess, columns_named

_ONE_COLUMN = ' It has one column only; if there should be more, set "delimiter" on its source.'


async def check_export(
    deps: Exports,
    row: Export,
    segment_ids: Sequence[str],
    caller: Caller,
    *,
    look_at_audience: bool,
    look_at_members: bool = True,
    look_at_values: bool = True,
    chooses_audience: bool = True,
) -> list[Warned]:
    """Everything that can be wrong with an export; its attributes are put in order. What is only doubtful.

    Without `look_at_members` the sources are not read: an export whose file is gone can still be
    renamed, moved or disabled. Without `look_at_values` neither is the audience's kind compared.
    `chooses_audience`: the caller aims the export at the audience it has.

    Raises `Unprocessable`, `Forbidden`, `SourceError`, `GraphError`.
    """
    check_mapping(row)
    async with deps.database.transaction() as session:
        connection = await _usable_connection(session, row.connection_id, caller)
        members = await segments.find_segments(session, segment_ids)
        sources = await readable_sources(session, deps.connections.vault, members)
    if chooses_audience and connection is not None:
        _check_choice(row, connection, caller)
    if look_at_members:
        await _check_attributes(deps.access, row, members, sources)
    if look_at_audience and connection is not None:
        refuse_draft(connection)
        if row.audience is not None:
            await _check_audience(deps, row, connection)
    if look_at_values and connection is not None:
        await _check_values(deps, row, connection)
    return export_warnings(row, members, connection, max_members=deps.max_members)


def check_mapping(row: Export) -> None:
    """Puts the attributes in order. Raises `Unprocessable` for a mapping that no member can satisfy."""
    row.attributes = {
        key: [names] if isinstance(names, str) else list(names)
        for key, names in row.attributes.items()
    }
    problems = check_plan(identifier_plan(row))
    if problems:
        raise Unprocessable(
            problems[0].detail,
            code=problems[0].code,
            errors=[
                {
                    "pointer": "/" + item.field.replace(".", "/"),
                    "parameter": None,
                    "code": item.code,
                    "detail": item.detail,
                }
                for item in problems
            ],
        )


def refuse_nulls(given: Mapping[str, Any]) -> None:
    """Null clears only what may be empty. Raises `Unprocessable`."""
    for field in (
        "display_name",
        "key_identifier",
        "attributes",
        "segment_ids",
        "sync_mode",
        "time_zone",
        "allow_shrink",
        "schedule",
        "enabled",
    ):
        if field in given and given[field] is None:
            raise Unprocessable(f"{field} cannot be null.")
    if "connection_id" in given and given["connection_id"] is None:
        raise Unprocessable("connection_id cannot be null; an administrator can detach the export.")


async def _usable_connection(
    session: AsyncSession, connection_id: str | None, caller: Caller
) -> Connection | None:
    if connection_id is None:
        return None
    row = await session.get(Connection, connection_id) if is_id("con", connection_id) else None
    # not shared and not there look the same: a connection is not for everyone to know of (L10, L45)
    if row is None or not connections.may_use(caller, row):
        raise Unprocessable(
            "connection_id names no connection that you may use.", code="connection-unknown"
        )
    return row


def _check_choice(row: Export, connection: Connection, caller: Caller) -> None:
    """Administrators decide where data may go (L5). Raises `Forbidden`."""
    if row.audience is None or caller.is_administrator or connection.audience_choice == "any":
        return
    own = {str(connection.audience["id"])} if connection.audience is not None else set()
    listed = connection.allowed_audience_ids if connection.audience_choice == "listed" else ()
    if row.audience["id"] in own.union(listed):
        return
    raise Forbidden(
        "This connection lets contributors fill only its own audience"
        + (" and those that are listed." if connection.audience_choice == "listed" else ".")
        + " An administrator can choose the audience, or allow it with audience_choice and"
        " allowed_audience_ids of the connection.",
        code="audience-not-allowed",
        audience_choice=connection.audience_choice,
    )


async def _check_attributes(
    access: SourceAccess,
    row: Export,
    members: Sequence[Segment],
    sources: Sequence[Mapping[str, Any]],
) -> None:
    """Every mapped attribute is in every segment (S50). Raises `Unprocessable`, `SourceError`.

    Pushed members are mapped by Meta's keys themselves; before the first push nothing is known.
    """
    plan = identifier_plan(row)
    readings = [segments.read_attributes(source, access) for source in sources]
    for segment, source, attributes in zip(
        members, sources, await asyncio.gather(*readings), strict=True
    ):
        if source["kind"] == "upload" and source.get("manifest") is None:
            continue
        there = {item.name for item in attributes}
        wanted = columns_named(source, plan_for(source, plan, there).columns(), there)
        lacks = [name for name, column in wanted.items() if column is None]
        if lacks:
            raise Unprocessable(
                f"The segment {segment.name} has no attribute named: {_nearest(lacks, there)}."
                f"{_ONE_COLUMN if source['kind'] == 'file' and len(there) == 1 else ''}",
                code="attribute-missing",
                segment_id=segment.id,
                attributes=lacks,
                errors=_mapped_to(row, lacks, "attribute-missing", f"{segment.name} has none."),
            )
        nested = [
            name
            for item in attributes
            for name, column in wanted.items()
            if item.name == column and item.data_type == "other"
        ]
        if nested:
            raise Unprocessable(
                f"The values of {', '.join(nested)} in the segment {segment.name} have several parts; "
                "deliver the part that is to be sent as a column of its own.",
                code="attribute-type-unsupported",
                segment_id=segment.id,
                attributes=nested,
                errors=_mapped_to(
                    row, nested, "attribute-type-unsupported", "Its values have several parts."
                ),
            )


def _nearest(names: Sequence[str], there: Collection[str]) -> str:
    """The names, each with the attribute that was probably meant."""
    folded = {name.casefold(): name for name in sorted(there)}
    near = {
        name: [folded[one] for one in get_close_matches(name.casefold(), folded, 1, 0.6)]
        for name in names
    }
    return ", ".join(
        f"{name} (did you mean {found[0]}?)" if found else name for name, found in near.items()
    )


def _mapped_to(row: Export, names: Sequence[str], code: str, detail: str) -> list[dict[str, Any]]:
    """Where in the export these attributes are named."""
    places = {f"/attributes/{key}": mapped for key, mapped in row.attributes.items()}
    if row.consent is not None:
        places["/consent/attribute"] = [row.consent["attribute"]]
    return [
        {"pointer": pointer, "parameter": None, "code": code, "detail": f"{name}: {detail}"}
        for pointer, mapped in places.items()
        for name in mapped
        if name in names
    ]


async def _check_audience(deps: Exports, row: Export, connection: Connection) -> None:
    """The override is a customer list in the connection's account (S12).

    Raises `Unprocessable`, `GraphError`.
    """
    assert row.audience is not None
    if connection.ad_account is None:
        raise Unprocessable("The connection has no ad account yet.", code="ad-account-missing")
    audience = await verification.verify_audience(
        deps.connections.graph,
        open_token(deps.connections.vault, connection),
        connection.ad_account["id"],
        row.audience["id"],
    )
    row.audience = verification.kept_audience(audience)


async def _check_values(deps: Exports, row: Export, connection: Connection) -> None:
    """A value-based audience gets values, and no other one does. Raises `Unprocessable`."""
    audience = row.audience or connection.audience
    if audience is None:
        return
    value_based = audience.get("is_value_based")
    if value_based is None and connection.ad_account is not None and connection.token is not None:
        # kept since before this was looked at
        value_based = await verification.is_value_based(
            deps.connections.graph,
            open_token(deps.connections.vault, connection),
            connection.ad_account["id"],
            audience["id"],
        )
    if value_based is None:
        return
    verification.raise_refusal(
        check_values(
            is_value_based=value_based,
            value_based_mapping="LOOKALIKE_VALUE" in row.attributes,
            sync_mode=row.sync_mode,
        )
    )


def refuse_draft(connection: Connection) -> None:
    """Nothing is exported on a connection that is not saved whole (S38). Raises `Conflict`."""
    if connection.status == "draft":
        lacks = missing(connection)
        raise Conflict(
            f"The connection {connection.display_name} is a draft and lacks: {', '.join(lacks)}. An "
            "administrator must complete it first.",
            code="connection-draft",
            connection_id=connection.id,
            missing=lacks,
        )


async def claim_audience(session: AsyncSession, row: Export) -> None:
    """An audience that a mirror or replace export fills is filled by no other. Raises `Conflict`."""
    if row.connection_id is None:
        return
    connection = await session.get(Connection, row.connection_id)
    # a draft's audience has no id yet, but all its exports will fill it
    shared = row.connection_id if row.audience is None else None
    chosen = row.audience or (None if connection is None else connection.audience)
    target = None if chosen is None else str(chosen["id"])
    await lock_audience(session, target or row.connection_id)
    for other in await exports_filling(session, target, connection_id=shared):
        if other.id != row.id and EXCLUSIVE_MODES & {row.sync_mode, other.sync_mode}:
            raise already_targeted(other, sync_mode=row.sync_mode)
