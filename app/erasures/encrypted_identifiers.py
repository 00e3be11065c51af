"""Identifiers that Meta knows unhashed (EXTERN_ID, MADID), kept sealed until Meta has removed them.

The suppression list needs their hashes only, and the sealed texts are gone with the end of the work.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Suppression
from app.db.secrets import Vault
from app.erasures.identifiers import Identifier

_MARK = "sealed "


def seal(vault: Vault, erasure_id: str, found: Iterable[Identifier]) -> list[dict[str, Any]]:
    """Rows for the identifiers that are needed once more in plain; they are on no list."""
    return [
        {
            "erasure_id": erasure_id,
            "key": _MARK + item.key,
            "hash": vault.seal(item.plain, owner=_owner(erasure_id, item.key)),
            "person": item.person,
        }
        for item in found
        if item.plain is not None
    ]


async def unseal(session: AsyncSession, vault: Vault, erasure_id: str) -> dict[str, list[str]]:
    """The texts by key, for the moment of a call. Raises `SecretUnreadable`."""
    rows = await session.scalars(
        select(Suppression).where(
            Suppression.erasure_id == erasure_id, Suppression.key.startswith(_MARK)
        )
    )
    opened: dict[str, list[str]] = {}
    for row in rows:
        key = row.key.removeprefix(_MARK)
        opened.setdefault(key, []).append(vault.open(row.hash, owner=_owner(erasure_id, key)))
    return opened


async def forget(session: AsyncSession, erasure_id: str) -> None:
    """Drop the sealed texts: nothing is done with them any more."""
    await session.execute(
        delete(Suppression).where(
            Suppression.erasure_id == erasure_id, Suppression.key.startswith(_MARK)
        )
    )


def _owner(erasure_id: str, key: str) -> str:
    return f"erasures/{erasure_id}/{key}"
