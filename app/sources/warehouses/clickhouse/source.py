"""Members in ClickHouse: one SELECT, so one consistent snapshot, streamed as JSON."""

import contextlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson
import polars as pl

from app.sources import errors
from app.sources.access import Patience, SourceAccess
from app.sources.cancellation import ReadingGivenUp
from app.sources.databases.column_names import found_columns, free_names
from app.sources.databases.database_source import DatabaseSource
from app.sources.databases.prefetch import answer_of, frames_of, rows_at_once
from app.sources.databases.segment_databases import (
    Rights,
    address_of,
    may_write,
    relation_of,
    writable,
)
from app.sources.databases.timestamps import as_timestamps
from app.sources.databases.typed_columns import FloatType, as_floats
from app.sources.malformed_rows import Losses
from app.sources.member_source import Attribute
from app.sources.warehouses.clickhouse.errors import REFUSALS, clickhouse_fault, number_in
from app.sources.warehouses.clickhouse.http_interface import Session, refused_with, session
from app.sources.warehouses.clickhouse.types import data_type, float_type, selected
from app.sources.warehouses.http_client import at_most, transport_fault, whole
from app.sources.warehouses.json_rows import JsonRows, Row, frame_of

KIND: Final = "clickhouse"
_CELLS: Final = 400_000
_READER: Final = (
    "CREATE USER segment_reader IDENTIFIED BY '…'; GRANT SELECT ON shop.* TO segment_reader;"
)
_READS: Final = frozenset({"SELECT", "SHOW", "USAGE", "dictGet", "NONE", "CHECK"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickhouseSource(DatabaseSource):
    """A `MemberSource`."""

    def attributes(self) -> list[Attribute]:
        """The columns by the server's own description; nothing is read."""

        async def asked() -> list[Attribute]:
            async with self._session() as session:
                described = await session.described(self.relation)
                return [Attribute(column, data_type(kind)) for column, kind in described]

        return answer_of(asked())

    def count(self) -> int:
        """`count()`, which costs the database one reading of everything; of a table it knows it."""

        async def counted() -> int:
            async with self._session() as session:
                await session.described(self.relation)
                statement = f"SELECT toString(count()) FROM {self.relation.inside}"  # noqa: S608
                return int((await session.rows(statement))[0][0] or 0)

        return answer_of(counted())

    def chunks(
        self,
        columns: Sequence[str],
        *,
        rows: int = 100_000,
        losses: Losses | None = None,  # noqa: ARG002 - all of them can be read
    ) -> Iterator[pl.DataFrame]:
        """String frames in the server's own writing; DateTimes are moments in UTC, floats are floats."""
        return frames_of(_Reading(self, columns, rows))

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Session]:
        async with session(self.name, self.address, self.patience) as opened:
            if not self.writers_allowed and await _may_write(opened):
                raise may_write(self.name, _READER)
            yield opened


class _Reading:
    """One streamed result; see `app.sources.databases.prefetch.Steps`."""

    def __init__(self, source: ClickhouseSource, columns: Sequence[str], rows: int) -> None:
        self._source, self._names = source, list(columns)
        self._most = rows_at_once(rows, len(columns), cells=_CELLS)
        self._parser, self._waiting, self._given = JsonRows(), list[Row](), 0
        self._instants: list[str] = []
        self._floats: dict[str, FloatType] = {}
        self._ended = False
        self._session: Any = None
        self._answer: Any = None
        self._pieces: AsyncIterator[bytes] | None = None

    async def open(self) -> None:
        source = self._source
        entered = source._session()  # noqa: SLF001
        connected = await entered.__aenter__()
        self._session = entered
        described = dict(await connected.described(source.relation))
        attributes = [Attribute(column, kind) for column, kind in described.items()]
        found = found_columns(source.name, self._names, attributes)
        chosen = ", ".join(
            f"{selected(item, source.cell_bytes)} AS {alias}"
            for item, alias in zip(found, free_names(len(found), described), strict=True)
        )
        self._instants = [
            name
            for name, item in zip(self._names, found, strict=True)
            if data_type(item.data_type) == "datetime"
        ]
        for name, item in zip(self._names, found, strict=True):
            if width := float_type(item.data_type):
                self._floats[name] = width
        answer = connected.asked(
            f"SELECT {chosen} FROM {source.relation.inside} FORMAT JSONCompact"  # noqa: S608
        )
        async with at_most(source.patience.statement + 1, source.name, "statement-timeout"):
            try:
                opened = await answer.__aenter__()
            except httpx.ReadTimeout:
                raise  # it took longer than it may
            except httpx.TransportError as error:
                raise transport_fault(source.name, error) from None
        self._answer = answer
        if not opened.is_success:
            raise clickhouse_fault(source.name, refused_with(opened, await whole(opened)))
        self._pieces = opened.aiter_bytes()

    async def next(self) -> pl.DataFrame | None:
        while len(self._waiting) < self._most and self._pieces is not None:
            try:
                piece = await anext(self._pieces, None)
                rows = self._parser.feed(piece) if piece is not None else self._last()
            except (httpx.HTTPError, OSError, ValueError):
                # what ends a stream is written behind its last row, if the server still could
                number = number_in(self._parser.left)
                raise clickhouse_fault(self._source.name, number) from None
            self._waiting += rows
            if piece is None:
                self._pieces, self._ended = None, True
        taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        if not taken:
            return None
        self._given += len(taken)
        frame = frame_of(self._names, taken)
        if any((column.str.len_bytes() > self._source.cell_bytes).any() for column in frame):
            raise errors.cell_too_large(self._source.name, self._source.cell_bytes)
        read = as_timestamps(frame.with_columns(pl.col(self._instants) + "+00"), self._instants)
        return as_floats(read, self._floats)

    async def close(self) -> None:
        if self._answer is not None:
            left = None if self._ended else ReadingGivenUp()
            with contextlib.suppress(ReadingGivenUp):
                await self._answer.__aexit__(left and ReadingGivenUp, left, None)
        if self._session is not None:
            await self._session.__aexit__(None, None, None)

    def _last(self) -> list[Row]:
        rows, behind = self._parser.finish()
        told = orjson.loads(b'{"":0' + behind)
        if told.get("rows") != self._given + len(self._waiting) + len(rows) or "exception" in told:
            raise ValueError("cut short")
        return rows


def open_clickhouse(source: Mapping[str, Any], access: SourceAccess) -> ClickhouseSource:
    """The table or query a segment names, in a database the deployment allows; does not connect.

    Raises as `address_of` and `relation_of` do.
    """
    address = address_of(source, KIND, access)
    relation = relation_of(source, quote_mark="`", escapes=True)
    return ClickhouseSource.allowed(relation, address, access)


def probe_clickhouse(name: str, address: str, seconds: float) -> Rights:
    """See `app.sources.databases.segment_databases.Probe`."""

    async def probed() -> Rights:
        async with session(name, address, Patience(seconds, seconds)) as connected:
            tables = await connected.rows(_ANY_TABLE)
            granted = [str(row[0]) for row in await connected.rows("SHOW GRANTS")]
            number = await connected.refusal(
                "CREATE TABLE audience_export_tries_to_write (a Int8) ENGINE = Memory"
            )
            if number in REFUSALS:
                reads = bool(tables) and any(
                    " SELECT" in grant or " ALL " in grant for grant in granted
                )
                return Rights(reads, await _may_write(connected))
            if number is not None:
                raise clickhouse_fault(name, number)
            await connected.refusal("DROP TABLE audience_export_tries_to_write")
            raise writable(name)

    return answer_of(probed(), seconds=seconds)


_ANY_TABLE: Final = """
    SELECT 1 FROM system.tables
    WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA') LIMIT 1
"""


async def _may_write(connected: Session) -> bool:
    """Whether the account, or a role it may take on, holds a right beyond reading."""
    if connected.is_read_only:
        return False  # its profile refuses what its grants allow
    # servers before 23 know no FINAL, which adds what its roles hold
    form = "SHOW GRANTS FINAL"
    if await connected.refusal(form) is not None:
        form = "SHOW GRANTS"
    return any(_writes(str(row[0])) for row in await connected.rows(form))


def _writes(grant: str) -> bool:
    """Whether a line of SHOW GRANTS holds a right beyond reading."""
    if not grant.startswith("GRANT ") or " ON " not in grant:
        return False  # a role, whose own rights are lines of their own
    rights = re.sub(r"\([^)]*\)", "", grant.removeprefix("GRANT ").partition(" ON ")[0]).split(", ")
    return any(right.strip().split(" ")[0] not in _READS for right in rights)
