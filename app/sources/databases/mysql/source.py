"""Members in MySQL or MariaDB: one prepared read in a read-only session, so one consistent snapshot.

Some lines beyond the usual length: what an account may is asked here, in the session that reads.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, TypeVar

import polars as pl

from app.sources import errors
from app.sources.access import Patience, SourceAccess
from app.sources.cancellation import ReadingGivenUp
from app.sources.databases.column_names import check_unique, found_columns
from app.sources.databases.database_source import DatabaseSource
from app.sources.databases.mysql.errors import database_fault, is_refusal
from app.sources.databases.mysql.session import (
    Connection,
    asked,
    described,
    executed,
    library,
    outside,
    session,
)
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
from app.sources.databases.typed_columns import FloatType, as_booleans, as_floats
from app.sources.malformed_rows import Losses
from app.sources.member_source import Attribute

KIND = "mysql"
_CELLS_PER_FETCH = 400_000
_FRAME_BYTES = 32 << 20
_FIRST_ROWS = 200
_FEW_ROWS = 8  # where a value may be of megabytes
_SPARE_SECONDS = 5.0
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
}
_FLOATS: Final[dict[int, FloatType]] = {4: pl.Float32, 5: pl.Float64}
_BIT: Final = 16
_LONG: Final = frozenset({245, 249, 250, 251, 252})
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


@dataclass(frozen=True, slots=True, kw_only=True)
class MysqlSource(DatabaseSource):
    """A `MemberSource`.

    Nothing cheap tells of changes: InnoDB's `update_time` is lost with every restart, and not kept for what
    is partitioned (https://dev.mysql.com/doc/refman/8.4/en/information-schema-tables-table.html).
    """

    def attributes(self) -> list[Attribute]:
        """The columns by the server's own description; nothing is read."""
        return self._run(self._columns)

    def count(self) -> int:
        """`count(*)`, which costs the database one reading of everything."""

        async def counted(connection: Connection) -> int:
            await self._columns(connection)
            cursor = await executed(connection, f"SELECT count(*) FROM {self.relation.inside}")  # noqa: S608
            return int((await cursor.fetchall())[0][0])

        return self._run(counted)

    def chunks(
        self,
        columns: Sequence[str],
        *,
        rows: int = 100_000,
        losses: Losses | None = None,  # noqa: ARG002 - all of them can be read
    ) -> Iterator[pl.DataFrame]:
        """String frames in the server's own writing, Binary for bytes; one fetch ahead of the reader.

        Columns of TIMESTAMP are moments in UTC: where they are a date depends on the zone. FLOAT and
        DOUBLE are floats, BIT(1) is a truth value, a longer BIT a number.
        """
        return frames_of(_Reading(self, columns, rows))

    async def _columns(self, connection: Connection) -> list[Attribute]:
        return [Attribute(one.name, _data_type(one)) for one in await self._described(connection)]

    async def _described(self, connection: Connection) -> Sequence[Any]:
        """The driver's fields of what may be read."""
        if not self.writers_allowed and await _may_write(connection):
            raise may_write(self.name, _READER)
        found = await described(connection, self.relation)
        check_unique(self.name, [one.name.lower() for one in found])
        return found

    def _run(self, ask: Callable[[Connection], Awaitable[Result]]) -> Result:
        async def answered() -> Result:
            async with (
                session(self.name, self.address, self.patience) as found,
                asyncio.timeout(self.patience.statement + _SPARE_SECONDS),
            ):
                return await ask(found)

        return answer_of(answered())


class _Reading:
    """One streamed result; its methods run in one event loop, one after another."""

    def __init__(self, source: MysqlSource, columns: Sequence[str], rows: int) -> None:
        self._source = source
        self._columns = list(columns)
        self._most = rows_at_once(rows, len(columns), cells=_CELLS_PER_FETCH)
        self._rows = min(_FIRST_ROWS, self._most)
        self._until, self._ended = 0.0, False
        self._session: Any = None
        self._cursor: Any = None
        self._fields: Sequence[Any] = ()
        self._floats: dict[str, FloatType] = {}
        self._truths: list[str] = []

    async def open(self) -> None:
        source = self._source
        self._until = asyncio.get_running_loop().time() + source.patience.statement + _SPARE_SECONDS
        entered = session(source.name, source.address, source.patience)
        connection = await entered.__aenter__()
        self._session = entered
        there = {one.name: one for one in await self._step(source._described(connection))}  # noqa: SLF001
        attributes = [Attribute(name, _data_type(one)) for name, one in there.items()]
        found = found_columns(source.name, self._columns, attributes)
        chosen = ", ".join(_bounded(there[one.name], source.cell_bytes) for one in found)
        for name, one in zip(self._columns, (there[item.name] for item in found), strict=True):
            if one.type_code in _FLOATS:
                self._floats[name] = _FLOATS[one.type_code]
            elif one.type_code == _BIT and one.length == 1:
                self._truths.append(name)
        query = f"SELECT {chosen} FROM {source.relation.inside}"  # noqa: S608 - prepared alone
        self._cursor = await self._step(executed(connection, query))
        self._fields = self._cursor._result.fields  # noqa: SLF001 - what description leaves out
        if any(one.length > _FRAME_BYTES // _FIRST_ROWS for one in self._fields):
            self._rows = min(_FEW_ROWS, self._most)

    async def next(self) -> pl.DataFrame | None:
        found = await self._step(self._cursor.fetchmany(self._rows))
        if not found:
            self._ended = True
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
        for column in frame:
            sizes = column.bin.size() if column.dtype == pl.Binary else column.str.len_bytes()
            if (sizes > self._source.cell_bytes).any():
                raise errors.cell_too_large(self._source.name, self._source.cell_bytes)
        each = max(int(frame.estimated_size()) // frame.height, 1)
        self._rows = max(1, min(self._most, _FRAME_BYTES // each))
        instants = [
            name
            for name, one in zip(self._columns, self._fields, strict=True)
            if one.type_code == _INSTANT
        ]
        read = as_timestamps(frame.with_columns(pl.col(instants) + "+00"), instants)
        return as_booleans(as_floats(read, self._floats), self._truths, true="1")

    async def close(self) -> None:
        if self._session is not None:
            left = None if self._ended else ReadingGivenUp()
            await self._session.__aexit__(left and ReadingGivenUp, left, None)

    async def _step(self, step: Awaitable[Result]) -> Result:
        """Its result. The server's own limit ends it before `_until`, if it still says anything."""
        try:
            async with asyncio.timeout_at(self._until):
                return await step
        except outside() as error:
            raise database_fault(self._source.name, error) from None


def open_mysql(source: Mapping[str, Any], access: SourceAccess) -> MysqlSource:
    """The table or query a segment names, in a database the deployment allows; does not connect.

    Raises as `address_of` and `relation_of` do, and `extra-missing`.
    """
    address = address_of(source, KIND, access)
    library()
    relation = relation_of(source, quote_mark="`")
    return MysqlSource.allowed(relation, address, access)


def probe_mysql(name: str, address: str, seconds: float) -> Rights:
    """See `app.sources.databases.segment_databases.Probe`."""

    async def probed() -> Rights:
        async with session(name, address, Patience(seconds, seconds)) as connection:
            tables = await asked(connection, _ANY_TABLE)
            writes = await _may_write(connection)
            try:
                await asked(connection, "CREATE TABLE audience_export_tries_to_write (a int)")
            except outside() as error:
                if is_refusal(error):
                    return Rights(bool(tables), writes)
                raise
            await asked(connection, "DROP TABLE audience_export_tries_to_write")
            raise writable(name)

    return answer_of(probed(), seconds=seconds)


_ANY_TABLE = """
    SELECT 1 FROM information_schema.tables
    WHERE table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') LIMIT 1
"""


# MariaDB is installed with a database `test` in which everybody may do everything, whatever else they may
# (https://mariadb.com/kb/en/mariadb-install-db/, --skip-test-db)
_EVERYBODYS = re.compile(r"`test(?:\\+_%)?`\.\* TO PUBLIC$")


async def _may_write(connection: Connection) -> bool:
    """Whether the account holds a right beyond reading, by itself or by a role it may take on."""
    ((version, database),) = await asked(connection, "SELECT version(), database()")
    at_the_test = (database or "").lower().startswith("test")
    asks, known = ["SHOW GRANTS"], set[str]()
    while asks:
        for (line,) in await asked(connection, asks.pop()):
            if not line.startswith("GRANT "):  # which role it takes on when it comes
                continue
            rights, _, place = line.removeprefix("GRANT ").partition(" ON ")
            if not at_the_test and _EVERYBODYS.match(place):
                continue
            if place:
                if any(right.partition(" (")[0].strip() not in _READS for right in _listed(rights)):
                    return True
                continue
            roles = {found[0] for found in _ROLE.finditer(line.partition(" TO ")[0])} - known
            known |= roles
            if "MariaDB" in version:
                asks += [f"SHOW GRANTS FOR {role}" for role in roles]
            elif roles:
                asks.append(f"SHOW GRANTS FOR CURRENT_USER() USING {', '.join(roles)}")
    return False


def _listed(rights: str) -> list[str]:
    """`SELECT (a, b), INSERT` → its rights, each with its columns."""
    return re.split(r", (?![^(]*\))", rights)


def _bounded(described: Any, most: int) -> str:
    """The column, cut where it is too long: a whole value would be held in memory."""
    name = quoted_name(described.name, "`")
    if described.type_code == _BIT:
        return f"CAST({name} AS UNSIGNED)"
    if _FLOATS.get(described.type_code) is pl.Float32:
        return f"{name} + 0e0"  # as text it has six digits, and a double all of them
    long = described.type_code in _LONG and described.length > most
    return f"LEFT({name}, {most + 1})" if long else name


def _is_bytes(described: Any) -> bool:
    kind = described.type_code
    return kind == 255 or (kind in _TEXTS and described.charsetnr == _BYTES_CHARSET)


def _data_type(described: Any) -> str:
    if _is_bytes(described) and described.type_code in _TEXTS:
        return "binary"
    if described.type_code == _BIT:
        return "boolean" if described.length == 1 else "integer"
    return _TYPES.get(described.type_code, "string")
