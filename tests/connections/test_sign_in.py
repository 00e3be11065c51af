"""Continue with Facebook by plain HTTP: what is stored, what is refused, and what the connection says."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text

from app import clock
from app.db.session import Database
from tests.access.callers import acting_as, bearing, make_key
from tests.access.deployments import deployed
from tests.conftest import API_KEY
from tests.flows.journey import (
    ACCOUNT,
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)

CALLBACK = "/v1/oauth/facebook/callback"


async def draft(api: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    body = {"display_name": "Newsletter"} | changes
    return await expect(await api.post("/v1/connections", json=body), 201)


async def authorize(api: httpx.AsyncClient, connection: dict[str, Any]) -> str:
    answer = await api.post(f"/v1/connections/{connection['id']}/authorize")
    url: str = (await expect(answer, 200))["authorization_url"]
    return url


async def in_dialog(url: str, **answer: str) -> str:
    """What a person does at Facebook; the address their browser is sent back to, without its host."""
    async with httpx.AsyncClient() as browser:
        sent_back = await browser.get(url, params=parse_qs(urlsplit(url).query) | answer)
    assert sent_back.status_code == 302, sent_back.text
    location = urlsplit(sent_back.headers["location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == f"http://testserver{CALLBACK}"
    return f"{location.path}?{location.query}"


async def get(api: httpx.AsyncClient, connection: dict[str, Any]) -> dict[str, Any]:
    return await expect(await api.get(f"/v1/connections/{connection['id']}"), 200)


async def refused(answer: httpx.Response, status: int, code: str) -> None:
    problem = await expect(answer, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == code


async def audit(api: httpx.AsyncClient, connection: dict[str, Any]) -> list[dict[str, Any]]:
    page = await api.get("/v1/audit-events", params={"resource_id": connection["id"]})
    items: list[dict[str, Any]] = (await expect(page, 200))["items"]
    return items[::-1]


async def test_sign_in_stores_what_may_be_known_of_the_token(api: httpx.AsyncClient) -> None:
    """S26, S27: dialog → code → long-lived token with ads_management; never shown again."""
    connection = await draft(api)
    url = await authorize(api, connection)
    asked = parse_qs(urlsplit(url).query)
    assert asked["scope"] == ["ads_management"]
    assert asked["redirect_uri"] == [f"http://testserver{CALLBACK}"]
    assert asked["response_type"] == ["code"]
    assert len(asked["state"][0]) >= 43
    assert "auth_type" not in asked
    signed_in = await expect(await api.get(await in_dialog(url, answer="continue")), 200)
    token = signed_in["token"]
    assert token["kind"] == "user"
    assert "ads_management" in token["scopes"]
    assert token["expires_at"] > (clock.now() + timedelta(days=59)).isoformat()
    assert token["data_access_expires_at"] > token["expires_at"]
    assert token["expires_soon"] is False
    assert signed_in["sign_in_problem"] is None
    assert signed_in["missing"] == ["ad_account_id", "audience", "consent"]
    assert [event["action"] for event in await audit(api, connection)] == [
        "connection.created",
        "connection.sign_in_started",
        "connection.signed_in",
    ]
    assert all(event["actor"] == "bootstrap" for event in await audit(api, connection))


async def test_the_signed_in_person_can_choose_and_finish(api: httpx.AsyncClient) -> None:
    """S26-S30, S36-S38: step by step to a ready connection."""
    connection = await draft(api)
    await api.get(await in_dialog(await authorize(api, connection), answer="continue"))
    path = f"/v1/connections/{connection['id']}"
    accounts = await expect(await api.get(f"{path}/ad-accounts"), 200)
    assert ACCOUNT in {item["id"] for item in accounts["items"] if item["selectable"]}
    version = (await expect(await api.get("/v1/consent"), 200))["version"]
    ready = await api.patch(
        path,
        json={
            "ad_account_id": ACCOUNT,
            "audience": {"name": "New list"},
            "consent": {"accepted": True, "version": version},
        },
    )
    assert (await expect(ready, 200))["status"] == "ready"


async def test_a_browser_without_a_key_sees_a_page_and_no_connection(
    api: httpx.AsyncClient,
) -> None:
    connection = await draft(api, display_name="<b>News</b>")
    back = await in_dialog(await authorize(api, connection), answer="continue")
    transport = httpx.ASGITransport(api.app)  # type: ignore[attr-defined]
    async with httpx.AsyncClient(
        transport=transport, base_url="http://testserver", cookies=api.cookies
    ) as browser:
        page = await browser.get(back, headers={"Accept": "text/html"})
        again = await browser.get(back, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "&lt;b&gt;News&lt;/b&gt; is signed in" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert again.status_code == 409
    assert "finished already" in again.text
    assert (await get(api, connection))["token"] is not None


async def test_a_front_end_gets_the_person_back_with_the_outcome(
    make_settings: Any,
) -> None:
    async with deployed(make_settings(frontend_url="https://ui.example/connections?tab=1")) as api:
        connection = await draft(api)
        denied = await api.get(await in_dialog(await authorize(api, connection), answer="cancel"))
        assert denied.status_code == 303
        assert denied.headers["location"] == (
            "https://ui.example/connections?tab=1&outcome=sign-in-denied"
        )
        done = await api.get(await in_dialog(await authorize(api, connection), answer="continue"))
        assert done.status_code == 303
        assert done.headers["location"].endswith(
            f"&outcome=connected&connection_id={connection['id']}"
        )


async def test_a_denial_stores_nothing_but_that(api: httpx.AsyncClient) -> None:
    connection = await draft(api)
    back = await in_dialog(await authorize(api, connection), answer="cancel")
    await refused(await api.get(back), 422, "sign-in-denied")
    after = await get(api, connection)
    assert after["token"] is None
    assert after["sign_in_problem"] == "sign-in-denied"
    assert "auth_type" not in await authorize(api, connection)
    events = await audit(api, connection)
    assert events[2]["action"] == "connection.sign_in_failed"
    assert events[2]["after"] == {"problem": "sign-in-denied"}


async def test_a_declined_permission_is_asked_for_again(api: httpx.AsyncClient) -> None:
    """S27: the person may leave ads_management out; the next dialog asks for it once more."""
    connection = await draft(api)
    url = await authorize(api, connection)
    back = await in_dialog(url, answer="continue", decline="ads_management")
    await refused(await api.get(back), 422, "permission-declined")
    after = await get(api, connection)
    assert after["token"] is None
    assert after["sign_in_problem"] == "permission-declined"
    # cancelled in between: what was declined is still to be asked for
    url = await authorize(api, connection)
    assert parse_qs(urlsplit(url).query)["auth_type"] == ["rerequest"]
    await refused(await api.get(await in_dialog(url, answer="cancel")), 422, "sign-in-denied")
    assert (await get(api, connection))["sign_in_problem"] == "permission-declined"
    url = await authorize(api, connection)
    assert parse_qs(urlsplit(url).query)["auth_type"] == ["rerequest"]
    await expect(await api.get(await in_dialog(url, answer="continue")), 200)
    after = await get(api, connection)
    assert after["sign_in_problem"] is None
    assert "ads_management" in after["token"]["scopes"]
    assert "auth_type" not in await authorize(api, connection)


async def test_a_state_works_once(api: httpx.AsyncClient, sandbox: Any) -> None:
    connection = await draft(api)
    back = await in_dialog(await authorize(api, connection), answer="continue")
    await expect(await api.get(back), 200)
    before = await get(api, connection)
    asked = len(sandbox.requests("/oauth/access_token"))
    await refused(await api.get(back), 409, "sign-in-used")
    assert await get(api, connection) == before
    assert len(sandbox.requests("/oauth/access_token")) == asked


async def test_two_returns_at_once_are_one_sign_in(api: httpx.AsyncClient) -> None:
    connection = await draft(api)
    back = await in_dialog(await authorize(api, connection), answer="continue")
    answers = await asyncio.gather(*(api.get(back) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]


async def test_a_state_is_the_callers_who_began(api: httpx.AsyncClient) -> None:
    connection = await draft(api)
    back = await in_dialog(await authorize(api, connection), answer="continue")
    async with acting_as(api, "administrator") as other:
        await refused(await other.get(back), 403, "sign-in-foreign")
    async with bearing(api, "aek_unknown") as nobody:
        await refused(await nobody.get(back), 401, "unauthenticated")
    assert (await get(api, connection))["token"] is None
    await expect(await api.get(back), 200)  # nobody used it up


async def test_a_state_is_the_browsers_that_was_given_the_cookie(api: httpx.AsyncClient) -> None:
    connection = await draft(api)
    url = await authorize(api, connection)
    cookie = next(iter(api.cookies.jar))
    assert cookie.path == CALLBACK
    assert cookie.has_nonstandard_attr("HttpOnly")
    back = await in_dialog(url, answer="continue")
    api.cookies.clear()
    foreign = {"Cookie": f"{cookie.name}=another-browser"}
    await refused(await api.get(back, headers=foreign), 403, "sign-in-foreign")
    assert (await get(api, connection))["token"] is None
    own = {"Cookie": f"{cookie.name}={cookie.value}"}
    await expect(await api.get(back, headers=own), 200)


async def test_a_link_that_was_passed_on_leads_nowhere(api: httpx.AsyncClient) -> None:
    """Whoever signs in at the end of it would put a token of theirs into somebody's connection."""
    connection = await draft(api)
    back = await in_dialog(await authorize(api, connection), answer="continue")
    transport = httpx.ASGITransport(api.app)  # type: ignore[attr-defined]
    page_asked = {"Accept": "text/html"}
    returned = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as stranger:
        await refused(await stranger.get(back), 401, "sign-in-unbound")
        page = await stranger.get(back, headers=page_asked)
        assert page.status_code == 401
        assert f'value="{returned["state"]}"' in page.text
        await refused(await stranger.post(CALLBACK, data=returned), 401, "unauthenticated")
        for key in (None, "aek_guessed", (await make_key(api, "administrator"))["key"]):
            body = returned if key is None else {**returned, "key": key}
            tried = await stranger.post(CALLBACK, data=body, headers=page_asked)
            assert tried.status_code in {401, 403}
            assert "Not connected" in tried.text
        assert (await get(api, connection))["token"] is None
        # who began it finishes it there, with the key it was begun with
        own = {**returned, "key": API_KEY}
        done = await stranger.post(CALLBACK, data=own, headers=page_asked)
        assert done.status_code == 200
        assert "is signed in" in done.text
    assert (await get(api, connection))["token"] is not None


async def test_a_front_end_finishes_with_its_callers_credential(make_settings: Any) -> None:
    async with deployed(make_settings(frontend_url="https://ui.example/")) as api:
        connection = await draft(api)
        back = await in_dialog(await authorize(api, connection), answer="continue")
        transport = httpx.ASGITransport(api.app)  # type: ignore[attr-defined]
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as browser:
            sent_on = await browser.get(back)
        assert sent_on.status_code == 303
        told = {
            name: values[0]
            for name, values in parse_qs(urlsplit(sent_on.headers["location"]).query).items()
        }
        assert told.pop("outcome") == "sign-in-unbound"
        api.cookies.clear()
        finished = await expect(await api.post(CALLBACK, data=told), 200)
        assert finished["token"]["kind"] == "user"


async def test_a_state_lasts_ten_minutes(api: httpx.AsyncClient, database: Database) -> None:
    connection = await draft(api)
    answer = await expect(await api.post(f"/v1/connections/{connection['id']}/authorize"), 200)
    left = clock.now() + timedelta(minutes=10)
    assert answer["expires_at"] <= left.isoformat().replace("+00:00", "Z")
    back = await in_dialog(answer["authorization_url"], answer="continue")
    async with database.transaction() as session:
        await session.execute(text("update sign_ins set expires_at = now() - interval '1 second'"))
    await refused(await api.get(back), 409, "sign-in-expired")
    assert (await get(api, connection))["token"] is None


@pytest.mark.parametrize("state", [None, "", "made-up", "x" * 500])
async def test_an_unknown_state_is_refused(api: httpx.AsyncClient, state: str | None) -> None:
    params = {"code": "SBX-CODE-x"} | ({} if state is None else {"state": state})
    await refused(await api.get(CALLBACK, params=params), 400, "sign-in-unknown")


async def test_a_key_revoked_meanwhile_finishes_nothing(api: httpx.AsyncClient) -> None:
    connection = await draft(api)
    made = await make_key(api, "administrator")
    async with bearing(api, made["key"]) as leaver:
        back = await in_dialog(await authorize(leaver, connection), answer="continue")
    assert (await api.delete(f"/v1/api-keys/{made['id']}")).status_code == 204
    transport = httpx.ASGITransport(api.app)  # type: ignore[attr-defined]
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as browser:
        await refused(await browser.get(back), 403, "sign-in-revoked")
    assert (await get(api, connection))["token"] is None


async def test_a_wrong_code_stores_nothing(api: httpx.AsyncClient) -> None:
    connection = await draft(api)
    state = parse_qs(urlsplit(await authorize(api, connection)).query)["state"][0]
    answer = await api.get(CALLBACK, params={"state": state, "code": "SBX-CODE-not-one-of-meta's"})
    await refused(answer, 422, "sign-in-code-refused")
    assert "not-one-of" not in answer.text
    after = await get(api, connection)
    assert after["token"] is None
    assert after["sign_in_problem"] == "sign-in-code-refused"
    # the state is used up with it
    again = await api.get(CALLBACK, params={"state": state, "code": "SBX-CODE-another-one"})
    await refused(again, 409, "sign-in-used")


async def test_a_refusal_of_meta_stores_nothing_and_says_so(
    api: httpx.AsyncClient, sandbox: Any
) -> None:
    connection = await draft(api)
    back = await in_dialog(await authorize(api, connection), answer="continue")
    fault = {"kind": "error", "code": 10, "match": {"path": "me/permissions"}}
    sandbox.control("POST", "faults", json=fault)
    answer = await api.get(back)
    assert answer.status_code in {422, 502}, answer.text
    after = await get(api, connection)
    assert after["token"] is None
    assert after["sign_in_problem"] == answer.json()["code"]


async def test_signing_in_again_keeps_every_export(
    api: httpx.AsyncClient, sandbox: Any, segment_root: Any, work: Any
) -> None:
    """L17: a token ends, runs stop; the same connection is signed in again and everything goes on."""
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    connection = await make_connection(api)
    segment = await make_segment(api, str(segment_root / "m.csv"))
    export = await make_export(api, connection, segment)
    sandbox.control("PATCH", "tokens/sandbox-user-token", json={"refused_with": 460})
    run = await start_run(api, export)
    await work()
    assert (await get_run(api, run))["error"]["code"] == "token-rejected"
    assert (await get(api, connection))["status"] == "reauthentication_required"

    back = await in_dialog(await authorize(api, connection), answer="continue")
    after = await expect(await api.get(back), 200)
    assert after["status"] == "ready"
    assert after["token"]["last4"] != connection["token"]["last4"]
    unchanged = ("id", "ad_account", "audience", "consent", "shared_with", "display_name")
    assert {key: after[key] for key in unchanged} == {key: connection[key] for key in unchanged}
    kept = await expect(await api.get(f"/v1/exports/{export['id']}"), 200)
    assert kept | {"last_run": None} == export | {"last_run": None}
    run = await start_run(api, export)
    await work()
    assert (await get_run(api, run))["status"] == "succeeded"


async def test_a_person_without_the_ad_account_changes_nothing(
    api: httpx.AsyncClient, sandbox: Any
) -> None:
    """A renewed token must open what the connection stands for."""
    connection = await make_connection(api)
    sandbox.control("PATCH", f"ad-accounts/{ACCOUNT}", json={"account_status": 2})
    back = await in_dialog(await authorize(api, connection), answer="continue")
    await refused(await api.get(back), 422, "ad-account-inactive")
    after = await get(api, connection)
    assert after["token"] == connection["token"]
    assert after["status"] == "ready"
    assert after["sign_in_problem"] == "ad-account-inactive"


async def test_sign_in_can_be_what_completes_a_connection(
    api: httpx.AsyncClient, sandbox: Any
) -> None:
    """Everything else was there: the audience is made and the connection is ready at once."""
    connection = await make_connection(api, audience={"id": "23850000000000001"})
    path = f"/v1/connections/{connection['id']}"
    cleared = await expect(await api.patch(path, json={"access_token": None}), 200)
    assert cleared["status"] == "draft"
    assert cleared["missing"] == ["access_token"]
    back = await in_dialog(await authorize(api, connection), answer="continue")
    assert (await expect(await api.get(back), 200))["status"] == "ready"


async def test_a_login_for_business_gives_a_system_users_token(
    make_settings: Any,
) -> None:
    async with deployed(make_settings(facebook_config_id="1100000000000002")) as api:
        connection = await draft(api)
        url = await authorize(api, connection)
        asked = parse_qs(urlsplit(url).query)
        assert asked["config_id"] == ["1100000000000002"]
        assert "scope" not in asked
        after = await expect(await api.get(await in_dialog(url, answer="continue")), 200)
    assert after["token"]["kind"] == "system_user"
    assert after["token"]["expires_at"] is None
    assert after["token"]["expires_soon"] is False


async def test_without_an_app_there_is_no_dialog(make_settings: Any) -> None:
    async with deployed(make_settings(facebook_app_id="", facebook_app_secret="")) as api:
        connection = await draft(api)
        answer = await api.post(f"/v1/connections/{connection['id']}/authorize")
        await refused(answer, 409, "sign-in-not-configured")


async def test_the_end_of_a_token_is_told_a_week_ahead(
    api: httpx.AsyncClient, database: Database, make_settings: Any
) -> None:
    connection = await make_connection(api)
    assert connection["token"]["expires_soon"] is False
    async with database.transaction() as session:
        await session.execute(
            text("update connections set token_expires_at = now() + interval '6 days'")
        )
    assert (await get(api, connection))["token"]["expires_soon"] is True
    async with deployed(make_settings(token_expiry_warning_days=3)) as other:
        connection = await make_connection(other)
        assert connection["token"]["expires_soon"] is False


async def test_neither_state_nor_token_is_kept_or_shown(
    api: httpx.AsyncClient, database: Database, sandbox: Any
) -> None:
    connection = await draft(api)
    url = await authorize(api, connection)
    state = parse_qs(urlsplit(url).query)["state"][0]
    back = await in_dialog(url, answer="continue")
    code = parse_qs(urlsplit(back).query)["code"][0]
    answer = await api.get(back)
    async with database.transaction() as session:
        rows = "".join(
            [
                str((await session.execute(text(f"select t::text from {table} t"))).all())
                for table in ("sign_ins", "connections", "audit_events")
            ]
        )
    for secret in (state, code):
        assert secret not in answer.text
        assert secret not in rows
    token = answer.json()["token"]
    assert set(token) == {
        "kind",
        "last4",
        "expires_at",
        "data_access_expires_at",
        "scopes",
        "expires_soon",
    }
