"""Statements to Snowflake by its SQL API, one at a time.

https://docs.snowflake.com/en/developer-guide/sql-api/reference. There is no session that only reads: a
caller's query is compiled alone (EXPLAIN runs nothing; one statement is taken), and then stands where only a
query can. The rest is the role's rights. Statements are begun without waiting for them, so that a handle to
cancel them is there at once.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import orjson

from app.errors import SourceError
from app.sources.access import Patience
from app.sources.databases.column_names import check_unique
from app.sources.databases.segment_databases import (
    Address,
    Relation,
    address_invalid,
    parse_address,
)
from app.sources.warehouses.errors import fault
from app.sources.warehouses.http_client import (
    CANCEL_SECONDS,
    exchange,
    transport_fault,
    web_client,
    whole,
)
from app.sources.warehouses.snowflake.credentials import headers_for
from app.sources.warehouses.snowflake.errors import SYNTAX, number_of, snowflake_fault

_STATEMENTS: Final = "/api/v2/statements"
_WAITS: Final = (0.5, 1.0, 2.0, 4.0)
_PASSING: Final = frozenset({429, 500, 502, 503, 504})
_SILENT_SECONDS: Final = 60.0
_SIGNED_SECONDS: Final = 600.0  # reading a key takes longer than most answers


@dataclass(slots=True)
class Session:
    """Calls for one reading."""

    name: str
    client: httpx.AsyncClient = field(repr=False)
    address: Address = field(repr=False)
    seconds: float
    _headers: dict[str, str] = field(default_factory=dict, repr=False)
    _signed_at: float = 0.0

    async def described(self, relation: Relation) -> list[dict[str, Any]]:
        """Name and type of every column of what is nothing but a query. Raises `SourceError`."""
        if relation.is_query:
            await self.rows(f"EXPLAIN USING TEXT {relation.text}")
        statement = f"SELECT * FROM {relation.inside} LIMIT 0"  # noqa: S608 - compiled alone above
        found = await self.answer(await self.begin(statement), inside=relation.is_query)
        columns: list[dict[str, Any]] = found["resultSetMetaData"]["rowType"]
        check_unique(self.name, [str(column["name"]) for column in columns])
        return columns

    async def rows(self, statement: str) -> list[list[Any]]:
        """The rows of a small answer. Raises `SourceError`."""
        found = await self.answer(await self.begin(statement))
        return list(found.get("data") or ())

    async def begin(self, statement: str) -> str:
        """Start it; the handle of what runs. Raises `SourceError`."""
        options, (database, _, schema) = self.address.options, self.address.database.partition("/")
        body = {
            "statement": statement,
            "timeout": max(int(self.seconds), 1),
            "parameters": {"MULTI_STATEMENT_COUNT": "1", "TIMEZONE": "UTC"},
            **{
                key: in_capitals(value)
                for key, value in (
                    ("database", database),
                    ("schema", schema),
                    ("warehouse", options.get("warehouse")),
                    ("role", options.get("role")),
                )
                if value
            },
        }
        asked = {"async": "true", "requestId": str(uuid.uuid4())}
        asking = asyncio.ensure_future(self._call("POST", _STATEMENTS, body, **asked))
        try:
            status, found = await asyncio.shield(asking)
        except asyncio.CancelledError:
            await self._cancel_answered(asking)
            raise
        if status not in {httpx.codes.OK, httpx.codes.ACCEPTED}:
            raise snowflake_fault(self.name, status, found)
        return str(found["statementHandle"])

    async def answer(self, handle: str, *, inside: bool = False) -> dict[str, Any]:
        """The answer of what runs, once it ended. `inside`: it holds one that is valid alone."""
        await self.wait(handle, inside=inside)
        status, found = await self._call("GET", f"{_STATEMENTS}/{handle}")
        if status != httpx.codes.OK:
            raise snowflake_fault(self.name, status, found)
        document: dict[str, Any] = found
        return document

    async def wait(self, handle: str, *, inside: bool = False) -> None:
        """Until it ended well. Raises `SourceError`, `statement-timeout` too.

        Nobody works on for what is not waited for any more.
        """
        try:
            await self._waited(handle, inside=inside)
        except asyncio.CancelledError:
            await self.cancel(handle)
            raise

    async def _waited(self, handle: str, *, inside: bool) -> None:
        until, pause = time.monotonic() + self.seconds, 0.02
        while True:
            try:
                async with self.stream(handle, 0) as answer:
                    if answer.status_code == httpx.codes.OK:
                        return
                    found = _document(await whole(answer))
            except httpx.TransportError as error:
                raise transport_fault(self.name, error) from None
            if answer.status_code not in {httpx.codes.ACCEPTED, *_PASSING}:
                if inside and number_of(found) == SYNTAX:
                    raise fault(self.name, "query-not-read-only")
                raise snowflake_fault(self.name, answer.status_code, found)
            if time.monotonic() > until:
                await self.cancel(handle)
                raise fault(self.name, "statement-timeout")
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    def stream(self, handle: str, partition: int) -> Any:
        """A part of the result to come, a context manager."""
        return self.client.stream(
            "GET",
            f"{_STATEMENTS}/{handle}",
            params={"partition": partition} if partition else {},
            headers=self._signed(),
        )

    async def cancel(self, handle: str) -> None:
        """Let the server give the statement up."""
        with contextlib.suppress(SourceError, httpx.HTTPError, TimeoutError):
            async with asyncio.timeout(CANCEL_SECONDS):
                await self._call("POST", f"{_STATEMENTS}/{handle}/cancel")

    async def _cancel_answered(self, asking: "asyncio.Future[tuple[int, Any]]") -> None:
        """Give up what is being begun: only its answer tells the handle to do so with."""
        with contextlib.suppress(SourceError, httpx.HTTPError, TimeoutError, KeyError, TypeError):
            async with asyncio.timeout(CANCEL_SECONDS):
                _, found = await asking
            await self.cancel(str(found["statementHandle"]))

    def _signed(self) -> dict[str, str]:
        if not self._headers or time.monotonic() - self._signed_at > _SIGNED_SECONDS:
            self._headers, self._signed_at = headers_for(self.name, self.address), time.monotonic()
        return self._headers

    async def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, **asked: str
    ) -> tuple[int, Any]:
        """Status and document; what passes is asked again, with the same requestId.

        Silence is waited out once.
        """
        until = time.monotonic() + (self.client.timeout.read or 0)
        for wait in (*_WAITS, None):
            headers = self._signed() | {"Content-Type": "application/json"}
            content = None if body is None else orjson.dumps(body)
            try:
                status, given = await exchange(
                    self.client, method, path, params=asked, content=content, headers=headers
                )
            except httpx.TransportError as error:
                refused = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if wait is None or refused or time.monotonic() >= until:
                    raise transport_fault(self.name, error) from None
            else:
                if wait is None or status not in _PASSING:
                    return status, _document(given)
            await asyncio.sleep(wait)
            asked = {**asked, "retry": "true"} if body is not None else asked
        raise AssertionError


def in_capitals(name: str) -> str:
    """A name as the server keeps it: what is not quoted in capitals."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.upper()


def _document(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except ValueError:
        return {}


@asynccontextmanager
async def session(name: str, address: str, patience: Patience) -> AsyncIterator[Session]:
    """Calls that are signed each by itself; what goes wrong leaves it as `SourceError`."""
    parts = parse_address(name, address)
    if not parts.host or not parts.user:
        raise address_invalid(name, "names no user or no account")
    host = parts.host if parts.host.endswith(".com") else f"{parts.host}.snowflakecomputing.com"
    endpoint = parts.options.get("endpoint", f"https://{host}")
    seconds = patience.statement
    times = {"connect": patience.connect, "silent": min(seconds + 5, _SILENT_SECONDS)}
    async with web_client(name, endpoint, **times, options=parts.options) as client:
        client.headers.update({"Accept": "application/json", "User-Agent": "audience-export/1.0"})
        yield Session(name, client, parts, seconds)
