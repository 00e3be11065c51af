"""What others answer: bombs, floods and crumbs from the Graph API, the issuer and webhooks."""

import asyncio
import gzip
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.access.oidc import OidcVerifier
from app.bounded_reads import AnswerTooLarge, get_json, read_bounded
from app.errors import Unavailable
from app.facebook.client import GraphClient
from app.facebook.config import GraphConfig
from app.facebook.errors import GraphError
from app.facebook.retry import RetryPolicy
from app.webhooks.sending import NotSent, Sender

MEGABYTE = 1024 * 1024
Answering = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def answering(answer: Answering) -> AsyncIterator[str]:
    """A server that answers everything in its own way; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def bomb(unpacked: int) -> Answering:
    """So many bytes, packed a thousandfold."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    pieces = [packer.compress(b'{"data": "')]
    pieces += [packer.compress(b" " * MEGABYTE) for _ in range(unpacked // MEGABYTE)]
    whole = b"".join([*pieces, packer.compress(b'"}'), packer.flush()])

    async def answer(writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
        writer.write(head + b"Content-Length: %d\r\n\r\n" % len(whole) + whole)
        await writer.drain()

    return answer


def flood(size: int) -> Answering:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // MEGABYTE):
            writer.write(b" " * MEGABYTE)
            await writer.drain()

    return answer


async def crumbs(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(300):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


def _name(answer: Answering) -> str:
    return answer.__qualname__.partition(".")[0]


def peak_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def graph(address: str) -> GraphClient:
    config = GraphConfig(
        address, "v26.0", "", "", timeout_seconds=1, call_seconds=2, answer_bytes=4 * MEGABYTE
    )
    return GraphClient(config, policy=RetryPolicy(attempts=1))


@pytest.mark.parametrize("answer", [bomb(100 * MEGABYTE), flood(100 * MEGABYTE), crumbs])
async def test_the_graph_api(answer: Answering, figures: Callable[..., None]) -> None:
    """Before: 600 MB of gzip took a worker to 1.5 GB."""
    async with answering(answer) as address, graph(address) as client:
        before, began = peak_bytes(), time.monotonic()
        with pytest.raises(GraphError):
            await client.debug_token("token")
        cost = peak_bytes() - before, time.monotonic() - began
        assert cost[0] < 30 * MEGABYTE
        assert cost[1] < 15
        figures(f"Graph API: {_name(answer)}", megabytes=cost[0] / MEGABYTE, seconds=cost[1])


@pytest.mark.parametrize("answer", [bomb(100 * MEGABYTE), flood(100 * MEGABYTE), crumbs])
async def test_the_issuer(answer: Answering, figures: Callable[..., None]) -> None:
    """Before: a document of 80 MB took the API to 573 MB, and a byte a second held sign-ins for 60 s."""
    async with answering(answer) as address, httpx.AsyncClient(timeout=5) as http:
        verifier = OidcVerifier(address, "us", "roles", http, seconds=1.0)
        before, began = peak_bytes(), time.monotonic()
        with pytest.raises(Unavailable):
            await asyncio.gather(*(verifier.endpoints() for _ in range(5)))
        cost = peak_bytes() - before, time.monotonic() - began
        assert cost[0] < 30 * MEGABYTE
        assert cost[1] < 15
        figures(f"issuer: {_name(answer)}", megabytes=cost[0] / MEGABYTE, seconds=cost[1])


@pytest.mark.parametrize("answer", [bomb(20 * MEGABYTE), flood(50 * MEGABYTE), crumbs])
async def test_a_receiver_of_webhooks(answer: Answering) -> None:
    """Its body is not read at all."""
    async with answering(answer) as address:
        sender = Sender(allow_private=True, timeout_seconds=20)
        before, began = peak_bytes(), time.monotonic()
        assert await sender.post(f"{address}/hook", b"{}", {}) == 200
        assert peak_bytes() - before < 20 * MEGABYTE
        assert time.monotonic() - began < 15
        await sender.aclose()


async def test_a_receiver_of_webhooks_that_never_answers() -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(600):
            writer.write(b"X-%d: y\r\n" % number)
            await writer.drain()
            await asyncio.sleep(0.1)

    async with answering(silent) as address:
        sender = Sender(allow_private=True, timeout_seconds=0.5)
        began = time.monotonic()
        with pytest.raises(NotSent, match="timeout"):
            await sender.post(f"{address}/hook", b"{}", {})
        assert time.monotonic() - began < 30
        await sender.aclose()


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(("size", "passes"), [(1000, True), (1001, False)])
async def test_the_bound_is_of_what_is_unpacked(size: int, passes: bool, packed: bool) -> None:
    whole = gzip.compress(b"x" * size) if packed else b"x" * size

    async def pieces() -> AsyncIterator[bytes]:
        for letter in whole:
            yield bytes([letter])

    answer = httpx.Response(
        200, headers={"Content-Encoding": "gzip"} if packed else {}, content=pieces()
    )
    if passes:
        assert await read_bounded(answer, 1000) == b"x" * size
    else:
        with pytest.raises(AnswerTooLarge):
            await read_bounded(answer, 1000)


async def test_what_is_packed_otherwise_is_refused() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"{}"

        return httpx.Response(200, headers={"Content-Encoding": "br"}, content=pieces())

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(httpx.TransportError):
            await get_json(http, "http://x/", most=10, seconds=1)
