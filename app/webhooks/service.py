"""The rules of webhooks: made, changed, given a new secret, tried out."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.audit import record
from app.access.callers import Caller
from app.db.listing import TimeSort, contains, equal, holds, made, timed_page, within
from app.db.models import Webhook, WebhookDelivery
from app.db.secrets import Vault
from app.errors import Conflict, NotFound, Unprocessable
from app.ids import is_id, new_id
from app.webhooks.delivery import secret_owner
from app.webhooks.events import TEST, delivery
from app.webhooks.signing import new_secret

OVERLAP = timedelta(hours=24)
_MOST = 50


async def create_webhook(
    session: AsyncSession, vault: Vault, *, caller: Caller, url: str, events: Sequence[str]
) -> tuple[Webhook, str]:
    """A webhook and its secret, which is never shown again; the address was checked before.

    Raises `Conflict` (`too-many-webhooks`).
    """
    if len((await session.scalars(select(Webhook.id))).all()) >= _MOST:
        raise Conflict(
            f"There are {_MOST} webhooks already; remove one first.", code="too-many-webhooks"
        )
    secret = new_secret()
    name = new_id("whk")
    row = Webhook(
        id=name,
        url=url,
        events=list(events),
        secret=vault.seal(secret, owner=secret_owner(name)),
        enabled=True,
        created_at=clock.now(),
        created_by=caller.id,
    )
    session.add(row)
    record(session, caller, "webhook.created", row.id, after=_audited(row))
    await session.flush()
    return row, secret


async def get_webhook(session: AsyncSession, webhook_id: str) -> Webhook:
    """The webhook. Raises `NotFound`."""
    row = await session.get(Webhook, webhook_id) if is_id("whk", webhook_id) else None
    if row is None:
        raise NotFound("There is no such webhook.")
    return row


async def list_webhooks(
    session: AsyncSession,
    filters: Mapping[str, Any],
    *,
    sort: TimeSort = TimeSort.NEWEST,
    after: str | None,
    limit: int,
) -> Sequence[Webhook]:
    """Webhooks by address (`q`), event, maker and switch; one more than the limit if there is more."""
    query = made(select(Webhook), filters, Webhook.created_by, Webhook.created_at)
    query = equal(query, filters, Webhook.enabled)
    if filters.get("q"):
        query = query.where(contains(Webhook.url, filters["q"]))
    if filters.get("event") is not None:
        query = query.where(holds(Webhook.events, str(filters["event"])))
    page = timed_page(query, Webhook.id, sort=sort, after=after, limit=limit)
    return (await session.scalars(page)).all()


async def update_webhook(
    session: AsyncSession, webhook_id: str, *, caller: Caller, given: Mapping[str, Any]
) -> Webhook:
    """Apply a merge patch; an address was checked before. Raises `NotFound`, `Unprocessable`.

    Enabling forgets the failures before: deliveries that still wait go on.
    """
    row = await get_webhook(session, webhook_id)
    before = _audited(row)
    for field, value in given.items():
        if value is None:
            raise Unprocessable(f"{field} cannot be empty.")
        setattr(row, field, value)
    if given.get("enabled"):
        row.failing_since = row.disabled_at = None
    record(session, caller, "webhook.updated", row.id, before=before, after=_audited(row))
    await session.flush()
    return row


async def delete_webhook(session: AsyncSession, webhook_id: str, *, caller: Caller) -> None:
    """Forget the webhook, its secret and its deliveries. Raises `NotFound`."""
    row = await get_webhook(session, webhook_id)
    record(session, caller, "webhook.deleted", row.id, before=_audited(row))
    await session.delete(row)
    await session.flush()


async def rotate_secret(
    session: AsyncSession, vault: Vault, webhook_id: str, *, caller: Caller
) -> tuple[Webhook, str]:
    """A new secret, shown once; the one before signs too for a day. Raises `NotFound`."""
    row = await get_webhook(session, webhook_id)
    secret = new_secret()
    row.previous_secret, row.previous_until = row.secret, clock.now() + OVERLAP
    row.secret = vault.seal(secret, owner=secret_owner(row.id))
    record(session, caller, "webhook.secret_rotated", row.id)
    await session.flush()
    return row, secret


async def send_test(session: AsyncSession, webhook_id: str, *, caller: Caller) -> WebhookDelivery:
    """A delivery of type `webhook.test`, due at once. Raises `NotFound`, `Conflict`."""
    row = await _enabled(session, webhook_id)
    # a subject of its own: a test does not wait for anything
    name = new_id("test")
    made = delivery(row.id, TEST, name, {"webhook_id": row.id})
    session.add(made)
    record(session, caller, "webhook.tested", row.id)
    await session.flush()
    return made


async def resend(
    session: AsyncSession, webhook_id: str, delivery_id: str, *, caller: Caller
) -> WebhookDelivery:
    """The delivery, due again at once under the same `webhook-id`. Raises `NotFound`, `Conflict`."""
    row = await _enabled(session, webhook_id)
    found = None
    if is_id("whd", delivery_id):
        found = await session.get(WebhookDelivery, delivery_id, with_for_update=True)
    if found is None or found.webhook_id != row.id:
        raise NotFound("There is no such delivery of this webhook.")
    for name, value in _due_again().items():
        setattr(found, name, value)
    record(session, caller, "webhook.resent", row.id, after={"delivery_id": found.id})
    await session.flush()
    return found


async def recover(
    session: AsyncSession, webhook_id: str, *, caller: Caller, since: datetime, delivered: bool
) -> int:
    """Have sent again what failed since then, or all of it; how many. Raises `NotFound`, `Conflict`."""
    row = await _enabled(session, webhook_id)
    ended = ("failed", "delivered") if delivered else ("failed",)
    found = await session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.webhook_id == row.id,
            WebhookDelivery.created_at >= since,
            WebhookDelivery.status.in_(ended),
        )
        .values(**_due_again())
        .returning(WebhookDelivery.id)
    )
    number = len(found.all())
    record(session, caller, "webhook.recovered", row.id, after={"deliveries": number})
    return number


async def _enabled(session: AsyncSession, webhook_id: str) -> Webhook:
    row = await get_webhook(session, webhook_id)
    if not row.enabled:
        raise Conflict("The webhook is disabled; enable it first.", code="webhook-disabled")
    return row


def _due_again() -> dict[str, Any]:
    # as if new: its three days begin again
    return {
        "status": "pending",
        "attempts": 0,
        "next_attempt_at": clock.now(),
        "delivered_at": None,
    }


async def list_deliveries(
    session: AsyncSession,
    webhook_id: str,
    filters: Mapping[str, Any],
    *,
    sort: TimeSort = TimeSort.NEWEST,
    after: str | None,
    limit: int,
) -> Sequence[WebhookDelivery]:
    """The webhook's deliveries by state, event, subject and time; one more than the limit if more."""
    await get_webhook(session, webhook_id)
    table = WebhookDelivery
    query = select(table).where(table.webhook_id == webhook_id)
    query = equal(query, filters, table.status, table.event_type, table.subject)
    span = filters.get("created_after"), filters.get("created_before")
    query = within(query, table.created_at, *span, ids=(table.id, "whd"))
    page = timed_page(query, table.id, sort=sort, after=after, limit=limit)
    return (await session.scalars(page)).all()


def _audited(row: Webhook) -> dict[str, Any]:
    # paths of such addresses are often secrets themselves
    return {"host": urlsplit(row.url).hostname, "events": list(row.events), "enabled": row.enabled}
