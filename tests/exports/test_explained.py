"""Refusals say what is wrong, whose it is, who can help and where it is explained (S5, S8, S38, S51, L74)."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.access.callers import acting_as
from tests.flows.journey import (
    TOKEN,
    expect,
    make_connection,
    make_export,
    make_segment,
    start_run,
)

VALUES = {"EMAIL": "email", "LOOKALIKE_VALUE": "ltv"}


@pytest.fixture
async def segment(api: httpx.AsyncClient, segment_root: Path) -> dict[str, Any]:
    file = segment_root / "members.csv"
    file.write_text("email,ltv\nanna@example.com,7\n")
    return await make_segment(api, str(file))


def body_of(connection: dict[str, Any], segment: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "display_name": "Newsletter",
        "connection_id": connection["id"],
        "key_identifier": "email",
        "attributes": {"EMAIL": "email"},
        "segment_ids": [segment["id"]],
    } | changes


async def test_a_token_without_ad_accounts_says_so(api: httpx.AsyncClient, sandbox: Any) -> None:
    """S5: with what to do, and where Meta explains it (S8); also where the accounts are listed."""
    connection = await make_connection(api)
    for number in (*range(1001, 1007), *range(1101, 1141)):
        sandbox.control("PATCH", f"ad-accounts/act_{number}", json={"role": None})
    body = {"display_name": "n", "access_token": TOKEN}
    refused = await expect(await api.post("/v1/connections", json=body), 422)
    assert refused["code"] == "no-ad-account"
    assert "has no ad account" in refused["detail"]
    assert refused["help_url"].startswith("https://www.facebook.com/")
    draft = await expect(await api.post("/v1/connections", json={"display_name": "n"}), 201)
    path = f"/v1/connections/{draft['id']}"
    refused = await expect(await api.patch(path, json={"access_token": TOKEN}), 422)
    assert refused["code"] == "no-ad-account"
    listed = await expect(await api.get(f"/v1/connections/{connection['id']}/ad-accounts"), 200)
    assert listed["items"] == []
    assert "has no ad account" in listed["reason"]
    assert listed["help_url"] is not None


async def test_what_cannot_be_chosen_says_where_meta_explains_it(api: httpx.AsyncClient) -> None:
    """S8, S34: in lists too."""
    connection = await make_connection(api)
    path = f"/v1/connections/{connection['id']}"
    for kind in ("ad-accounts", "audiences"):
        items = (await expect(await api.get(f"{path}/{kind}"), 200))["items"]
        refused = [item for item in items if not item["selectable"]]
        assert len(refused) > 1
        for item in items:
            assert (item["help_url"] is None) == item["selectable"], item
            assert (item["reason"] is None) == item["selectable"], item
    listed = await expect(await api.get("/v1/connections/available"), 200)
    assert listed["items"][0]["connections"][0]["status"] == "ready"


async def test_nothing_is_exported_on_a_draft(
    api: httpx.AsyncClient, segment: dict[str, Any]
) -> None:
    """S38: until it is saved whole nothing can use it; and it is marked where it is offered."""
    draft = await expect(await api.post("/v1/connections", json={"display_name": "Draft"}), 201)
    ready = await make_connection(api)
    offered = await expect(await api.get("/v1/connections/available"), 200)
    found = {item["id"]: item["status"] for item in offered["items"][0]["connections"]}
    assert found == {draft["id"]: "draft", ready["id"]: "ready"}
    refused = await expect(await api.post("/v1/exports", json=body_of(draft, segment)), 409)
    assert refused["code"] == "connection-draft"
    assert refused["missing"] == ["access_token", "ad_account_id", "audience", "consent"]
    assert "Draft is a draft and lacks: access_token" in refused["detail"]
    export = await make_export(api, ready, segment)
    moved = await api.patch(f"/v1/exports/{export['id']}", json={"connection_id": draft["id"]})
    assert (await expect(moved, 409))["code"] == "connection-draft"
    # a connection that becomes a draft again: its exports can be edited, and do not run
    path = f"/v1/connections/{ready['id']}"
    await expect(await api.patch(path, json={"consent": None}), 200)
    renamed = await api.patch(f"/v1/exports/{export['id']}", json={"display_name": "Other"})
    await expect(renamed, 200)
    run = await api.post(f"/v1/exports/{export['id']}/runs")
    assert (await expect(run, 409))["code"] == "connection-draft"


async def test_a_value_based_audience_is_filled_with_values_only(
    api: httpx.AsyncClient, sandbox: Any, segment: dict[str, Any]
) -> None:
    """Refused when it is saved, and not by the run at night; both ways round; also by an override."""
    plain = await make_connection(api)
    audience = {"name": "Values", "is_value_based": True}
    valued = await make_connection(api, audience=audience)
    created = [
        (valued, {}, "value-mapping-missing"),
        (plain, {"attributes": VALUES}, "audience-not-value-based"),
        (plain, {"audience": {"id": valued["audience"]["id"]}}, "value-mapping-missing"),
    ]
    for connection, changes, code in created:
        body = body_of(connection, segment, **changes)
        refused = await expect(await api.post("/v1/exports", json=body), 422)
        assert (refused["code"], bool(refused["help_url"])) == (code, True)
    export = await make_export(api, valued, segment, attributes=VALUES)
    path = f"/v1/exports/{export['id']}"
    for change, code in (
        ({"attributes": {"EMAIL": "email"}}, "value-mapping-missing"),
        ({"connection_id": plain["id"]}, "audience-not-value-based"),
    ):
        assert (await expect(await api.patch(path, json=change), 422))["code"] == code
    # who is taken out needs no value
    taken = await make_export(api, valued, segment, sync_mode="remove")
    back = await api.patch(f"/v1/exports/{taken['id']}", json={"sync_mode": "add"})
    assert (await expect(back, 422))["code"] == "value-mapping-missing"
    # the connection got another audience afterwards: the export warns of it
    moved = await api.patch(f"/v1/connections/{valued['id']}", json={"audience": {"name": "Plain"}})
    await expect(moved, 200)
    warned = await expect(await api.get(path), 200)
    assert [item["code"] for item in warned["warnings"]] == ["audience-not-value-based"]


async def test_warnings_are_those_of_now(api: httpx.AsyncClient, segment: dict[str, Any]) -> None:
    export = await make_export(api, await make_connection(api), segment)
    assert export["warnings"] == []
    path = f"/v1/segments/{segment['id']}"
    for state, codes in (("inactive", ["segment-inactive"]), ("active", [])):
        await expect(await api.patch(path, json={"state": state}), 200)
        one = await expect(await api.get(f"/v1/exports/{export['id']}"), 200)
        (listed,) = (await expect(await api.get("/v1/exports"), 200))["items"]
        for shown in (one, listed):
            assert [item["code"] for item in shown["warnings"]] == codes


async def test_key_identifiers_have_labels_tips_and_a_default(api: httpx.AsyncClient) -> None:
    """S46, S51: Email gives the best chances, and is what to suggest."""
    (kind,) = (await expect(await api.get("/v1/connection-types"), 200))["items"]
    details = kind["key_identifier_details"]
    assert [item["key_identifier"] for item in details] == kind["key_identifiers"]
    assert [item["label"] for item in details] == ["Email", "Name and address", "Phone"]
    assert [item["default"] for item in details] == [True, False, False]
    assert kind["default_key_identifier"] == "email"
    assert all(item["tip"] for item in details)
    assert "best chances for a match" in details[0]["tip"]


async def test_a_403_names_the_role_and_who_can_give_it(
    api: httpx.AsyncClient, segment: dict[str, Any]
) -> None:
    """L74."""
    export = await make_export(api, await make_connection(api), segment)
    source = {"name": "mine", "source": {"kind": "file", "url": segment["source"]["url"]}}
    async with acting_as(api, "viewer") as viewer, acting_as(api, "contributor") as contributor:
        asked = [
            (viewer, "POST", "/v1/exports", {}, "viewer", ["contributor", "administrator"]),
            (contributor, "GET", "/v1/connections", None, "contributor", ["administrator"]),
            (contributor, "POST", "/v1/segments", source, "contributor", ["administrator"]),
            (contributor, "POST", f"/v1/exports/{export['id']}/runs", None, "contributor",
             ["administrator"]),
        ]  # fmt: skip
        for caller, method, path, body, role, required in asked:
            refused = await expect(await caller.request(method, path, json=body), 403)
            assert (refused["role"], refused["required_roles"]) == (role, required), path
            assert role in refused["detail"]
            assert "An administrator can" in refused["detail"]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("EMIAL", "the key EMIAL (did you mean EMAIL?) is none of: "),
        ("email", "the key email (did you mean EMAIL?)"),
        ("first_name", "the key first_name (did you mean FN?)"),
        ("postal code", "the key postal code (did you mean ZIP?)"),
        ("COUNTRY_CODE", "the key COUNTRY_CODE (did you mean COUNTRY?)"),
        ("QQQ", "the key QQQ is none of: "),
        ("anna@example.com", "a key of attributes is none of: "),
        ("+4915799887766", "a key of attributes is none of: "),
    ],
)
async def test_an_unknown_key_is_named_with_the_nearest(
    api: httpx.AsyncClient, segment: dict[str, Any], key: str, said: str
) -> None:
    body = body_of({"id": "con_1"}, segment, attributes={key: "email"})
    refused = await expect(await api.post("/v1/exports", json=body), 422)
    (error,) = refused["errors"]
    assert error["detail"].startswith(said)
    assert said.startswith("the key") or key not in str(refused)


@pytest.mark.parametrize(
    ("changes", "pointer", "said"),
    [
        ({"key_identifer": "email"}, "/key_identifer", "did you mean key_identifier?"),
        ({"Segment_IDs": []}, "/Segment_IDs", "did you mean segment_ids?"),
        ({"schedule": {"crom": "* * * * *"}}, "/schedule/crom", "did you mean cron?"),
        ({"consent": {"atribute": "a", "attribute": "a", "equals": 1}}, "/consent/atribute", "attribute?"),
        ({"audience": {"ids": "1", "id": "1"}}, "/audience/ids", "did you mean id?"),
        ({"audience": {"id": "1", "zzz": 1}}, "/audience/zzz", "there is no such field: there are id"),
        ({"audience": {"name": "New"}}, "/audience", "an export fills an audience that exists"),
    ],
)  # fmt: skip
async def test_a_field_that_is_not_there_is_named_with_the_nearest(
    api: httpx.AsyncClient, segment: dict[str, Any], changes: Any, pointer: str, said: str
) -> None:
    body = body_of({"id": "con_1"}, segment, **changes)
    refused = await expect(await api.post("/v1/exports", json=body), 422)
    (error,) = [item for item in refused["errors"] if item["pointer"] == pointer]
    assert said in error["detail"]


async def test_the_nearest_is_named_of_sources_people_and_columns_too(
    api: httpx.AsyncClient, segment: dict[str, Any]
) -> None:
    for path, body, said in (
        ("/v1/segments", {"name": "x", "source": {"kind": "file", "ulr": "/x", "url": "/x"}}, "url?"),
        ("/v1/erasures", {"people": [{"EMIAL": "a@example.com"}]}, "did you mean EMAIL?"),
        ("/v1/exports/detach", {"exports": ["exp_1"]}, "did you mean export_ids?"),
    ):  # fmt: skip
        refused = await expect(await api.post(path, json=body), 422)
        assert any(said in item["detail"] for item in refused["errors"]), refused["errors"]
    connection = await make_connection(api)
    body = body_of(connection, segment, attributes={"EMAIL": "Emial"})
    refused = await expect(await api.post("/v1/exports", json=body), 422)
    assert "no attribute named: Emial (did you mean email?)" in refused["detail"]
    pushed = {"name": "pushed", "source": {"kind": "upload"}}
    made = await expect(await api.post("/v1/segments", json=pushed), 201)
    for header, said in (("EMIAL", "(did you mean EMAIL?)"), ("QQ", "none of Meta's keys, or")):
        refused = await api.put(
            f"/v1/segments/{made['id']}/members",
            content=f"{header}\na@example.com\n".encode(),
            headers={"Content-Type": "text/csv"},
        )
        assert said in (await expect(refused, 422))["detail"]


async def test_a_conflict_of_modes_names_whose_mode_it_is(
    api: httpx.AsyncClient, segment: dict[str, Any]
) -> None:
    connection = await make_connection(api)
    adds = await make_export(api, connection, segment, display_name="Adds")
    body = body_of(connection, segment, sync_mode="mirror")
    refused = await expect(await api.post("/v1/exports", json=body), 409)
    assert "this export would be mirror" in refused["detail"]
    assert "Adds (sync mode add)" in refused["detail"]
    assert (refused["export_id"], refused["export_sync_mode"]) == (adds["id"], "add")
    await expect(await api.delete(f"/v1/exports/{adds['id']}"), 204)
    await make_export(api, connection, segment, display_name="Swaps", sync_mode="replace")
    refused = await expect(await api.post("/v1/exports", json=body_of(connection, segment)), 409)
    assert "the sync mode of Swaps is replace" in refused["detail"]
    assert (refused["export_sync_mode"], refused["sync_mode"]) == ("replace", "add")


async def test_an_instance_is_the_path_that_was_called(
    api: httpx.AsyncClient, segment: dict[str, Any]
) -> None:
    export = await make_export(api, await make_connection(api), segment)
    await start_run(api, export)
    for method, path in (
        ("GET", "/v1/exports/exp_nope"),
        ("GET", "/v1/connections/con_0193-nope"),
        ("GET", "/v1/runs/not-an-id/batches"),
        ("POST", f"/v1/exports/{export['id']}/runs"),
        ("GET", "/nothing/here"),
    ):
        assert (await api.request(method, path)).json()["instance"] == path
    for path, shown in (
        ("/v1/exports/anna@example.com", "/v1/exports/{export_id}"),
        ("/v1/runs/+4915799887766/batches", "/v1/runs/{run_id}/batches"),
        (f"/v1/exports/{'a' * 64}", "/v1/exports/{export_id}"),
        ("/anna@example.com", "/*"),
    ):
        assert (await api.get(path)).json()["instance"] == shown
