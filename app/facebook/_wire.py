"""Bytes to Meta and back: connections, time limits, and addresses that cannot leak through a log.

One single-connection HTTP/1.1 client per call in flight and one shared TLS context: httpcore's pool
looks at all its connections on every event, so one pool of many costs twice as much from sixteen
calls in flight on. httpx writes the address of every request into its log; parameters that are
secret (proofs, app secret, codes, inspected tokens) are therefore added below httpx's client.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx
import orjson

_CONCEALED = "concealed_parameters"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

# nothing of the request can have reached Meta
_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: to connect, for each wait on the socket, and for the whole call with its body."""

    connect: float
    io: float
    call: float


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `json` is the parsed object, or None when the body was none."""

    status: int
    headers: Mapping[str, str]
    json: dict[str, object] | None

    @property
    def trace(self) -> str | None:
        """Meta's name for this request, for its support."""
        return self.headers.get("x-fb-trace-id") or self.headers.get("x-fb-request-id")

    @property
    def retry_after(self) -> float | None:
        """Seconds of the Retry-After header, where it gives seconds."""
        text = self.headers.get("retry-after", "")
        return float(text) if text.isdecimal() else None


class NoAnswer(Exception):
    """The call ended without an answer; `unsent` when it surely never reached Meta."""

    def __init__(self, reason: str, *, unsent: bool) -> None:
        """`reason`: what happened, in the transport's word for it; holds no address or content."""
        super().__init__(reason)
        self.reason = reason
        self.unsent = unsent


class _ConcealedQuery(httpx.AsyncBaseTransport):
    """Adds the concealed parameters to the address, below everything that logs addresses."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        concealed = request.extensions.get(_CONCEALED)
        if concealed:
            request = httpx.Request(
                request.method,
                request.url.copy_merge_params(concealed),
                headers=request.headers,
                stream=request.stream,
                extensions={k: v for k, v in request.extensions.items() if k != _CONCEALED},
            )
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class Wire:
    """The connections of one process to one host. Opens nothing before the first call."""

    def __init__(
        self, base_url: str, limits: Limits, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """`transport` replaces the network (an ASGI app, a mock) and serves all calls."""
        self._base_url = base_url
        self._limits = limits
        self._idle: list[httpx.AsyncClient] = []
        self._tls: ssl.SSLContext | bool = False
        self._given = None if transport is None else self._client(transport)
        self._timeout = httpx.Timeout(limits.io, connect=limits.connect)

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        concealed: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Reply:
        """One request, sent once. Raises NoAnswer."""
        client = self._given or self._take()
        try:
            async with asyncio.timeout(self._limits.call):
                response = await client.request(
                    method,
                    f"{self._base_url}{path}",
                    headers=headers,
                    params=params or None,
                    content=content,
                    timeout=self._timeout,
                    extensions={_CONCEALED: concealed} if concealed else None,
                )
        except _UNSENT as error:
            raise NoAnswer(type(error).__name__, unsent=True) from None
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            # `from None`: the chained error would carry the request and its headers into a trace
            raise NoAnswer(type(error).__name__, unsent=False) from None
        finally:
            if client is not self._given:
                self._idle.append(client)
        return Reply(response.status_code, response.headers, _object(response.content))

    async def aclose(self) -> None:
        """Closes every idle connection."""
        clients, self._idle = self._idle, []
        if self._given is not None:
            clients.append(self._given)
        for client in clients:
            await client.aclose()

    def _take(self) -> httpx.AsyncClient:
        # the connection used last is the likeliest to be alive still
        return self._idle.pop() if self._idle else self._client(self._connection())

    def _client(self, transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=_ConcealedQuery(transport), trust_env=False, follow_redirects=False
        )

    def _connection(self) -> httpx.AsyncHTTPTransport:
        if self._tls is False and self._base_url.startswith("https:"):
            self._tls = httpx.create_ssl_context()
        return httpx.AsyncHTTPTransport(
            verify=self._tls,
            http2=False,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            proxy=_proxy(self._base_url),
        )


def _proxy(base_url: str) -> str | None:
    """The proxy that this machine prescribes for the address; none for the machine itself."""
    address = urlsplit(base_url)
    host = address.hostname or ""
    if host in _LOOPBACK or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(address.scheme) or proxies.get("all")


def _object(content: bytes) -> dict[str, object] | None:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    if value is True:  # some edges answer with nothing else
        return {"success": True}
    return value if isinstance(value, dict) else None
