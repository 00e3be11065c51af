"""Statements to ClickHouse by its HTTP interface, none of which can write.

https://clickhouse.com/docs/interfaces/http. The interface takes a single statement. A caller's query is
parsed by the server alone (EXPLAIN AST runs nothing) and must be a SELECT; then it is put into ours, which
cannot be ended by a text that is whole by itself. `readonly=1` refuses to write and to change a setting.

Credentials go into headers, statements into bodies: neither is in an address that somebody logs.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import orjson

from app.errors import SourceError
from app.sources.access import Patience
from app.sources.databases.column_names import check_unique
from app.sources.databases.segment_databases import Relation, is_yes, parse_address
from app.sources.warehouses.clickhouse.errors import READ_ONLY, SYNTAX, clickhouse_fault, number_in
from app.sources.warehouses.errors import fault
from app.sources.warehouses.http_client import CANCEL_SECONDS, at_most, web_client, whole

_SETTINGS: Final = {
    "cancel_http_readonly_queries_on_client_close": "1",
    "output_format_json_quote_64bit_integers": "1",
    "wait_end_of_query": "0",
    "readonly": "1",
}


class Session:
    """Statements to one server, none of which can write."""

    def __init__(
        self, name: str, client: httpx.AsyncClient, database: str, patience: Patience
    ) -> None:
        self._name, self._client, self._patience = name, client, patience
        self._parameters = {"default_format": "JSONCompact"}
        self._is_signed_in = False
        if database:
            self._parameters["database"] = database
        self._settings = {
            **_SETTINGS,
            "max_execution_time": str(max(patience.statement, 0.001)),
        }

    @property
    def is_read_only(self) -> bool:
        """Whether the account's own profile lets it change nothing, not even a setting."""
        return not self._settings

    async def begin(self) -> None:
        """Sign in. An account that is read-only already may not change any setting, so none is sent."""
        number = await self._signed_in()
        if number == READ_ONLY:
            self._settings = {}
            number = await self._signed_in()
        if number is not None:
            raise clickhouse_fault(self._name, number)
        self._is_signed_in = True

    async def refusal(self, statement: str) -> int | None:
        """The number the server refuses it with, None if it does not."""
        return (await self._tried(statement))[0]

    async def rows(self, statement: str) -> list[list[Any]]:
        """The rows of a small answer. Raises `SourceError`."""
        number, body = await self._tried(statement)
        if number is not None:
            raise clickhouse_fault(self._name, number)
        try:
            found: list[list[Any]] = orjson.loads(body)["data"]
        except (ValueError, KeyError, TypeError):
            raise clickhouse_fault(self._name, number_in(body)) from None
        return found

    async def described(self, relation: Relation) -> list[tuple[str, str]]:
        """Name and type of every column. Raises `SourceError` unless it can be nothing but a query."""
        if relation.is_query:
            tree = await self.rows(f"EXPLAIN AST {relation.text}")
            if not tree or not str(tree[0][0]).startswith("SelectWithUnionQuery"):
                raise fault(self._name, "query-not-read-only")
        number, body = await self._tried(
            f"DESCRIBE TABLE {relation.inside.removesuffix(' AS members')}"
        )
        if number == SYNTAX and relation.is_query:
            raise fault(self._name, "query-not-read-only")  # INTO OUTFILE, FORMAT
        if number is not None:
            raise clickhouse_fault(self._name, number)
        columns = [(str(row[0]), str(row[1])) for row in orjson.loads(body)["data"]]
        check_unique(self._name, [column for column, _ in columns])
        return columns

    @asynccontextmanager
    async def asked(self, statement: str) -> AsyncIterator[httpx.Response]:
        """The answer to come. Left by another way than its end, the server gives up what it does for it."""
        number = uuid.uuid4().hex
        try:
            async with self._sent(statement, query_id=number) as answer:
                yield answer
        except (Exception, asyncio.CancelledError):
            if self._is_signed_in:
                await self._end(number)
            raise

    def _sent(self, statement: str, **parameters: str) -> Any:
        return self._client.stream(
            "POST",
            "/",
            params={**self._parameters, **self._settings, **parameters},
            content=statement.encode(),
        )

    async def _end(self, number: str) -> None:
        """A server whose account may change no setting does not look at a closed connection.

        An account may end its own queries, also one that only reads
        (https://clickhouse.com/docs/sql-reference/statements/kill).
        """
        with contextlib.suppress(SourceError, httpx.HTTPError, TimeoutError):
            async with (
                asyncio.timeout(CANCEL_SECONDS),
                self._sent(f"KILL QUERY WHERE query_id = '{number}' ASYNC") as answer,
            ):
                await whole(answer)

    async def _signed_in(self) -> int | None:
        # longer than the client waits for bytes: this is for an answer that comes drop by drop
        seconds = 2 * self._patience.connect + 1
        return (await self._tried("SELECT 1", seconds, "database-unreachable"))[0]

    async def _tried(
        self, statement: str, seconds: float | None = None, late: str = "statement-timeout"
    ) -> tuple[int | None, bytes]:
        most = self._patience.statement if seconds is None else seconds
        async with at_most(most, self._name, late), self.asked(statement) as answer:
            body = await whole(answer)
            return (None if answer.is_success else refused_with(answer, body)), body


def refused_with(answer: httpx.Response, body: bytes) -> int:
    """The number of a refusal; 0 if it is not ClickHouse that answers."""
    told = answer.headers.get("X-ClickHouse-Exception-Code", "")
    return int(told) if told.isdecimal() else number_in(body)


@asynccontextmanager
async def session(name: str, address: str, patience: Patience) -> AsyncIterator[Session]:
    """A signed-in session; what goes wrong leaves it as `SourceError`."""
    parts = parse_address(name, address)
    encrypted = is_yes(name, "ssl", parts.options.get("ssl", "")) or "ssl_ca" in parts.options
    port = parts.port or (8443 if encrypted else 8123)
    host = f"[{parts.host}]" if ":" in parts.host else parts.host or "localhost"
    url = f"{'https' if encrypted else 'http'}://{host}:{port}"
    times = {"connect": patience.connect, "silent": patience.statement + 1}
    async with web_client(name, url, **times, options=parts.options) as client:
        named = {"X-ClickHouse-User": parts.user or "default", "X-ClickHouse-Key": parts.password}
        # as bytes: a name may have letters that are no ASCII
        client.headers.update(
            {key.encode(): value.encode() for key, value in named.items() if value}
        )
        opened = Session(name, client, parts.database, patience)
        await opened.begin()
        yield opened
