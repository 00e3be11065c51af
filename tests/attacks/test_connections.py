"""Attacks on connections: heads without end, silence, crumbs, floods, bodies of nobody."""

import contextlib
import json
import socket
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.attacks.conftest import Target, answer_to, eventually
from tests.conftest import API_KEY

MEGABYTE = 1024 * 1024
IMPLEMENTATIONS = ("httptools", "h11")


def pour(connection: socket.socket, piece: bytes, most: int) -> int:
    """Send the piece again and again; how many bytes were taken until somebody hung up."""
    sent = 0
    with contextlib.suppress(OSError):
        while sent < most:
            connection.sendall(piece)
            sent += len(piece)
    return sent


@pytest.mark.parametrize("http", IMPLEMENTATIONS)
def test_heads_and_trailers_have_an_end(
    target: Callable[..., Any], http: str, figures: Callable[..., None]
) -> None:
    """Before: one header of 150 MB was taken, +190 MB, /livez of others at 5.7 s."""
    with target(http=http) as server:
        before, waits = server.resident_bytes, list[float]()
        authorized = f"Authorization: Bearer {API_KEY}\r\nHost: localhost\r\n".encode()
        chunked = b"POST /v1/connections HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + authorized
        endless = {
            "line": (b"GET /v1/me?", b"x" * 65536),
            "header": (b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\nX-Long: ", b"x" * 65536),
            "headers": (b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\n", b"X-A: b\r\n" * 8192),
            "extension": (chunked + b"\r\n1;", b"e" * 65536),
            "trailers": (chunked + b"\r\n2\r\n{}\r\n0\r\n", b"X-T: b\r\n" * 8192),
        }
        for name, (head, more) in endless.items():
            with server.connect() as connection:
                connection.sendall(head)
                taken = pour(connection, more, 64 * MEGABYTE)
                assert taken < 16 * MEGABYTE, name
            waits.append(server.livez_seconds())
            assert waits[-1] < 2 or server.is_quick()
        grown = server.resident_bytes - before
        assert grown < 30 * MEGABYTE
        figures(f"endless heads, {http}", megabytes=grown / MEGABYTE, livez_seconds=max(waits))

        # what is too long is said so, and what is long enough passes
        for size, status in ((33_000, 431), (31_000, 401)):
            with server.connect() as connection:
                lines = b"".join(b"X-%d: %s\r\n" % (n, b"v" * 990) for n in range(size // 1000))
                head = b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                connection.sendall(head + lines + b"\r\n")
                found, problem = answer_to(connection)
                assert (found, problem["status"]) == (status, status)
        with server.http(key="k" * 8200) as client:
            assert client.get("/v1/me").status_code == 431
        with server.http() as client:
            assert client.get("/v1/me").status_code == 200
            # a request that comes in crumbs, but comes
            with server.connect() as connection:
                for letter in b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":
                    connection.sendall(bytes([letter]))
                assert answer_to(connection)[0] == 200


@pytest.mark.parametrize("http", IMPLEMENTATIONS)
def test_what_is_no_http_gets_a_problem(target: Callable[..., Any], http: str) -> None:
    """Before: text/plain of uvicorn, which no client of ours can read."""
    with target(http=http) as server:
        for garbage in (
            b"GET /livez HTTP/1.1\r\nHost: x\r\nX-A: \x00\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n",
            b"POST /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        ):
            with server.connect() as connection:
                connection.sendall(garbage)
                status, problem = answer_to(connection)
                assert (status, problem["code"]) == (400, "bad-request")
        assert server.is_quick()


@pytest.mark.parametrize("http", IMPLEMENTATIONS)
def test_bodies_arrive_as_they_were_sent(target: Callable[..., Any], http: str) -> None:
    """Before: of a head and a body of 4 to 16 KB that arrived together, the body was read twice over."""
    with target(http=http) as server:
        for size in (1_000, 4_000, 5_000, 9_000, 15_000, 17_000, 40_000):
            asked = {"display_name": f"key of {size}", "role": "viewer"}
            body = json.dumps(asked).encode().ljust(size)
            head = (
                b"POST /v1/api-keys HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                b"Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n" % (API_KEY.encode(), len(body))
            )
            with server.connect() as connection:
                connection.sendall(head + body)
                status, answer = answer_to(connection)
                assert (status, answer["display_name"]) == (201, asked["display_name"]), answer


@pytest.mark.parametrize("http", IMPLEMENTATIONS)
def test_silence_ends(target: Callable[..., Any], http: str, figures: Callable[..., None]) -> None:
    """Before: 240 silent connections blocked everyone; a stalled body of nobody was held for 60 s."""
    with target(http=http) as server:
        silent = [server.connect() for _ in range(80)]
        begun = [server.connect() for _ in range(15)]
        for connection in begun:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-")
        waits = [server.livez_seconds() for _ in range(5)]
        assert statistics.median(waits) < 1
        opened = time.monotonic()
        for connection in silent:
            assert answer_to(connection, 30)[0] == 0
        for connection in begun:
            status, problem = answer_to(connection, 30)
            assert (status, problem["code"]) == (408, "header-timeout")
        freed = time.monotonic() - opened
        assert freed < 30
        wait = statistics.median(waits)
        figures(f"95 silent connections, {http}", livez_seconds=wait, freed_seconds=freed)
        for connection in (*silent, *begun):
            connection.close()

        # whoever is unknown is told so before any of the body is waited for
        for path in ("/v1/connections", "/v1/exports/exp_1/runs", "/v1/exports/exp_1/preview"):
            with server.connect() as connection:
                began = time.monotonic()
                head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                connection.sendall(f"{head}Content-Length: 1000\r\n\r\n".encode())
                assert answer_to(connection, 8)[0] == 401
                assert time.monotonic() - began < 5
        # whoever is known has a second to go on, here
        with server.connect() as connection:
            head = (
                f"POST /v1/connections HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {API_KEY}\r\n"
            )
            connection.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
            status, problem = answer_to(connection, 8)
            assert (status, problem["code"]) == (408, "body-timeout")


def test_an_answer_nobody_takes_is_given_up(target: Callable[..., Any]) -> None:
    with target() as server, server.http() as client, server.connect() as connection:
        # made for the first one who asks, which takes its time
        assert client.get("/openapi.json").is_success
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 60)
        deadline = time.monotonic() + 60
        with pytest.raises(ConnectionError):  # noqa: PT012 - asked until it is found out
            while time.monotonic() < deadline:
                connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
                time.sleep(0.1)
        assert server.is_quick()


def test_a_flood_of_connections_leaves_room(target: Callable[..., Any]) -> None:
    """The longest wait makes room for the newcomer, and those who work are left alone."""
    few = {"max_connections_per_address": 20, "header_timeout_seconds": 60}
    with target(**few) as server, server.http() as client:
        assert client.get("/v1/me").status_code == 200
        flood = [server.connect() for _ in range(300)]
        assert server.is_quick()
        assert sum(_is_open(connection) for connection in flood) <= 20
        for connection in flood:
            connection.close()
        assert client.get("/v1/me").status_code == 200


async def test_all_places_taken_is_said(target: Callable[..., Any]) -> None:
    with target(max_connections_per_address=4, body_idle_seconds=30.0) as server:
        busy = [_stalled_body(server) for _ in range(4)]
        await eventually(lambda: server.answering == 4)
        with server.connect() as late:
            status, problem = answer_to(late, 5)
            assert (status, problem["code"]) == (503, "too-many-connections")
        for connection in busy:
            connection.close()
        assert server.is_quick()


def _stalled_body(server: Target) -> socket.socket:
    connection = server.connect()
    head = f"POST /v1/connections HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {API_KEY}\r\n"
    connection.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
    return connection


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_upgrades_and_tunnels_lead_nowhere(target: Callable[..., Any]) -> None:
    upgrade = (
        b"GET /v1/me HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    tunnel = b"CONNECT internal:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    relay = b"GET http://internal/ HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n"
    with target() as server:
        for head, expected in ((upgrade, {401}), (tunnel, {400, 404, 405}), (relay, {400})):
            with server.connect() as connection:
                connection.sendall(head)
                assert answer_to(connection, 8)[0] in expected, head


def test_who_was_answered_may_come_again_on_the_same_connection(
    target: Callable[..., Any],
) -> None:
    """Before: it ended after 5 s, just when httpx would use it for the last time."""
    begun = b"GET /livez HTTP/1.1\r\nHost: x\r\nX-"
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(target(http=http)) for http in IMPLEMENTATIONS]
        kept = [stack.enter_context(server.connect()) for server in servers]
        for connection in kept:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        time.sleep(6)
        for connection in kept:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            # what it begins it must end as soon as anybody
            connection.sendall(begun)
        for connection in kept:
            status, problem = answer_to(connection, 30)
            assert (status, problem["code"]) == (408, "header-timeout")


def test_a_plain_uvicorn_is_as_safe(
    process_target: Callable[..., Any], figures: Callable[..., None]
) -> None:
    """Nothing has to be said on its command line."""
    with process_target() as server:
        with server.connect() as silent, server.connect() as long:
            long.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 40_000)
            assert answer_to(long, 5)[1]["code"] == "header-too-large"
            assert answer_to(silent, 8)[0] == 0
        # loopback is nobody to be believed
        with server.http(key="aek_guess") as client:
            hops = [{"X-Forwarded-For": f"198.51.100.{number}"} for number in range(40)]
            codes = [client.get("/v1/me", headers=hop).status_code for hop in hops]
        assert codes[-1] == 429
        # and the valid key goes on, from the same address
        with server.http() as client:
            assert client.get("/v1/me").status_code == 200
        figures("40 wrong keys, each by another forwarder", guesses=codes.index(429))
