"""Iceberg's REST catalog, asked for as little as a reader needs: its configuration and one table.

https://github.com/apache/iceberg/blob/main/open-api/rest-catalog-open-api.yaml. What an answer says of
other addresses, credentials and classes is left aside: files are read below SEGMENT_ROOTS, with the
credentials of the environment. Nothing but GET leaves here, and POST for a token.
"""

import asyncio
import ssl
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import httpx
import orjson

from app.bounded_reads import AnswerTooLarge, read_bounded
from app.errors import SourceError
from app.sources.access import Patience
from app.sources.databases.prefetch import answer_of
from app.sources.databases.segment_databases import (
    Address,
    Rights,
    address_invalid,
    parse_address,
    secret_of,
    taken_apart,
)
from app.sources.databases.tls_errors import is_about_encryption
from app.sources.table_formats.iceberg import errors as said

_CONNECTS: Final = 3  # answers that all of a conversation may take the time of
_MAX_ANSWER_BYTES: Final = 32 << 20
_SEPARATOR: Final = "%1F"  # between the levels of a namespace
_NOBODY: Final = "00000000-0000-0000-0000-000000000000"

Result = TypeVar("Result")


def load_table(
    name: str, database: str, address: str, path: Sequence[str], patience: Patience
) -> Any:
    """The metadata document of a table, whose last name in `path` is its own. Blocking.

    Raises `source-not-found`, `credentials-refused`, `database-permission-denied`, `database-not-found`,
    `database-unreachable`, `tls-refused`, `address-invalid`, `secret-unreadable`, `iceberg-broken`.
    """

    async def loaded() -> Any:
        async with _Catalog(database, address, patience.connect) as catalog:
            answer = await catalog.get(_table(path), shown=name, parameters={"snapshots": "all"})
            return answer.get("metadata")

    return _run(loaded(), _CONNECTS * patience.connect, database)


def probe(database: str, address: str, seconds: float) -> Rights:
    """See `segment_databases.Probe`: reads the first table there is, and tries to change it.

    The change is none, and asks for a table of another id: a catalog refuses it with 409 where the account
    may write, with 403 where it may not.
    """

    async def probed() -> Rights:
        async with _Catalog(database, address, seconds) as catalog:
            found = await catalog.any_table()
            if found is None:
                return Rights(may_read=False, may_write=False)
            await catalog.get(_table(found), shown=database)
            return Rights(may_read=True, may_write=await catalog.lets_write(found))

    return _run(probed(), seconds, database)


def _run(asking: Coroutine[Any, Any, Result], seconds: float, database: str) -> Result:
    async def bounded() -> Result:
        try:
            with taken_apart(database):
                async with asyncio.timeout(seconds):
                    return await asking
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
            raise _connection_fault(database, error) from None

    return answer_of(bounded())


class _Catalog:
    """One conversation; only its own host is talked to, and redirects are not followed."""

    def __init__(self, database: str, address: str, seconds: float) -> None:
        self._database, self._parts = database, parse_address(database, address)
        scheme = address.partition("://")[0].rpartition("+")[2].lower()
        self._base = _base(self._parts, scheme)
        self._prefix = ""
        self._client = httpx.AsyncClient(
            verify=self._encryption(),
            timeout=seconds,
            trust_env=False,
            headers={"Accept-Encoding": "gzip, deflate"},
        )

    async def __aenter__(self) -> Self:
        try:
            token = await self._token()
            if token:
                self._client.headers["Authorization"] = f"Bearer {token}"
            warehouse = self._parts.options.get("warehouse")
            given = await self.get(
                "/v1/config",
                shown=self._database,
                parameters={"warehouse": warehouse} if warehouse else {},
                absent=said.catalog(
                    self._database, "database-not-found", "the catalog has no such warehouse"
                ),
            )
        except BaseException:
            await self._client.aclose()
            raise
        known: dict[str, Any] = {}
        for place in ("defaults", "overrides"):
            known |= given.get(place) or {}
        prefix = known.get("prefix")
        self._prefix = f"/{quote(str(prefix), safe='/')}" if prefix else ""
        return self

    async def __aexit__(self, *ended: object) -> None:
        await self._client.aclose()

    async def get(
        self,
        path: str,
        *,
        shown: str,
        parameters: Mapping[str, str] | None = None,
        absent: SourceError | None = None,
    ) -> dict[str, Any]:
        """A document of the catalog; `absent` is raised where there is none."""
        place = path if path == "/v1/config" else f"/v1{self._prefix}{path}"
        status, body = await self._asked("GET", place, params=dict(parameters or {}))
        if status == 404 or (status == 400 and absent is not None):
            raise absent or said.table_missing(shown)
        self._check(status, shown)
        return self._document(body)

    async def any_table(self) -> list[str] | None:
        """The first table of the first namespaces, if there is one."""
        none = SourceError("", code="source-not-found")
        namespaces = (await self.get("/namespaces", shown=self._database)).get("namespaces") or []
        for namespace in namespaces[:20]:
            listed = f"/namespaces/{_names(namespace)}/tables"
            tables = await self.get(listed, shown=self._database, absent=none)
            for table in tables.get("identifiers") or []:
                return [*map(str, table["namespace"]), str(table["name"])]
        return None

    async def lets_write(self, path: Sequence[str]) -> bool:
        """Whether the catalog would take a change from this account; nothing is changed."""
        never = {"type": "assert-table-uuid", "uuid": _NOBODY}
        status, _ = await self._asked(
            "POST",
            f"/v1{self._prefix}{_table(path)}",
            json={"requirements": [never], "updates": []},
        )
        return status not in {401, 403, 404, 405, 406, 501}

    async def _token(self) -> str | None:
        options, parts = self._parts.options, self._parts
        if "token_file" in options:
            return secret_of(self._database, options["token_file"])
        if not parts.password:
            return None
        status, body = await self._asked(
            "POST",
            options.get("token_url") or "/v1/oauth/tokens",
            data={
                "grant_type": "client_credentials",
                "client_id": parts.user,
                "client_secret": parts.password,
                "scope": options.get("scope", "catalog"),
            },
        )
        if status in {400, 401, 403}:
            raise said.refused(self._database)
        self._check(status, self._database)
        token = self._document(body).get("access_token")
        return token if isinstance(token, str) else None

    async def _asked(self, method: str, place: str, **what: Any) -> tuple[int, bytes]:
        """Status and body, which may be so large and no larger."""
        url = place if place.startswith(("https://", "http://")) else self._base + place
        try:
            async with self._client.stream(method, url, **what) as answer:
                return answer.status_code, await read_bounded(answer, _MAX_ANSWER_BYTES)
        except AnswerTooLarge:
            most = f"{_MAX_ANSWER_BYTES >> 20} MiB"
            raise said.too_large(self._database, "an answer of its catalog", most) from None

    def _check(self, status: int, shown: str) -> None:
        if status == 401:
            raise said.refused(self._database)
        if status == 403:
            raise said.forbidden(shown)
        if 300 <= status < 400:
            raise address_invalid(self._database, "is answered with a redirect")
        if status != 200:
            raise said.unreachable(self._database)

    def _document(self, body: bytes) -> dict[str, Any]:
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise said.unreachable(self._database)
        return found

    def _encryption(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._parts.options.get("ssl_ca"))
        except OSError:
            raise address_invalid(
                self._database, "names a file ssl_ca that cannot be read"
            ) from None


def _base(parts: Address, scheme: str) -> str:
    host = f"[{parts.host}]" if ":" in parts.host else parts.host
    port = f":{parts.port}" if parts.port else ""
    path = quote(parts.database.strip("/"), safe="/")
    return f"{scheme}://{host}{port}" + (f"/{path}" if path else "")


def _table(path: Sequence[str]) -> str:
    return f"/namespaces/{_names(path[:-1])}/tables/{quote(path[-1], safe='')}"


def _names(namespace: Sequence[str]) -> str:
    return _SEPARATOR.join(quote(str(level), safe="") for level in namespace)


def _connection_fault(database: str, error: Exception) -> SourceError:
    if is_about_encryption(error):
        why = "the catalog's server and this service agree on no encryption"
        return said.catalog(database, "tls-refused", why)
    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return address_invalid(database)
    return said.unreachable(database)
