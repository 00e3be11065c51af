"""A process's own port: `GET /metrics` for Prometheus, `GET /livez` for whoever restarts it.

Workers have no other; processes of the API that share one need it to be counted apart. A page of HTTP/1.0
by hand, since a worker has no web framework: two addresses, no bodies, no keeping alive.
"""

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.observability.logs import get_logger

log = get_logger(__name__)

_HEAD_BYTES = 8 * 1024
_HEAD_SECONDS = 5.0
_PLAIN = "text/plain; charset=utf-8"


async def no_more() -> bytes:
    """Nothing beside what the process counts."""
    return b""


@asynccontextmanager
async def metrics_port(
    host: str, port: int, key: str, *, more: Callable[[], Awaitable[bytes]] = no_more
) -> AsyncIterator[None]:
    """Listen for the time of the block; 0 is no port. Who sends `key` may read the metrics, and `more`.

    Without a key only this machine may. A port that is taken is said, and costs no run.
    """
    if not port:
        yield
        return

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError):
            try:
                async with asyncio.timeout(_HEAD_SECONDS):
                    writer.write(await _answer(reader, writer, key, more))
                    await writer.drain()
            finally:
                writer.close()

    try:
        server = await asyncio.start_server(answer, host, port, limit=_HEAD_BYTES)
    except OSError as error:
        log.warning("metrics.not_listening", port=port, error=error.strerror)
        yield
        return
    async with server:
        yield


async def _answer(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    key: str,
    more: Callable[[], Awaitable[bytes]],
) -> bytes:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return _response("400 Bad Request", "bad request\n")
    first, _, rest = head.partition("\r\n")
    method, _, target = first.partition(" ")
    path = target.split(" ")[0].partition("?")[0]
    if path not in {"/metrics", "/livez"}:
        return _response("404 Not Found", "only /metrics and /livez are here\n")
    if method not in {"GET", "HEAD"}:
        return _response("405 Method Not Allowed", "GET only\n", "Allow: GET, HEAD\r\n")
    if path == "/livez":
        return _response("200 OK", "ok\n", with_body=method == "GET")
    if not _may_read(rest, writer, key):
        return _response("401 Unauthorized", "send METRICS_KEY\n", "WWW-Authenticate: Bearer\r\n")
    text = (generate_latest() + await more()).decode()
    return _response("200 OK", text, kind=CONTENT_TYPE_LATEST, with_body=method == "GET")


def _may_read(head: str, writer: asyncio.StreamWriter, key: str) -> bool:
    """As `/metrics` of the API: the key, or this machine where there is none."""
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head.split("\r\n"))
    }
    if key:
        given = headers.get("authorization", "").partition(" ")[2].strip()
        return hmac.compare_digest(given.encode(), key.encode())
    peer = writer.get_extra_info("peername")
    here = isinstance(peer, tuple) and ip_address(peer[0]).is_loopback
    return here and "x-forwarded-for" not in headers


def _response(
    status: str, text: str, extra: str = "", *, kind: str = _PLAIN, with_body: bool = True
) -> bytes:
    body = text.encode()
    head = (
        f"HTTP/1.0 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        f"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{extra}\r\n"
    )
    return head.encode() + (body if with_body else b"")
