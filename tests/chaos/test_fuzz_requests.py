"""Ten minutes of nonsense for every parser of what callers, proxies, issuers and operators write."""

import asyncio
import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.access.oidc import OidcVerifier
from app.db.secrets import generate_key
from app.edge.connection_limits import ConnectionLimits, Connections
from app.edge.proxies import Proxies, RealCaller
from app.edge.server import bound_server
from app.errors import AppError
from app.http.idempotency import check_key
from app.http.pagination import PageQuery
from app.http.preconditions import check_version
from app.main import create_app
from app.observability.tracing import _context
from app.settings import Settings, SettingsError, read_settings
from app.sources import SourceAccess
from app.sources.database_checks import check_database
from app.sources.storage.glob_patterns import compiled
from app.webhooks.allowed_addresses import check_form, is_public
from app.webhooks.sending import Sender
from tests.chaos.fuzzing import Fuzzed, fuzz

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(0)]

_LATIN = st.text(st.characters(max_codepoint=255), max_size=200)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def test_cursors(fuzzed: list[Fuzzed]) -> None:
    def feed(text: str) -> None:
        page = PageQuery(50, text)
        for opened in (page.after, page.after_number):
            opened("runs")

    raw = st.binary(max_size=300).map(lambda data: base64.urlsafe_b64encode(data).decode())
    fuzz("cursors", st.text(max_size=500) | raw, feed, fuzzed)


def test_versions(fuzzed: list[Fuzzed]) -> None:
    tags = st.lists(st.sampled_from(['"7"', 'W/"7-a"', "*", '"', "٧", "²", "7", " "]), max_size=9)
    made = st.text(max_size=300) | tags.map(",".join)
    fuzz("If-Match", made, lambda text: check_version(text, 7), fuzzed)


def test_idempotency_keys(fuzzed: list[Fuzzed]) -> None:
    """What is let through can be written down as it is."""

    def feed(key: str) -> None:
        check_key(key)
        assert 1 <= len(key.encode()) <= 255 * 4
        assert "\0" not in key

    fuzz("idempotency keys", st.text(max_size=300) | _LATIN, feed, fuzzed)


def test_webhook_addresses(loop: asyncio.AbstractEventLoop, fuzzed: list[Fuzzed]) -> None:
    """Their form, and what their host turns out to be; nobody is asked for a name."""

    async def numbers(host: str, port: int) -> list[str]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return [str(entry[4][0]) for entry in found]

    sender = Sender(resolver=numbers)

    def feed(url: str) -> None:
        check_form(url, allow_private=False)
        loop.run_until_complete(sender.check(url))
        try:
            found = _number(httpx.URL(url).host)
        except (OSError, UnicodeError):
            return  # a name that nobody knows is looked at again before each call
        assert is_public(found)

    parts = st.lists(
        st.sampled_from(["127.0.0.1", "0x7f.1", "017700000001", "[::1]", "[::ffff:7f00:1]", "@", ":",
                                                                           "8.8.8.8",
                         "443", "/", "?", "#", "%00", "%2e", "\\", ".", "xn--", "localhost", "\u3002",
                         "1"]),
        max_size=8,
    ).map("".join)  # fmt: skip
    addresses = st.ip_addresses().map(lambda one: f"[{one}]" if ":" in str(one) else str(one))
    made = st.text(max_size=200) | (st.text(max_size=80) | parts | addresses).map(
        "https://{}".format
    )
    fuzz("webhook addresses", made, feed, fuzzed)
    loop.run_until_complete(sender.aclose())


def _number(host: str) -> Any:
    import ipaddress  # noqa: PLC0415 - for this alone

    return ipaddress.ip_address(socket.getaddrinfo(host, 1, flags=socket.AI_NUMERICHOST)[0][4][0])


def test_forwarded(loop: asyncio.AbstractEventLoop, fuzzed: list[Fuzzed]) -> None:
    """Whatever a proxy hands on, the caller has an address."""
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)

    caller = RealCaller(app, proxies=Proxies(("10.0.0.0/8", "::1")))
    hops = st.lists(
        st.sampled_from(["10.0.0.1", "[::1]:80", "8.8.8.8:1", "unknown", "", "::ffff:10.0.0.1",
                                       "fe80::1%0"]),
        max_size=30,
    ).map(",".join)  # fmt: skip
    values = st.lists(_LATIN | hops, max_size=5)

    def feed(forwarded: list[str]) -> None:
        headers = [(b"x-forwarded-for", one.encode("latin-1", "replace")) for one in forwarded]
        headers += [(b"x-forwarded-proto", one.encode("latin-1", "replace")) for one in forwarded]
        scope = {"type": "http", "client": ("10.0.0.9", 1), "scheme": "http", "headers": headers}
        loop.run_until_complete(caller(scope, None, None))  # type: ignore[arg-type]
        assert _number(seen["client"][0].partition("%")[0])
        assert seen["scheme"] in {"http", "https"}

    fuzz("X-Forwarded-For", values, feed, fuzzed)


def test_traceparents(fuzzed: list[Fuzzed]) -> None:
    digits = st.text("0123456789abcdefg-", max_size=60)
    made = digits | st.builds("00-{}-{}-{}".format, digits, digits, digits) | st.text(max_size=60)
    fuzz("traceparent", made, lambda text: _context(text) and None, fuzzed)


# what a caller may write into heads, and addresses that need neither database nor queue
_HEADERS = (
    *("If-None-Match", "If-Modified-Since", "If-Range", "Range", "Accept", "Accept-Encoding"),
    *("Accept-Language", "Content-Encoding", "Content-Type", "Content-Length", "Cookie", "Origin"),
    *("Authorization", "X-Request-ID", "traceparent", "Idempotency-Key", "Host", "Referer"),
    *("X-Forwarded-For", "Sec-Fetch-Site", "Access-Control-Request-Method", "Expect", "If-Match"),
)
_WORDS = st.sampled_from([
    "bytes=0-0", "bytes=-1", "bytes=0-0,1-1", "bytes=" + "0-0," * 300, "bytes=9-1", "*", 'W/""', '"',
    "gzip;q=0",
    "text/html", "application/json; charset=utf-16", "*/*;q=" + "9" * 400, "Bearer ", "Basic Og==", ",",
    ";", "=",
    "audience_export_session=x", "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 99 Foo 9999999 00:00:00 GMT",
    "null", "é",
])  # fmt: skip
_PLACES = st.sampled_from([
    "/", "/docs", "/openapi.json", "/problems", "/problems/not-found", "/docs/assets/swagger-ui.css",
    "/nowhere",
    "/console/shell.js", "/console/style.css", "/livez", "/v1/nowhere", "/docs/assets/", "/%00",
    "/console/../app",
])  # fmt: skip


def test_headers(loop: asyncio.AbstractEventLoop, fuzzed: list[Fuzzed]) -> None:
    """Range, Accept, conditions, cookies and the rest, at everything that is answered without a database."""
    app = create_app(
        Settings(
            database_url="postgresql+asyncpg://x@127.0.0.1:1/x", encryption_keys=generate_key()
        )  # type: ignore[arg-type]
    )
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=True), base_url="http://localhost"
    )
    value = _LATIN.map(lambda text: text.replace("\n", "").replace("\r", "").replace("\0", ""))
    headers = st.lists(
        st.tuples(st.sampled_from(_HEADERS), value | st.lists(_WORDS, max_size=6).map("".join)),
        max_size=6,
    )
    methods = st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "DELETE"])

    def feed(given: tuple[str, str, list[tuple[str, str]]]) -> None:
        method, path, heads = given
        raw = [(name.encode(), text.encode("latin-1", "replace")) for name, text in heads]
        answer = loop.run_until_complete(client.request(method, path, headers=raw))
        # without a database, whoever shows a credential is told to come back
        known = answer.status_code == 503 and path.startswith("/v1")
        assert answer.status_code < 500 or known, (answer.status_code, answer.text[:200])

    fuzz("headers", st.tuples(methods, _PLACES, headers), feed, fuzzed)
    loop.run_until_complete(client.aclose())


@contextmanager
def _edge(http: Any) -> Iterator[int]:
    """A server with our bounds and next to no application; its port."""
    limits = ConnectionLimits(head_seconds=0.5, body_seconds=0.5, reading_seconds=0.5)
    connections = Connections(limits, Proxies(()))

    @contextmanager
    def nothing() -> Iterator[None]:
        yield

    async def said(request: Any) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    from contextlib import asynccontextmanager  # noqa: PLC0415 - beside its use

    @asynccontextmanager
    async def lifespan(_: Any) -> Any:
        assert bound_server(connections)
        watch = asyncio.create_task(connections.watch())
        yield
        watch.cancel()

    app = Starlette(
        routes=[Route("/{rest:path}", said, methods=["GET", "POST"])], lifespan=lifespan
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, http=http, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.02)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.mark.parametrize("http", ["httptools", "h11"])
def test_heads(http: str, fuzzed: list[Fuzzed]) -> None:
    """Bytes of a connection: an answer below 500, or none."""
    pieces = st.sampled_from([
        b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\n", b"Host: x\r\n", b"\r\n", b"Content-Length: 2\r\n",
        b"{}",
        b"Transfer-Encoding: chunked\r\n", b"2\r\n", b"0\r\n", b"zz\r\n", b"1;a=b\r\n", b"X: \x00\r\n",
        b" a\r\n", b"\n",
        b"Content-Length: 99999999999999999999\r\n", b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
        b"PRI * HTTP/2.0\r\n",
        b"Expect: 100-continue\r\n", b"GET / HTTP/9.9\r\n", b"\x16\x03\x01", b":\r\n",
        b"A: " + b"b" * 3_000 + b"\r\n",
    ])  # fmt: skip
    made = st.lists(pieces | st.binary(max_size=20), max_size=25).map(b"".join)
    with _edge(http) as port:

        def feed(data: bytes) -> None:
            with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                got = b""
                try:
                    connection.sendall(data)
                    connection.shutdown(socket.SHUT_WR)
                    while piece := connection.recv(65536):
                        got += piece
                except ConnectionError:
                    pass
            assert not got or got.startswith(b"HTTP/1.1 "), got[:80]
            assert got[9:12] < b"500", got[:80]

        fuzz(f"heads ({http})", made, feed, fuzzed)


def test_tokens(loop: asyncio.AbstractEventLoop, fuzzed: list[Fuzzed]) -> None:
    """Bearer tokens whose parts are anything, and documents of the issuer that are."""
    documents: dict[str, Any] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=documents[request.url.path])

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    key = {"kty": "RSA", "kid": "k", "use": "sig", "alg": "RS256", "n": "x" * 342, "e": "AQAB"}
    json_ = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
        ),
        max_leaves=6,
    )
    heads = st.fixed_dictionaries(
        {}, optional={name: json_ | st.sampled_from(["RS256", "none", "HS256", "k"])
                      for name in ("alg", "kid", "crit", "typ", "b64", "jku", "x5c")},
    ) | json_  # fmt: skip
    deep = st.just("[" * 3_000 + "]" * 3_000)
    part = (heads.map(json.dumps) | deep | st.text(max_size=30)).map(
        lambda text: (
            base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")
        )
    )
    token = st.lists(part, min_size=3, max_size=3).map(".".join) | st.text(max_size=100)
    keys = st.fixed_dictionaries({}, optional={name: json_ | st.just(key[name]) for name in key})
    good = {"issuer": "https://us.example.com", "jwks_uri": "https://us.example.com/keys"}
    said = st.fixed_dictionaries(
        {}, optional={name: json_ | st.just(good[name]) for name in good}
    ) | st.just(good)  # fmt: skip
    sets = (
        st.fixed_dictionaries({"keys": st.lists(keys | json_ | st.just(key), max_size=3)}) | json_
    )

    def feed(given: tuple[str, Any, Any]) -> None:
        text, of_issuer, of_keys = given
        documents["/.well-known/openid-configuration"] = json.dumps(of_issuer).encode()
        documents["/keys"] = json.dumps(of_keys).encode()
        verifier = OidcVerifier("https://us.example.com", "us", "roles", http)
        try:
            loop.run_until_complete(verifier.verify(text, request_id=None))
        except AppError as error:
            if error.code != "issuer-unavailable":
                raise

    fuzz("tokens and issuers", st.tuples(token, said, sets), feed, fuzzed)
    loop.run_until_complete(http.aclose())


def test_database_addresses(fuzzed: list[Fuzzed]) -> None:
    """SEGMENT_DATABASES: taken apart as settings are, and signed in to as the operator's check does."""
    schemes = st.sampled_from([
        "postgresql", "mysql", "mariadb", "iceberg+https", "iceberg+http", "iceberg+sqlite",
        "clickhouse", "bigquery",
        "snowflake", "postgresql+asyncpg", "gopher", "",
    ])  # fmt: skip
    hosts = st.sampled_from(["127.0.0.1:1", "[::1]:1", "127.0.0.1:99999", "127.0.0.1:x", "[", "",
                                                                                           "127.0.0.1:0",
                                                                                           "%00",
                             "a..b", "xn--", "a" * 70, "\u2488"])  # fmt: skip
    options = st.lists(
        st.builds(
            "{}={}".format,
            st.sampled_from(["password_file", "ssl", "ssl_ca", "sslmode", "unix_socket", "catalog",
                             "endpoint", "token_file",
                             "private_key_file", "credentials_file", "warehouse", "location",
                             "maximum_bytes_billed",
                             "role", "secure", "port", "host", "target_session_attrs", "credential_file",
                             "uri"]),
            st.sampled_from(["", "x", "/etc/hostname", "/nowhere", "%00", "http://127.0.0.1:1",
                             "http://[", "-1", "required",
                             "require", "/dev/null", "../..", "é", "http://127.0.0.1:99999"]),
        ),
        max_size=4,
    ).map("&".join)  # fmt: skip
    user = st.sampled_from(["", "u@", "u:p@", ":@", "%ff:%00@", "u:p:q@@", "é:ü@"])
    path = st.sampled_from(
        ["", "/", "/db", "/etc/hostname", "/%00", "//x", "/" + "x" * 300, "/../x"]
    )
    made = st.builds("{}://{}{}{}?{}".format, schemes, user, hosts, path, options) | st.text(
        max_size=60
    )

    def feed(address: str) -> None:
        try:
            settings = read_settings(segment_databases=f"one={address}")
        except SettingsError as error:
            said = str(error)
        else:
            said = ""
        # what is wrong with it is said without its password
        assert len(address) < 4 or address not in said
        if said:
            return
        for name, secret in settings.segment_databases.items():
            access = SourceAccess(databases={name: secret.get_secret_value()})
            found = check_database(name, access, seconds=1)
            assert not found.ok

    fuzz("SEGMENT_DATABASES", made, feed, fuzzed)


def test_patterns(fuzzed: list[Fuzzed]) -> None:
    marks = st.lists(
        st.sampled_from(["*", "?", "[a-z]", "[!", "]", "**", "/", "a", "é", "["]), max_size=60
    )
    names = st.text(st.sampled_from("ab/é.["), max_size=300)

    def feed(given: tuple[str, str]) -> None:
        compiled(given[0]).matches(given[1])

    fuzz("patterns", st.tuples(marks.map("".join) | st.text(max_size=60), names), feed, fuzzed)
