"""Brings events to webhooks: kept in Postgres, repeated for about three days, in order per subject.

A delivery is claimed by moving its next attempt past the lease, so of many processes one sends it
and a process that dies with it gives it back. A later event of a subject waits for the earlier ones.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Update, exists, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app import clock
from app.access.audit import record
from app.access.callers import SYSTEM
from app.db.models import Webhook, WebhookDelivery
from app.db.portions import delete_in_portions
from app.db.secrets import SecretUnreadable, Vault
from app.db.session import Database
from app.errors import AppError
from app.ids import SKEW, least_id
from app.observability import metrics
from app.observability.crashes import crashes_told
from app.observability.logs import get_logger
from app.observability.tracing import Traced, span, traceparent
from app.webhooks.sending import TIMEOUT_SECONDS, NotSent, Sender
from app.webhooks.signing import signature_headers

log = get_logger(__name__)

BACKOFF = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=8),
    timedelta(hours=12),
    timedelta(hours=12),
    timedelta(hours=14),
    timedelta(hours=18),
)
"""The pause after each failed attempt, give or take a tenth; together about three days."""

DISABLED_AFTER = timedelta(days=5)
KEPT_FOR = timedelta(days=30)

_LEASE = timedelta(seconds=TIMEOUT_SECONDS * 3)
_JITTER = 0.1
# one slow receiver cannot take every place
_PER_WEBHOOK = 4


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one pass did, in attempts."""

    delivered: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class _Claimed:
    id: str
    webhook_id: str
    event: str
    body: bytes
    attempt: int
    url: str
    secrets: tuple[str, ...] | None  # None: no key opens them
    traceparent: str | None


async def deliver_due(
    database: Database, vault: Vault, sender: Sender, *, concurrency: int = 8, seconds: float = 20.0
) -> Delivered:
    """Send what is due, at most `concurrency` at once, until nothing is or `seconds` are over.

    Any number of processes may call it at any time.
    """
    deadline, outcomes = time.monotonic() + seconds, list[bool]()
    while time.monotonic() < deadline:
        async with database.transaction() as session:
            claimed = await _claim(session, vault, concurrency)
        if not claimed:
            break
        work = (_deliver(database, sender, item) for item in claimed)
        # all have an end before the pass has one: nobody would wait for the others
        for outcome in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
            outcomes.append(outcome)
    return Delivered(delivered=sum(outcomes), failed=len(outcomes) - sum(outcomes))


async def forget_old(database: Database) -> int:
    """Drop the log of deliveries that ended long ago; how many there were."""
    before = clock.now() - KEPT_FOR
    return await delete_in_portions(
        database,
        WebhookDelivery,
        # by it the younger ones are not even looked at
        WebhookDelivery.id < least_id("whd", before + SKEW),
        WebhookDelivery.created_at < before,
        WebhookDelivery.status != "pending",
    )


def pause_after(attempt: int, *, chance: float) -> timedelta | None:
    """How long to wait after that many attempts; None when it was the last. `chance` is in [0, 1)."""
    if attempt > len(BACKOFF):
        return None
    return BACKOFF[attempt - 1] * (1 + _JITTER * (2 * chance - 1))


async def _claim(session: AsyncSession, vault: Vault, most: int) -> Sequence[_Claimed]:
    now = clock.now()
    one, before = aliased(WebhookDelivery), aliased(WebhookDelivery)
    waits = exists().where(
        before.webhook_id == one.webhook_id,
        before.subject == one.subject,
        before.status == "pending",
        before.id < one.id,
    )
    due = (
        select(one.id)
        .where(
            one.webhook_id == Webhook.id,
            one.status == "pending",
            one.next_attempt_at <= now,
            ~waits,
        )
        .order_by(one.id)
        .limit(_PER_WEBHOOK)
        .with_for_update(skip_locked=True, of=one)
        .correlate(Webhook)
        .lateral()
    )
    chosen = (
        select(due.c.id).select_from(Webhook).join(due, true()).where(Webhook.enabled).limit(most)
    ).cte("chosen")
    rows = (
        await session.scalars(
            update(WebhookDelivery)
            .where(WebhookDelivery.id.in_(select(chosen.c.id)))
            .values(attempts=WebhookDelivery.attempts + 1, next_attempt_at=now + _LEASE)
            .returning(WebhookDelivery)
        )
    ).all()
    wanted = {row.webhook_id for row in rows}
    found = await session.scalars(select(Webhook).where(Webhook.id.in_(wanted)))
    webhooks = {row.id: row for row in found}
    return [
        _Claimed(
            id=row.id,
            webhook_id=row.webhook_id,
            event=row.event_type,
            body=row.body.encode(),
            attempt=row.attempts,
            url=webhooks[row.webhook_id].url,
            secrets=_secrets(vault, webhooks[row.webhook_id], now),
            traceparent=row.traceparent,
        )
        for row in rows
    ]


def _secrets(vault: Vault, row: Webhook, now: datetime) -> tuple[str, ...] | None:
    sealed = [row.secret]
    if row.previous_secret is not None and row.previous_until is not None:
        sealed += [row.previous_secret] if now < row.previous_until else []
    try:
        return tuple(vault.open(item, owner=secret_owner(row.id)) for item in sealed)
    except SecretUnreadable:
        return None


def secret_owner(webhook_id: str) -> str:
    """What a webhook's sealed secrets are bound to."""
    return f"webhooks/{webhook_id}/secret"


async def _deliver(database: Database, sender: Sender, item: _Claimed) -> bool:
    """One attempt, and its outcome written down; whether it was delivered."""
    delivered = False
    with (
        # what could not be written down is tried again once its lease is over
        crashes_told("webhook.crashed", delivery_id=item.id),
        span(
            "webhook",
            kind="client",
            parent=item.traceparent,
            operation=item.event,
            attempt=item.attempt,
        ) as traced,
    ):
        delivered = await _attempt(database, sender, item, traced)
    return delivered  # noqa: RET504 - False after a crash


async def _attempt(database: Database, sender: Sender, item: _Claimed, traced: Traced) -> bool:
    status: int | None = None
    # what nobody foresaw is a failed attempt like any other, or it would be repeated for ever
    reason: str | None = AppError.code
    with crashes_told("webhook.crashed", delivery_id=item.id):
        status, reason = await _send(sender, item)
    async with database.transaction() as session:
        if reason is None:
            await _succeeded(session, item, status)
        else:
            await _failed(session, item, status, reason)
    traced.set(http__response__status_code=status, code=reason)
    outcome = "delivered" if reason is None else "failed"
    metrics.WEBHOOK_ATTEMPTS.labels(item.event, outcome).inc()
    log.info("webhook.attempted", delivery_id=item.id, attempt=item.attempt, outcome=reason or "ok")
    return reason is None


async def _send(sender: Sender, item: _Claimed) -> tuple[int | None, str | None]:
    """The status of the answer, and why it was not delivered."""
    if item.secrets is None:
        return None, SecretUnreadable.code
    headers = signature_headers(item.id, item.body, at=clock.now(), secrets=item.secrets)
    if (trace := traceparent()) is not None:
        headers = {**headers, "traceparent": trace}
    try:
        status = await sender.post(item.url, item.body, headers)
    except NotSent as error:
        return None, error.reason
    return status, None if 200 <= status < 300 else f"status-{status}"


async def _succeeded(session: AsyncSession, item: _Claimed, status: int | None) -> None:
    now = clock.now()
    await session.execute(
        _attempt_of(item).values(
            status="delivered", delivered_at=now, last_status=status, last_error=None
        )
    )
    recovered = await session.scalar(
        update(Webhook)
        .where(Webhook.id == item.webhook_id, Webhook.failing_since.is_not(None))
        .values(failing_since=None)
        .returning(Webhook.id)
    )
    if recovered is not None:
        # the receiver is back: what waits for a later attempt need not (what is on its way stays)
        await session.execute(
            update(WebhookDelivery)
            .where(
                WebhookDelivery.webhook_id == item.webhook_id,
                WebhookDelivery.status == "pending",
                WebhookDelivery.next_attempt_at > now + _LEASE,
            )
            .values(next_attempt_at=now)
        )


async def _failed(session: AsyncSession, item: _Claimed, status: int | None, reason: str) -> None:
    now = clock.now()
    pause = pause_after(item.attempt, chance=random.random())  # noqa: S311 - spreads load only
    await session.execute(
        _attempt_of(item).values(
            status="failed" if pause is None else "pending",
            next_attempt_at=now if pause is None else now + pause,
            last_status=status,
            last_error=reason,
        )
    )
    webhook = await session.get(Webhook, item.webhook_id, with_for_update=True)
    if webhook is None:
        return
    webhook.failing_since = webhook.failing_since or now
    if webhook.enabled and webhook.failing_since <= now - DISABLED_AFTER:
        webhook.enabled, webhook.disabled_at = False, now
        record(
            session,
            SYSTEM,
            "webhook.disabled",
            webhook.id,
            after={"failing_since": webhook.failing_since.isoformat(), "reason": reason},
        )
        log.warning("webhook.disabled", webhook_id=webhook.id, reason=reason)


def _attempt_of(item: _Claimed) -> Update:
    # an attempt whose lease ran out is another process's now, and says nothing any more
    return update(WebhookDelivery).where(
        WebhookDelivery.id == item.id,
        WebhookDelivery.status == "pending",
        WebhookDelivery.attempts == item.attempt,
    )
