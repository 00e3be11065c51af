"""Seals every stored secret anew under the first of ENCRYPTION_KEYS, so that an older key can go.

Row by row in small transactions, while everything runs: a secret that was replaced meanwhile is left
as it is, and the row's version moves on, so that nobody who read the row before writes the old value
back.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import ApiKey, Connection, Webhook
from app.db.secrets import SecretUnreadable, Vault
from app.db.session import Database

_AT_ONCE = 50
_ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of sealed secrets, and what they are bound to (`{id}` is the row's)."""

    table: Table
    column: str
    owner: str


SEALED = (
    Sealed(Connection.__table__, "token", "connections/{id}/token"),  # type: ignore[arg-type]
    Sealed(Webhook.__table__, "secret", "webhooks/{id}/secret"),  # type: ignore[arg-type]
    Sealed(Webhook.__table__, "previous_secret", "webhooks/{id}/secret"),  # type: ignore[arg-type]
)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did. `unreadable` names rows whose key is lost; their secrets stay as they are.

    `api_keys_left` are API keys known only by a hash under an older key; each moves when it is used.
    """

    resealed: dict[str, int]
    unreadable: tuple[str, ...]
    api_keys_left: int


async def rotate(database: Database, vault: Vault) -> Rotated:
    """Bring every secret under the vault's first key. Repeating it changes nothing."""
    resealed: dict[str, int] = {}
    unreadable: list[str] = []
    for place in SEALED:
        name = f"{place.table.name}.{place.column}"
        resealed[name], lost = await _rotate_column(database, vault, place)
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
    secret = place.table.c[place.column]
    while True:
        async with database.transaction() as session:
            rows = (
                await session.execute(
                    select(place.table.c.id, secret)
                    .where(_under_older_key(secret, vault), place.table.c.id > after)
                    .order_by(place.table.c.id)
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


async def _replace(
    session: AsyncSession, place: Sealed, row_id: str, old: bytes, new: bytes
) -> int:
    values: dict[str, Any] = {place.column: new}
    if "version" in place.table.c:
        values["version"] = place.table.c.version + 1
    replaced = await session.execute(
        update(place.table)
        .where(place.table.c.id == row_id, place.table.c[place.column] == old)
        .values(values)
        .returning(literal(1))
    )
    return len(replaced.all())


def _under_older_key(column: Any, vault: Vault) -> Any:
    return func.substring(column, 1, _ID_BYTES) != vault.current_key_id
