"""What there is to choose from, to the last page; the check; and the end of a connection."""

from pathlib import Path
from typing import Any

import httpx

from tests.flows.journey import (
    ACCOUNT,
    TOKEN,
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)


async def signed_in(api: httpx.AsyncClient, **parts: Any) -> str:
    body = {"display_name": "Draft", "access_token": TOKEN} | parts
    made = await expect(await api.post("/v1/connections", json=body), 201)
    return f"/v1/connections/{made['id']}"


async def test_every_ad_account_is_offered(api: httpx.AsyncClient, sandbox: Any) -> None:
    """S28, C4: to the end of Meta's list, with why some cannot be chosen (S5-S7, C5)."""
    path = await signed_in(api)
    found = await expect(await api.get(f"{path}/ad-accounts"), 200)
    accounts = {item["id"]: item for item in found["items"]}
    # act_1006 is not among them: the person has no role there
    assert set(accounts) == {f"act_{n}" for n in (*range(1001, 1006), *range(1101, 1141))}
    assert found["next_cursor"] is None
    refused = {name for name, item in accounts.items() if not item["selectable"]}
    assert refused == {"act_1003", "act_1004", "act_1005"}
    assert all((item["reason"] is None) == item["selectable"] for item in accounts.values())
    assert accounts["act_1005"]["business"] is None
    assert all(item["warnings"] == [] for item in accounts.values())
    assert accounts["act_1004"]["help_url"].endswith("?act=1004")
    assert accounts[ACCOUNT]["business"]["name"] == "Sandbox Business"
    assert len(sandbox.requests("adaccounts")) > 1 or len(accounts) > 25


async def test_every_audience_is_offered_with_its_kind(
    api: httpx.AsyncClient, sandbox: Any
) -> None:
    """S29, S34: all kinds are shown, only customer lists can be chosen."""
    path = await signed_in(api, ad_account_id=ACCOUNT)
    found = (await expect(await api.get(f"{path}/audiences"), 200))["items"]
    shown = {item["id"][-2:]: item for item in found}
    assert set(shown) == {f"{number:02d}" for number in range(1, 13)}
    refused = {name for name, item in shown.items() if not item["selectable"]}
    assert refused == {"02", "03", "04", "05", "07", "09"}
    assert all(bool(shown[name]["reason"]) for name in refused)
    kinds = {name: shown[name]["subtype"] for name in ("01", "03", "04", "05")}
    assert kinds == {"01": "CUSTOM", "03": "WEBSITE", "04": "LOOKALIKE", "05": "ENGAGEMENT"}
    sandbox.control("PUT", "settings", json={"max_page": 25})
    second = await signed_in(api, ad_account_id="act_1002")
    many = (await expect(await api.get(f"{second}/audiences"), 200))["items"]
    assert {item["id"] for item in many} == {str(23850000000002000 + n) for n in range(1, 66)}
    assert len(many) == 65


async def test_a_check_looks_at_everything_now(api: httpx.AsyncClient, sandbox: Any) -> None:
    """S5-S7, S27, S35, C5, C16: 200 whatever it finds; each finding says what to do."""
    made = await make_connection(api)
    path = f"/v1/connections/{made['id']}/check"
    audience = f"audiences/{made['audience']['id']}"
    good = await expect(await api.post(path), 200)
    assert good["ok"] is True
    assert all(item["ok"] for item in good["checks"])
    assert {"token", "permission", "ad_account", "business", "terms", "audience"} <= {
        item["name"] for item in good["checks"]
    }
    cases: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
        (audience, {"subtype": "WEBSITE"}, {"subtype": "CUSTOM"}, "audience-not-customer-list"),
        (audience, {"operation_status": 471}, {"operation_status": 200}, "audience-flagged"),
        (audience, {"can_edit": False}, {"can_edit": True}, "audience-not-editable"),
        (f"ad-accounts/{ACCOUNT}", {"tos_accepted": False}, {"tos_accepted": True}, "terms-not-accepted"),
        (f"ad-accounts/{ACCOUNT}", {"account_status": 2}, {"account_status": 1}, "ad-account-inactive"),
        (f"tokens/{TOKEN}", {"scopes": ["ads_read"]}, {"scopes": ["ads_management"]}, "permission-missing"),
        (f"tokens/{TOKEN}", {"refused_with": 460}, {"refused_with": None}, "token-rejected"),
    ]  # fmt: skip
    for what, broken, mended, code in cases:
        sandbox.control("PATCH", what, json=broken)
        found = await expect(await api.post(path), 200)
        assert found["ok"] is False
        failed = [item for item in found["checks"] if not item["ok"]]
        assert code in {item["code"] for item in failed}, (code, failed)
        assert all(item["detail"] for item in failed)
        sandbox.control("PATCH", what, json=mended)
    assert (await expect(await api.post(path), 200))["ok"] is True
    assert sandbox.requests("/users") == []


async def test_a_connection_in_use_names_its_exports(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """S66, S67, L30-L32: dependents block; detach=true keeps them without a connection."""
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    connection = await make_connection(api)
    path = f"/v1/connections/{connection['id']}"
    segment = await make_segment(api, str(segment_root / "m.csv"))
    exports = [
        await make_export(api, connection, segment, display_name=f"export {n}") for n in (1, 2)
    ]
    run = await start_run(api, exports[0])
    names = [{"id": item["id"], "display_name": item["display_name"]} for item in exports]
    listed = await expect(await api.get(f"{path}/exports"), 200)
    assert listed["items"] == names
    problem = await expect(await api.delete(path), 409)
    assert problem["code"] == "connection-in-use"
    assert problem["exports"] == names
    assert (await api.delete(path, params={"detach": "true"})).status_code == 204
    assert (await api.get(path)).status_code == 404
    for item in exports:
        left = await expect(await api.get(f"/v1/exports/{item['id']}"), 200)
        assert (left["status"], left["connection_id"]) == ("detached", None)
        assert left["attributes"] == item["attributes"]
    assert (await get_run(api, run))["status"] == "canceled"
    await work()
    # the audience stays at Meta, and nothing more is sent to it
    assert sandbox.audience(connection["audience"]["id"])["members"] == 0
    assert sandbox.requests("/users") == []


async def test_another_audience_is_another_target(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    """What a mirror fills is filled by no other, also when a connection changes its audience."""
    (segment_root / "m.csv").write_text("email\na@example.com\n")
    segment = await make_segment(api, str(segment_root / "m.csv"))
    lists = [{"id": "23850000000000001"}, {"id": "23850000000000012"}]
    first = await make_connection(api, audience=lists[0])
    second = await make_connection(api, audience=lists[1])
    mirror = await make_export(api, first, segment, sync_mode="mirror", display_name="mirror")
    await make_export(api, second, segment, display_name="adds")
    path = f"/v1/connections/{second['id']}"
    problem = await expect(await api.patch(path, json={"audience": lists[0]}), 409)
    assert problem["code"] == "audience-already-targeted"
    assert problem["export_id"] == mirror["id"]
    assert (await api.get(path)).json()["audience"]["id"] == lists[1]["id"]
    assert (await api.delete(f"/v1/exports/{mirror['id']}")).status_code == 204
    await expect(await api.patch(path, json={"audience": lists[0]}), 200)
