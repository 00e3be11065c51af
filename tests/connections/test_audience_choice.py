"""Administrators decide where data may go: whom contributors may aim at, one list a name (L5, L52b)."""

from typing import Any

import httpx
import pytest

from tests.access.callers import acting_as
from tests.flows.journey import ACCOUNT, TOKEN, expect, make_connection, make_export, make_segment

OWN, LISTED, OTHER = "23850000000000001", "23850000000000012", "23850000000000010"


@pytest.fixture
async def shared(api: httpx.AsyncClient) -> dict[str, Any]:
    return await make_connection(
        api, audience={"id": OWN}, shared_with=["administrator", "contributor"]
    )


@pytest.fixture
async def body(api: httpx.AsyncClient, shared: Any, segment_root: Any) -> dict[str, Any]:
    (segment_root / "m.csv").write_text("email\nann@example.com\n")
    segment = await make_segment(api, str(segment_root / "m.csv"))
    return {
        "display_name": "Theirs",
        "connection_id": shared["id"],
        "key_identifier": "email",
        "attributes": {"EMAIL": "email"},
        "segment_ids": [segment["id"]],
        "sync_mode": "remove",
    }


CHOICES: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {OWN}),
    ({"audience_choice": "fixed", "allowed_audience_ids": [LISTED]}, {OWN}),
    ({"audience_choice": "listed", "allowed_audience_ids": [LISTED]}, {OWN, LISTED}),
    ({"audience_choice": "any"}, {OWN, LISTED, OTHER}),
]


@pytest.mark.parametrize(("choice", "allowed"), CHOICES)
async def test_which_audiences_a_contributor_may_aim_at(
    api: httpx.AsyncClient,
    shared: dict[str, Any],
    body: dict[str, Any],
    choice: dict[str, Any],
    allowed: set[str],
) -> None:
    """L5: on making, changing and duplicating an export; administrators may always choose."""
    path = f"/v1/connections/{shared['id']}"
    changed = await expect(await api.patch(path, json=choice), 200)
    assert changed["audience_choice"] == choice.get("audience_choice", "fixed")
    assert changed["allowed_audience_ids"] == choice.get("allowed_audience_ids", [])
    async with acting_as(api, "contributor") as theirs:
        plain = await expect(await theirs.post("/v1/exports", json=body), 201)
        for audience in (OWN, LISTED, OTHER):
            aimed = {"audience": {"id": audience}}
            made = await theirs.post("/v1/exports", json=body | aimed)
            moved = await theirs.patch(f"/v1/exports/{plain['id']}", json=aimed)
            for answer, status in ((made, 201), (moved, 200)):
                if audience in allowed:
                    await expect(answer, status)
                    continue
                problem = await expect(answer, 403)
                assert problem["code"] == "audience-not-allowed"
                assert "administrator" in problem["detail"]
    ours = await make_export(api, shared, {"id": body["segment_ids"][0]}, audience={"id": OTHER})
    async with acting_as(api, "contributor") as theirs:
        copy = await theirs.post(f"/v1/exports/{ours['id']}/duplicate", json={})
        await expect(copy, 201 if OTHER in allowed else 403)
        # what an administrator chose stays, whatever else is changed
        renamed = await theirs.patch(f"/v1/exports/{ours['id']}", json={"display_name": "Renamed"})
        kept = await expect(renamed, 200)
        assert kept["audience"]["id"] == OTHER
        again = await theirs.patch(
            f"/v1/exports/{ours['id']}", json={"audience": {"id": OTHER}, "sync_mode": "remove"}
        )
        await expect(again, 200)


async def test_choices_are_strict(api: httpx.AsyncClient, shared: dict[str, Any]) -> None:
    path = f"/v1/connections/{shared['id']}"
    for wrong in (
        {"audience_choice": "some"},
        {"audience_choice": None},
        {"allowed_audience_ids": ["x"]},
        {"allowed_audience_ids": None},
    ):
        await expect(await api.patch(path, json=wrong), 422)


async def test_a_new_audience_has_a_name_of_its_own(api: httpx.AsyncClient, sandbox: Any) -> None:
    """L52b: 409 with the id of the one that is there, unless the caller wants two of one name."""
    first = await make_connection(api, audience={"name": "Readers"})
    consent = (await api.get("/v1/consent")).json()
    whole = {
        "display_name": "Second",
        "access_token": TOKEN,
        "ad_account_id": ACCOUNT,
        "audience": {"name": "Readers"},
        "consent": {"accepted": True, "version": consent["version"]},
    }
    problem = await expect(await api.post("/v1/connections", json=whole), 409)
    assert (problem["code"], problem["audience_id"]) == (
        "audience-name-taken",
        first["audience"]["id"],
    )
    assert problem["audience_id"] in problem["detail"]
    assert len((await api.get("/v1/connections")).json()["items"]) == 1
    # whatever Meta calls the kind: a name is looked for by people
    website = whole | {"audience": {"name": "Visitors"}}
    assert (await expect(await api.post("/v1/connections", json=website), 409))["code"] == (
        "audience-name-taken"
    )

    # step by step: refused when the name is given, and nothing is made
    draft = await expect(
        await api.post("/v1/connections", json={"display_name": "d", "access_token": TOKEN}), 201
    )
    path = f"/v1/connections/{draft['id']}"
    named = {"ad_account_id": ACCOUNT, "audience": {"name": "Readers"}}
    assert (await expect(await api.patch(path, json=named), 409))["code"] == "audience-name-taken"
    assert (await expect(await api.get(path), 200))["ad_account"] is None

    twice = await expect(
        await api.post("/v1/connections", json=whole | {"allow_duplicate_name": True}), 201
    )
    within = {"audience": {"name": "Readers", "allow_duplicate_name": True}}
    thrice = await expect(await api.post("/v1/connections", json=whole | within), 201)
    ids = {item["audience"]["id"] for item in (first, twice, thrice)}
    assert len(ids) == 3
    assert all(sandbox.audience(one)["name"] == "Readers" for one in ids)
