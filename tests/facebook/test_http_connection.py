"""Answers as hosts and whatever is between give them, over our own connections."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.facebook.transport.connection import ExchangeFailed, Host, HttpConnection
from app.facebook.transport.http import HttpTransport, Limits, NoAnswer

REAL_CONNECTIONS = True
Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LIMITS = Limits(connect=10, io=10, call=20, answer_bytes=100_000)
IMPATIENT = replace(LIMITS, io=0.4)


@asynccontextmanager
async def host(answer: Answering, limits: Limits = LIMITS) -> AsyncIterator[HttpTransport]:
    """A wire to a server of one behaviour."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    wire = HttpTransport(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/base", limits)
    try:
        yield wire
    finally:
        await wire.aclose()
        server.close()


async def request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.startswith(b"Content-Le")
        ),
        0,
    )
    return head, await reader.readexactly(length)


def saying(*pieces: bytes, keep: bool = False) -> Answering:
    """Every request gets these pieces, one after the other."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
            if not keep:
                return

    return answer


PACKED = gzip.compress(b'{"id":"1"}')
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        (OK + b"Content-Length: 10\r\n\r\n", b'{"id":', b'"1"}'),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b'6\r\n{"id":\r\n', b'4\r\n"1"}\r\n0\r\n\r\n'),
        (OK + b"Connection: close\r\n\r\n", b'{"id":"1"}'),
        (b"HTTP/1.1 100 Continue\r\n\r\n", OK + b'Content-Length: 10\r\n\r\n{"id":"1"}'),
        (OK + b"content-encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(PACKED), PACKED),),
    ],
)  # fmt: skip
async def test_an_answer_in_any_form_is_read(pieces: tuple[bytes, ...]) -> None:
    async with host(saying(*pieces)) as wire:
        reply = await wire.send("GET", "/me", headers={})
        assert (reply.status, reply.json) == (200, {"id": "1"})


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        ((OK + b"Content-Length: 90\r\n\r\n", b'{"id":'), "RemoteProtocolError"),
        ((b"SSH-2.0-OpenSSH\r\n",), "RemoteProtocolError"),
        ((OK, *(b"X-More: %s\r\n" % (b"x" * 9000) for _ in range(9))), "RemoteProtocolError"),
        ((OK + b"Content-Length: 200000\r\n\r\n", b" " * 200_000), "AnswerTooLarge"),
        ((OK + b"Content-Encoding: br\r\nContent-Length: 1\r\n\r\n?",), "AnswerUnreadable"),
        ((), "RemoteProtocolError"),
    ],
)
async def test_what_is_no_answer_is_a_lost_one(pieces: tuple[bytes, ...], reason: str) -> None:
    async with host(saying(*pieces)) as wire:
        with pytest.raises(NoAnswer) as lost:
            await wire.send("POST", "/1/users", headers={}, content=b"{}")
        assert (lost.value.reason, lost.value.unsent) == (reason, False)


async def test_whoever_says_nothing_is_given_up() -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async def deaf(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2)

    for behaviour, content, reason in (
        (silent, b"{}", "ReadTimeout"),
        (deaf, bytes(30_000_000), "WriteTimeout"),
    ):
        async with host(behaviour, IMPATIENT) as wire:
            with pytest.raises(NoAnswer) as lost:
                await wire.send("POST", "/1/users", headers={}, content=content)
            assert lost.value.reason == reason


async def test_a_large_body_arrives_whole_and_the_connection_is_kept() -> None:
    seen: list[tuple[bytes, int]] = []
    connections = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            head, body = await request(reader)
            seen.append((head, hash(body)))
            writer.write(
                OK + b"Content-Length: 2\r\nX-FB-Trace-ID: T\r\nX-a: 1\r\nx-A: 2\r\n\r\n{}"
            )

    body = memoryview(bytes(range(256)) * 40_000)
    async with host(answer) as wire:
        for _ in range(3):
            reply = await wire.send(
                "POST", "/1/users", headers={"Authorization": "Bearer t"}, params={"a": "b c&"},
                content=body,
            )  # fmt: skip
            assert (reply.trace, reply.headers["x-a"]) == ("T", "1, 2")
    assert connections == 1
    assert {digest for _, digest in seen} == {hash(bytes(body))}
    first, *lines = seen[0][0].decode().rstrip().split("\r\n")
    assert first == "POST /base/1/users?a=b+c%26 HTTP/1.1"
    assert {f"Content-Length: {len(body)}", "Authorization: Bearer t"} < set(lines)


async def test_an_answer_before_the_end_of_the_request_counts_and_ends_the_connection() -> None:
    connections = 0

    async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}")
        await asyncio.sleep(0.3)

    async with host(hasty) as wire:
        for _ in range(2):
            reply = await wire.send("POST", "/1/users", headers={}, content=bytes(30_000_000))
            assert reply.status == 413
    assert connections == 2


async def test_a_second_answer_to_one_request_is_thrown_away() -> None:
    twice = (OK + b'Content-Length: 10\r\n\r\n{"id":"1"}') * 2
    async with host(saying(twice, keep=True)) as wire:
        for _ in range(3):
            assert (await wire.send("GET", "/me", headers={})).json == {"id": "1"}


async def test_nothing_gets_into_the_head_that_ends_a_line() -> None:
    async with host(saying(OK + b"Content-Length: 2\r\n\r\n{}")) as wire:
        with pytest.raises(NoAnswer) as lost:
            await wire.send("GET", "/me", headers={"Authorization": "Bearer t\r\nHost: other"})
        assert (lost.value.reason, lost.value.unsent) == ("LocalProtocolError", True)


def self_signed(folder: Path) -> Path:
    """A certificate of localhost and its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    path = folder / "localhost.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, plain)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


async def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(self_signed(tmp_path))
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=own)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(ExchangeFailed) as lost:
            await HttpConnection.connected(
                Host("127.0.0.1", port, ssl.create_default_context()), seconds=2, most=1
            )
        assert (lost.value.reason, lost.value.unsent) == ("ConnectError", True)
        trusting = ssl.create_default_context(cafile=tmp_path / "localhost.pem")
        line = await HttpConnection.connected(Host("localhost", port, trusting), seconds=2, most=1)
        assert line.usable
        line.close()
