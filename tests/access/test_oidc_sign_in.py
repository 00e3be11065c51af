"""Signing in at an identity provider: code flow with PKCE, a session at the end, no token in a page."""

import base64
import hashlib
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import respx

from app.access.browser_sessions.sessions import Sessions
from tests.access.deployments import deployed
from tests.access.test_oidc import ISSUER, KEYS, RSA_NEXT, Issuer, token
from tests.flows.journey import expect

CLIENT = "console-client"
SECRET = "console-client-secret"
CALLBACK = "/v1/sign-in/oidc/callback"


class Provider(Issuer):
    """The issuer with the two endpoints of signing in; what it was sent is kept."""

    def __init__(self, wire: respx.MockRouter) -> None:
        super().__init__(wire)
        self.discovery.mock(
            return_value=httpx.Response(
                200,
                json={
                    "issuer": ISSUER,
                    "jwks_uri": KEYS,
                    "authorization_endpoint": f"{ISSUER}/authorize",
                    "token_endpoint": f"{ISSUER}/token",
                },
            )
        )
        self.forms: list[dict[str, list[str]]] = []
        self.answer: Any = None
        wire.post(f"{ISSUER}/token").mock(side_effect=self._exchange)

    def _exchange(self, request: httpx.Request) -> httpx.Response:
        self.forms.append(parse_qs(request.content.decode()))
        if isinstance(self.answer, httpx.Response):
            return self.answer
        return httpx.Response(200, json={"id_token": self.answer, "access_token": "not-for-pages"})


@pytest.fixture
def provider() -> Iterator[Provider]:
    with respx.mock(assert_all_called=False, assert_all_mocked=False) as wire:
        wire.route(host="127.0.0.1").pass_through()
        yield Provider(wire)


@pytest.fixture
async def page(make_settings: Any, provider: Provider) -> AsyncIterator[httpx.AsyncClient]:
    settings = make_settings(
        oidc_issuer=ISSUER,
        oidc_audience="audience-export",
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
    )
    async with deployed(settings) as api:
        transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)  # type: ignore[attr-defined]
        async with httpx.AsyncClient(
            transport=transport, base_url="http://testserver", timeout=60
        ) as browser:
            yield browser


async def begin(page: httpx.AsyncClient) -> dict[str, str]:
    """What the identity provider is asked."""
    answer = await page.get("/v1/sign-in/oidc")
    assert answer.status_code == 303
    address = urlsplit(answer.headers["location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{ISSUER}/authorize"
    return {name: values[0] for name, values in parse_qs(address.query).items()}


async def come_back(page: httpx.AsyncClient, **sent: str) -> str:
    """Where the browser is sent on to."""
    answer = await page.get(CALLBACK, params=sent)
    assert answer.status_code == 303
    return str(answer.headers["location"])


async def test_the_whole_way(page: httpx.AsyncClient, provider: Provider) -> None:
    ways = await expect(await page.get("/v1/sign-in"), 200)
    assert (ways["methods"], ways["oidc_url"]) == (["key", "oidc"], "/v1/sign-in/oidc")
    asked = await begin(page)
    assert asked["redirect_uri"] == f"http://testserver{CALLBACK}"
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    provider.answer = token(aud=CLIENT, nonce=asked["nonce"])
    assert await come_back(page, code="one", state=asked["state"]) == "/"
    (form,) = provider.forms
    verifier = form["code_verifier"][0]
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert challenge == asked["code_challenge"]
    assert (form["client_secret"], form["code"]) == ([SECRET], ["one"])
    session = await expect(await page.get("/v1/session"), 200)
    assert (session["caller"], session["role"]) == ("oidc:user-17", "contributor")
    assert (session["method"], session["display_name"]) == ("oidc", "Ada")
    # the tokens stayed here
    seen = str(page.cookies) + (await page.get("/v1/session")).text
    assert "not-for-pages" not in seen
    assert provider.answer not in seen
    # what waited for the answer is gone: the same address finishes nothing again
    assert "problem=sign-in-unknown" in await come_back(page, code="one", state=asked["state"])


@pytest.mark.parametrize(
    ("changes", "key", "problem"),
    [
        ({"nonce": "another"}, None, "sign-in-failed"),
        ({"aud": "another-client"}, None, "sign-in-failed"),
        ({"aud": [CLIENT, "another"]}, None, "sign-in-failed"),
        ({"iss": "https://evil.example"}, None, "sign-in-failed"),
        ({"exp": 1}, None, "sign-in-failed"),
        ({}, RSA_NEXT, "sign-in-failed"),
        ({"roles": ["nobody"]}, None, "role-missing"),
    ],
)
async def test_tokens_that_sign_nobody_in(
    page: httpx.AsyncClient, provider: Provider, changes: dict[str, Any], key: Any, problem: str
) -> None:
    asked = await begin(page)
    claims = {"aud": CLIENT, "nonce": asked["nonce"]} | changes
    provider.answer = token(**claims) if key is None else token(key, **claims)
    back = await come_back(page, code="one", state=asked["state"])
    assert back == f"/#/sign-in?problem={problem}"
    assert (await page.get("/v1/session")).status_code == 401


async def test_answers_that_were_not_asked_for(page: httpx.AsyncClient, provider: Provider) -> None:
    """Login CSRF, mix-ups, denials, an issuer that is away: each with its own word."""
    # nothing was begun in this browser
    provider.answer = token(aud=CLIENT)
    assert "problem=sign-in-unknown" in await come_back(page, code="x", state="planted")
    # the state of another sign-in
    asked = await begin(page)
    assert "problem=sign-in-unknown" in await come_back(page, code="x", state="planted")
    asked = await begin(page)
    back = await come_back(page, error="access_denied", state=asked["state"])
    assert "problem=sign-in-failed" in back
    assert provider.forms == []
    for answer, problem in (
        (httpx.Response(400, json={"error": "invalid_grant"}), "sign-in-failed"),
        (httpx.Response(502, text="<html>"), "issuer-unavailable"),
        (httpx.Response(503, json={}), "issuer-unavailable"),
        (httpx.Response(200, json=["x"]), "sign-in-failed"),
    ):
        asked = await begin(page)
        provider.answer = answer
        back = await come_back(page, code="one", state=asked["state"])
        assert back == f"/#/sign-in?problem={problem}"
    assert (await page.get("/v1/session")).status_code == 401


async def test_another_issuer_ends_the_sessions_of_the_old_one(
    page: httpx.AsyncClient, provider: Provider
) -> None:
    asked = await begin(page)
    provider.answer = token(aud=CLIENT, nonce=asked["nonce"])
    await come_back(page, code="one", state=asked["state"])
    assert (await page.get("/v1/me")).status_code == 200
    state = page._transport.app.state  # type: ignore[attr-defined]
    state.sessions = Sessions(state.database, state.vault, issuer="https://another.example")
    assert (await page.get("/v1/me")).json()["code"] == "session-ended"
