"""Statements to MySQL or MariaDB in a session that can only read, in one snapshot.

A caller's query is prepared by the server alone, and then inside of ours; PREPARE takes one statement, so
nothing can stand behind it, and a text that is whole by itself cannot end the text around it. The session is
read-only: a read-only transaction alone does not keep MariaDB from dropping a table.
"""

import asyncio
import contextlib
import importlib
import logging
import re
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from app.sources.access import Patience
from app.sources.databases.mysql.errors import database_fault, not_a_query
from app.sources.databases.mysql.tls import encryptions
from app.sources.databases.refusals import NOT_READ_ONLY, refused
from app.sources.databases.segment_databases import (
    Address,
    Relation,
    extra_missing,
    parse_address,
    taken_apart,
)

_KILL_SECONDS: Final = 2.0
_WORD: Final = re.compile(r"[a-z_]+")
_COMMENT: Final = re.compile(r"/\*(?!M?!).*?\*/|(?:--\s|#)[^\n]*", re.DOTALL)
_LOCKING: Final = re.compile(r"\b(?:lock in share mode|for share)\b")

Connection = Any  # asyncmy is an extra, so nothing of it is imported before it is used


@asynccontextmanager
async def session(name: str, address: str, patience: Patience) -> AsyncIterator[Connection]:
    """A connection that can only read, in one snapshot; what goes wrong leaves it as `SourceError`.

    Left by another way than its end, what the server still does for it is ended there, too.
    """
    parts = parse_address(name, address)
    # it logs what servers warn of, and servers quote values there
    logging.getLogger("asyncmy").disabled = True
    try:
        with taken_apart(name):
            async with asyncio.timeout(patience.connect):
                connection = await _connected(name, parts)
        try:
            async with asyncio.timeout(patience.connect):
                await _begin(connection, patience.statement)
            yield connection
        except (Exception, asyncio.CancelledError) as error:
            if not isinstance(error, library().errors.MySQLError):  # with such a one it has ended
                await _end(name, parts, connection)
            raise
        finally:
            connection.close()
    except outside() as error:
        raise database_fault(name, error) from None  # its message may quote a value


async def asked(connection: Connection, statement: str) -> Sequence[tuple[Any, ...]]:
    """All rows of a small answer."""
    cursor = library().cursors.SSCursor(connection)
    await cursor.execute(statement)
    found: Sequence[tuple[Any, ...]] = await cursor.fetchall() if cursor.description else ()
    return found


async def executed(connection: Connection, statement: str) -> Any:
    """A cursor over the rows of one statement."""
    await _prepared(connection, statement)
    cursor = library().cursors.SSCursor(connection)
    await cursor.execute("EXECUTE audience_export")
    return cursor


async def described(connection: Connection, relation: Relation) -> Sequence[Any]:
    """The fields of a relation that was parsed alone, and is a query. Raises `SourceError`."""
    await _prepared(connection, relation.alone)
    if relation.is_query and _locks(relation.text):
        raise refused(relation.name, NOT_READ_ONLY)
    try:
        cursor = await executed(connection, f"SELECT * FROM {relation.inside} LIMIT 0")  # noqa: S608
    except outside() as error:
        raise not_a_query(relation.name, error) from None
    found: Sequence[Any] = cursor._result.fields  # noqa: SLF001 - what description leaves out
    await cursor.fetchall()
    return found


def library() -> Any:
    """The driver. Raises `extra-missing`."""
    try:
        importlib.import_module("asyncmy.cursors")
        return importlib.import_module("asyncmy")
    except ImportError:
        raise extra_missing("mysql", "mysql") from None


def outside() -> tuple[type[Exception], ...]:
    """What the driver and its connection may raise."""
    return (library().errors.MySQLError, OSError, TimeoutError, asyncio.IncompleteReadError)


async def _connected(name: str, parts: Address) -> Connection:
    ways = encryptions(name, parts)
    for place, encryption in enumerate(ways):
        try:
            return await library().connect(
                host=parts.host or "localhost",
                port=parts.port or 3306,
                unix_socket=parts.options.get("unix_socket"),
                user=parts.user,
                password=parts.password,
                database=parts.database or None,
                charset="utf8mb4",
                conv={},
                autocommit=True,
                ssl=encryption,
            )
        except (ssl.SSLError, library().errors.OperationalError, OSError) as error:
            if place < len(ways) - 1:
                continue
            if encryption is not None and isinstance(error.__context__, ConnectionResetError):
                # a server without TLS takes the greeting for nonsense, and may leave before it says so
                raise ssl.SSLError("the server left") from error
            raise
    raise AssertionError


async def _begin(connection: Connection, seconds: float) -> None:
    ((version,),) = await asked(connection, "SELECT version()")
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
        await asked(connection, statement)


async def _end(name: str, parts: Address, connection: Connection) -> None:
    """A server looks at a closed connection only when it has a row to send; until then it would work on."""
    number = connection.thread_id()
    connection.close()
    with contextlib.suppress(*outside()):
        async with asyncio.timeout(_KILL_SECONDS):
            other = await _connected(name, parts)
            try:
                await asked(other, f"KILL {number}")  # an account may end its own connections
            finally:
                other.close()


def _locks(query: str) -> bool:
    """Whether it would hold rows back from those who write, which a read-only session lets it do.

    A literal that holds these very words is taken for them.
    """
    texts = (query.lower(), _COMMENT.sub(" ", query.lower()))
    return any(_LOCKING.search(" ".join(_WORD.findall(text))) for text in texts)


async def _prepared(connection: Connection, statement: str) -> None:
    """Let the server parse one statement; in hexadecimal there is nothing to quote."""
    text = statement.encode().hex()
    await asked(connection, f"SET @audience_export = CONVERT(0x{text} USING utf8mb4)")
    await asked(connection, "PREPARE audience_export FROM @audience_export")
