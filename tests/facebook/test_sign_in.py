"""Continue with Facebook: from the dialog's address to a token that lasts."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import respx

from app import clock
from app.errors import Unavailable
from app.facebook.errors import Fatal, Refused, Retryable
from sandbox import world as seeded

REDIRECT = "https://service.test/v1/oauth/facebook/callback"


@pytest.fixture
def signed_in(sandboxed, world):
    """A person who answers the dialog; the code that comes back."""
    import httpx  # noqa: PLC0415

    from sandbox.main import create_app  # noqa: PLC0415

    world.settings.dialog_answer = "continue"

    async def answer(address):
        transport = httpx.ASGITransport(create_app(world))
        async with httpx.AsyncClient(transport=transport) as browser:
            response = await browser.get(address)
        return {k: v[0] for k, v in parse_qs(urlsplit(response.headers["location"]).query).items()}

    return answer


def test_the_dialogs_address(client):
    """S26, S27; https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow"""
    address = urlsplit(client.dialog_address("st&te", REDIRECT))
    assert address.geturl().startswith("https://www.facebook.com/v26.0/dialog/oauth?")
    assert parse_qs(address.query) == {
        "client_id": [seeded.APP_ID],
        "redirect_uri": [REDIRECT],
        "state": ["st&te"],
        "response_type": ["code"],
        "scope": ["ads_management"],
    }


def test_asking_again_and_login_for_business(client):
    query = parse_qs(urlsplit(client.dialog_address("s", REDIRECT, rerequest=True)).query)
    assert query["auth_type"] == ["rerequest"]
    query = parse_qs(urlsplit(client.dialog_address("s", REDIRECT, config_id="77")).query)
    assert query["config_id"] == ["77"]
    assert query["override_default_response_type"] == ["true"]
    assert "scope" not in query


async def test_from_the_dialog_to_a_long_lived_token(client, signed_in):
    answer = await signed_in(client.dialog_address("state-1", REDIRECT))
    assert answer["state"] == "state-1"
    short = await client.exchange_code(answer["code"], REDIRECT)
    assert short.expires_at - clock.now() < timedelta(hours=2)
    long = await client.exchange_long_lived(short.access_token)
    assert timedelta(days=59) < long.expires_at - clock.now() <= timedelta(days=60)
    assert (await client.for_token(long.access_token).me()).id == seeded.USER_ID
    assert (await client.for_token(long.access_token).permissions())["ads_management"] == "granted"


async def test_a_code_works_once_and_only_for_its_address(client, signed_in):
    code = (await signed_in(client.dialog_address("s", REDIRECT)))["code"]
    with pytest.raises(Refused) as caught:
        await client.exchange_code(code, REDIRECT + "/")
    assert caught.value.code == "sign-in-failed"
    code = (await signed_in(client.dialog_address("s", REDIRECT)))["code"]
    await client.exchange_code(code, REDIRECT)
    with pytest.raises(Refused) as caught:
        await client.exchange_code(code, REDIRECT)
    assert caught.value.code == "sign-in-failed"
    assert not caught.value.reauthentication


async def test_an_expired_token_cannot_be_exchanged(client, world):
    world.world.tokens[seeded.USER_TOKEN].expires_at = 1.0
    with pytest.raises(Refused) as caught:
        await client.exchange_long_lived(seeded.USER_TOKEN)
    assert caught.value.code in ("token-rejected", "sign-in-failed")


async def test_a_wrong_secret_is_not_the_persons_fault(sandboxed, signed_in):
    other = sandboxed(app_secret="wrong")
    code = (await signed_in(other.dialog_address("s", REDIRECT)))["code"]
    with pytest.raises((Fatal, Retryable)) as caught:
        await other.exchange_code(code, REDIRECT)
    assert caught.value.status == 502
    assert "FACEBOOK_APP_SECRET" in caught.value.detail


@respx.mock
async def test_a_token_of_another_app_is_told_apart_from_an_expired_one(make_client):
    answer = {"error": {"code": 100, "message": "did not match the Viewing App"}}
    respx.get(url__startswith="http://graph.test/v26.0/debug_token").respond(400, json=answer)
    with pytest.raises(Refused) as caught:
        await make_client().debug_token("t")
    assert caught.value.code == "token-of-another-app"


async def test_without_an_app_nobody_can_sign_in(sandboxed):
    with pytest.raises(Unavailable) as caught:
        await sandboxed(app_id="", app_secret="").exchange_code("c", REDIRECT)
    assert caught.value.code == "app-not-configured"
