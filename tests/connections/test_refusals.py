"""What Meta would refuse at night is refused when the connection is saved, with what to do about it."""

from typing import Any

import httpx

from tests.flows.journey import ACCOUNT, TOKEN, expect, make_connection

ACCEPTED = {
    "23850000000000001": "customer list",
    "23850000000000006": "value-based customer list",
    "23850000000000010": "120 million members",
    "23850000000000011": "expiring",
    "23850000000000012": "list with a lookalike",
}
REFUSED = {
    "23850000000000003": "audience-not-customer-list",  # WEBSITE
    "23850000000000004": "audience-not-customer-list",  # LOOKALIKE
    "23850000000000005": "audience-not-customer-list",  # ENGAGEMENT
    "23850000000000002": "audience-data-source",
    "23850000000000007": "audience-flagged",
    "23850000000000009": "audience-not-editable",
    "23850000000002001": "audience-in-other-account",
    "29999999999999999": "audience-gone",
}


async def refusal(api: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    consent = (await api.get("/v1/consent")).json()
    body = {
        "display_name": "Newsletter",
        "access_token": TOKEN,
        "ad_account_id": ACCOUNT,
        "audience": {"name": "Newsletter list"},
        "consent": {"accepted": True, "version": consent["version"]},
    }
    answer = await api.post("/v1/connections", json=body | changes)
    problem = await expect(answer, 422)
    assert TOKEN not in answer.text
    assert (await api.get("/v1/connections")).json()["items"] == []
    return problem


async def test_audiences_that_take_no_lists_are_refused(
    api: httpx.AsyncClient, sandbox: Any
) -> None:
    """S12, S33, S35, C6, C16: refused on save, and nothing is sent anywhere."""
    for audience_id, code in REFUSED.items():
        problem = await refusal(api, audience={"id": audience_id})
        assert (audience_id, problem["code"]) == (audience_id, code)
        assert problem["culprit"] == "user"
    assert sandbox.requests("/users") == []


async def test_customer_lists_are_accepted(api: httpx.AsyncClient) -> None:
    for audience_id in ACCEPTED:
        made = await make_connection(api, audience={"id": audience_id})
        assert made["audience"]["id"] == audience_id
        assert made["audience"]["subtype"] == "CUSTOM"


async def test_every_kind_but_customer_list_is_refused(
    api: httpx.AsyncClient, sandbox: Any
) -> None:
    """S12, S35: whatever Meta calls the kind."""
    kinds: list[str | None] = ["WEBSITE", "APP", "OFFLINE_CONVERSION", "CLAIM", "PARTNER", "VIDEO"]
    kinds += [
        "LOOKALIKE",
        "ENGAGEMENT",
        "FOX",
        "BAG_OF_ACCOUNTS",
        "SUBSCRIBER_SEGMENT",
        "NOT_YET_INVENTED",
        None,
    ]
    made = await make_connection(api, audience={"id": "23850000000000001"})
    for kind in kinds:
        sandbox.control("PATCH", "audiences/23850000000000012", json={"subtype": kind})
        body = {"audience": {"id": "23850000000000012"}}
        problem = await expect(await api.patch(f"/v1/connections/{made['id']}", json=body), 422)
        assert problem["code"] == "audience-not-customer-list", kind
    left = (await api.get(f"/v1/connections/{made['id']}")).json()
    assert left["audience"]["id"] == "23850000000000001"
    assert left["version"] == made["version"]


async def test_accounts_that_cannot_be_used_are_refused(
    api: httpx.AsyncClient, sandbox: Any
) -> None:
    """S5-S8, C5: checked when connecting, for new and existing audiences alike."""
    codes = {
        "act_1003": "ad-account-inactive",
        "act_1004": "terms-not-accepted",
        "act_1005": "ad-account-without-business",
        "act_1006": "ad-account-unavailable",
        "act_9999": "ad-account-unavailable",
    }
    for account, code in codes.items():
        for audience in ({"name": "n"}, {"id": "2385000000000300" + account[-1]}):
            problem = await refusal(api, ad_account_id=account, audience=audience)
            assert (account, problem["code"]) == (account, code)
            assert problem["help_url"].startswith("https://")
            if code == "terms-not-accepted":
                assert account.removeprefix("act_") in problem["help_url"]
    assert sandbox.control("GET", "requests", params={"method": "POST"}) == []


async def test_looking_at_an_account_is_not_enough(api: httpx.AsyncClient, sandbox: Any) -> None:
    """S7: the role must allow managing or advertising."""
    sandbox.control("PATCH", f"ad-accounts/{ACCOUNT}", json={"user_tasks": ["ANALYZE"]})
    assert (await refusal(api))["code"] == "ad-account-role-missing"
    sandbox.control("PATCH", f"ad-accounts/{ACCOUNT}", json={"user_tasks": ["ADVERTISE"]})
    assert (await make_connection(api))["status"] == "ready"


async def test_tokens_that_do_not_work_are_refused(api: httpx.AsyncClient, sandbox: Any) -> None:
    """S26, S27: single permissions can be declined, so the grant is verified."""
    cases: list[tuple[dict[str, Any], str]] = [
        ({"scopes": ["ads_read"], "declined": ["ads_management"]}, "permission-missing"),
        ({"scopes": ["ads_read"], "declined": []}, "permission-missing"),
        ({"refused_with": 458}, "token-rejected"),
        ({"refused_with": 460}, "token-rejected"),
        ({"refused_with": None, "expires_at": 1_600_000_000}, "token-rejected"),
    ]
    for change, code in cases:
        sandbox.control("PATCH", f"tokens/{TOKEN}", json=change)
        problem = await refusal(api)
        assert (change, problem["code"]) == (change, code)
        assert "sign in again" in problem["detail"].lower()


async def test_a_token_meta_does_not_know(api: httpx.AsyncClient) -> None:
    assert (await refusal(api, access_token="EAAB-no-such-token"))["code"] == "token-rejected"


async def test_meta_busy_is_not_the_callers_fault(api: httpx.AsyncClient, sandbox: Any) -> None:
    """C12, C15: nothing is stored when Meta cannot be asked, and the answer says when to try again."""
    match = {"path": f"{ACCOUNT}$"}
    sandbox.control("POST", "faults", json={"kind": "throttle-17", "wait": 600, "match": match})
    body = {"display_name": "n", "access_token": TOKEN, "ad_account_id": ACCOUNT}
    answer = await api.post("/v1/connections", json=body)
    problem = await expect(answer, 503)
    assert problem["culprit"] == "external"
    assert int(answer.headers["retry-after"]) >= 5
    assert (await api.get("/v1/connections")).json()["items"] == []


async def test_a_refused_change_changes_nothing(api: httpx.AsyncClient) -> None:
    made = await make_connection(api, audience={"id": "23850000000000001"})
    path = f"/v1/connections/{made['id']}"
    for body in (
        {"display_name": "New", "audience": {"id": "23850000000000003"}},
        {"display_name": "New", "ad_account_id": "act_1003"},
        {"display_name": "New", "access_token": "EAAB-no-such-token"},
        # another account without another audience
        {"display_name": "New", "ad_account_id": "act_1002"},
    ):
        await expect(await api.patch(path, json=body), 422)
        assert (await api.get(path)).json() == made
