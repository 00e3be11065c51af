"""A connection from its parts: all at once, step by step, renewed in place, and what is shown of it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import text

from app.db.session import Database
from app.facebook.errors import Throttled
from tests.access.callers import acting_as
from tests.flows.journey import ACCOUNT, TOKEN, expect, make_connection

CUSTOMER_LIST = "23850000000000001"


async def consent(api: httpx.AsyncClient) -> dict[str, Any]:
    version = (await expect(await api.get("/v1/consent"), 200))["version"]
    return {"accepted": True, "version": version}


async def test_one_call_carries_everything(api: httpx.AsyncClient, sandbox: Any) -> None:
    """S15, S19, S20, S24, S28, S30, S37, S38: one POST gives a connection that is ready."""
    body: dict[str, Any] = {
        "display_name": "  Newsletter to Sandbox Shop ",
        "type": "facebook_ads_manager",
        "access_token": TOKEN,
        "ad_account_id": ACCOUNT,
        "audience": {"name": "Newsletter list", "description": "Everybody who reads us"},
        "consent": await consent(api),
    }
    answer = await api.post("/v1/connections", json=body)
    made = await expect(answer, 201)
    assert answer.headers["location"] == f"/v1/connections/{made['id']}"
    assert made["status"] == "ready"
    assert made["missing"] == []
    assert made["display_name"] == "Newsletter to Sandbox Shop"
    assert made["shared_with"] == ["administrator"]
    assert made["ad_account"] == {
        "id": ACCOUNT,
        "name": "Sandbox Shop",
        "business": {"id": "300000000000001", "name": "Sandbox Business"},
    }
    assert made["token"]["kind"] == "user"
    assert made["token"]["last4"] == TOKEN[-4:]
    assert "ads_management" in made["token"]["scopes"]
    assert made["token"]["expires_at"].endswith("Z")
    assert made["consent"]["version"] == body["consent"]["version"]
    assert made["consent"]["accepted_by"] == "bootstrap"
    there = sandbox.audience(made["audience"]["id"])
    assert made["audience"] == {"id": there["id"], "name": "Newsletter list", "subtype": "CUSTOM"}
    assert there["description"] == "Everybody who reads us"
    assert there["customer_file_source"] == "USER_PROVIDED_ONLY"
    again = await api.get(answer.headers["location"])
    assert (await expect(again, 200)) == made
    assert again.headers["etag"] == answer.headers["etag"]
    listed = await expect(await api.get("/v1/connections"), 200)
    assert listed["items"] == [made]


async def test_a_system_user_token_never_expires(api: httpx.AsyncClient) -> None:
    made = await make_connection(api, access_token="sandbox-system-token")
    assert made["token"]["kind"] == "system_user"
    assert made["token"]["expires_at"] is None


async def test_a_draft_is_completed_step_by_step(api: httpx.AsyncClient, sandbox: Any) -> None:
    """S26-S38: nothing is usable until token, account, audience and consent are there."""
    made = await expect(await api.post("/v1/connections", json={"display_name": "Draft"}), 201)
    path = f"/v1/connections/{made['id']}"
    assert made["status"] == "draft"
    assert made["missing"] == ["access_token", "ad_account_id", "audience", "consent"]
    steps = [
        ({"access_token": TOKEN}, ["ad_account_id", "audience", "consent"]),
        ({"ad_account_id": ACCOUNT}, ["audience", "consent"]),
        ({"audience": {"name": "Stepwise"}}, ["audience", "consent"]),
        ({"display_name": "Named"}, ["audience", "consent"]),
    ]
    for change, left in steps:
        made = await expect(await api.patch(path, json=change), 200)
        assert (made["status"], made["missing"]) == ("draft", left)
    assert made["audience"] == {"id": None, "name": "Stepwise", "subtype": None}
    assert sandbox.control("GET", "requests", params={"method": "POST"}) == []
    made = await expect(await api.patch(path, json={"consent": await consent(api)}), 200)
    assert (made["status"], made["missing"]) == ("ready", [])
    assert made["display_name"] == "Named"
    assert sandbox.audience(made["audience"]["id"])["name"] == "Stepwise"


async def test_null_clears_and_absent_keeps(api: httpx.AsyncClient) -> None:
    """A merge patch (RFC 7396); a connection that lacks something is a draft again."""
    made = await make_connection(api, audience={"id": CUSTOMER_LIST})
    path = f"/v1/connections/{made['id']}"
    changing = {"display_name", "updated_at", "version"}
    kept = await expect(await api.patch(path, json={"display_name": "Other"}), 200)
    assert {name for name in made if made[name] != kept[name]} == changing
    values = {
        "consent": await consent(api),
        "audience": {"id": CUSTOMER_LIST},
        "access_token": TOKEN,
        "ad_account_id": ACCOUNT,
    }
    for field, value in values.items():
        cleared = await expect(await api.patch(path, json={field: None}), 200)
        assert (cleared["status"], cleared["missing"]) == ("draft", [field])
        back = await expect(await api.patch(path, json={field: value}), 200)
        assert (back["status"], back["missing"]) == ("ready", [])
        assert back["audience"] == made["audience"]


async def test_names_and_sharing_cannot_be_cleared(api: httpx.AsyncClient) -> None:
    made = await make_connection(api)
    path = f"/v1/connections/{made['id']}"
    for body in ({"display_name": None}, {"shared_with": None}, {"display_name": " "}):
        await expect(await api.patch(path, json=body), 422)
    assert (await expect(await api.get(path), 200)) == made


async def test_bodies_are_strict(api: httpx.AsyncClient, sandbox: Any) -> None:
    """S20, S24, S30: exactly one of an existing and a new audience; states are never written."""
    cases: list[tuple[dict[str, Any], str]] = [
        ({"display_name": ""}, "/display_name"),
        ({"display_name": "a\u0000b"}, "/display_name"),
        ({"type": "google_ads"}, "/type"),
        ({"shared_with": ["viewer"]}, "/shared_with/0"),
        ({"shared_with": ["contributor", "contributor"]}, "/shared_with"),
        ({"ad_account_id": "1001"}, "/ad_account_id"),
        ({"audience": {}}, "/audience"),
        ({"audience": {"id": "1", "name": "n"}}, "/audience"),
        ({"audience": {"id": "1", "description": "d"}}, "/audience"),
        ({"audience": {"name": "n", "retention_days": 181}}, "/audience/retention_days"),
        ({"consent": {"accepted": False, "version": "v"}}, "/consent/accepted"),
        ({"status": "ready"}, "/status"),
    ]
    for body, pointer in cases:
        answer = await api.post("/v1/connections", json={"display_name": "n"} | body)
        problem = await expect(answer, 422)
        assert problem["code"] == "validation-failed"
        assert [item["pointer"] for item in problem["errors"]] == [pointer]
    assert sandbox.requests() == []


async def test_the_order_of_a_draft_is_explained(api: httpx.AsyncClient) -> None:
    made = await expect(await api.post("/v1/connections", json={"display_name": "Draft"}), 201)
    path = f"/v1/connections/{made['id']}"
    account = await expect(await api.patch(path, json={"ad_account_id": ACCOUNT}), 422)
    assert account["code"] == "token-missing"
    audience = await expect(await api.patch(path, json={"audience": {"id": CUSTOMER_LIST}}), 422)
    assert audience["code"] == "ad-account-missing"
    listing = await expect(await api.get(f"{path}/audiences"), 422)
    assert listing["code"] == "token-missing"
    check = await expect(await api.post(f"{path}/check"), 200)
    assert check["ok"] is False
    assert check["checks"][0]["code"] == "connection-incomplete"


async def test_consent_to_an_older_text_is_refused(api: httpx.AsyncClient) -> None:
    """S36, S37: the text in force is the one to agree to."""
    text_in_force = await expect(await api.get("/v1/consent"), 200)
    assert "personal data" in text_in_force["text"]
    assert text_in_force["privacy_statement_url"].startswith("https://")
    body = {"display_name": "n", "consent": {"accepted": True, "version": "2021-06-24"}}
    problem = await expect(await api.post("/v1/connections", json=body), 422)
    assert problem["code"] == "consent-version-outdated"
    assert text_in_force["version"] in problem["detail"]
    assert (await api.get("/v1/connections")).json()["items"] == []


async def test_the_token_is_never_shown_or_stored_plain(
    api: httpx.AsyncClient, database: Database, sandbox: Any
) -> None:
    """L36: write-only, encrypted at rest, in no answer and in no audit event."""
    made = await make_connection(api)
    path = f"/v1/connections/{made['id']}"
    answers = [
        await api.get(path),
        await api.get("/v1/connections"),
        await api.patch(path, json={"access_token": TOKEN}),
        await api.post(f"{path}/check"),
        await api.get(f"{path}/ad-accounts"),
        await api.get(f"{path}/audiences"),
        await api.get("/v1/audit-events"),
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert TOKEN not in answer.text
    async with database.transaction() as session:
        rows = (await session.execute(text("select connections::text from connections"))).all()
        events = (await session.execute(text("select audit_events::text from audit_events"))).all()
    assert rows
    assert events
    stored = str([*rows, *events])
    assert TOKEN not in stored
    assert TOKEN.encode().hex() not in stored
    # and it leaves only in a header
    assert TOKEN not in json.dumps(sandbox.requests())


async def test_versions_guard_against_lost_changes(api: httpx.AsyncClient) -> None:
    first = await make_connection(api)
    path = f"/v1/connections/{first['id']}"
    etag = (await api.get(path)).headers["etag"]
    headers = {"If-Match": etag}
    changed = await api.patch(path, json={"display_name": "A"}, headers=headers)
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag
    stale = await api.patch(path, json={"display_name": "B"}, headers=headers)
    assert (await expect(stale, 412))["code"] == "version-mismatch"
    assert (await api.delete(path, headers=headers)).status_code == 412
    broken = await api.patch(path, json={"display_name": "B"}, headers={"If-Match": '"x"'})
    assert (await expect(broken, 400))["code"] == "bad-etag"
    assert (await api.get(path)).json()["display_name"] == "A"
    gone = await api.delete(path, headers={"If-Match": changed.headers["etag"]})
    assert gone.status_code == 204


async def test_a_renewed_token_must_open_the_same_account(
    api: httpx.AsyncClient, sandbox: Any
) -> None:
    """L17, C1: renewed in place; one that would let the exports fail at night is refused."""
    made = await make_connection(api)
    path = f"/v1/connections/{made['id']}"
    renewed = await api.patch(path, json={"access_token": "sandbox-system-token"})
    assert (await expect(renewed, 200))["token"]["kind"] == "system_user"
    sandbox.control("PATCH", f"ad-accounts/{ACCOUNT}", json={"role": None})
    problem = await expect(await api.patch(path, json={"access_token": TOKEN}), 422)
    assert problem["code"] == "ad-account-unavailable"
    assert (await api.get(path)).json()["token"]["kind"] == "system_user"


async def test_sharing_always_includes_administrators(api: httpx.AsyncClient) -> None:
    """S23, S24, L9, L20."""
    for given in (["contributor"], ["contributor", "administrator"]):
        made = await make_connection(api, shared_with=given)
        assert made["shared_with"] == ["administrator", "contributor"]
    body = {"shared_with": ["administrator"]}
    changed = await api.patch(f"/v1/connections/{made['id']}", json=body)
    assert (await expect(changed, 200))["shared_with"] == ["administrator"]


async def test_contributors_see_name_and_type_of_what_is_shared(api: httpx.AsyncClient) -> None:
    """L9-L12, L15, S44, S45: whole types without a usable connection are left out."""
    shared = await make_connection(api, display_name="B", shared_with=["contributor"])
    private = await make_connection(api, display_name="A", audience={"id": CUSTOMER_LIST})
    group = {"type": "facebook_ads_manager", "display_name": "Facebook Ads Manager"}

    def entry(row: dict[str, Any]) -> dict[str, Any]:
        return {key: row[key] for key in ("id", "display_name", "type", "status")}

    mine = await expect(await api.get("/v1/connections/available"), 200)
    assert mine["items"] == [{**group, "connections": [entry(private), entry(shared)]}]
    async with acting_as(api, "contributor") as contributor:
        theirs = await expect(await contributor.get("/v1/connections/available"), 200)
        assert theirs == {
            "items": [{**group, "connections": [entry(shared)]}],
            "next_cursor": None,
        }
        for path in ("/v1/connections", f"/v1/connections/{shared['id']}"):
            assert (await contributor.get(path)).status_code == 403
        await api.patch(f"/v1/connections/{shared['id']}", json={"shared_with": ["administrator"]})
        none = await expect(await contributor.get("/v1/connections/available"), 200)
        assert none["items"] == []


async def test_the_catalogue_names_keys_as_people_do(api: httpx.AsyncClient) -> None:
    """L8, S19, S46, S54, S55: CT is the city, ZIP the postal code."""
    catalogue = await expect(await api.get("/v1/connection-types"), 200)
    (kind,) = catalogue["items"]
    assert (kind["type"], kind["display_name"]) == ("facebook_ads_manager", "Facebook Ads Manager")
    names = {item["key"]: item["friendly_name"] for item in kind["attribute_keys"]}
    seed = {
        "FN": "First Name",
        "LN": "Last Name",
        "FI": "First Initial",
        "PHONE": "Phone",
        "GEN": "Gender",
        "DOB": "Date of birth",
        "ST": "State",
        "CT": "City",
        "ZIP": "Postal code / ZIP Code",
        "COUNTRY": "Country / Region",
    }
    assert names | seed == names
    assert set(kind["key_identifiers"]) == {"email", "name_and_address", "phone"}


async def test_an_account_that_meta_slows_down_says_until_when(
    api: httpx.AsyncClient, sandbox: Any
) -> None:
    draft = await expect(await api.post("/v1/connections", json={"display_name": "Draft"}), 201)
    connection = await make_connection(api)
    path = f"/v1/connections/{connection['id']}/throttle"
    free = {"ad_account_id": ACCOUNT, "throttled_until": None}
    assert await expect(await api.get(path), 200) == free
    slowed = Throttled(retry_after=300)
    slowed.named = True
    await api.app.state.graph.governor.punish(ACCOUNT, slowed)  # type: ignore[attr-defined]
    told = (await expect(await api.get(path), 200))["throttled_until"]
    left = datetime.fromisoformat(told) - datetime.now(UTC)
    assert timedelta(seconds=60) < left <= timedelta(seconds=301)
    nothing = await api.get(f"/v1/connections/{draft['id']}/throttle")
    assert await expect(nothing, 200) == {"ad_account_id": None, "throttled_until": None}
