"""Members in a Postgres database: one COPY of one read-only query, so one consistent snapshot.

The caller's query is a text put into ours. Before that happens the server has parsed it alone,
through the extended protocol, which takes a single statement: a text that is a whole statement by
itself has balanced parentheses and closed quotes and comments, so it cannot end the text around it.
Whatever it does then, it does in a read-only transaction with a timeout.
"""

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import asyncpg  # type: ignore[import-untyped]
import polars as pl

from app.errors import SourceError
from app.sources import errors
from app.sources.access import Patience, SourceAccess
from app.sources.databases.column_names import check_unique
from app.sources.databases.database_source import DatabaseSource
from app.sources.databases.postgres.compatibility import check_server, fingerprint_of_table
from app.sources.databases.postgres.connection_options import connecting, option_refused
from app.sources.databases.postgres.copy_stream import Write, copying
from app.sources.databases.postgres.errors import database_fault, not_read_only
from app.sources.databases.postgres.privileges import READER, READS, WRITES
from app.sources.databases.prefetch import answer_of
from app.sources.databases.segment_databases import (
    Rights,
    address_invalid,
    address_of,
    may_write,
    quoted_name,
    relation_of,
    taken_apart,
    writable,
)
from app.sources.databases.timestamps import as_timestamps
from app.sources.databases.typed_columns import FloatType, as_booleans, as_floats
from app.sources.file_formats.csv import parse
from app.sources.malformed_rows import Losses
from app.sources.member_source import Attribute
from app.sources.text.csv_records import Scanner, check_records
from app.sources.text.csv_repair import Dialect
from app.sources.text.errors import TextFile
from app.sources.text.line_blocks import blocks

KIND = "postgres"
_COPIED = Dialect()
_SESSION = (
    "SET LOCAL statement_timeout = {milliseconds}; SET LOCAL standard_conforming_strings = on; "
    "SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL TimeZone = 'UTC'; SET LOCAL bytea_output = 'hex'"
)
_OUTSIDE = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
_TYPES = {
    **dict.fromkeys(("int2", "int4", "int8", "oid"), "integer"),
    **dict.fromkeys(("numeric", "float4", "float8", "money"), "number"),
    **dict.fromkeys(("timestamp", "timestamptz"), "datetime"),
    **dict.fromkeys(("xml", "hstore", "record"), "other"),
    **dict.fromkeys(("json", "jsonb"), "json"),
    "date": "date",
    "bool": "boolean",
    "bytea": "binary",
}

_FLOATS: Final[dict[str, FloatType]] = {"float4": pl.Float32, "float8": pl.Float64}

Result = TypeVar("Result")
Connection = Any  # asyncpg is not typed


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresSource(DatabaseSource):
    """A `MemberSource`."""

    def attributes(self) -> list[Attribute]:
        """The columns by the server's own description; nothing is read."""
        return self._run(self._columns)

    def count(self) -> int:
        """`count(*)`, which costs the database one reading of everything."""

        async def counted(connection: Connection) -> int:
            await self._columns(connection)
            query = f"SELECT count(*) FROM {self.relation.inside}"  # noqa: S608 - see above
            return int(await connection.fetchval(query))

        return self._run(counted)

    def fingerprint(self) -> str | None:
        """See `fingerprint_of_table`; a query cannot say whether it gives the same."""
        if self.relation.is_query:
            return None
        return self._run(lambda found: fingerprint_of_table(found, self.relation.text))

    def chunks(
        self,
        columns: Sequence[str],
        *,
        rows: int = 100_000,
        losses: Losses | None = None,  # noqa: ARG002 - all of them can be read
    ) -> Iterator[pl.DataFrame]:
        """String frames in the database's own writing; dates are ISO 8601, floats and truth values are such.

        Columns of `timestamptz` are moments in UTC: where they are a date depends on the zone.
        """
        text = TextFile(self.name, "postgres")
        instants: list[str] = []
        floats: dict[str, FloatType] = {}
        truths: list[str] = []
        binary: set[str] = set()

        async def copy(write: Write) -> None:
            async with self._reading() as connection:
                kinds = {item.name: item.type for item in await self._described(connection)}
                if missing := [column for column in columns if column not in kinds]:
                    raise errors.attribute_missing(self.name, missing)
                binary.update(column for column in columns if kinds[column].name == "bytea")
                selected = [_bounded(column, kinds[column], self.cell_bytes) for column in columns]
                instants.extend(column for column in columns if kinds[column].name == "timestamptz")
                floats.update(
                    {
                        column: _FLOATS[kinds[column].name]
                        for column in columns
                        if kinds[column].name in _FLOATS
                    }
                )
                truths.extend(column for column in columns if kinds[column].name == "bool")
                # with one column alone a null would be a blank line
                selected = [*selected, "0"][: max(len(columns), 2)]
                query = f"SELECT {', '.join(selected)} FROM {self.relation.inside}"  # noqa: S608 - see above
                await connection.copy_from_query(query, output=write, format="csv")

        with copying(copy) as stream:
            places, fields = range(len(columns)), max(len(columns), 2)
            try:
                for block in blocks(stream, text, Scanner(_COPIED, fields), rows=rows):
                    checked = check_records(block, _COPIED, fields)
                    if checked.malformed is not None:  # a database whose encoding is SQL_ASCII
                        raise text.fault(checked.malformed.code, checked.malformed.line)
                    frame = parse(checked, text, _COPIED, columns, places, fields)
                    read = as_timestamps(frame, instants).with_columns(
                        pl.col(column).str.strip_prefix("\\x").str.decode("hex")
                        for column in frame.columns
                        if column in binary
                    )
                    typed = as_booleans(as_floats(read, floats), truths, true="t")
                    yield from typed.iter_slices(rows)
            except SourceError as error:
                if error.code.endswith("line-too-long"):
                    raise errors.cell_too_large(self.name, self.cell_bytes) from None
                raise

    async def _columns(self, connection: Connection) -> list[Attribute]:
        described = await self._described(connection)
        return [Attribute(column.name, _data_type(column.type)) for column in described]

    async def _described(self, connection: Connection) -> list[Any]:
        """What the server says of the columns: name and type of each."""
        described = (await connection.prepare(self.relation.alone)).get_attributes()
        if self.relation.is_query:
            try:
                await connection.prepare(f"SELECT FROM {self.relation.inside}")
            except asyncpg.PostgresSyntaxError:
                raise not_read_only(self.name) from None
        check_unique(self.name, [column.name for column in described])
        return list(described)

    def _run(self, ask: Callable[[Connection], Awaitable[Result]]) -> Result:
        async def asked() -> Result:
            async with self._reading() as connection:
                return await ask(connection)

        return answer_of(asked())

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Connection]:
        async with _reading(self.name, self.address, self.patience) as connection:
            if not self.writers_allowed and await connection.fetchval(WRITES):
                raise may_write(self.name, READER)
            yield connection


def open_postgres(source: Mapping[str, Any], access: SourceAccess) -> PostgresSource:
    """The table or query a segment names, in a database the deployment allows; does not connect.

    Raises as `address_of` and `relation_of` do.
    """
    address = address_of(source, KIND, access)
    relation = relation_of(source, quote_mark='"')
    return PostgresSource.allowed(relation, address, access)


def probe_postgres(name: str, address: str, seconds: float) -> Rights:
    """See `app.sources.databases.segment_databases.Probe`."""

    async def probed() -> Rights:
        async with _reading(name, address, Patience(seconds, seconds)) as connection:
            rights = Rights(await connection.fetchval(READS), await connection.fetchval(WRITES))
            try:
                await connection.execute("CREATE TABLE audience_export_tries_to_write ()")
            except asyncpg.ReadOnlySQLTransactionError:
                return rights
            raise writable(name)  # the transaction is rolled back, so nothing of it stays

    return answer_of(probed(), seconds=seconds)


@asynccontextmanager
async def _reading(name: str, address: str, patience: Patience) -> AsyncIterator[Connection]:
    """A connection in a read-only transaction; what goes wrong leaves it as `SourceError`."""
    arguments = connecting(name, address)
    try:
        connection = await _connected(name, arguments, patience.connect)
        try:
            await check_server(name, connection)
            transaction = connection.transaction(isolation="repeatable_read", readonly=True)
            await transaction.start()
            try:
                await connection.execute(
                    _SESSION.format(milliseconds=int(patience.statement * 1000))
                )
                yield connection
            finally:
                await transaction.rollback()  # nothing of a query stays, not even a NOTIFY
            await connection.close(timeout=patience.connect)
        finally:
            connection.terminate()
    except _OUTSIDE as error:
        raise database_fault(name, error) from None  # its message may quote a value


async def _connected(name: str, arguments: Mapping[str, Any], seconds: float) -> Connection:
    try:
        with taken_apart(name):
            return await asyncpg.connect(**arguments, timeout=seconds, statement_cache_size=0)
    except asyncpg.PostgresError as error:
        if option := option_refused(arguments["dsn"], error):
            raise address_invalid(
                name, f'has an option "{option}" that the server refuses'
            ) from None
        raise


def _quoted(name: str) -> str:
    return quoted_name(name, '"')


# whose values cannot be long
_SHORT = frozenset({
    "int2", "int4", "int8", "oid", "numeric", "float4", "float8", "money", "timestamp", "timestamptz",
    "date", "bool", "uuid",
})  # fmt: skip


def _bounded(column: str, kind: Any, most: int) -> str:
    """The column as COPY writes it, cut where it is too long: a whole value would be held in memory.

    Arrays become JSON, which says more than the server's own braces.
    """
    name = _quoted(column)
    if kind.name in _SHORT:
        return name
    if kind.name == "bytea":
        return f"substring({name} FROM 1 FOR {most})"
    text = f"to_json({name})::text" if kind.kind == "array" else f"{name}::text"
    return f"left({text}, {most + 1})"


def _data_type(kind: Any) -> str:
    if kind.kind == "array":
        return "list" if _TYPES.get(kind.name.removesuffix("[]"), "string") == "string" else "other"
    if kind.kind in {"composite", "range", "multirange"}:
        return "other"
    return _TYPES.get(kind.name, "string")
