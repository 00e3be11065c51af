"""Rows → what callers see of an erasure."""

from app.db.models import Erasure
from app.erasures import schemas

# where files lie concerns nobody but us
_OURS = frozenset({"old_prefixes"})


def erasure_view(row: Erasure) -> schemas.Erasure:
    """The record of an erasure."""
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
        requested_at=row.requested_at,
        finished_at=row.finished_at,
        lifted_at=row.lifted_at,
        lifted_by=row.lifted_by,
        lift_reason=row.lift_reason,
    )
