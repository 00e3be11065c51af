"""Rows → what callers see of an erasure."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.caller_names import names_of
from app.db.models import Erasure
from app.erasures import schemas

# where files lie concerns nobody but us
_OURS = frozenset({"old_prefixes"})


async def erasure_views(session: AsyncSession, rows: Sequence[Erasure]) -> list[schemas.Erasure]:
    """The records of erasures, with the names of those who asked."""
    names = await names_of(
        session, [by for row in rows for by in (row.requested_by, row.lifted_by)]
    )
    return [_view(row, names) for row in rows]


async def erasure_view(session: AsyncSession, row: Erasure) -> schemas.Erasure:
    """The record of one erasure."""
    return (await erasure_views(session, [row]))[0]


def _view(row: Erasure, names: Mapping[str, str]) -> schemas.Erasure:
    return schemas.Erasure(
        id=row.id,
        status=row.status,
        people=row.people,
        ad_account_ids=row.ad_account_ids,
        results=[
            {name: value for name, value in entry.items() if name not in _OURS}
            for entry in row.results
        ],
        error=None if row.error is None else schemas.ErasureError(**row.error),
        attempt=row.attempt,
        requested_by=row.requested_by,
        requested_by_name=names[row.requested_by],
        requested_at=row.requested_at,
        finished_at=row.finished_at,
        lifted_at=row.lifted_at,
        lifted_by=row.lifted_by,
        lifted_by_name=names.get(row.lifted_by or ""),
        lift_reason=row.lift_reason,
    )
