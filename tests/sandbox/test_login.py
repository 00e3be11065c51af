"""The dialog, codes, tokens, permissions and their end."""

import re
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from sandbox import world

CALLBACK = "https://export.test/v1/oauth/facebook/callback?x=1"
ASK = {
    "client_id": world.APP_ID,
    "redirect_uri": CALLBACK,
    "state": "s t",
    "scope": "ads_management,business_management ads_read",
}


async def dialog(api, method="GET", **fields):
    asked = {**ASK, **fields}
    if method == "GET":
        return await api.client.get("/v26.0/dialog/oauth", params=asked)
    return await api.client.post("/dialog/oauth", data=asked)


async def code(api, **fields):
    response = await dialog(api, answer="continue", **fields)
    assert response.status_code == 302, response.text
    return parse_qs(urlsplit(response.headers["location"]).query)["code"][0]


async def exchange(api, method="GET", **fields):
    asked = {
        "client_id": world.APP_ID,
        "client_secret": world.APP_SECRET,
        "redirect_uri": CALLBACK,
        **fields,
    }
    request = {"params": asked} if method == "GET" else {"data": asked}
    return await api.client.request(method, "/v26.0/oauth/access_token", **request)


async def sign_in(api, **fields):
    response = await exchange(api, code=await code(api, **fields))
    return response.json()["access_token"]


async def permissions(api, token):
    api.token = token
    return {one["permission"]: one["status"] for one in (await api.get("/me/permissions"))["data"]}


async def test_the_page_and_its_form(api):
    page = await dialog(api)
    assert page.status_code == 200
    assert "Continue" in page.text
    assert "Cancel" in page.text
    boxes = re.findall(r'name="permission" value="(\w+)" checked', page.text)
    assert boxes == ["ads_management", "business_management", "ads_read"]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    response = await api.client.post(
        "/v26.0/dialog/oauth",
        data=hidden | {"permission": ["ads_management", "ads_read"], "answer": "continue"},
    )
    location = urlsplit(response.headers["location"])
    answer = dict(parse_qsl(location.query))
    assert response.headers["location"].startswith("https://export.test/v1/oauth/")
    assert (answer["x"], answer["state"]) == ("1", "s t")
    token = (await exchange(api, code=answer["code"])).json()["access_token"]
    assert await permissions(api, token) == {
        "ads_management": "granted",
        "ads_read": "granted",
        "public_profile": "granted",
        "business_management": "declined",
    }


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_cancel(api, method):
    response = await dialog(api, method, answer="cancel")
    answer = dict(parse_qsl(urlsplit(response.headers["location"]).query))
    assert answer == {
        "x": "1",
        "error_reason": "user_denied",
        "error": "access_denied",
        "error_description": "Permissions error.",
        "state": "s t",
    }


async def test_the_dialog_may_answer_itself(api):
    await api.control("PUT", "settings", {"dialog_answer": "continue"})
    assert "code=" in (await dialog(api)).headers["location"]
    await api.control("PUT", "settings", {"dialog_answer": "cancel"})
    assert "error=access_denied" in (await dialog(api)).headers["location"]


@pytest.mark.parametrize(
    "fields",
    [
        {"client_id": "1"},
        {"redirect_uri": "javascript:alert(1)"},
        {"response_type": "token"},
        {"config_id": "1"},
    ],
)
async def test_what_the_dialog_refuses(api, fields):
    response = await dialog(api, answer="continue", **fields)
    assert response.status_code == 400
    assert "location" not in response.headers


async def test_only_registered_addresses(api):
    await api.control("PUT", "settings", {"valid_redirect_uris": ["https://other.test/"]})
    assert (await dialog(api)).status_code == 400
    await api.control("PUT", "settings", {"valid_redirect_uris": [CALLBACK]})
    assert (await dialog(api)).status_code == 200


async def test_declined_is_not_asked_again_without_rerequest(api):
    token = await sign_in(api, decline="ads_management")
    assert (await permissions(api, token))["ads_management"] == "declined"
    assert 'value="ads_management" checked' not in (await dialog(api)).text
    token = await sign_in(api)
    assert (await permissions(api, token))["ads_management"] == "declined"
    token = await sign_in(api, auth_type="rerequest")
    assert (await permissions(api, token))["ads_management"] == "granted"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_code_becomes_a_short_token_and_that_a_long_one(api, method):
    short = (await exchange(api, method, code=await code(api))).json()
    assert (short["token_type"], short["expires_in"]) == ("bearer", 5_400)
    long = await exchange(
        api,
        method,
        grant_type="fb_exchange_token",
        fb_exchange_token=short["access_token"],
    )
    assert long.json()["expires_in"] == 5_184_000
    api.token = long.json()["access_token"]
    assert (await api.call("GET", "/act_1001")).status_code == 200


async def test_codes_work_once_for_their_address_in_time(api, refused):
    given = await code(api)
    other = await exchange(api, code=given, redirect_uri=f"{CALLBACK}/")
    assert refused(other) == (100, 36008)
    assert (await exchange(api, code=given)).status_code == 200
    assert refused(await exchange(api, code=given)) == (100, 36009)
    late = await code(api)
    await api.control("POST", "clock", {"advance": 601})
    assert refused(await exchange(api, code=late)) == (100, 36007)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"client_id": "1"}, (101, None)),
        ({"client_secret": "x"}, (1, None)),
        ({"code": "x"}, (100, None)),
        ({"grant_type": "client_credentials"}, (100, None)),
        ({"grant_type": "fb_exchange_token", "fb_exchange_token": "x"}, (190, None)),
    ],
)
async def test_what_an_exchange_refuses(api, refused, fields, expected):
    assert refused(await exchange(api, **fields)) == expected


async def test_an_expired_token_cannot_be_exchanged(api, refused):
    token = await sign_in(api)
    await api.control("POST", "clock", {"advance": 5_401})
    response = await exchange(api, grant_type="fb_exchange_token", fb_exchange_token=token)
    assert refused(response) == (190, 463)


async def test_login_for_business(api):
    page = await dialog(api, config_id=world.CONFIG_SYSTEM_USER, scope="")
    assert page.text.count("disabled") == 3, "all or nothing"
    response = await exchange(api, code=await code(api, config_id=world.CONFIG_SYSTEM_USER))
    assert "expires_in" not in response.json()
    api.token = response.json()["access_token"]
    body = await api.get("/me", fields="client_business_id")
    assert body["client_business_id"] == world.BUSINESS_ID
    token = await sign_in(api, config_id=world.CONFIG_USER, decline="ads_management")
    assert (await permissions(api, token))["ads_management"] == "granted"


async def debug(api, token, caller=world.APP_TOKEN):
    return await api.client.get(
        "/v26.0/debug_token", params={"input_token": token, "access_token": caller}
    )


async def test_debug_token(api, refused, state):
    data = (await debug(api, world.USER_TOKEN)).json()["data"]
    now = int(state.clock.now())
    assert (data["app_id"], data["type"], data["is_valid"]) == (world.APP_ID, "USER", True)
    assert data["scopes"] == list(world.SCOPES)
    assert data["expires_at"] == pytest.approx(now + 60 * 86_400, abs=5)
    assert data["data_access_expires_at"] == pytest.approx(now + 90 * 86_400, abs=5)
    data = (await debug(api, world.SYSTEM_TOKEN, world.USER_TOKEN)).json()["data"]
    assert (data["type"], data["expires_at"]) == ("SYSTEM_USER", 0)
    data = (await debug(api, "nonsense")).json()["data"]
    assert (data["is_valid"], data["error"]["code"]) == (False, 190)
    await api.control("PATCH", f"tokens/{world.USER_TOKEN}", {"refused_with": 460})
    data = (await debug(api, world.USER_TOKEN)).json()["data"]
    assert (data["is_valid"], data["error"]["subcode"]) == (False, 460)
    assert refused(await debug(api, world.SYSTEM_TOKEN, "nonsense")) == (190, None)
    assert refused(await debug(api, world.SYSTEM_TOKEN, world.USER_TOKEN)) == (190, None)


async def test_revoking_one_permission_and_all(api, refused):
    response = await api.call("DELETE", "/me/permissions/ads_management")
    assert response.json() == {"success": True}
    assert (await permissions(api, world.USER_TOKEN))["ads_management"] == "declined"
    assert refused(await api.call("DELETE", "/me/permissions/nonsense")) == (100, 33)
    response = await api.call("DELETE", f"/{world.USER_ID}/permissions")
    assert response.json() == {"success": True}
    assert refused(await api.call("GET", "/me")) == (190, 458)
    api.token = world.SYSTEM_TOKEN
    assert (await api.call("GET", "/me")).status_code == 200
