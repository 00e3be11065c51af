"""One connection to Meta's host: HTTP/1.1 requests one after another, each written as it is.

A request is its head and its body, handed to the socket without a copy between; what comes back is
parsed by llhttp (through httptools). httpx and httpcore do the same for six times as much of the event
loop; they stay for proxies, which are no matter of speed. Certificates are checked as httpx does.
"""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import httptools

from app.facebook.upload.body import Body

_MOST_HEAD_BYTES: Final = 64 * 1024
_BREATH: Final = 0.25  # seconds after which the next address of a host is tried as well (RFC 8305)
_IDLE_SECONDS: Final = (
    5.0  # whoever is between may have forgotten a connection that was idle longer
)


class ExchangeFailed(Exception):
    """The exchange failed; `unsent` when nothing of it can have reached the host."""

    def __init__(self, reason: str, *, unsent: bool) -> None:
        """`reason`: what happened, in the words that httpx has for it."""
        super().__init__(reason)
        self.reason = reason
        self.unsent = unsent


@dataclass(frozen=True, slots=True)
class Host:
    """Where lines lead to; `tls` is None for plain connections."""

    name: str
    port: int
    tls: ssl.SSLContext | None = field(default=None, repr=False)


@dataclass(slots=True, repr=False)
class Raw:
    """An answer as it came: names of headers in lower case, the body as it was packed."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    complete: bool = False


class HttpConnection(asyncio.Protocol):
    """A connection; one request at a time. Made by `connected`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Raw] | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._raw = Raw()
        self._received = 0
        self._seen = 0.0
        self._left = 0
        self._idle_since = self._loop.time()
        self._kept = True

    @classmethod
    async def connected(cls, host: Host, *, seconds: float, most: int) -> "HttpConnection":
        """A new connection. `most`: the bytes that an answer's body may have, packed.

        Raises `ExchangeFailed`.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                _, line = await loop.create_connection(
                    lambda: cls(most),
                    host.name,
                    host.port,
                    ssl=host.tls,
                    server_hostname=host.name if host.tls else None,
                    happy_eyeballs_delay=_BREATH,
                )
        except TimeoutError:
            raise ExchangeFailed("ConnectTimeout", unsent=True) from None
        except (OSError, UnicodeError):  # TLS errors and refused certificates are OSErrors
            raise ExchangeFailed("ConnectError", unsent=True) from None
        return line

    @property
    def usable(self) -> bool:
        """Whether another request may go this way."""
        idle = self._loop.time() - self._idle_since
        return self._kept and self._waiting is None and idle < _IDLE_SECONDS

    async def exchange(self, parts: Sequence[Body], *, io_seconds: float) -> Raw:
        """Send the parts of a request and wait for its answer, `io_seconds` for each sign of life.

        Raises `ExchangeFailed`; cancelled, it closes the connection.
        """
        assert self._transport is not None
        if not self.usable:
            raise ExchangeFailed("ConnectError", unsent=True)
        self._raw, self._received = Raw(), 0
        self._parser = httptools.HttpResponseParser(self)
        self._waiting = self._loop.create_future()
        self._seen = self._loop.time()
        self._watch = self._loop.call_later(io_seconds, self._look, io_seconds)
        try:
            for part in parts:
                self._transport.write(part)
            self._left = self._transport.get_write_buffer_size()
            return await self._waiting
        finally:
            self._watch.cancel()
            self._waiting = self._parser = None
            self._idle_since = self._loop.time()
            # an answer that came before all was sent leaves the rest of the request on the way
            if not self._raw.complete or self._transport.get_write_buffer_size():
                self.close()

    def close(self) -> None:
        """Drop the connection; what is on its way is lost."""
        self._kept = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done() or self._parser is None:
            self.close()  # nobody asked
            return
        self._seen = self._loop.time()
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail("RemoteProtocolError")
            return
        # what frames a body may be as long as it
        most = _MOST_HEAD_BYTES + (2 * self._most if self._raw.status else 0)
        if self._received > most and not self._raw.complete:
            self._fail("RemoteProtocolError")

    def eof_received(self) -> None:
        """The answer ends with the connection, if nothing else said where it ends."""

    def connection_lost(self, error: Exception | None) -> None:
        self._kept = False
        raw = self._raw
        bounded = {"content-length", "transfer-encoding"} & raw.headers.keys()
        if self._waiting is not None and not self._waiting.done():
            if raw.status and not bounded and error is None:
                self._end()
            else:
                self._fail("ReadError" if error else "RemoteProtocolError")

    # what llhttp calls

    def on_message_begin(self) -> None:
        if self._raw.complete:  # an answer to nothing
            self._kept = False
            self._raw = Raw()

    def on_header(self, name: bytes, value: bytes) -> None:
        headers, key = self._raw.headers, name.decode("latin-1").lower()
        text = value.decode("latin-1").strip()
        headers[key] = f"{headers[key]}, {text}" if key in headers else text

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        status = self._parser.get_status_code()
        if status >= 200:
            self._raw.status = status

    def on_body(self, body: bytes) -> None:
        self._raw.body += body
        if len(self._raw.body) > self._most:
            self._fail("AnswerTooLarge")

    def on_message_complete(self) -> None:
        if not self._raw.status:  # a word in between, such as 100 Continue
            self._raw = Raw()
            return
        assert self._parser is not None
        if not self._parser.should_keep_alive():
            self._kept = False
        self._end()

    def _end(self) -> None:
        self._raw.complete = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(self._raw)
        if not self._kept:
            self.close()

    def _fail(self, reason: str) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ExchangeFailed(reason, unsent=False))
        self.close()

    def _look(self, io_seconds: float) -> None:
        """Whether anything was sent or received within so many seconds."""
        assert self._transport is not None
        left, now = self._transport.get_write_buffer_size(), self._loop.time()
        if left != self._left:
            self._left, self._seen = left, now
        quiet = now - self._seen
        if quiet >= io_seconds:
            self._fail("WriteTimeout" if left else "ReadTimeout")
            return
        self._watch = self._loop.call_later(io_seconds - quiet, self._look, io_seconds)
