"""Rows → what callers see of a delivery."""

import orjson

from app.db.models import WebhookDelivery
from app.webhooks import schemas


def delivery_view(row: WebhookDelivery) -> schemas.Delivery:
    """A delivery, with the body that is sent."""
    return schemas.Delivery(
        id=row.id,
        event_type=row.event_type,
        subject=row.subject,
        status=row.status,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at if row.status == "pending" else None,
        last_status=row.last_status,
        last_error=row.last_error,
        payload=orjson.loads(row.body),
        created_at=row.created_at,
        delivered_at=row.delivered_at,
    )
