"""What GET answers may be sent back; and exports are copied, detached and run as they are saved."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.journey import TOKEN, expect, get_run, make_connection, make_export, make_segment

SCHEDULE = {
    "enabled": True, "frequency": "weekly", "days": ["friday"], "time_zone": "Europe/Berlin",
    "times": ["04:00"],
}  # fmt: skip


@pytest.fixture
async def segment(api: httpx.AsyncClient, segment_root: Path) -> dict[str, Any]:
    file = segment_root / "members.csv"
    file.write_text("email\nanna@example.com\n")
    return await make_segment(api, str(file))


async def test_a_body_that_was_read_may_be_sent_back(
    api: httpx.AsyncClient, segment: dict[str, Any]
) -> None:
    """Read-only fields are ignored when unchanged and refused when changed, on every resource."""
    connection = await make_connection(api)
    export = await make_export(api, connection, segment)
    hook = {"url": "https://hooks.example.com/x", "events": ["run.finished"]}
    webhook = await expect(await api.post("/v1/webhooks", json=hook), 201)
    await expect(await api.put("/v1/schedule", json=SCHEDULE), 200)
    for method, path in (
        ("PATCH", f"/v1/connections/{connection['id']}"),
        ("PATCH", f"/v1/segments/{segment['id']}"),
        ("PATCH", f"/v1/exports/{export['id']}"),
        ("PATCH", f"/v1/webhooks/{webhook['id']}"),
        ("PUT", "/v1/schedule"),
    ):
        read = await expect(await api.get(path), 200)
        again = await expect(await api.request(method, path, json=read), 200)
        moved = {"version", "updated_at", "updated_by", "updated_by_name", "next_run_at"}
        assert {k: v for k, v in again.items() if k not in moved} == {
            k: v for k, v in read.items() if k not in moved
        }, path
        read = await expect(await api.get(path), 200)
        field = "updated_by" if method == "PUT" else "created_by"
        body = {**read, field: "somebody else"}
        refused = await expect(await api.request(method, path, json=body), 422)
        assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [
            (f"/{field}", "read_only")
        ]
        unknown = await api.request(method, path, json={**read, "surprise": 1})
        assert (await expect(unknown, 422))["errors"][0]["code"] == "extra_forbidden"
    read = await expect(await api.get(f"/v1/exports/{export['id']}"), 200)
    changed = {**read, "display_name": "Another"}
    found = await expect(await api.patch(f"/v1/exports/{export['id']}", json=changed), 200)
    assert found["display_name"] == "Another"
    # and as a new one
    made = await expect(await api.post("/v1/exports", json=found), 201)
    assert made["id"] != export["id"]
    assert made["attributes"] == found["attributes"]
    refused = await api.post("/v1/exports", json={**found, "created_at": "2020-01-01T00:00:00Z"})
    assert (await expect(refused, 422))["errors"][0]["code"] == "read_only"


async def test_what_was_read_may_be_made_anew(
    api: httpx.AsyncClient, work: Any, segment: dict[str, Any]
) -> None:
    """Of every resource that is made by POST, and of what is done with it."""
    connection = await make_connection(api)
    read = await expect(await api.get(f"/v1/connections/{connection['id']}"), 200)
    made = await expect(await api.post("/v1/connections", json=read), 201)
    # a token and a consent are given, not copied
    assert (made["status"], made["token"], made["consent"]) == ("draft", None, None)
    assert made["display_name"] == read["display_name"]
    assert made["ad_account"] is made["audience"] is None
    # its ad account and its audience come along with a token
    whole = {
        **read,
        "access_token": TOKEN,
        "consent": {"accepted": True, "version": read["consent"]["version"]},
    }
    made = await expect(await api.post("/v1/connections", json=whole), 201)
    assert (made["status"], made["audience"]["id"]) == ("ready", read["audience"]["id"])
    draft = await expect(await api.post("/v1/connections", json={"display_name": "Draft"}), 201)
    assert (await expect(await api.post("/v1/connections", json=draft), 201))["id"] != draft["id"]
    for field, value in (("status", "draft"), ("created_by", "x"), ("ad_account", None)):
        refused = await api.post("/v1/connections", json={**read, field: value})
        errors = (await expect(refused, 422))["errors"]
        assert [(e["pointer"], e["code"]) for e in errors] == [(f"/{field}", "read_only")]

    read = await expect(await api.get(f"/v1/segments/{segment['id']}"), 200)
    taken = await expect(await api.post("/v1/segments", json=read), 409)
    assert taken["code"] == "segment-name-taken"
    other = await expect(await api.post("/v1/segments", json={**read, "name": "Other"}), 201)
    assert other["source"] == read["source"]

    hook = {"url": "https://hooks.example.com/x", "events": ["run.finished"]}
    webhook = await expect(await api.post("/v1/webhooks", json=hook), 201)
    read = await expect(await api.get(f"/v1/webhooks/{webhook['id']}"), 200)
    again = await expect(await api.post("/v1/webhooks", json=read), 201)
    assert (again["url"], again["secret"] == webhook["secret"]) == (hook["url"], False)

    key = await expect(
        await api.post("/v1/api-keys", json={"display_name": "k", "role": "viewer"}), 201
    )
    read = await expect(await api.get(f"/v1/api-keys/{key['id']}"), 200)
    assert read in (await api.get("/v1/api-keys")).json()["items"]
    again = await expect(await api.post("/v1/api-keys", json=read), 201)
    assert (again["role"], again["key"] == key["key"]) == ("viewer", False)

    export = await make_export(api, connection, segment)
    path = f"/v1/exports/{export['id']}"
    run = await expect(await api.post(f"{path}/runs", json={"metadata": {"a": "b"}}), 202)
    await work()
    read = await expect(await api.get(f"/v1/runs/{run['id']}"), 200)
    again = await expect(await api.post(f"{path}/runs", json=read), 202)
    assert (again["metadata"], again["id"] == run["id"]) == ({"a": "b"}, False)
    read = await expect(await api.get(path), 200)
    await expect(await api.post("/v1/exports/preview", json=read), 200)
    copy = await expect(await api.post(f"{path}/duplicate", json=read), 201)
    assert (copy["attributes"], copy["id"] == read["id"]) == (read["attributes"], False)


async def test_the_schedule_is_switched_off_and_on_alone(api: httpx.AsyncClient) -> None:
    """L57: what was set is kept."""
    off = await expect(await api.put("/v1/schedule", json={"enabled": False}), 200)
    assert (off["enabled"], off["frequency"]) == (False, "weekly")
    await expect(await api.put("/v1/schedule", json=SCHEDULE), 200)
    for enabled in (False, True):
        found = await expect(await api.put("/v1/schedule", json={"enabled": enabled}), 200)
        assert {name: found[name] for name in SCHEDULE} == {**SCHEDULE, "enabled": enabled}
    daily = {"enabled": True, "frequency": "daily"}
    assert (await expect(await api.put("/v1/schedule", json=daily), 200))["days"] == []
    for wrong in ({**daily, "days": ["monday"]}, {"enabled": True, "days": ["monday"]}):
        await expect(await api.put("/v1/schedule", json=wrong), 422)


async def test_a_duplicate_has_what_it_is_given(
    api: httpx.AsyncClient, segment: dict[str, Any]
) -> None:
    """L26: also of a mirror, a replacement and a detached export."""
    first, second = await make_connection(api), await make_connection(api, audience={"name": "2"})
    third = await make_connection(api, audience={"name": "3"})
    for mode in ("mirror", "replace"):
        made = await make_export(api, first, segment, sync_mode=mode)
        path = f"/v1/exports/{made['id']}"
        assert (await expect(await api.post(f"{path}/duplicate"), 409))["code"] == (
            "audience-already-targeted"
        )
        body = {"display_name": "Copy", "connection_id": second["id"]}
        copy = await expect(await api.post(f"{path}/duplicate", json=body), 201)
        assert (copy["display_name"], copy["sync_mode"]) == ("Copy", mode)
        assert copy["connection_id"] == second["id"]
        aimed = await api.post(
            f"{path}/duplicate", json={"audience": {"id": third["audience"]["id"]}}
        )
        assert (await expect(aimed, 201))["audience"]["id"] == third["audience"]["id"]
        detached = await expect(await api.post(f"{path}/detach"), 200)
        alone = await expect(await api.post(f"{path}/duplicate"), 201)
        assert (alone["status"], alone["display_name"]) == ("detached", "Newsletter to Meta (copy)")
        back = await api.post(f"{path}/duplicate", json={"connection_id": first["id"]})
        assert (await expect(back, 201))["attributes"] == detached["attributes"]
        for item in (await expect(await api.get("/v1/exports"), 200))["items"]:
            await expect(await api.delete(f"/v1/exports/{item['id']}"), 204)


async def test_several_exports_are_detached_at_once_or_none(
    api: httpx.AsyncClient, segment: dict[str, Any]
) -> None:
    """L31."""
    connection = await make_connection(api)
    ids = [(await make_export(api, connection, segment))["id"] for _ in range(3)]
    gone = await api.post("/v1/exports/detach", json={"export_ids": [ids[0], "exp_0"]})
    assert (await expect(gone, 404))["export_id"] == "exp_0"
    assert (await expect(await api.get(f"/v1/exports/{ids[0]}"), 200))["status"] == "active"
    done = await api.post("/v1/exports/detach", json={"export_ids": [ids[2], ids[0], ids[2]]})
    items = (await expect(done, 200))["items"]
    assert [(item["id"], item["status"]) for item in items] == [
        (ids[2], "detached"), (ids[0], "detached"),
    ]  # fmt: skip
    assert (await expect(await api.get(f"/v1/exports/{ids[1]}"), 200))["status"] == "active"


async def test_save_and_run(api: httpx.AsyncClient, work: Any, segment: dict[str, Any]) -> None:
    """L48, S58: saving alone never runs."""
    connection = await make_connection(api)
    assert (await make_export(api, connection, segment))["last_run"] is None
    made = await make_export(api, connection, segment, run=True)
    assert made["last_run"]["status"] == "queued"
    await work()
    assert (await get_run(api, made["last_run"]))["status"] == "succeeded"
    path = f"/v1/exports/{made['id']}"
    changed = await expect(await api.patch(path, json={"display_name": "x", "run": True}), 200)
    assert changed["last_run"]["id"] != made["last_run"]["id"]
    body = {**made, "enabled": False, "run": True}
    before = len((await expect(await api.get("/v1/exports"), 200))["items"])
    await expect(await api.post("/v1/exports", json=body), 422)
    assert len((await expect(await api.get("/v1/exports"), 200))["items"]) == before
