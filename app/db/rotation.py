"""Seals every stored secret anew under the first of ENCRYPTION_KEYS, so that an older key can go.

Row by row in small transactions, while everything runs: a secret that was replaced meanwhile is left
as it is, and the row's version moves on, so that nobody who read the row before writes the old value
back.
"""

import base64
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Table, Text, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    ApiKey,
    Connection,
    ExportBaseline,
    IdempotencyKey,
    Run,
    Segment,
    SegmentUpload,
    Webhook,
)
from app.db.secrets import SecretUnreadable, Vault
from app.db.session import Database

_AT_ONCE = 50
_ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of sealed secrets, and what they are bound to (`{id}` is the row's identity)."""

    table: Table
    column: str
    owner: str
    identity: str = "id"


SEALED = (
    Sealed(Connection.__table__, "token", "connections/{id}/token"),  # type: ignore[arg-type]
    Sealed(Webhook.__table__, "secret", "webhooks/{id}/secret"),  # type: ignore[arg-type]
    Sealed(Webhook.__table__, "previous_secret", "webhooks/{id}/secret"),  # type: ignore[arg-type]
    Sealed(Segment.__table__, "query", "segments/{id}/query"),  # type: ignore[arg-type]
    Sealed(IdempotencyKey.__table__, "body", "idempotency_keys/{id}/body", "claim"),  # type: ignore[arg-type]
)


def answer_owner(claim: str) -> str:
    """What a kept answer's seal is bound to."""
    return f"idempotency_keys/{claim}/body"


def is_plain_answer(body: bytes) -> bool:
    """Whether a kept answer is as version 0.1 writes it: processes of it go on while they are replaced.

    Answers are JSON or empty; a sealed one begins with a key's id and random bytes, and is neither.
    """
    try:
        orjson.loads(body or b"null")
    except orjson.JSONDecodeError:
        return False
    return True


async def seal_plain_answers(database: Database, vault: Vault) -> int:
    """Seal what processes of version 0.1 kept since the migration; how many. Raises `Unavailable`."""
    sealed = 0
    async with database.transaction() as session:
        kept = select(IdempotencyKey.claim, IdempotencyKey.body)
        others = kept.where(_under_older_key(IdempotencyKey.__table__.c.body, vault))
        for claim, body in (await session.execute(others)).all():
            if body is not None and is_plain_answer(body):
                await session.execute(
                    update(IdempotencyKey)
                    .where(IdempotencyKey.claim == claim, IdempotencyKey.body == body)
                    .values(body=vault.seal(body.decode(), owner=answer_owner(claim)))
                )
                sealed += 1
    return sealed


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did. `unreadable` names rows whose key is lost; their secrets stay as they are.

    `api_keys_left` are API keys known only by a hash under an older key; each moves when it is used.
    """

    resealed: dict[str, int]
    unreadable: tuple[str, ...]
    api_keys_left: int


# documents with manifests of staged files, whose `sealed_key` is bound to the `prefix` beside it
MANIFESTS = (
    (Run.__table__, "id", "plan"),
    (ExportBaseline.__table__, "export_id", "delivered"),
    (ExportBaseline.__table__, "export_id", "pending"),
    (SegmentUpload.__table__, "id", "manifest"),
)


async def rotate(database: Database, vault: Vault) -> Rotated:
    """Bring every secret under the vault's first key. Repeating it changes nothing."""
    resealed: dict[str, int] = {}
    unreadable: list[str] = []
    await seal_plain_answers(database, vault)
    for place in SEALED:
        name = f"{place.table.name}.{place.column}"
        resealed[name], lost = await _rotate_column(database, vault, place)
        unreadable += lost
    for table, identity, column in MANIFESTS:
        name = f"{table.name}.{column}"  # type: ignore[attr-defined]
        resealed[name], lost = await _rotate_manifests(
            database, vault, table.c[identity], table.c[column]
        )
        unreadable += lost
    async with database.transaction() as session:
        left = await session.scalar(
            select(func.count())
            .select_from(ApiKey)
            .where(ApiKey.revoked_at.is_(None), _under_older_key(ApiKey.key_hash, vault))
        )
    return Rotated(resealed, tuple(unreadable), left or 0)


async def _rotate_column(database: Database, vault: Vault, place: Sealed) -> tuple[int, list[str]]:
    done, lost, after = 0, [], ""
    secret, identity = place.table.c[place.column], place.table.c[place.identity]
    while True:
        async with database.transaction() as session:
            rows = (
                await session.execute(
                    select(identity, secret)
                    .where(_under_older_key(secret, vault), identity > after)
                    .order_by(identity)
                    .limit(_AT_ONCE)
                )
            ).all()
            for row_id, sealed in rows:
                after = row_id
                owner = place.owner.format(id=row_id)
                try:
                    text = vault.open(sealed, owner=owner)
                except SecretUnreadable:
                    lost.append(row_id)
                    continue
                done += await _replace(
                    session, place, row_id, sealed, vault.seal(text, owner=owner)
                )
        if not rows:
            return done, lost


async def _rotate_manifests(
    database: Database, vault: Vault, identity: Any, column: Any
) -> tuple[int, list[str]]:
    """Seal the keys of staged files anew; a document that was replaced meanwhile is left as it is."""
    done, lost = 0, []
    async with database.transaction() as session:
        sealed = column.cast(Text).contains('"sealed_key": "')
        ids = (await session.scalars(select(identity).where(sealed).order_by(identity))).all()
    for row_id in ids:
        async with database.transaction() as session:
            stored = await session.scalar(
                select(column).where(identity == row_id).with_for_update()
            )
            try:
                fresh, count = _resealed(stored, vault)
            except SecretUnreadable:
                lost.append(row_id)
                continue
            if count:
                statement = update(column.table).where(identity == row_id)
                await session.execute(statement.values({column.name: fresh}))
                done += count
    return done, lost


def _resealed(document: Any, vault: Vault) -> tuple[Any, int]:
    """The document with every key in it under the vault's first; how many were under another one."""
    if isinstance(document, list):
        pairs = [_resealed(item, vault) for item in document]
        return [item for item, _ in pairs], sum(count for _, count in pairs)
    if not isinstance(document, dict):
        return document, 0
    found = {name: _resealed(value, vault) for name, value in document.items()}
    fresh, count = {name: value for name, (value, _) in found.items()}, 0
    key = document.get("sealed_key")
    if isinstance(key, str):
        sealed = base64.b64decode(key)
        if sealed[:_ID_BYTES] != vault.current_key_id:
            owner = f"snapshots/{document['prefix']}"
            anew = vault.seal(vault.open(sealed, owner=owner), owner=owner)
            fresh["sealed_key"], count = base64.b64encode(anew).decode(), 1
    return fresh, count + sum(count for _, count in found.values())


async def _replace(
    session: AsyncSession, place: Sealed, row_id: str, old: bytes, new: bytes
) -> int:
    values: dict[str, Any] = {place.column: new}
    if "version" in place.table.c:
        values["version"] = place.table.c.version + 1
    replaced = await session.execute(
        update(place.table)
        .where(place.table.c[place.identity] == row_id, place.table.c[place.column] == old)
        .values(values)
        .returning(literal(1))
    )
    return len(replaced.all())


def _under_older_key(column: Any, vault: Vault) -> Any:
    return func.substring(column, 1, _ID_BYTES) != vault.current_key_id
