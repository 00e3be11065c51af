"""API keys: made, listed, revoked; and the list of audit events."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.audit import record
from app.access.callers import KEY_PREFIX, Caller, Role
from app.db.listing import (
    NamedSort,
    TimeSort,
    contains,
    equal,
    made,
    sorted_page,
    timed_page,
    within,
)
from app.db.models import ApiKey, AuditEvent
from app.db.secrets import Vault
from app.errors import NotFound, Unprocessable
from app.ids import is_id, new_id


async def create_api_key(
    session: AsyncSession,
    *,
    caller: Caller,
    vault: Vault,
    display_name: str,
    role: Role,
    expires_at: datetime | None,
) -> tuple[ApiKey, str]:
    """A key's row and the key itself, which is kept nowhere. Raises `Unprocessable` if already expired."""
    now = clock.now()
    if expires_at is not None and expires_at <= now:
        raise Unprocessable("expires_at must be in the future.")
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(
        id=new_id("key"),
        display_name=display_name,
        role=role,
        key_hash=vault.key_hashes(key)[0],
        last4=key[-4:],
        expires_at=expires_at,
        created_at=now,
        created_by=caller.id,
    )
    session.add(row)
    record(
        session,
        caller,
        "api_key.created",
        row.id,
        after={"display_name": display_name, "role": role},
    )
    await session.flush()
    return row, key


async def list_api_keys(
    session: AsyncSession,
    filters: Mapping[str, Any],
    *,
    sort: NamedSort = NamedSort.NEWEST,
    after: str | None,
    limit: int,
) -> Sequence[ApiKey]:
    """Keys in force by name (`q`), role and maker; one more than the limit if there is more."""
    query = select(ApiKey).where(ApiKey.revoked_at.is_(None))
    query = made(query, filters, ApiKey.created_by, ApiKey.created_at)
    query = equal(query, filters, ApiKey.role)
    if filters.get("q"):
        query = query.where(contains(ApiKey.display_name, filters["q"]))
    page = sorted_page(query, ApiKey.id, ApiKey.display_name, sort=sort, after=after, limit=limit)
    return (await session.scalars(page)).all()


async def get_api_key(session: AsyncSession, key_id: str) -> ApiKey:
    """The key, if it is in force. Raises `NotFound`."""
    row = await session.get(ApiKey, key_id) if is_id("key", key_id) else None
    if row is None or row.revoked_at is not None:
        raise NotFound("There is no such API key.")
    return row


async def revoke_api_key(session: AsyncSession, key_id: str, *, caller: Caller) -> None:
    """Refuse the key from now on. Raises `NotFound`."""
    row = await get_api_key(session, key_id)
    row.revoked_at = clock.now()
    record(session, caller, "api_key.revoked", row.id)


async def list_audit_events(
    session: AsyncSession,
    filters: Mapping[str, Any],
    *,
    sort: TimeSort = TimeSort.NEWEST,
    after: str | None,
    limit: int,
) -> Sequence[AuditEvent]:
    """Audit events by what `filters` names; one more than the limit if there is more."""
    query = equal(
        select(AuditEvent), filters, AuditEvent.resource_id, AuditEvent.actor, AuditEvent.action
    )
    span = filters.get("at_after"), filters.get("at_before")
    query = within(query, AuditEvent.at, *span, ids=(AuditEvent.id, "evt"))
    page = timed_page(query, AuditEvent.id, sort=sort, after=after, limit=limit)
    return (await session.scalars(page)).all()
