"""Members in Snowflake: one query, whose result the server keeps as it was while its parts are read.

A part is read as it comes, so that it may be of any size. A connection that drops within one costs that part
and no more: it is asked for again, and the rows that were read already are passed over. The server forgets a
result after a day, which ends the reading.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson
import polars as pl

from app.errors import SourceError
from app.sources import errors
from app.sources.access import Patience, SourceAccess
from app.sources.databases.column_names import found_columns, free_names
from app.sources.databases.database_source import DatabaseSource
from app.sources.databases.prefetch import answer_of, frames_of, rows_at_once
from app.sources.databases.segment_databases import (
    Rights,
    address_of,
    may_write,
    quoted_name,
    relation_of,
    writable,
)
from app.sources.databases.timestamps import as_timestamps
from app.sources.databases.typed_columns import as_floats
from app.sources.malformed_rows import Losses
from app.sources.member_source import Attribute
from app.sources.warehouses.errors import fault
from app.sources.warehouses.http_client import whole
from app.sources.warehouses.json_rows import JsonRows, Row, frame_of
from app.sources.warehouses.snowflake.errors import snowflake_fault
from app.sources.warehouses.snowflake.sql_api import Session, session
from app.sources.warehouses.snowflake.types import data_type, is_float, is_instant, selected

KIND: Final = "snowflake"
_CELLS: Final = 400_000
_TRIES: Final = 4
_WAIT_SECONDS: Final = 0.5
_PART: Final = re.compile(r'"(?:[^"]|"")+"|[^".]+')
_READER: Final = (
    "CREATE ROLE segment_reader; GRANT USAGE ON the warehouse, the database and the schema, and SELECT ON "
    "ALL TABLES IN SCHEMA, TO ROLE segment_reader; name it by role= in the address."
)
_MOST_ROLES: Final = 50
_UNSEEN: Final = frozenset({"database-permission-denied", "source-not-found", "query-failed"})
_READS: Final = frozenset({"SELECT", "USAGE", "REFERENCES", "MONITOR", "OPERATE", "READ"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SnowflakeSource(DatabaseSource):
    """A `MemberSource`."""

    def attributes(self) -> list[Attribute]:
        """The columns by the server's own description; no row is read."""

        async def asked() -> list[Attribute]:
            async with self._session() as opened:
                columns = await opened.described(self.relation)
                return [Attribute(str(one["name"]), data_type(one)) for one in columns]

        return answer_of(asked())

    def count(self) -> int:
        """`count(*)`; of a table the server knows it, of a query it costs a reading."""

        async def counted() -> int:
            async with self._session() as opened:
                await opened.described(self.relation)
                statement = f"SELECT COUNT(*) FROM {self.relation.inside}"  # noqa: S608
                return int((await opened.rows(statement))[0][0])

        return answer_of(counted())

    def chunks(
        self,
        columns: Sequence[str],
        *,
        rows: int = 100_000,
        losses: Losses | None = None,  # noqa: ARG002 - all of them can be read
    ) -> Iterator[pl.DataFrame]:
        """Frames in the server's own writing, floats, Binary for bytes; moments with a zone in UTC."""
        return frames_of(_Reading(self, columns, rows))

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Session]:
        async with session(self.name, self.address, self.patience) as opened:
            if not self.writers_allowed and await _may_write(opened):
                raise may_write(self.name, _READER)
            yield opened


class _Reading:
    """One query and the parts of its result; see `app.sources.databases.prefetch.Steps`."""

    def __init__(self, source: SnowflakeSource, columns: Sequence[str], rows: int) -> None:
        self._source, self._names = source, list(columns)
        self._most = rows_at_once(rows, len(columns), cells=_CELLS)
        self._columns: list[Mapping[str, Any]] = []
        self._entered: Any = None
        self._opened: Session | None = None
        self._handle, self._ended = "", False
        self._parts: list[int] = []
        self._rows: AsyncIterator[list[Row]] | None = None
        self._waiting: list[Row] = []

    async def open(self) -> None:
        source = self._source
        entered = source._session()  # noqa: SLF001
        opened: Session = await entered.__aenter__()
        self._entered, self._opened = entered, opened
        columns = {str(one["name"]): one for one in await opened.described(source.relation)}
        there = [Attribute(name, data_type(one)) for name, one in columns.items()]
        found = found_columns(source.name, self._names, there)
        self._columns = [columns[item.name] for item in found]
        chosen = ", ".join(
            f"{selected(one, source.cell_bytes)} AS {alias}"
            for one, alias in zip(self._columns, free_names(len(found), columns), strict=True)
        )
        statement = f"SELECT {chosen} FROM {source.relation.inside}"  # noqa: S608 - compiled alone
        handle = await opened.begin(statement)
        await opened.wait(handle)
        self._handle = handle
        self._rows = self._all_rows(opened)

    async def next(self) -> pl.DataFrame | None:
        assert self._rows is not None
        while len(self._waiting) < self._most and not self._ended:
            rows = await anext(self._rows, None)
            self._ended = rows is None
            self._waiting += rows or []
        taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        if not taken:
            return None
        frame = frame_of(self._names, taken)
        most = 2 * self._source.cell_bytes
        for name, one in self._each():
            limit = most if data_type(one) == "binary" else self._source.cell_bytes
            if (frame[name].str.len_bytes() > limit).any():
                raise errors.cell_too_large(self._source.name, self._source.cell_bytes)
        instants = [name for name, one in self._each() if is_instant(one)]
        floats = {name: pl.Float64 for name, one in self._each() if is_float(one)}
        read = as_timestamps(frame.with_columns(pl.col(instants) + "+00"), instants)
        return as_floats(read, floats).with_columns(
            pl.col(name).str.decode("hex")
            for name, one in self._each()
            if data_type(one) == "binary"
        )

    async def close(self) -> None:
        if self._rows is not None:
            await self._rows.aclose()  # type: ignore[attr-defined]
        if self._opened is not None and self._handle and not self._ended:
            await self._opened.cancel(self._handle)
        if self._entered is not None:
            await self._entered.__aexit__(None, None, None)

    async def _all_rows(self, opened: Session) -> AsyncIterator[list[Row]]:
        """The rows of every part, in order. Raises `database-unreachable` unless they are all there."""
        number, total, wanted = 0, 0, 1
        given = 0
        while number < wanted:
            got, tries = 0, 0
            while True:
                parser, seen = JsonRows(), 0
                try:
                    async for rows in self._part(opened, number, parser):
                        fresh = rows[max(got - seen, 0) :]
                        seen += len(rows)
                        if fresh:
                            got += len(fresh)
                            yield fresh
                    break
                except (httpx.TransportError, ValueError):
                    tries += 1
                    if tries == _TRIES:
                        raise fault(self._source.name, "database-unreachable") from None
                    await asyncio.sleep(_WAIT_SECONDS * tries)
            if number == 0:
                told = orjson.loads(parser.around)["resultSetMetaData"]
                total, wanted = int(told["numRows"]), max(len(told.get("partitionInfo") or ()), 1)
            number, given = number + 1, given + got
        if given != total:
            raise fault(self._source.name, "database-unreachable")  # never half a segment

    async def _part(
        self, opened: Session, number: int, parser: JsonRows
    ) -> AsyncIterator[list[Row]]:
        async with opened.stream(self._handle, number) as answer:
            if answer.status_code in {404, 410}:
                raise fault(self._source.name, "result-expired")
            if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
                raise ValueError("passing")
            if not answer.is_success:
                body = await whole(answer)
                raise _fault(self._source.name, answer.status_code, body)
            async for piece in answer.aiter_bytes():
                yield parser.feed(piece)
            yield parser.finish()[0]

    def _each(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        return zip(self._names, self._columns, strict=True)


def _fault(name: str, status: int, body: bytes) -> SourceError:
    try:
        return snowflake_fault(name, status, orjson.loads(body))
    except ValueError:
        return snowflake_fault(name, status, {})


def open_snowflake(source: Mapping[str, Any], access: SourceAccess) -> SnowflakeSource:
    """The table or query a segment names, in an account the deployment allows; does not connect.

    Names of a table that are not quoted are in capitals, as the server keeps them.
    Raises as `address_of` and `relation_of` do.
    """
    address = address_of(source, KIND, access)
    if isinstance(table := source.get("table"), str):
        capitals = _PART.sub(
            lambda found: found.group() if found.group().startswith('"') else found.group().upper(),
            table,
        )
        source = {**source, "table": capitals}
    relation = relation_of(source, quote_mark='"', parts=3)
    return SnowflakeSource.allowed(relation, address, access)


def probe_snowflake(name: str, address: str, seconds: float) -> Rights:
    """See `app.sources.databases.segment_databases.Probe`."""

    async def probed() -> Rights:
        async with session(name, address, Patience(seconds, seconds)) as opened:
            tables = await opened.rows("SHOW TABLES LIMIT 1") or await opened.rows(
                "SHOW VIEWS LIMIT 1"
            )
            writes = await _may_write(opened)
            try:
                await opened.rows("CREATE TABLE audience_export_tries_to_write (a INT)")
            except SourceError as error:
                if error.code not in _UNSEEN:
                    raise
                return Rights(bool(tables), writes)
            await opened.rows("DROP TABLE audience_export_tries_to_write")
            raise writable(name)

    return answer_of(probed(), seconds=seconds)


async def _may_write(opened: Session) -> bool:
    """Whether a role of the session, or one that is granted to it, holds a right beyond reading.

    Roles that may not be looked at count for nothing; more than `_MOST_ROLES` count as one that writes.
    """
    (primary, others), *_ = await opened.rows("SELECT CURRENT_ROLE(), CURRENT_SECONDARY_ROLES()")
    waiting, seen = [str(primary), *_named(others)], set[str]()
    while waiting:
        role = waiting.pop()
        if role in seen:
            continue
        if len(seen) == _MOST_ROLES:
            return True
        seen.add(role)
        try:
            rows = await opened.rows("SHOW GRANTS TO ROLE " + quoted_name(role, '"'))
        except SourceError as error:
            if error.code in _UNSEEN:
                continue
            raise
        # created_on, privilege, granted_on, name, …
        for _, privilege, *on in rows:
            if on[:1] == ["ROLE"] and privilege == "USAGE":
                waiting.append(str(on[1]))
            elif privilege not in _READS:
                return True
    return False


def _named(told: Any) -> list[str]:
    """`{"roles": "A,B", "value": "ALL"}` → A, B."""
    try:
        roles = str(orjson.loads(told)["roles"])
    except (ValueError, KeyError, TypeError):
        return []
    return [role for role in roles.split(",") if role]
