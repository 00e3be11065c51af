"""Queries to BigQuery by its REST interface: a dry run first, which costs nothing and says what it is.

https://cloud.google.com/bigquery/docs/reference/rest. There is no session that only reads, so only what a dry
run calls a SELECT is run; scripts, CALL, DDL and DML have types of their own. The rest is the account's
rights.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

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
from app.sources.warehouses.bigquery.access_tokens import GoogleTokens
from app.sources.warehouses.bigquery.errors import INVALID, bigquery_fault, is_passing, reason_of
from app.sources.warehouses.errors import fault, too_expensive
from app.sources.warehouses.http_client import (
    CANCEL_SECONDS,
    exchange,
    transport_fault,
    web_client,
)

_ENDPOINT: Final = "https://bigquery.googleapis.com"
_WAITS: Final = (0.5, 1.0, 2.0, 4.0)
_POLL_SECONDS: Final = 10.0
_UNWRITABLE: Final = frozenset({"database-permission-denied", "source-not-found"})


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a query would be: its kind of statement, its columns, the bytes it would be billed for."""

    statement: str
    fields: list[dict[str, Any]]
    bytes: int


@dataclass(slots=True)
class Session:
    """Calls for one reading; `most_bytes` is what one query may be billed for."""

    name: str
    client: httpx.AsyncClient = field(repr=False)
    tokens: GoogleTokens = field(repr=False)
    address: Address = field(repr=False)
    seconds: float
    most_bytes: int

    @property
    def _project(self) -> str:
        return f"/bigquery/v2/projects/{quote(self.address.host, safe='')}"

    async def described(self, relation: Relation) -> DryRun:
        """The columns of a relation that is nothing but a query. Raises `SourceError`."""
        found = await self.dry_run(relation.alone)
        if found.statement != "SELECT":
            raise fault(self.name, "query-not-read-only")
        check_unique(self.name, [str(one["name"]).casefold() for one in found.fields])
        return found

    async def dry_run(self, statement: str, *, inside: bool = False) -> DryRun:
        """What the statement would be. `inside`: it holds one that is valid alone, but may be no query."""
        status, found = await self._call(
            "POST", f"{self._project}/jobs", self._job(statement, dry=True)
        )
        if status != httpx.codes.OK:
            if inside and reason_of(found)[0] in INVALID:
                raise fault(self.name, "query-not-read-only")
            raise bigquery_fault(self.name, status, found)
        told = found.get("statistics", {})
        query = told.get("query", {})
        return DryRun(
            str(query.get("statementType", "")),
            list(query.get("schema", {}).get("fields", [])),
            int(query.get("totalBytesProcessed") or told.get("totalBytesProcessed") or 0),
        )

    async def start(self, statement: str) -> str:
        """Run what a dry run knew as a SELECT, if it is not too expensive; the job's name."""
        needed = (await self.dry_run(statement, inside=True)).bytes
        if needed > self.most_bytes:
            raise too_expensive(self.name, needed, self.most_bytes)
        job, body = f"audience_export_{uuid.uuid4().hex}", self._job(statement)
        body["jobReference"] = {"projectId": self.address.host, "jobId": job, **self._located()}
        try:
            status, found = await self._call("POST", f"{self._project}/jobs", body)
        except asyncio.CancelledError:
            await self.cancel(job)  # it may have begun
            raise
        # a repeated request finds the job that the first one began
        if status not in {httpx.codes.OK, httpx.codes.CONFLICT}:
            raise bigquery_fault(self.name, status, found)
        return job

    async def wait(self, job: str) -> int:
        """How many rows the job gave, once it ended. Raises `SourceError`, `statement-timeout` too.

        Nobody works on for what is not waited for any more.
        """
        try:
            return await self._waited(job)
        except asyncio.CancelledError:
            await self.cancel(job)
            raise

    async def _waited(self, job: str) -> int:
        until = time.monotonic() + self.seconds
        while True:
            left = until - time.monotonic()
            if left <= 0:
                await self.cancel(job)
                raise fault(self.name, "statement-timeout")
            milliseconds = int(min(_POLL_SECONDS, left) * 1000)
            status, found = await self._call(
                "GET", f"{self._project}/queries/{job}", maxResults=0, timeoutMs=milliseconds
            )
            if status != httpx.codes.OK:
                raise bigquery_fault(self.name, status, found)
            if found.get("jobComplete"):
                return int(found.get("totalRows") or 0)
            await asyncio.sleep(0.05)

    async def page(self, job: str, rows: int, token: str) -> tuple[list[Any], str]:
        """Rows of an ended job, each `{"f": [{"v": …}]}`, and what the next page is asked with."""
        asked: dict[str, Any] = {"maxResults": rows, **({"pageToken": token} if token else {})}
        status, found = await self._call("GET", f"{self._project}/queries/{job}", None, **asked)
        if reason_of(found)[0] == "notFound":
            raise fault(self.name, "result-expired")
        if status != httpx.codes.OK:
            raise bigquery_fault(self.name, status, found)
        return list(found.get("rows") or ()), str(found.get("pageToken") or "")

    async def cancel(self, job: str) -> None:
        """Let the server give the job up."""
        with contextlib.suppress(SourceError, httpx.HTTPError, TimeoutError):
            async with asyncio.timeout(CANCEL_SECONDS):
                await self._call("POST", f"{self._project}/jobs/{job}/cancel")

    async def a_dataset(self) -> str | None:
        """The one the address names, or any that the account sees."""
        if self.address.database:
            return self.address.database
        status, found = await self._call("GET", f"{self._project}/datasets", maxResults=1)
        if status != httpx.codes.OK:
            raise bigquery_fault(self.name, status, found)
        first: Any = next(iter(found.get("datasets") or ()), {})
        dataset: str | None = first.get("datasetReference", {}).get("datasetId")
        return dataset

    async def may_write(self, relation: Relation | None = None) -> bool:
        """Whether the account could make a table, or empty the one that is read; dry runs tell for nothing.

        A dataset that may not be looked for is none that could be written to.
        """
        tries = []
        try:
            if dataset := await self.a_dataset():
                tries.append(f"CREATE TABLE `{dataset}`.audience_export_tries_to_write (a INT64)")
        except SourceError as error:
            if error.code != "database-permission-denied":
                raise
        if relation is not None and not relation.is_query:
            tries.append(f"DELETE FROM {relation.text} WHERE FALSE")  # noqa: S608 - quoted, and never run
        for number, statement in enumerate(tries):
            try:
                await self.dry_run(statement)
            except SourceError as error:
                # a view cannot be emptied, and a table that is missing is told where it is read
                if number == 0 and error.code not in _UNWRITABLE:
                    raise
            else:
                return True
        return False

    async def has_table(self, dataset: str) -> bool:
        """Whether the account sees a table there."""
        place = f"{self._project}/datasets/{quote(dataset, safe='')}/tables"
        status, found = await self._call("GET", place, maxResults=1)
        return status == httpx.codes.OK and bool(found.get("tables"))

    def _job(self, statement: str, *, dry: bool = False) -> dict[str, Any]:
        query: dict[str, Any] = {"query": statement, "useLegacySql": False}
        if self.address.database:
            query["defaultDataset"] = {
                "projectId": self.address.host,
                "datasetId": self.address.database,
            }
        if not dry:
            query["maximumBytesBilled"] = str(self.most_bytes)
        configuration = {"query": query, "jobTimeoutMs": str(int(self.seconds * 1000))}
        return {
            "configuration": {**configuration, **({"dryRun": True} if dry else {})},
            "jobReference": {"projectId": self.address.host, **self._located()},
        }

    def _located(self) -> dict[str, str]:
        place = self.address.options.get("location")
        return {"location": place} if place else {}

    async def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **asked: Any
    ) -> tuple[int, Any]:
        """Status and document; what passes is asked again, a token that ended is renewed.

        Silence is waited out once.
        """
        renewed, until = False, time.monotonic() + (self.client.timeout.read or 0)
        for wait in (*_WAITS, None):
            token = await self.tokens.token(renew=renewed)
            try:
                status, given = await exchange(
                    self.client,
                    method,
                    path,
                    params={**({} if method == "POST" and body else self._located()), **asked},
                    content=None if body is None else orjson.dumps(body),
                    headers={
                        "Authorization": f"Bearer {token}",
                        "Content-Type": "application/json",
                    },
                )
            except httpx.TransportError as error:
                refused = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if wait is None or refused or time.monotonic() >= until:
                    raise transport_fault(self.name, error) from None
                await asyncio.sleep(wait)
                continue
            try:
                found = orjson.loads(given or b"{}")
            except ValueError:
                found = {}
            if status == httpx.codes.UNAUTHORIZED and not renewed:
                renewed = True
                continue
            if wait is None or not is_passing(status, found):
                return status, found
            await asyncio.sleep(wait)
        raise AssertionError


@asynccontextmanager
async def session(
    name: str, address: str, patience: Patience, most_bytes: int
) -> AsyncIterator[Session]:
    """Calls that are signed in once the first is made; what goes wrong leaves it as `SourceError`."""
    parts = parse_address(name, address)
    if not parts.host:
        raise address_invalid(name, "names no project")
    try:
        most = int(parts.options.get("maximum_bytes_billed", most_bytes))
    except ValueError:
        raise address_invalid(name, "has a maximum_bytes_billed that is no number") from None
    seconds = patience.statement
    times = {"connect": patience.connect, "silent": min(seconds, _POLL_SECONDS) + 5}
    endpoint = parts.options.get("endpoint", _ENDPOINT)
    async with web_client(name, endpoint, **times, options=parts.options) as client:
        tokens = GoogleTokens(name, client, parts.options)
        yield Session(name, client, tokens, parts, seconds, most)
