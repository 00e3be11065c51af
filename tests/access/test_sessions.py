"""Sessions of browsers: how they begin and end, and what other sites and thieves can do with them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app import clock
from app.access.failed_attempts import LIMIT
from app.db.session import Database
from app.settings import Settings
from tests.access.callers import make_key
from tests.access.deployments import deployed
from tests.conftest import API_KEY
from tests.flows.journey import expect
from tests.webhooks.simulated import SimulatedClock

OURS = {"Sec-Fetch-Site": "same-origin"}
COOKIE = "audience_export_session"


def browser(api: httpx.AsyncClient) -> httpx.AsyncClient:
    """The same API as a browser calls it: no key, a jar for cookies."""
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)  # type: ignore[attr-defined]
    return httpx.AsyncClient(transport=transport, base_url="http://testserver", timeout=60)


@pytest.fixture
async def page(api: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(api) as client:
        yield client


async def sign_in(page: httpx.AsyncClient, key: str = API_KEY) -> dict[str, Any]:
    return await expect(await page.post("/v1/session", json={"key": key}, headers=OURS), 201)


async def test_signing_in_and_out(api: httpx.AsyncClient, page: httpx.AsyncClient) -> None:
    before = await expect(await page.get("/v1/sign-in"), 200)
    assert before["methods"] == ["key"]
    assert before["session"] is None
    assert (await page.get("/v1/session")).status_code == 401
    answer = await page.post("/v1/session", json={"key": API_KEY}, headers=OURS)
    made = await expect(answer, 201)
    assert (made["role"], made["method"]) == ("administrator", "bootstrap")
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert part in cookie
    assert "Secure" not in cookie
    assert "Domain" not in cookie
    assert API_KEY not in answer.text
    assert (await expect(await page.get("/v1/session"), 200))["id"] == made["id"]
    assert (await expect(await page.get("/v1/me"), 200))["id"] == "bootstrap"
    stolen = page.cookies[COOKIE]
    assert (await page.delete("/v1/session", headers=OURS)).status_code == 204
    assert COOKIE not in page.cookies
    # a copy of the cookie is worth nothing after signing out
    refused = await page.get("/v1/me", headers={"Cookie": f"{COOKIE}={stolen}"})
    assert (refused.status_code, refused.json()["code"]) == (401, "session-ended")


async def test_an_authorization_header_counts_before_the_cookie(
    api: httpx.AsyncClient, page: httpx.AsyncClient
) -> None:
    await sign_in(page)
    viewer = await make_key(api, "viewer")
    found = await page.get("/v1/me", headers={"Authorization": f"Bearer {viewer['key']}"})
    assert found.json()["role"] == "viewer"
    wrong = await page.get("/v1/me", headers={"Authorization": "Bearer aek_wrong"})
    assert wrong.status_code == 401


CROSS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://testserver.evil.example"},
    {"Origin": "http://testserver:81"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
    {},
]


async def test_other_sites_change_nothing(api: httpx.AsyncClient, page: httpx.AsyncClient) -> None:
    """CSRF: whatever another site can make a browser send with the cookie is refused."""
    await sign_in(page)
    for method, path in (
        ("POST", "/v1/connections"),
        ("PUT", "/v1/schedule"),
        ("PATCH", "/v1/exports/exp_x"),
        ("DELETE", "/v1/session"),
    ):
        for headers in CROSS:
            refused = await page.request(method, path, json={"display_name": "x"}, headers=headers)
            found = (refused.status_code, refused.json()["code"])
            assert found == (403, "cross-site-request"), (method, headers)
    assert (await page.get("/v1/me")).status_code == 200
    assert (await api.get("/v1/connections")).json()["items"] == []


async def test_our_own_page_may(page: httpx.AsyncClient) -> None:
    await sign_in(page)
    for headers in (OURS, {"Origin": "http://testserver"}):
        made = await page.post("/v1/connections", json={"display_name": "x"}, headers=headers)
        assert made.status_code == 201


async def test_another_site_signs_nobody_in(page: httpx.AsyncClient) -> None:
    """Login CSRF: a browser is not signed in under a key of another site's choice."""
    for headers in (one for one in CROSS if one):
        refused = await page.post("/v1/session", json={"key": API_KEY}, headers=headers)
        assert refused.json()["code"] == "cross-site-request"
        assert "set-cookie" not in refused.headers


async def test_a_planted_cookie_is_replaced(page: httpx.AsyncClient) -> None:
    """Session fixation: signing in always makes a token of its own, and ends the one before."""
    planted = {"Cookie": f"{COOKIE}=planted-by-somebody"}
    answer = await page.post("/v1/session", json={"key": API_KEY}, headers=OURS | planted)
    assert answer.status_code == 201
    first = page.cookies[COOKIE]
    assert first != "planted-by-somebody"
    await sign_in(page)
    assert page.cookies[COOKIE] != first
    refused = await page.get("/v1/me", headers={"Cookie": f"{COOKIE}={first}"})
    assert refused.status_code == 401


async def test_a_revoked_key_ends_its_sessions(
    api: httpx.AsyncClient, page: httpx.AsyncClient
) -> None:
    made = await make_key(api, "contributor")
    await sign_in(page, made["key"])
    link = await api.post("/v1/session/links", headers={"Authorization": f"Bearer {made['key']}"})
    assert (await page.get("/v1/me")).json()["role"] == "contributor"
    assert (await api.delete(f"/v1/api-keys/{made['id']}")).status_code == 204
    assert (await page.get("/v1/me")).json()["code"] == "session-ended"
    ticket = link.json()["url"].rpartition("/")[2]
    refused = await page.post("/v1/session", json={"ticket": ticket}, headers=OURS)
    assert refused.json()["code"] == "link-used"


async def test_an_expired_key_ends_its_sessions(
    api: httpx.AsyncClient, page: httpx.AsyncClient, time: SimulatedClock
) -> None:
    soon = (clock.now() + timedelta(hours=1)).isoformat()
    made = await make_key(api, "viewer", expires_at=soon)
    await sign_in(page, made["key"])
    assert (await page.get("/v1/me")).status_code == 200
    time.advance(hours=1)
    assert (await page.get("/v1/me")).status_code == 401


async def test_another_bootstrap_key_ends_its_sessions(
    make_settings: Callable[..., Settings],
) -> None:
    settings = make_settings()
    async with deployed(settings) as api, browser(api) as page:
        await sign_in(page)
        cookie = page.cookies[COOKIE]
    changed = settings.model_copy(
        update={"bootstrap_api_key": type(settings.bootstrap_api_key)("another-bootstrap-key-0001")}
    )
    async with deployed(changed) as api, browser(api) as page:
        refused = await page.get("/v1/me", headers={"Cookie": f"{COOKIE}={cookie}"})
        assert refused.status_code == 401


@pytest.mark.parametrize(
    ("column", "ago", "lives"),
    [
        ("last_used_at", timedelta(hours=7, minutes=59), True),
        ("last_used_at", timedelta(hours=8, seconds=1), False),
        ("expires_at", timedelta(seconds=1), False),
    ],
)
async def test_sessions_end_by_themselves(
    page: httpx.AsyncClient, database: Database, column: str, ago: timedelta, lives: bool
) -> None:
    """Eight hours idle, a day at most."""
    made = await sign_in(page)
    assert made["expires_at"] > made["ends_at"]
    async with database.transaction() as session:
        await session.execute(
            text(f"update sessions set {column} = :at"), {"at": clock.now() - ago}
        )
    assert (await page.get("/v1/me")).status_code == (200 if lives else 401)


async def test_a_sign_in_link_works_once(api: httpx.AsyncClient, page: httpx.AsyncClient) -> None:
    made = await expect(await api.post("/v1/session/links"), 201)
    assert made["url"].startswith("http://testserver/#/sign-in/")
    body = {"ticket": made["url"].rpartition("/")[2]}
    answers = await asyncio.gather(
        *(page.post("/v1/session", json=body, headers=OURS) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]
    # whoever has only a cookie makes no link that would outlive it
    refused = await page.post("/v1/session/links", headers=OURS)
    assert (refused.status_code, refused.json()["code"]) == (403, "needs-key")


async def test_wrong_keys_are_counted_as_elsewhere(page: httpx.AsyncClient) -> None:
    codes = []
    for number in range(LIMIT + 2):
        guess = {"key": f"aek_guess_{number}"}
        codes.append((await page.post("/v1/session", json=guess, headers=OURS)).status_code)
    assert codes == [401] * LIMIT + [429] * 2
    # only failures are refused
    assert (await page.post("/v1/session", json={"key": API_KEY}, headers=OURS)).is_success


async def test_only_hashes_are_kept(page: httpx.AsyncClient, database: Database) -> None:
    await sign_in(page)
    async with database.transaction() as session:
        kept = str((await session.execute(text("select * from sessions"))).all())
    assert page.cookies[COOKIE] not in kept
    assert API_KEY not in kept


async def test_with_https_the_cookie_is_host_only(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(public_url="https://export.example.com")
    async with deployed(settings) as api, browser(api) as page:
        answer = await page.post("/v1/session", json={"key": API_KEY}, headers=OURS)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-audience_export_session=")
        for part in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
            assert part in cookie
        assert "Domain" not in cookie
        # the plain name is no session there: another host of the domain could plant it
        token = cookie.partition("=")[2].partition(";")[0]
        refused = await page.get("/v1/me", headers={"Cookie": f"{COOKIE}={token}"})
        assert refused.status_code == 401


async def test_no_page_may_be_framed(api: httpx.AsyncClient) -> None:
    """Clickjacking."""
    for path in ("/", "/docs", "/v1/sign-in"):
        headers = (await api.get(path)).headers
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"].partition("script-src")[2]


async def test_a_stream_ends_with_the_session(
    api: httpx.AsyncClient, page: httpx.AsyncClient, database: Database
) -> None:
    """What was opened with a cookie is not watched any longer than the cookie is good for."""
    from app.access.callers import Caller, Role  # noqa: PLC0415

    made = await sign_in(page)
    sessions = api.app.state.sessions  # type: ignore[attr-defined]
    caller = Caller("bootstrap", Role.ADMINISTRATOR, "x", None, made["id"])
    async with database.transaction() as session:
        assert await sessions.is_standing(session, caller)
    await page.delete("/v1/session", headers=OURS)
    async with database.transaction() as session:
        assert not await sessions.is_standing(session, caller)
