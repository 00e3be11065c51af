"""Whatever is sent, and whenever: what is no success is a problem document."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.settings import Settings
from tests.attacks.conftest import answer_to, eventually
from tests.conftest import API_KEY
from tests.flows.journey import make_connection, make_export, make_segment, start_run

HEADS = b"Host: localhost\r\nConnection: close\r\nAuthorization: Bearer " + API_KEY.encode()
POST = b"Content-Type: application/json\r\n"
WEBSOCKET = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
# what is asked, further heads, a body
ODD: list[tuple[bytes, bytes, bytes]] = [
    *((method + b" " + path, b"", b"")
      for method in (b"TRACE", b"OPTIONS", b"CONNECT", b"PROPFIND", b"DELETE", b"FOO", b"get", b"X" * 300)
      for path in (b"/v1/me", b"/", b"/docs", b"/docs/assets/none.js", b"/console/none.js", b"/metrics")),
    (b"OPTIONS *", b"", b""),
    (b"GET *", b"", b""),
    (b"CONNECT example.com:443", b"", b""),
    (b"PRI *", b"", b""),
    (b"GET /%00", b"", b""),
    (b"GET /v1/exports/%00", b"", b""),
    (b"GET /v1/exports/%ff%fe", b"", b""),
    (b"GET /v1/exports/%zz", b"", b""),
    (b"GET /v1/exports?q=%00", b"", b""),
    (b"GET /docs/assets/..%2f..%2fpyproject.toml", b"", b""),
    (b"GET //v1/me", b"", b""),
    (b"GET /v1/\xc3\xa9", b"", b""),
    (b"GET /v1/me x", b"", b""),
    (b"GET /nowhere", b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n", b""),
    (b"GET /nowhere", WEBSOCKET, b""),
    (b"GET /v1/me", b"Host: elsewhere.example.com\r\n", b""),
    (b"GET /v1/me", b"X: a\x00b\r\n", b""),
    (b"POST /v1/segments", POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n", b"{}"),
    (b"POST /v1/segments", POST + b"Expect: 200-ok\r\nContent-Length: 2\r\n", b"{}"),
    (b"POST /v1/segments", POST + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n", b"{}"),
    (b"POST /v1/segments", POST + b"Content-Length: 2\r\nContent-Length: 3\r\n", b"{}"),
    (b"POST /v1/segments", POST + b"Content-Length: -1\r\n", b""),
    (b"POST /v1/segments", POST + b"Transfer-Encoding: gzip\r\n", b""),
    (b"POST /v1/segments", POST + b"Transfer-Encoding: chunked\r\n", b"zz\r\n{}\r\n0\r\n\r\n"),
    (b"POST /v1/segments", POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
]  # fmt: skip


@pytest.mark.parametrize("http", ["httptools", "h11"])
def test_every_refusal_is_a_problem_document(target: Callable[..., Any], http: str) -> None:
    with target(http=http) as server:
        for asked, heads, body in ODD:
            with server.connect() as connection:
                connection.sendall(asked + b" HTTP/1.1\r\n" + HEADS + b"\r\n" + heads + b"\r\n")
                connection.sendall(body)
                status, problem = answer_to(connection)
                assert 400 <= status < 500, (asked, heads, status)
                assert problem.get("status") == status, (asked, heads, status)
        with server.connect() as connection:  # HTTP/1.0 has no Host
            connection.sendall(b"GET /nowhere HTTP/1.0\r\n\r\n")
            assert answer_to(connection)[1]["code"] == "not-found"


async def test_a_wrong_method_is_told_all_the_right_ones(api: httpx.AsyncClient) -> None:
    """Before: those of the first route alone (RFC 9110, 15.5.6 asks for all)."""
    for method, path, allowed in (
        ("PUT", "/v1/exports", "GET, HEAD, POST"),
        ("POST", "/v1/exports/exp_1", "DELETE, GET, HEAD, PATCH"),
        ("PATCH", "/v1/session", "DELETE, GET, HEAD, POST"),
        ("OPTIONS", "/v1/schedule", "GET, HEAD, PUT"),
        ("POST", "/docs/assets/swagger-ui.css", "GET, HEAD"),
        ("PUT", "/", "GET, HEAD"),
    ):
        answer = await api.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed), (method, path)


async def test_a_packed_body_is_refused_where_nobody_unpacks_it(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/segments", content=b"\x1f\x8b", headers={"Content-Encoding": "br"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")
    assert answer.headers["accept-encoding"] == "identity"
    members = await api.put(
        "/v1/segments/seg_1/members", content=b"x", headers={"Content-Encoding": "br"}
    )
    assert (members.status_code, members.headers["accept-encoding"]) == (415, "gzip, x-gzip, zstd")


async def test_a_refused_preflight_is_a_problem_document() -> None:
    app = create_app(Settings(cors_allowed_origins=["https://front.example.com"]))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
        asked = {"Origin": "https://evil.example.com", "Access-Control-Request-Method": "TRACE"}
        answer = await api.options("/v1/me", headers=asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")
    assert "access-control-allow-origin" not in answer.headers


async def test_a_stop_is_told_to_who_waits(
    target: Callable[..., Any], api: httpx.AsyncClient, segment_root: Any
) -> None:
    """Before: 500 in text/plain, and an error in the log for each stream."""
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    segment = await make_segment(api, str(segment_root / "m.csv"))
    export = await make_export(api, await make_connection(api), segment)
    run = await start_run(api, export)
    answers: dict[str, tuple[int, Any]] = {}

    def ask(server: Any, path: str) -> None:
        with server.connect() as connection:
            connection.sendall(b"GET " + path.encode() + b" HTTP/1.1\r\n" + HEADS + b"\r\n\r\n")
            answers[path] = answer_to(connection, 20)

    def follow(server: Any, path: str) -> None:
        with httpx.stream(
            "GET", f"{server.url}{path}", headers={"Authorization": f"Bearer {API_KEY}"}
        ) as answer:
            answers[path] = (answer.status_code, list(answer.iter_lines())[:1])

    waits, follows = f"/v1/runs/{run['id']}?wait=60", f"/v1/runs/{run['id']}/events"
    with target() as server:
        asking = [
            threading.Thread(target=ask, args=(server, waits)),
            threading.Thread(target=follow, args=(server, follows)),
        ]
        for one in asking:
            one.start()
        await eventually(lambda: server.answering == 2)
    for one in asking:
        one.join(20)
    status, problem = answers[waits]
    assert (status, problem["code"]) == (503, "service-unavailable")
    # a stream ends as streams end, so that a browser comes back
    assert answers[follows] == (200, [": a run's states"])
