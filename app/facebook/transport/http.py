"""Bytes to Meta and back: connections, time limits, and addresses that cannot leak through a log.

A connection for each call in flight and one shared TLS context. Where the way is direct, connections are
our own (`_line.py`); through a proxy, and on event loops that do not try a host's addresses side by side,
they are httpx's transports. httpx's client, which writes every address into its log (proofs, app secret,
codes and inspected tokens are in ours), has no part in it, nor have its redirects and cookies.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx
import orjson

from app.bounded_reads import AnswerTooLarge, AnswerUnreadable, read_bounded, unpacked
from app.facebook.transport.connection import ExchangeFailed, Host, HttpConnection
from app.facebook.upload.body import Body

_HEADERS = {"Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": "Audience-Export/1"}
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
    """Seconds: to connect, for each wait on the socket, and for the whole call with its body.

    `answer_bytes` is the most an answer may have, unpacked.
    """

    connect: float
    io: float
    call: float
    answer_bytes: int


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


class HttpTransport:
    """The connections of one process to one host. Opens nothing before the first call."""

    def __init__(
        self, base_url: str, limits: Limits, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """`transport` replaces the network (an ASGI app, a mock) and serves all calls."""
        self._base_url = base_url
        self._limits = limits
        self._timeout = httpx.Timeout(limits.io, connect=limits.connect).as_dict()
        self._idle: list[httpx.AsyncBaseTransport] = []
        self._lines: list[HttpConnection] = []
        self._tls: ssl.SSLContext | None = None
        self._given = transport

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        content: Body | None = None,
    ) -> Reply:
        """One request, sent once. Raises NoAnswer."""
        if self._given is None and self._direct:
            return await self._directly(method, path, {**_HEADERS, **headers}, params, content)
        address = httpx.URL(f"{self._base_url}{path}")
        if params:
            address = address.copy_merge_params(params)
        request = httpx.Request(
            method,
            address,
            headers={**_HEADERS, **headers},
            content=None if content is None else bytes(content),
            extensions={"timeout": self._timeout},
        )
        transport = self._given or self._take()
        try:
            async with asyncio.timeout(self._limits.call):
                response = await transport.handle_async_request(request)
                try:
                    body = await read_bounded(response, self._limits.answer_bytes)
                finally:
                    await response.aclose()
        except _UNSENT as error:
            raise NoAnswer(type(error).__name__, unsent=True) from None
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            # `from None`: the chained error would carry the request and its headers into a trace
            raise NoAnswer(type(error).__name__, unsent=False) from None
        finally:
            if transport is not self._given:
                self._idle.append(transport)
        return Reply(response.status_code, response.headers, _object(body))

    async def _directly(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        content: Body | None,
    ) -> Reply:
        base = self._base
        target = f"{base.path.rstrip('/')}{path}" + (f"?{urlencode(params)}" if params else "")
        lines = [f"{method} {target} HTTP/1.1", f"Host: {base.netloc.decode()}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if content is not None:
            lines.append(f"Content-Length: {len(content)}")
        if any(not line.isprintable() or not line.isascii() for line in lines):
            raise NoAnswer("LocalProtocolError", unsent=True)
        head = "\r\n".join([*lines, "\r\n"]).encode()
        try:
            async with asyncio.timeout(self._limits.call):
                line = await self._line()
                parts = [head] if content is None else [head, content]
                raw = await line.exchange(parts, io_seconds=self._limits.io)
            packing = raw.headers.get("content-encoding", "")
            body = unpacked([raw.body], packing, self._limits.answer_bytes)
        except ExchangeFailed as error:
            raise NoAnswer(error.reason, unsent=error.unsent) from None
        except (AnswerTooLarge, AnswerUnreadable, TimeoutError) as error:
            raise NoAnswer(type(error).__name__, unsent=False) from None
        if line.usable:
            self._lines.append(line)
        return Reply(raw.status, raw.headers, _object(body))

    async def _line(self) -> HttpConnection:
        while self._lines:
            # the connection used last is the likeliest to be alive still
            line = self._lines.pop()
            if line.usable:
                return line
            line.close()
        base = self._base
        secure = base.scheme == "https"
        port = base.port or (443 if secure else 80)
        host = Host(base.raw_host.decode(), port, self._context() if secure else None)
        limits = self._limits
        return await HttpConnection.connected(
            host, seconds=limits.connect, most=limits.answer_bytes
        )

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = httpx.create_ssl_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls

    @cached_property
    def _direct(self) -> bool:
        return is_direct(self._base_url)

    @cached_property
    def _base(self) -> httpx.URL:
        return httpx.URL(self._base_url)

    async def aclose(self) -> None:
        """Closes every idle connection."""
        lines, self._lines = self._lines, []
        for line in lines:
            line.close()
        transports, self._idle = self._idle, []
        if self._given is not None:
            transports.append(self._given)
        for transport in transports:
            await transport.aclose()

    def _take(self) -> httpx.AsyncBaseTransport:
        # the connection used last is the likeliest to be alive still
        return self._idle.pop() if self._idle else self._connection()

    def _connection(self) -> httpx.AsyncBaseTransport:
        return httpx.AsyncHTTPTransport(
            verify=self._context() if self._base_url.startswith("https:") else False,
            trust_env=False,
            http2=False,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            proxy=_proxy(self._base_url),
        )


def is_direct(base_url: str) -> bool:
    """Whether connections to the address are our own."""
    return isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop) and not _proxy(base_url)


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
