"""Rows → what callers see of a segment."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.caller_names import made_and_changed, makers_of
from app.access.callers import Caller
from app.db.models import Segment, SegmentEvaluation
from app.db.secrets import Vault
from app.identifiers import refusal_warnings
from app.segments import evaluations, schemas
from app.segments.key_suggestions import suggest_key
from app.segments.pushes.body_stream import Received
from app.segments.queries import source_shown
from app.sources import MALFORMED, Attribute


async def segment_views(
    session: AsyncSession, vault: Vault, caller: Caller, rows: Sequence[Segment]
) -> list[schemas.Segment]:
    """Segments as the caller may see them, each with what went wrong at the last look, if anything did."""
    names = await makers_of(session, rows)
    shown = await segment_fields(session, vault, caller, rows, names)
    return [schemas.Segment.model_validate(item) for item in shown]


async def segment_fields(
    session: AsyncSession,
    vault: Vault,
    caller: Caller,
    rows: Sequence[Segment],
    names: Mapping[str, str],
) -> list[dict[str, Any]]:
    """What `schemas.Segment` shows of each, field by field in its order; `names` of callers."""
    failures = await evaluations.failures_of(session, [row.id for row in rows])
    return [
        _fields(row, source_shown(vault, row, caller), failures.get(row.id), names) for row in rows
    ]


async def segment_view(
    session: AsyncSession, vault: Vault, caller: Caller, row: Segment
) -> schemas.Segment:
    """One segment."""
    return (await segment_views(session, vault, caller, [row]))[0]


async def members_view(
    session: AsyncSession,
    vault: Vault,
    caller: Caller,
    row: Segment,
    received: Received,
    refused_share: float,
) -> schemas.SegmentMembers:
    """A segment whose members were just replaced, and what was refused of them."""
    view = await segment_view(session, vault, caller, row)
    return schemas.SegmentMembers(
        **view.model_dump(),
        refused_values=received.refused,
        skipped_reasons={MALFORMED: received.malformed} if received.malformed else {},
        ignored_columns=received.ignored,
        warnings=refusal_warnings(received.refused, received.given, refused_share),
    )


def attribute_views(attributes: Sequence[Attribute]) -> list[schemas.SegmentAttribute]:
    """The members' attributes with the key each name suggests."""
    return [
        schemas.SegmentAttribute(
            name=item.name, data_type=item.data_type, suggested_key=suggest_key(item.name)
        )
        for item in attributes
    ]


def evaluation_view(row: SegmentEvaluation) -> schemas.SegmentEvaluation:
    """One look at a segment."""
    return schemas.SegmentEvaluation(
        id=row.id,
        at=row.at,
        member_count=row.member_count,
        error=None if row.error is None else schemas.SegmentFailure(**row.error),
    )


def _fields(
    row: Segment,
    source: dict[str, Any],
    failure: SegmentEvaluation | None,
    names: Mapping[str, str],
) -> dict[str, Any]:
    last = None
    if failure is not None and failure.error is not None:
        last = schemas.LastFailure(**failure.error, at=failure.at)
    return {
        "id": row.id,
        "name": row.name,
        "display_name": row.display_name,
        "source": source,
        "state": row.state,
        "member_count": row.member_count,
        "evaluated_at": row.evaluated_at,
        "last_error": last,
        "metadata": row.labels or {},
        **made_and_changed(row, names),
    }
