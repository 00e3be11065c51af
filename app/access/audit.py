"""The record of who changed what: written in the same transaction as the change."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.callers import Caller
from app.db.models import AuditEvent
from app.ids import new_id


def record(
    session: AsyncSession,
    caller: Caller,
    action: str,
    resource_id: str | None,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Note an action such as `connection.created`; `before` and `after` never hold a secret."""
    session.add(
        AuditEvent(
            id=new_id("evt"),
            at=clock.now(),
            actor=caller.id,
            role=caller.role,
            action=action,
            resource_id=resource_id,
            before=None if before is None else dict(before),
            after=None if after is None else dict(after),
            request_id=caller.request_id,
        )
    )
