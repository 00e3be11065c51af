"""Engine and transactions; the only file that commits.

A transaction is one request's, or one checkpoint's of a run. What must happen after it (telling a
worker) is left as a callable in `session.info`, so a rolled-back request does nothing of the kind.
"""

import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import orjson
from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import ConnectionPoolEntry

from app.db.pool_metrics import POOLS
from app.db.tracing_spans import trace_statements
from app.errors import Unavailable
from app.observability.logs import get_logger

AfterCommit = Callable[[], Awaitable[None]]

log = get_logger(__name__)

_AFTER_COMMIT = "after_commit"
# https://www.postgresql.org/docs/current/errcodes-appendix.html, class 53
_DISK_FULL = "53100"
_TRUSTED_SECONDS = 1.0
FOR_POOLERS: dict[str, Any] = {
    # nothing is kept prepared: the next transaction may meet another server, where it is not
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: "",
}
"""What asyncpg is told behind PgBouncer in transaction mode."""


class Database:
    """One engine and its transactions."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        application_name: str = "audience-export",
        stalled_seconds: float = 60.0,
    ) -> None:
        """`url` is `postgresql+asyncpg://…`; plain `postgresql://` is understood as the same.

        A transaction without a statement for `stalled_seconds` is ended by the server: a process that
        is frozen, or a machine that is cut off, must not keep its locks from all others.
        """
        address, pooled = understood(url)
        limits = {"idle_in_transaction_session_timeout": str(int(stalled_seconds * 1000))}
        self.engine: AsyncEngine = create_async_engine(
            address,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=10,
            json_deserializer=orjson.loads,
            hide_parameters=True,  # an error's text would hold what was to be written
            connect_args={
                "timeout": 5,
                "command_timeout": 60,
                "server_settings": {
                    "application_name": application_name,
                    # a pooler refuses what it does not know, and would give it to the wrong client
                    **({} if pooled else limits),
                },
                **(FOR_POOLERS if pooled else {}),
            },
        )
        if pooled:
            event.listen(self.engine.sync_engine, "begin", partial(_limit_transaction, limits))
        POOLS.watch(self.engine.sync_engine.pool, application_name)
        trace_statements(self.engine.sync_engine)
        event.listen(self.engine.sync_engine, "connect", _note_use)
        event.listen(self.engine.sync_engine, "checkin", _note_use)
        event.listen(self.engine.sync_engine, "checkout", _ping_if_idle)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        # each statement is a transaction by itself: no BEGIN and COMMIT around it; behind a pooler its two
        # halves could meet different servers
        self._readers = async_sessionmaker(
            self.engine if pooled else self.engine.execution_options(isolation_level="AUTOCOMMIT"),
            expire_on_commit=False,
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A transaction: committed at the end of the block, rolled back if it raises.

        Raises `Unavailable` when the database cannot be reached, so that callers know that nothing
        was done and the same call may be repeated.
        """
        async with self._sessions() as session:
            with database_errors():
                try:
                    yield session
                    await session.commit()
                except BaseException:
                    await _rollback(session)
                    raise
            for callback in session.info.pop(_AFTER_COMMIT, ()):
                await callback()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session to read with; it must not write. Raises `Unavailable` as `transaction`."""
        async with self._readers() as session:
            with database_errors():
                yield session

    async def first(self, question: str, *values: object) -> Any:
        """The first row that answers a short question (`$1`, `$2` …), asked of the driver alone.

        It costs a fifth of what a session does, so it is for what every request asks. None if there
        is no row. Behind a pooler it needs no transaction: asyncpg ends a question only once it has
        its rows. Raises `Unavailable` as `transaction`.
        """
        with database_errors():
            place = await self.engine.raw_connection()
            try:
                return await cast("Any", place.driver_connection).fetchrow(question, *values)
            except BaseException:
                place.invalidate()
                raise
            finally:
                place.close()

    async def ping(self) -> None:
        """Answers if the database does; raises `Unavailable` otherwise."""
        async with self.transaction() as session:
            await session.execute(text("select 1"))

    async def close(self) -> None:
        """Return every connection."""
        await self.engine.dispose()


def _note_use(_: object, record: ConnectionPoolEntry) -> None:
    """A connection that was just opened needs no look; the pool gives up after two that fail."""
    record.info["used"] = time.monotonic()


def understood(url: str) -> tuple[URL, bool]:
    """DATABASE_URL as SQLAlchemy takes it, and whether a pooler in transaction mode stands in between.

    `postgresql://` means asyncpg, and `?pooler=transaction` the pooler.
    """
    address = make_url(url)
    if address.drivername in {"postgresql", "postgres"}:
        address = address.set(drivername="postgresql+asyncpg")
    pooled = address.query.get("pooler") == "transaction"
    return address.difference_update_query(["pooler"]), pooled


def _limit_transaction(limits: Mapping[str, str], connection: Connection) -> None:
    for name, value in limits.items():
        connection.exec_driver_sql(f"set local {name} = {value}")


def _ping_if_idle(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
    """Look whether a connection still stands, unless it did a moment ago.

    The pool's own way asks before every use, which is a quarter of what a short request costs.
    """
    if time.monotonic() - record.info.get("used", -math.inf) < _TRUSTED_SECONDS:
        return
    try:
        connection.ping()
    except Exception as error:
        raise DisconnectionError from error


def after_commit(session: AsyncSession, callback: AfterCommit) -> None:
    """Have the callback run once the session's transaction stands."""
    session.info.setdefault(_AFTER_COMMIT, []).append(callback)


class database_errors:  # noqa: N801 - reads as a statement
    """Turns the driver's "not reachable" into `Unavailable`; everything else passes through."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate by what happened, not by text."""
        if error is not None and _sqlstate(error) == _DISK_FULL:
            log.error("database.disk_full", meaning="The database's disk is full: make room there.")
            raise Unavailable(
                "The database's disk is full; nothing was changed. Its operator must make room.",
                code="database-full",
            ) from error
        if error is not None and is_unreachable(error):
            raise Unavailable(
                "The database cannot be reached; nothing was changed. Try again shortly.",
                code="database-unavailable",
            ) from error


def _sqlstate(error: BaseException) -> str | None:
    """Postgres' word for the error, whoever wrapped it."""
    inner = getattr(error, "orig", None) or error
    found = getattr(inner, "sqlstate", None) or getattr(inner, "pgcode", None)
    return found if isinstance(found, str) else None


def is_unreachable(error: BaseException) -> bool:
    """Whether the error means that the database (or its answer) was lost on the way."""
    if isinstance(error, (PoolTimeout, ConnectionError, TimeoutError, OSError)):
        return True
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, (InterfaceError, OperationalError)):
            return True
        state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or ""
        return _says_unreachable(state)
    # asyncpg's own errors can come before SQLAlchemy wraps them, while connecting
    state = getattr(error, "sqlstate", None)
    return isinstance(state, str) and _says_unreachable(state)


def _says_unreachable(state: str) -> bool:
    """By https://www.postgresql.org/docs/current/errcodes-appendix.html.

    08: connection; 57P: shutting down, crashed, starting up; 53300: too many connections; 25P03: this
    process stalled within a transaction, which the server has ended.
    """
    return state.startswith(("08", "57P")) or state in {"53300", "25P03"}


async def _rollback(session: AsyncSession) -> None:
    try:
        await session.rollback()
    except Exception as error:
        # the connection died: there is nothing left to roll back
        if not is_unreachable(error):
            raise
