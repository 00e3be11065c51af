"""Exports in the hands of people: found, shared, copied, detached, aimed at an audience."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from app.main import create_app
from app.settings import Settings
from tests.access.callers import acting_as
from tests.conftest import API_KEY
from tests.flows.journey import (
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)

CUSTOMER_LIST = "23850000000000001"
OTHER_LIST = "23850000000000012"


async def segment_of(api: httpx.AsyncClient, segment_root: Path, rows: int = 1) -> dict[str, Any]:
    lines = "".join(f"m{n}@example.com\n" for n in range(rows))
    (segment_root / "m.csv").write_text("email\n" + lines)
    return await make_segment(api, str(segment_root / "m.csv"))


async def test_exports_are_found_by_name_connection_and_type(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    """L24: case does not matter, and what looks like a pattern is none."""
    segment = await segment_of(api, segment_root)
    spring = await make_connection(api, display_name="Spring campaign")
    winter = await make_connection(api, display_name="Winter_50%")
    ids = {
        name: (await make_export(api, connection, segment, display_name=name))["id"]
        for name, connection in (("Letters", spring), ("Calls", spring), ("Parcels", winter))
    }
    loose = await make_export(api, winter, segment, display_name="Loose letters")
    await expect(await api.post(f"/v1/exports/{loose['id']}/detach"), 200)
    ids["Loose letters"] = loose["id"]
    connected = {"Letters", "Calls", "Parcels"}
    for query, names in [
        ("lett", {"Letters", "Loose letters"}),
        ("SPRING", {"Letters", "Calls"}),
        ("_50%", {"Parcels"}),
        ("%", {"Parcels"}),
        ("\\", set()),
        ("facebook ads manager", connected),
        ("Ads Man", connected),
        ("facebook_ads", connected),
        ("nothing like it", set()),
        ("", set(ids)),
    ]:
        found = await expect(await api.get("/v1/exports", params={"q": query}), 200)
        assert {item["id"] for item in found["items"]} == {ids[name] for name in names}, query
    first = await expect(await api.get("/v1/exports", params={"q": "ads", "limit": 2}), 200)
    cursor = first["next_cursor"]
    rest = await expect(
        await api.get("/v1/exports", params={"q": "ads", "limit": 2, "cursor": cursor}), 200
    )
    assert [len(page["items"]) for page in (first, rest)] == [2, 1]
    other = await api.get("/v1/exports", params={"q": "letters", "cursor": cursor})
    assert (await expect(other, 400))["code"] == "bad-cursor"


async def test_what_each_role_may_do_with_an_export(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    """S39, L10, L13-L15, L19-L23, L44: sharing decides for contributors, viewers only look."""
    segment = await segment_of(api, segment_root)
    shared = await make_connection(api, display_name="shared", shared_with=["contributor"])
    private = await make_connection(api, display_name="private")
    ours = await make_export(api, shared, segment)
    closed = await make_export(api, private, segment)

    async def permissions(caller: httpx.AsyncClient) -> dict[str, str]:
        items = (await expect(await caller.get("/v1/exports"), 200))["items"]
        return {item["id"]: item["your_permission"] for item in items}

    async def attempts(caller: httpx.AsyncClient, export: dict[str, Any]) -> list[int]:
        path = f"/v1/exports/{export['id']}"
        return [
            (await caller.patch(path, json={"display_name": "n"})).status_code,
            (await caller.post(f"{path}/duplicate")).status_code,
            (await caller.post(f"{path}/runs")).status_code,
            (await caller.post(f"{path}/detach")).status_code,
            (await caller.get(path)).status_code,
            (await caller.get(f"{path}/runs")).status_code,
        ]

    assert await permissions(api) == {ours["id"]: "edit", closed["id"]: "edit"}
    async with acting_as(api, "viewer") as viewer:
        assert await permissions(viewer) == {ours["id"]: "view", closed["id"]: "view"}
        assert await attempts(viewer, ours) == [403, 403, 403, 403, 200, 200]
        assert (await viewer.delete(f"/v1/exports/{ours['id']}")).status_code == 403
    async with acting_as(api, "contributor") as contributor:
        assert await permissions(contributor) == {ours["id"]: "edit", closed["id"]: "view"}
        assert await attempts(contributor, closed) == [403, 403, 403, 403, 200, 200]
        assert (await contributor.delete(f"/v1/exports/{closed['id']}")).status_code == 403
        assert await attempts(contributor, ours) == [200, 201, 202, 403, 200, 200]
        body = {
            "display_name": "mine",
            "connection_id": private["id"],
            "key_identifier": "email",
            "attributes": {"EMAIL": "email"},
            "segment_ids": [segment["id"]],
        }
        refused = await expect(await contributor.post("/v1/exports", json=body), 422)
        assert refused["code"] == "connection-unknown"
        body["connection_id"] = shared["id"]
        mine = await expect(await contributor.post("/v1/exports", json=body), 201)
        moved = await contributor.patch(
            f"/v1/exports/{mine['id']}", json={"connection_id": private["id"]}
        )
        assert (await expect(moved, 422))["code"] == "connection-unknown"
        # un-shared: kept as it is, to be looked at only (L14, L15)
        path = f"/v1/connections/{shared['id']}"
        await expect(await api.patch(path, json={"shared_with": ["administrator"]}), 200)
        kept = await expect(await contributor.get(f"/v1/exports/{mine['id']}"), 200)
        assert (kept["status"], kept["your_permission"]) == ("active", "view")
        assert await attempts(contributor, mine) == [403, 403, 403, 403, 200, 200]


async def test_a_duplicate_is_an_export_of_its_own(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    """L26."""
    segment = await segment_of(api, segment_root)
    connection = await make_connection(api)
    made = await make_export(api, connection, segment, default_country="DE", enabled=False)
    path = f"/v1/exports/{made['id']}"
    copy = await expect(await api.post(f"{path}/duplicate"), 201)
    assert copy["display_name"] == f"{made['display_name']} (copy)"
    own = {"id", "display_name", "created_at", "updated_at"}
    assert {name for name in made if made[name] != copy[name]} == own
    named = await api.post(f"{path}/duplicate", json={"display_name": "Another"})
    assert (await expect(named, 201))["display_name"] == "Another"
    long = await make_export(api, connection, segment, display_name="x" * 200)
    copied = await expect(await api.post(f"/v1/exports/{long['id']}/duplicate"), 201)
    assert len(copied["display_name"]) <= 200
    await api.delete(path)
    assert (await api.get(f"/v1/exports/{copy['id']}")).status_code == 200


async def test_a_detached_export_waits_for_another_connection(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """L31-L33: configuration kept, nothing runs, active again with a connection."""
    segment = await segment_of(api, segment_root, 3)
    connection = await make_connection(api)
    made = await make_export(api, connection, segment)
    path = f"/v1/exports/{made['id']}"
    queued = await start_run(api, made)
    detached = await expect(await api.post(f"{path}/detach"), 200)
    assert (detached["status"], detached["connection_id"]) == ("detached", None)
    assert detached["attributes"] == made["attributes"]
    assert (await get_run(api, queued))["status"] == "canceled"
    assert await expect(await api.post(f"{path}/detach"), 200) == detached | {
        "last_run": (await api.get(path)).json()["last_run"]
    }
    refused = await expect(await api.post(f"{path}/runs"), 409)
    assert refused["code"] == "export-detached"
    other = await make_connection(api, audience={"id": CUSTOMER_LIST})
    back = await expect(await api.patch(path, json={"connection_id": other["id"]}), 200)
    assert (back["status"], back["connection_id"]) == ("active", other["id"])
    run = await start_run(api, back)
    await work()
    assert (await get_run(api, run))["status"] == "succeeded"
    assert sandbox.audience(CUSTOMER_LIST)["members"] == 3
    assert sandbox.audience(connection["audience"]["id"])["members"] == 0


async def test_a_disabled_export_does_not_run(api: httpx.AsyncClient, segment_root: Path) -> None:
    segment = await segment_of(api, segment_root)
    made = await make_export(api, await make_connection(api), segment, enabled=False)
    assert made["status"] == "disabled"
    path = f"/v1/exports/{made['id']}"
    assert (await expect(await api.post(f"{path}/runs"), 409))["code"] == "export-disabled"
    await expect(await api.patch(path, json={"enabled": True}), 200)
    await start_run(api, made)


async def test_what_one_export_mirrors_no_other_fills(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    """Two of them would undo each other's work; any number may add."""
    segment = await segment_of(api, segment_root)
    first = await make_connection(api, audience={"id": CUSTOMER_LIST})
    second = await make_connection(api, audience={"id": OTHER_LIST})
    override = {"audience": {"id": CUSTOMER_LIST}}

    async def attempt(connection: dict[str, Any], **changes: Any) -> httpx.Response:
        body = {
            "display_name": "n",
            "connection_id": connection["id"],
            "key_identifier": "email",
            "attributes": {"EMAIL": "email"},
            "segment_ids": [segment["id"]],
        }
        return await api.post("/v1/exports", json=body | changes)

    adds = await expect(await attempt(first), 201)
    await expect(await attempt(second, **override), 201)
    for mode in ("mirror", "replace"):
        for connection, changes in ((first, {}), (second, override)):
            problem = await expect(await attempt(connection, sync_mode=mode, **changes), 409)
            assert problem["code"] == "audience-already-targeted"
            assert problem["export_id"]
    changed = await api.patch(f"/v1/exports/{adds['id']}", json={"sync_mode": "replace"})
    assert (await expect(changed, 409))["code"] == "audience-already-targeted"
    mirror = await expect(await attempt(second, sync_mode="mirror"), 201)
    problem = await expect(await attempt(second), 409)
    assert problem["export_id"] == mirror["id"]
    moved = await api.patch(f"/v1/exports/{adds['id']}", json={"audience": {"id": OTHER_LIST}})
    assert (await expect(moved, 409))["export_id"] == mirror["id"]
    copied = await api.post(f"/v1/exports/{mirror['id']}/duplicate")
    assert (await expect(copied, 409))["code"] == "audience-already-targeted"
    # a detached export fills nothing; when it comes back the place may be taken
    await expect(await api.post(f"/v1/exports/{mirror['id']}/detach"), 200)
    await expect(await attempt(second), 201)
    back = await api.patch(f"/v1/exports/{mirror['id']}", json={"connection_id": second["id"]})
    assert (await expect(back, 409))["code"] == "audience-already-targeted"


async def test_one_of_several_at_once_gets_the_audience(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    segment = await segment_of(api, segment_root)
    for audience in ({"id": CUSTOMER_LIST}, {"name": "of its own"}):
        connection = await make_connection(api, audience=audience)
        body = {
            "display_name": "n",
            "connection_id": connection["id"],
            "key_identifier": "email",
            "attributes": {"EMAIL": "email"},
            "segment_ids": [segment["id"]],
            "sync_mode": "mirror",
        }
        answers = await asyncio.gather(*(api.post("/v1/exports", json=body) for _ in range(5)))
        codes = sorted(answer.status_code for answer in answers)
        assert codes == [201, 409, 409, 409, 409]


async def test_an_override_is_filled_instead(
    api: httpx.AsyncClient, sandbox: Any, work: Any, segment_root: Path
) -> None:
    """S31: the connection's audience is the default; an export may name another of its account."""
    segment = await segment_of(api, segment_root, 5)
    connection = await make_connection(api)
    made = await make_export(api, connection, segment, audience={"id": CUSTOMER_LIST})
    assert made["audience"]["subtype"] == "CUSTOM"
    run = await start_run(api, made)
    await work()
    run = await get_run(api, run)
    assert (run["status"], run["audience_id"]) == ("succeeded", CUSTOMER_LIST)
    assert sandbox.audience(CUSTOMER_LIST)["members"] == 5
    assert sandbox.audience(connection["audience"]["id"])["members"] == 0


async def test_too_many_members_are_warned_of_on_saving(
    make_settings: Callable[..., Settings], sandbox: Any, segment_root: Path
) -> None:
    """S9, S13, L50: seen when the segment is chosen; nothing is refused and nothing truncated."""
    app = create_app(make_settings(max_members_per_export=10))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {API_KEY}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://testserver", headers=headers
        ) as api:
            connection = await make_connection(api)
            (segment_root / "a.csv").write_text(
                "email\n" + "".join(f"a{n}@example.com\n" for n in range(10))
            )
            (segment_root / "b.csv").write_text("email\nb@example.com\n")
            fits = await make_segment(api, str(segment_root / "a.csv"), "fits")
            more = await make_segment(api, str(segment_root / "b.csv"), "more")
            assert (await make_export(api, connection, fits))["warnings"] == []
            made = await make_export(api, connection, fits, more)
            assert [item["code"] for item in made["warnings"]] == ["too-many-members"]
            assert "11" in made["warnings"][0]["detail"]
            path = f"/v1/exports/{made['id']}"
            body = {"segment_ids": [more["id"]]}
            assert (await expect(await api.patch(path, json=body), 200))["warnings"] == []


async def test_what_will_not_run_well_is_warned_of(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    """L67, L75, S38."""
    segment = await segment_of(api, segment_root)
    await expect(await api.patch(f"/v1/segments/{segment['id']}", json={"state": "inactive"}), 200)
    connection = await make_connection(api)
    made = await make_export(api, connection, segment)
    assert {item["code"] for item in made["warnings"]} == {"segment-inactive"}
    # computed when they are read: the connection became a draft after the export was saved
    path = f"/v1/connections/{connection['id']}"
    await expect(await api.patch(path, json={"access_token": None}), 200)
    made = await expect(await api.get(f"/v1/exports/{made['id']}"), 200)
    assert {item["code"] for item in made["warnings"]} == {
        "segment-inactive",
        "connection-not-ready",
    }
