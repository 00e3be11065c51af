"""Who must not be sent any more: hashes of people who were erased, left out of whatever is staged.

Columnar: one look-up per key and frame, and nothing at all while the list is empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl
from sqlalchemy import ColumnElement, distinct, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Erasure, Suppression
from app.identifiers.columns.digest import sha256
from app.identifiers.keys import DIGEST_BYTES, HASHED_KEYS

KEYS: Final = ("EMAIL", "PHONE", "EXTERN_ID", "MADID")
"""What people are erased by. Keys that are sent as they are stand on the list as their SHA-256."""

REASON: Final = "suppressed"


@dataclass(frozen=True, slots=True)
class SuppressionList:
    """Hashes by key, Binary of 32 bytes each; never null."""

    hashes: Mapping[str, pl.Series] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anybody is on it."""
        return any(len(column) for column in self.hashes.values())

    def without(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows none of whose identifiers is on the list; the same frame if all may stay.

        `rows` has columns named by Meta's keys: hashed ones Binary or their hexadecimal digits (String
        or Categorical), plain ones String. A row is left out if any of its identifiers is on the list.
        """
        listed: pl.Series | None = None
        for key, hashes in self.hashes.items():
            if key not in rows.columns or not len(hashes):
                continue
            column = rows[key]
            if column.dtype == pl.Binary:
                found = column.is_in(hashes.implode())
            elif key in HASHED_KEYS:
                digits = column.cast(pl.String)
                found = digits.is_in(hashes.bin.encode("hex").implode())
            else:
                found = sha256(column).is_in(hashes.implode())
            found = found.fill_null(value=False)
            listed = found if listed is None else listed | found
        return rows if listed is None or not listed.any() else rows.filter(~listed)


async def suppression_list(session: AsyncSession, *which: ColumnElement[bool]) -> SuppressionList:
    """The list as it is now, or the part of it that is asked for."""
    query = (
        select(
            Suppression.key,
            func.string_agg(distinct(Suppression.hash), literal(b"")),
        )
        .where(Suppression.key.in_(KEYS), *which)
        .group_by(Suppression.key)
    )
    return SuppressionList({key: _cells(key, whole) for key, whole in await session.execute(query)})


async def grown_since(session: AsyncSession, moment: datetime) -> bool:
    """Whether people were put on the list at that moment or later."""
    query = select(Erasure.id).where(Erasure.requested_at >= moment, Erasure.lifted_at.is_(None))
    return await session.scalar(query.limit(1)) is not None


def _cells(key: str, whole: bytes) -> pl.Series:
    octets = np.frombuffer(whole, dtype=np.uint8).reshape(-1, DIGEST_BYTES)
    return pl.Series(key, octets).cast(pl.List(pl.UInt8)).cast(pl.Binary)
