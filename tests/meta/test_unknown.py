"""What Meta does not say blocks nobody: only its answer to the upload refuses (S5-S8, S35)."""

from typing import Any

import pytest

from tests.flows.journey import ACCOUNT, TOKEN, expect, get_run, make_connection, start_run
from tests.meta.deployment import CUSTOMER_LIST, Deployment

WITHOUT_BUSINESS_MANAGEMENT = {"scopes": ["ads_management", "ads_read"]}
PLAYS: dict[str, tuple[str, dict[str, Any], str]] = {
    "token without business_management": (
        f"tokens/{TOKEN}",
        WITHOUT_BUSINESS_MANAGEMENT,
        "business-unknown",
    ),
    "no business": (f"ad-accounts/{ACCOUNT}", {"business": None}, "business-unknown"),
    "(#200) for business": (
        f"ad-accounts/{ACCOUNT}",
        {"refused_fields": ["business"]},
        "business-unknown",
    ),
    "no terms": (f"ad-accounts/{ACCOUNT}", {"hidden_fields": ["tos_accepted"]}, "terms-unknown"),
    "no tasks": (
        f"ad-accounts/{ACCOUNT}",
        {"hidden_fields": ["user_tasks"]},
        "ad-account-role-unknown",
    ),
    "list of HASHES": (
        f"audiences/{CUSTOMER_LIST}",
        {"data_source_sub_type": "HASHES"},
        "audience-data-unknown",
    ),
    "unknown data source": (
        f"audiences/{CUSTOMER_LIST}",
        {"data_source_type": "NEW", "data_source_sub_type": "NEWER"},
        "audience-data-unknown",
    ),
    "audience without a word": (
        f"audiences/{CUSTOMER_LIST}",
        {"hidden_fields": ["permission_for_actions", "operation_status", "data_source"]},
        "audience-status-unknown",
    ),
}


@pytest.mark.parametrize("play", PLAYS.values(), ids=PLAYS.keys())
async def test_the_connection_is_ready_and_the_run_delivered(
    meta: Deployment, forty: dict[str, Any], play: tuple[str, dict[str, Any], str]
) -> None:
    path, change, code = play
    meta.sandbox.control("PATCH", path, json=change)
    connection = await make_connection(meta.api, audience={"id": CUSTOMER_LIST})
    assert (connection["status"], connection["missing"]) == ("ready", [])
    found = await expect(await meta.api.post(f"/v1/connections/{connection['id']}/check"), 200)
    assert found["ok"] is True
    doubts = {item["code"] for item in found["checks"] if item["outcome"] == "unknown"}
    assert code in doubts
    assert all(item["help_url"] for item in found["checks"] if item["outcome"] == "unknown")
    accounts = await expect(
        await meta.api.get(f"/v1/connections/{connection['id']}/ad-accounts"), 200
    )
    mine = next(item for item in accounts["items"] if item["id"] == ACCOUNT)
    assert mine["selectable"] is True

    run = await meta.run(await meta.export(connection, forty))
    assert run["status"] == "succeeded", run["error"]
    assert meta.sandbox.audience(CUSTOMER_LIST)["members"] == 40
    assert {item["code"] for item in run["warnings"]} == doubts


async def test_the_uploads_own_error_decides(meta: Deployment, forty: dict[str, Any]) -> None:
    """An account that belongs to no business, and a list of a kind that Meta does not take."""
    personal, own_list = "act_1005", "23850000000003005"
    # with business_management Meta would say that it is personal, and the connection be refused
    meta.sandbox.control("PATCH", f"tokens/{TOKEN}", json=WITHOUT_BUSINESS_MANAGEMENT)
    connection = await make_connection(
        meta.api, ad_account_id=personal, audience={"id": own_list}, display_name="Personal"
    )
    assert connection["status"] == "ready"
    export = await meta.export(connection, forty)
    run = await meta.run(export)
    assert (run["status"], run["counts"]["received"]) == ("failed", 0)
    error = run["error"]
    assert (error["code"], error["culprit"]) == ("ad-account-without-business", "user")
    assert error["help_url"].startswith("https://business.facebook.com")
    assert [item["code"] for item in run["warnings"]] == ["business-unknown"]

    change = {"data_source_sub_type": "HASHES", "foreign_source": True}
    meta.sandbox.control("PATCH", f"audiences/{CUSTOMER_LIST}", json=change)
    listed = await make_connection(meta.api, audience={"id": CUSTOMER_LIST})
    run = await start_run(meta.api, await meta.export(listed, forty))
    await meta.burst()
    run = await get_run(meta.api, run)
    assert run["status"] == "failed"
    error = run["error"]
    assert (error["code"], error["culprit"], error["graph"]["code"]) == (
        "audience-not-updatable",
        "user",
        2650,
    )
    assert "built from another kind of data" in error["message"]
    assert meta.sandbox.audience(CUSTOMER_LIST)["members"] == 0
