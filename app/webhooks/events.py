"""What webhooks speak of, written beside the change itself so that neither stands without the other.

Nothing about a member is ever in an event: ids, states, counts and our own sentences only.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import any_, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.db.models import Webhook, WebhookDelivery
from app.ids import new_id
from app.observability.tracing import traceparent


class EventType(StrEnum):
    """The events a webhook may ask for."""

    RUN_STARTED = "run.started"
    RUN_FINISHED = "run.finished"
    RUN_FAILED = "run.failed"
    RUN_SKIPPED = "run.skipped"
    RUN_CANCELED = "run.canceled"
    CONNECTION_READY = "connection.ready"
    CONNECTION_TOKEN_EXPIRING = "connection.token_expiring"  # noqa: S105 - an event's name
    CONNECTION_BLOCKED = "connection.blocked"
    CONNECTION_REAUTHENTICATION_REQUIRED = "connection.reauthentication_required"
    AUDIENCE_FLAGGED = "audience.flagged"


TEST = "webhook.test"


async def announce(
    session: AsyncSession, event_type: EventType, subject: str, data: Mapping[str, Any]
) -> int:
    """Write a delivery for every webhook that asked for the event; how many there are.

    Call it in the transaction of the change. `subject` is the id of what changed: events of one
    subject reach a webhook in the order in which they were announced.
    """
    asked = literal(event_type.value) == any_(Webhook.events)
    wanted = select(Webhook.id).where(Webhook.enabled, asked)
    found = (await session.scalars(wanted)).all()
    session.add_all(delivery(name, event_type, subject, data) for name in found)
    return len(found)


def delivery(
    webhook_id: str, event_type: str, subject: str, data: Mapping[str, Any]
) -> WebhookDelivery:
    """The row of one event for one webhook, due at once.

    The body follows the payload structure of Standard Webhooks
    (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
    """
    now = clock.now()
    body = {"type": event_type, "timestamp": written(now), "data": dict(data)}
    return WebhookDelivery(
        id=new_id("whd"),
        webhook_id=webhook_id,
        event_type=event_type,
        subject=subject,
        body=orjson.dumps(body).decode(),
        next_attempt_at=now,
        created_at=now,
        traceparent=traceparent(),
    )


def written(moment: datetime | None) -> str | None:
    """A moment as bodies have it: RFC 3339, UTC."""
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
