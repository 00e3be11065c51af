"""Members in MySQL or MariaDB: one prepared read in a read-only session, so one consistent snapshot.

The caller's query is prepared by the server alone, and then inside of ours; PREPARE takes one statement,
so nothing can stand behind it, and a text that is whole by itself cannot end the text around it. The
session is read-only: a read-only transaction alone does not keep MariaDB from dropping a table.

Its lines are more than 300 because the statement that is prepared, wrapped and read is one story.
"""

import asyncio
import importlib
import logging
import re
import ssl
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final, TypeVar

import polars as pl

from app.sources.access import SourceAccess
from app.sources.cancellation import while_wanted
from app.sources.databases.column_names import check_unique, found_columns
from app.sources.databases.mysql.errors import (
    database_fault,
    is_refusal,
    not_a_query,
)
from app.sources.databases.prefetch import answer_of, frames_of, rows_at_once
from app.sources.databases.segment_databases import (
    Relation,
    Rights,
    address_of,
    extra_missing,
    may_write,
    parse_address,
    quoted_name,
    relation_of,
    taken_apart,
    writable,
)
from app.sources.databases.timestamps import as_timestamps
from app.sources.malformed_rows import Losses
from app.sources.member_source import Attribute

KIND = "mysql"
_CONNECT_SECONDS = 10
_CELLS_PER_FETCH = 400_000
_FRAME_BYTES = 32 << 20
_FIRST_ROWS = 200
_BYTES_CHARSET = 63
_INSTANT = 7
# https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html
_TYPES: Final = {
    **dict.fromkeys((1, 2, 3, 8, 9, 13), "integer"),
    **dict.fromkeys((0, 4, 5, 246), "number"),
    **dict.fromkeys((7, 12), "datetime"),
    245: "json",
    255: "other",  # geometry
    10: "date",
    16: "binary",
}
_TEXTS: Final = frozenset({15, 249, 250, 251, 252, 253, 254})
# rights that change nothing of what is kept
_READS: Final = frozenset({
    "SELECT", "USAGE", "SHOW VIEW", "SHOW DATABASES", "PROCESS", "REFERENCES", "LOCK TABLES",
    "CREATE TEMPORARY TABLES", "REPLICATION CLIENT", "BINLOG MONITOR", "SLAVE MONITOR", "REPLICA MONITOR",
    "SHOW_ROUTINE", "SHOW CREATE ROUTINE",
})  # fmt: skip
_ROLE: Final = re.compile(r"""([`"'])(?:(?!\1).|\1\1)+\1(?:@([`"'])(?:(?!\2).|\2\2)*\2)?""")
_READER: Final = (
    "CREATE USER segment_reader IDENTIFIED BY '…'; GRANT SELECT ON name.* TO segment_reader;"
)

Result = TypeVar("Result")
Connection = Any  # asyncmy is an extra, so nothing of it is imported before it is used


@dataclass(frozen=True, slots=True)
class MysqlSource:
    """A `MemberSource`."""

    relation: Relation
    timeout_seconds: float
    address: str = field(repr=False)
    writers_allowed: bool = False

    def attributes(self) -> list[Attribute]:
        """The columns by the server's own description; nothing is read."""
        return self._run(self._columns)

    def count(self) -> int:
        """`count(*)`, which costs the database one reading of everything."""

        async def counted(connection: Connection) -> int:
            await self._columns(connection)
            cursor = await _executed(connection, f"SELECT count(*) FROM {self.relation.inside}")  # noqa: S608
            return int((await cursor.fetchall())[0][0])

        return self._run(counted)

    def shape(self) -> None:
        """It is no text."""

    def fingerprint(self) -> None:
        """Nothing cheap tells of changes: InnoDB's `update_time` is lost with every restart, and not kept
        for what is partitioned (https://dev.mysql.com/doc/refman/8.4/en/information-schema-tables-table.html).
        """

    def chunks(
        self,
        columns: Sequence[str],
        *,
        rows: int = 100_000,
        losses: Losses | None = None,  # noqa: ARG002 - all of them can be read
    ) -> Iterator[pl.DataFrame]:
        """String frames in the server's own writing, Binary for bytes; one fetch ahead of the reader.

        Columns of TIMESTAMP are moments in UTC: where they are a date depends on the zone.
        """
        return frames_of(_Reading(self, columns, rows))

    async def _columns(self, connection: Connection) -> list[Attribute]:
        if not self.writers_allowed and await _may_write(connection):
            raise may_write(self.relation.name, _READER)
        described = await _described(connection, self.relation)
        check_unique(self.relation.name, [one.name.lower() for one in described])
        return [Attribute(one.name, _data_type(one)) for one in described]

    def _run(self, ask: Callable[[Connection], Awaitable[Result]]) -> Result:
        async def asked() -> Result:
            async with _session(self.relation.name, self.address, self.timeout_seconds) as found:
                return await ask(found)

        return answer_of(asked())


class _Reading:
    """One streamed result; its methods run in one event loop, one after another."""

    def __init__(self, source: MysqlSource, columns: Sequence[str], rows: int) -> None:
        self._source = source
        self._columns = list(columns)
        self._most = rows_at_once(rows, len(columns), cells=_CELLS_PER_FETCH)
        self._rows = min(_FIRST_ROWS, self._most)
        self._session: Any = None
        self._cursor: Any = None
        self._fields: Sequence[Any] = ()

    async def open(self) -> None:
        source = self._source
        session = _session(source.relation.name, source.address, source.timeout_seconds)
        connection = await session.__aenter__()
        self._session = session
        there = await self._guarded(source._columns(connection))  # noqa: SLF001
        found = found_columns(source.relation.name, self._columns, there)
        names = ", ".join(quoted_name(one.name, "`") for one in found)
        query = f"SELECT {names} FROM {source.relation.inside}"  # noqa: S608 - see above
        self._cursor = await self._guarded(_executed(connection, query))
        self._fields = self._cursor._result.fields  # noqa: SLF001 - what description leaves out

    async def next(self) -> pl.DataFrame | None:
        found = await self._guarded(self._cursor.fetchmany(self._rows))
        if not found:
            return None
        # column by column: zip(*found) walks over all rows for each of them, at six times the cost
        frame = pl.DataFrame(
            [
                pl.Series(
                    name,
                    list(map(itemgetter(place), found)),
                    dtype=pl.Binary if _is_bytes(one) else pl.String,
                )
                for place, (name, one) in enumerate(zip(self._columns, self._fields, strict=True))
            ]
        )
        each = max(int(frame.estimated_size()) // frame.height, 1)
        self._rows = max(1, min(self._most, _FRAME_BYTES // each))
        instants = [
            name
            for name, one in zip(self._columns, self._fields, strict=True)
            if one.type_code == _INSTANT
        ]
        return as_timestamps(frame.with_columns(pl.col(instants) + "+00"), instants)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.__aexit__(None, None, None)

    async def _guarded(self, step: Awaitable[Result]) -> Result:
        try:
            return await step
        except _outside() as error:
            raise database_fault(self._source.relation.name, error) from None


def open_mysql(source: Mapping[str, Any], access: SourceAccess) -> MysqlSource:
    """The table or query a segment names, in a database the deployment allows; does not connect.

    Raises as `address_of` and `relation_of` do, and `extra-missing`.
    """
    address = address_of(source, KIND, access)
    _library()
    relation = relation_of(source, quote_mark="`")
    return MysqlSource(relation, access.statement_timeout_seconds, address, access.writers_allowed)


def probe_mysql(name: str, address: str, seconds: float) -> Rights:
    """See `app.sources.databases.segment_databases.Probe`."""

    async def probed() -> Rights:
        async with _session(name, address, seconds) as connection:
            tables = await _asked(connection, _ANY_TABLE)
            writes = await _may_write(connection)
            try:
                await _asked(connection, "CREATE TABLE audience_export_tries_to_write (a int)")
            except _outside() as error:
                if is_refusal(error):
                    return Rights(bool(tables), writes)
                raise
            await _asked(connection, "DROP TABLE audience_export_tries_to_write")
            raise writable(name)

    return asyncio.run(while_wanted(probed()))


_ANY_TABLE = """
    SELECT 1 FROM information_schema.tables
    WHERE table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') LIMIT 1
"""


async def _may_write(connection: Connection) -> bool:
    """Whether the account holds a right beyond reading, by itself or by a role it may take on."""
    ((version,),) = await _asked(connection, "SELECT version()")
    asks, asked = ["SHOW GRANTS"], set[str]()
    while asks:
        for (line,) in await _asked(connection, asks.pop()):
            if not line.startswith("GRANT "):  # which role it takes on when it comes
                continue
            rights, on, _ = line.removeprefix("GRANT ").partition(" ON ")
            if on:
                if any(right.partition(" (")[0].strip() not in _READS for right in _listed(rights)):
                    return True
                continue
            roles = {found[0] for found in _ROLE.finditer(line.partition(" TO ")[0])} - asked
            asked |= roles
            if "MariaDB" in version:
                asks += [f"SHOW GRANTS FOR {role}" for role in roles]
            elif roles:
                asks.append(f"SHOW GRANTS FOR CURRENT_USER() USING {', '.join(roles)}")
    return False


def _listed(rights: str) -> list[str]:
    """`SELECT (a, b), INSERT` → its rights, each with its columns."""
    return re.split(r", (?![^(]*\))", rights)


@asynccontextmanager
async def _session(name: str, address: str, seconds: float) -> AsyncIterator[Connection]:
    """A connection that can only read, in one snapshot; what goes wrong leaves it as `SourceError`."""
    library, parts = _library(), parse_address(name, address)
    # it logs what servers warn of, and servers quote values there
    logging.getLogger("asyncmy").disabled = True
    try:
        with taken_apart(name):
            async with asyncio.timeout(min(_CONNECT_SECONDS, seconds)):
                connection = await library.connect(
                    host=parts.host or "localhost",
                    port=parts.port or 3306,
                    unix_socket=parts.options.get("unix_socket"),
                    user=parts.user,
                    password=parts.password,
                    database=parts.database or None,
                    charset="utf8mb4",
                    conv={},
                    autocommit=True,
                    ssl=_encryption(parts.options),
                )
        try:
            (version,) = (await _asked(connection, "SELECT version()"))[0]
            limit = (
                f"max_statement_time = {seconds:.3f}"
                if "MariaDB" in version
                else f"max_execution_time = {int(seconds * 1000)}"
            )
            for statement in (
                "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                "SET SESSION TRANSACTION READ ONLY",
                "SET SESSION time_zone = '+00:00'",
                f"SET SESSION {limit}",
                "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
            ):
                await _asked(connection, statement)
            yield connection
        finally:
            connection.close()  # at once: the server gives up what it was sending
    except _outside() as error:
        raise database_fault(name, error) from None  # its message may quote a value


def _encryption(options: Mapping[str, str]) -> ssl.SSLContext | None:
    """`ssl_ca=file` checks the server against it; `ssl=required` against the system's authorities."""
    if "ssl_ca" in options:
        return ssl.create_default_context(cafile=options["ssl_ca"])
    return ssl.create_default_context() if options.get("ssl") == "required" else None


async def _asked(connection: Connection, statement: str) -> Sequence[tuple[Any, ...]]:
    cursor = _library().cursors.SSCursor(connection)
    await cursor.execute(statement)
    found: Sequence[tuple[Any, ...]] = await cursor.fetchall() if cursor.description else ()
    return found


async def _prepared(connection: Connection, statement: str) -> None:
    """Let the server parse one statement; in hexadecimal there is nothing to quote."""
    text = statement.encode().hex()
    await _asked(connection, f"SET @audience_export = CONVERT(0x{text} USING utf8mb4)")
    await _asked(connection, "PREPARE audience_export FROM @audience_export")


async def _executed(connection: Connection, statement: str) -> Any:
    """A cursor over the rows of one statement."""
    await _prepared(connection, statement)
    cursor = _library().cursors.SSCursor(connection)
    await cursor.execute("EXECUTE audience_export")
    return cursor


async def _described(connection: Connection, relation: Relation) -> Sequence[Any]:
    """The fields of a relation that was parsed alone, and is a query."""
    await _prepared(connection, relation.alone)
    try:
        cursor = await _executed(connection, f"SELECT * FROM {relation.inside} LIMIT 0")  # noqa: S608
    except _outside() as error:
        raise not_a_query(relation.name, error) from None
    described: Sequence[Any] = cursor._result.fields  # noqa: SLF001 - what description leaves out
    await cursor.fetchall()
    return described


def _library() -> Any:
    try:
        importlib.import_module("asyncmy.cursors")
        return importlib.import_module("asyncmy")
    except ImportError:
        raise extra_missing(KIND, KIND) from None


def _outside() -> tuple[type[Exception], ...]:
    return (_library().errors.MySQLError, OSError, TimeoutError, asyncio.IncompleteReadError)


def _is_bytes(described: Any) -> bool:
    kind = described.type_code
    return kind in {16, 255} or (kind in _TEXTS and described.charsetnr == _BYTES_CHARSET)


def _data_type(described: Any) -> str:
    if _is_bytes(described) and described.type_code in _TEXTS:
        return "binary"
    return _TYPES.get(described.type_code, "string")
