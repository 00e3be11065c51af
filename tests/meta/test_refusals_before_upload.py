"""What is refused before the first row leaves: each cause by its own code, and nothing half-uploaded."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import pytest
from pydantic import SecretStr

from app import clock
from sandbox import world
from tests.conftest import Sandbox
from tests.flows.journey import ACCOUNT, TOKEN, expect
from tests.meta.deployment import CUSTOMER_LIST, Deployment, addresses

SYSTEM_TOKEN = "sandbox-system-token"
OTHER_LIST = "23850000000000012"
HUGE = "23850000000000010"
TERMS = "https://business.facebook.com/ads/manage/customaudiences/tos/?act=1001"
MANAGER = "https://business.facebook.com/adsmanager/audiences?act=1001"
QUALITY = "https://business.facebook.com/accountquality/1001"
LISTS = "audiences/guides/custom-audiences"
AUTHORIZATION = "get-started/authorization"
PERMISSIONS = "facebook-login/permissions"
TOKENS = "facebook-login/guides/access-tokens"


def audience(**values: Any) -> Callable[[Sandbox], Any]:
    return lambda at: at.control("PATCH", f"audiences/{CUSTOMER_LIST}", json=values)


def account(**values: Any) -> Callable[[Sandbox], Any]:
    return lambda at: at.control("PATCH", f"ad-accounts/{ACCOUNT}", json=values)


def token(**values: Any) -> Callable[[Sandbox], Any]:
    return lambda at: at.control("PATCH", f"tokens/{TOKEN}", json=values)


def gone(at: Sandbox) -> None:
    at.control("DELETE", f"audiences/{CUSTOMER_LIST}")


class Cause(NamedTuple):
    """What happened at Meta after the export was saved, and what a run says of it."""

    change: Callable[[Sandbox], Any]
    code: str
    page: str
    check: str
    graph: tuple[int, int | None] | None = None


CAUSES = {
    "type": Cause(
        audience(subtype="WEBSITE"), "audience-not-customer-list", LISTS, "audience_type"
    ),
    "type unknown": Cause(
        audience(subtype="NOT_YET_INVENTED"), "audience-not-customer-list", LISTS, "audience_type"
    ),
    "data source": Cause(
        audience(data_source_sub_type="HASHES_OR_USER_IDS"),
        "audience-data-source",
        LISTS,
        "audience_data",
    ),
    "flagged": Cause(
        audience(operation_status=471, fields_violating_integrity_policy=["name"]),
        "audience-flagged",
        MANAGER,
        "audience_status",
    ),
    "gone": Cause(gone, "audience-gone", MANAGER, "audience", (100, 33)),
    "not editable": Cause(
        audience(can_edit=False), "audience-not-editable", AUTHORIZATION, "audience_rights"
    ),
    "moved": Cause(
        audience(account_id="1002"), "audience-in-other-account", MANAGER, "audience_account"
    ),
    "account lost": Cause(
        account(role=None), "ad-account-unavailable", AUTHORIZATION, "ad_account", (100, 33)
    ),
    "account disabled": Cause(
        account(account_status=2), "ad-account-inactive", QUALITY, "ad_account"
    ),
    "account closed": Cause(
        account(account_status=101), "ad-account-inactive", QUALITY, "ad_account"
    ),
    "role lost": Cause(
        account(user_tasks=["ANALYZE"]), "ad-account-role-missing", AUTHORIZATION, "role"
    ),
    "terms withdrawn": Cause(account(tos_accepted=False), "terms-not-accepted", TERMS, "terms"),
    "permission declined": Cause(
        token(scopes=["ads_read"], declined=["ads_management"]),
        "permission-missing",
        PERMISSIONS,
        "permission",
    ),
    "permission gone": Cause(
        token(scopes=["ads_read"]), "permission-missing", PERMISSIONS, "permission"
    ),
}
REJECTED_TOKENS = {
    "expired": token(expires_at=1_600_000_000),
    "removed": token(refused_with=458),
    "checkpoint": token(refused_with=459),
    "password": token(refused_with=460),
    "unconfirmed": token(refused_with=464),
    "invalid": token(refused_with=467),
}


async def check(meta: Deployment, connection: dict[str, Any]) -> dict[str, Any]:
    return await expect(await meta.api.post(f"/v1/connections/{connection['id']}/check"), 200)


def assert_refused(meta: Deployment, run: dict[str, Any], code: str, page: str) -> None:
    assert run["status"] == "failed", run
    error = run["error"]
    assert (error["code"], error["culprit"]) == (code, "user")
    assert error["help_url"].startswith("https://")
    assert page in error["help_url"]
    assert error["message"].endswith((".", ")"))
    assert len(error["message"]) < 400
    assert meta.uploads() == []
    assert run["counts"]["read"] == run["counts"]["batches_total"] == 0
    assert (run["session_ids"], run["attempt"]) == ([], 1)
    assert meta.staged_files() == []


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES.keys())
async def test_each_cause_by_its_own_code(
    meta: Deployment, connection: dict[str, Any], export: dict[str, Any], cause: Cause
) -> None:
    """S5-S8, S12, S27, S35: the run says what the check says; put right at Meta, it runs."""
    cause.change(meta.sandbox)
    run = await meta.run(export)
    assert_refused(meta, run, cause.code, cause.page)
    graph = run["error"]["graph"]
    assert (graph and (graph["code"], graph["subcode"])) == cause.graph
    found = await check(meta, connection)
    assert found["ok"] is False
    first = next(item for item in found["checks"] if not item["ok"])
    assert (first["name"], first["code"]) == (cause.check, cause.code)
    assert (first["detail"], first["help_url"]) == (
        run["error"]["message"],
        run["error"]["help_url"],
    )
    kept = await expect(await meta.api.get(f"/v1/connections/{connection['id']}"), 200)
    assert kept["status"] == "ready"

    meta.forget()
    assert (await check(meta, connection))["ok"] is True
    assert (await meta.run(export))["status"] == "succeeded"


@pytest.mark.parametrize("change", REJECTED_TOKENS.values(), ids=REJECTED_TOKENS.keys())
async def test_a_rejected_token_is_renewed_in_place(
    meta: Deployment, connection: dict[str, Any], export: dict[str, Any], change: Any
) -> None:
    """S17: the same connection and the same export, with another token, run again."""
    change(meta.sandbox)
    run = await meta.run(export)
    assert_refused(meta, run, "token-rejected", TOKENS)
    assert "Renew the sign-in" in run["error"]["message"]
    path = f"/v1/connections/{connection['id']}"
    flagged = await expect(await meta.api.get(path), 200)
    assert flagged["status"] == "reauthentication_required"
    found = await check(meta, connection)
    # nothing else can be asked with such a token
    assert [(item["name"], item["code"]) for item in found["checks"]] == [
        ("token", "token-rejected")
    ]
    asked = len(meta.sandbox.requests())
    assert asked <= 4

    renewed = await expect(await meta.api.patch(path, json={"access_token": SYSTEM_TOKEN}), 200)
    assert (renewed["id"], renewed["status"]) == (connection["id"], "ready")
    assert renewed["audience"] == connection["audience"]
    assert renewed["token"]["last4"] == SYSTEM_TOKEN[-4:]
    again = await meta.run(export)
    assert again["status"] == "succeeded", again
    assert meta.sandbox.audience(CUSTOMER_LIST)["members"] == 40
    meta.forget()
    await expect(await meta.api.patch(path, json={"access_token": TOKEN}), 200)


async def test_values_and_the_audience_must_agree(
    meta: Deployment, connection: dict[str, Any], export: dict[str, Any]
) -> None:
    """A list becomes value-based or not when it is made, never later."""
    audience(is_value_based=True)(meta.sandbox)
    assert_refused(meta, await meta.run(export), "value-mapping-missing", LISTS)
    # without an export there is no mapping to compare with
    assert (await check(meta, connection))["ok"] is True

    file = meta.folder / "valued.csv"
    file.write_text("email,worth\n" + "".join(f"{email},1.5\n" for email in addresses(3)))
    source = {"kind": "file", "url": str(file)}
    body = {"name": "valued", "display_name": "valued", "source": source}
    segment = await expect(await meta.api.post("/v1/segments", json=body), 201)
    mapping = {"EMAIL": "email", "LOOKALIKE_VALUE": "worth"}
    seeded = {"id": world.VALUE_BASED}
    valued = await meta.export(connection, segment, attributes=mapping, audience=seeded)
    assert (await meta.run(valued))["status"] == "succeeded"
    # what is known is refused when the export is saved
    body: dict[str, Any] = {"attributes": {"EMAIL": "email"}}
    refused = await expect(await meta.api.patch(f"/v1/exports/{valued['id']}", json=body), 422)
    assert refused["code"] == "value-mapping-missing"
    audience(is_value_based=False)(meta.sandbox)
    body = {"audience": {"id": CUSTOMER_LIST}}
    refused = await expect(await meta.api.patch(f"/v1/exports/{valued['id']}", json=body), 422)
    assert refused["code"] == "audience-not-value-based"


async def test_a_replacement_under_way_is_waited_for(
    meta: Deployment, connection: dict[str, Any], export: dict[str, Any]
) -> None:
    """Status 414 passes by itself: the run waits, spends no attempt and then delivers."""
    audience(operation_status=414)(meta.sandbox)
    asked = clock.now()
    run = await meta.run(export)
    assert (run["status"], run["error"], run["attempt"]) == ("queued", None, 0)
    waits = (datetime.fromisoformat(run["throttled_until"]) - asked).total_seconds()
    assert 30 <= waits <= 600
    assert meta.uploads() == []
    found = await check(meta, connection)
    assert [item["code"] for item in found["checks"] if not item["ok"]] == ["replace-in-progress"]
    # another account's or audience's runs have nothing to do with it
    other = await expect(
        await meta.api.post(
            "/v1/exports",
            json={
                "display_name": "Another list",
                "connection_id": connection["id"],
                "key_identifier": "email",
                "attributes": {"EMAIL": "email"},
                "segment_ids": export["segment_ids"],
                "audience": {"id": OTHER_LIST},
            },
        ),
        201,
    )
    assert (await meta.run(other))["status"] == "succeeded"

    still = await meta.later(run)
    assert still["status"] == "queued"
    audience(operation_status=200)(meta.sandbox)
    run = await meta.later(run)
    assert (run["status"], run["attempt"], run["throttled_until"]) == ("succeeded", 1, None)
    assert meta.sandbox.audience(CUSTOMER_LIST)["members"] == 40


async def test_a_hundred_million_members_cannot_be_replaced(
    meta: Deployment, connection: dict[str, Any], forty: dict[str, Any]
) -> None:
    """Meta replaces audiences of fewer than 100 million; adding has no such limit."""
    changes = {"audience": {"id": HUGE}, "sync_mode": "replace", "display_name": "Everybody"}
    export = await meta.export(connection, forty, **changes)
    run = await meta.run(export)
    assert_refused(meta, run, "audience-too-large", "usersreplace")
    path = f"/v1/exports/{export['id']}"
    await expect(await meta.api.patch(path, json={"sync_mode": "add"}), 200)
    assert (await meta.run(export))["status"] == "succeeded"


async def test_the_services_own_faults_are_not_the_users(
    meta: Deployment, export: dict[str, Any]
) -> None:
    run = await meta.run(export, facebook_app_secret=SecretStr("not-the-secret"))
    assert run["status"] == "failed"
    assert (run["error"]["code"], run["error"]["culprit"]) == ("app-credentials-refused", "system")
    run = await meta.run(export, graph_api_version="v24.0")
    assert (run["error"]["code"], run["error"]["culprit"]) == ("api-version-retired", "system")
    assert meta.uploads() == []


@pytest.mark.parametrize("path", ["debug_token", "me/permissions", f"{ACCOUNT}$"])
async def test_meta_busy_before_the_first_row(
    meta: Deployment, export: dict[str, Any], path: str
) -> None:
    """C12, C15: an answer that Meta cannot give now is waited for, not taken for a refusal."""
    spec = {"kind": "throttle-4", "match": {"path": path}, "times": 1}
    meta.sandbox.control("POST", "faults", json=spec)
    run = await meta.run(export)
    assert (run["status"], run["error"], run["attempt"]) == ("queued", None, 0)
    assert run["throttled_until"] is not None
    assert meta.uploads() == []
    run = await meta.later(run)
    assert run["status"] == "succeeded"
