"""The record of who changed what: written in the same transaction as the change."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.callers import Caller
from app.db.models import AuditEvent
from app.ids import new_id

# all that is ever recorded, for the document; a test walks the source for them
ACTIONS: Final = (
    *("api_key.created", "api_key.revoked"),
    "audience.created",
    "configuration.imported",
    *(
        "connection.blocked",
        "connection.created",
        "connection.deleted",
        "connection.reauthentication_required",
        "connection.resumed",
        "connection.sign_in_failed",
        "connection.sign_in_started",
        "connection.signed_in",
        "connection.token_revoked",
        "connection.updated",
    ),
    *("erasure.done", "erasure.failed", "erasure.lifted", "erasure.requested"),
    *("export.created", "export.deleted", "export.detached", "export.scheduled", "export.updated"),
    *("run.cancel_requested", "run.requested"),
    "schedule.updated",
    "secrets.rotated",
    *("segment.created", "segment.deleted", "segment.members_replaced", "segment.updated"),
    *("session.began", "session.ended", "session.link_made"),
    *(
        "webhook.created",
        "webhook.deleted",
        "webhook.disabled",
        "webhook.recovered",
        "webhook.resent",
        "webhook.secret_rotated",
        "webhook.tested",
        "webhook.updated",
    ),
)


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
