"""A new audience is made at Meta once: whatever is lost, repeated or done twice at the same moment."""

import asyncio
from typing import Any

import httpx
from sqlalchemy import text

from app.db.session import Database
from tests.flows.journey import ACCOUNT, TOKEN, expect, make_connection

CREATE = {"path": "customaudiences$", "method": "POST"}


def made_at_meta(sandbox: Any, name: str) -> list[str]:
    """Ids of the ad account's audiences of that name, as Meta lists them."""
    answer = sandbox.http.get(
        f"/v26.0/{ACCOUNT}/customaudiences",
        params={"fields": "id,name", "limit": 200},
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    return [item["id"] for item in answer.json()["data"] if item["name"] == name]


async def whole(api: httpx.AsyncClient, name: str) -> dict[str, Any]:
    consent = (await api.get("/v1/consent")).json()
    return {
        "display_name": name,
        "access_token": TOKEN,
        "ad_account_id": ACCOUNT,
        "audience": {"name": name},
        "consent": {"accepted": True, "version": consent["version"]},
    }


async def a_minute_passes(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(
            text(
                "update connections set audience_creation_started_at = "
                "audience_creation_started_at - interval '61 seconds'"
            )
        )


async def test_what_was_asked_for_reaches_meta(api: httpx.AsyncClient, sandbox: Any) -> None:
    """S11, S12, S30: of type customer list, with what the caller said of it."""
    audience = {
        "name": "Values",
        "description": "By value",
        "customer_file_source": "BOTH_USER_AND_PARTNER_PROVIDED",
        "retention_days": 90,
        "is_value_based": True,
    }
    made = await make_connection(api, audience=audience)
    there = sandbox.audience(made["audience"]["id"])
    assert {name: there[name] for name in audience} == audience
    assert there["subtype"] == "CUSTOM"


async def test_an_answer_that_is_lost_makes_no_second_audience(
    api: httpx.AsyncClient, sandbox: Any
) -> None:
    """L52b: the audience that Meta made before it hung up is found and taken."""
    sandbox.control("POST", "faults", json={"kind": "hangup-after", "match": CREATE, "times": 1})
    made = await expect(await api.post("/v1/connections", json=await whole(api, "Lost")), 201)
    assert made["status"] == "ready"
    assert made_at_meta(sandbox, "Lost") == [made["audience"]["id"]]


async def test_a_draft_left_by_a_lost_answer_is_finished_by_an_empty_patch(
    api: httpx.AsyncClient, sandbox: Any, database: Database
) -> None:
    """L52b: also when Meta could not be asked at that moment what it had made."""
    sandbox.control("POST", "faults", json={"kind": "hangup-after", "match": CREATE, "times": 1})
    listing = {"path": "customaudiences$", "method": "GET"}
    denied = {"kind": "error", "code": 10, "status": 403, "match": listing}
    sandbox.control("POST", "faults", json=denied)
    problem = await expect(await api.post("/v1/connections", json=await whole(api, "Away")), 502)
    assert problem["code"] == "outcome-unknown"
    path = f"/v1/connections/{problem['connection_id']}"
    draft = await expect(await api.get(path), 200)
    assert (draft["status"], draft["missing"]) == ("draft", ["audience"])
    assert draft["audience"] == {"id": None, "name": "Away", "subtype": None}
    sandbox.control("DELETE", "faults")
    for body in ({}, {"audience": {"name": "Away"}}):
        # the first call may still be under way at Meta
        early = await expect(await api.patch(path, json=body), 409)
        assert early["code"] == "audience-creation-in-progress"
    await a_minute_passes(database)
    made = await expect(await api.patch(path, json={}), 200)
    assert made["status"] == "ready"
    assert made_at_meta(sandbox, "Away") == [made["audience"]["id"]]


async def test_a_call_that_never_arrived_is_made_again(
    api: httpx.AsyncClient, sandbox: Any, database: Database
) -> None:
    sandbox.control("POST", "faults", json={"kind": "hangup-before", "match": CREATE, "times": 1})
    problem = await expect(await api.post("/v1/connections", json=await whole(api, "Never")), 502)
    assert made_at_meta(sandbox, "Never") == []
    await a_minute_passes(database)
    path = f"/v1/connections/{problem['connection_id']}"
    made = await expect(await api.patch(path, json={}), 200)
    assert made_at_meta(sandbox, "Never") == [made["audience"]["id"]]


async def test_asking_again_for_the_same_audience_makes_no_other(
    api: httpx.AsyncClient, sandbox: Any
) -> None:
    """A caller who did not see the answer repeats the call; another name asks for another audience."""
    made = await make_connection(api, audience={"name": "Same", "description": "d"})
    path = f"/v1/connections/{made['id']}"
    body = {"audience": {"name": "Same", "description": "d"}}
    again = await expect(await api.patch(path, json=body), 200)
    assert again["audience"] == made["audience"]
    assert made_at_meta(sandbox, "Same") == [made["audience"]["id"]]
    other = await expect(await api.patch(path, json={"audience": {"name": "Other"}}), 200)
    assert made_at_meta(sandbox, "Other") == [other["audience"]["id"]]
    moved = await api.patch(path, json={"audience": {"name": "Other"}, "ad_account_id": "act_1002"})
    there = sandbox.audience((await expect(moved, 200))["audience"]["id"])
    assert (there["account_id"], there["name"]) == ("1002", "Other")


async def test_another_connections_audience_of_that_name_is_not_taken(
    api: httpx.AsyncClient, sandbox: Any
) -> None:
    first = await make_connection(api, audience={"name": "Popular"})
    sandbox.control("POST", "faults", json={"kind": "hangup-after", "match": CREATE, "times": 1})
    second = await make_connection(api, audience={"name": "Popular", "allow_duplicate_name": True})
    assert first["audience"]["id"] != second["audience"]["id"]
    assert len(made_at_meta(sandbox, "Popular")) == 2


async def test_two_callers_completing_one_draft(api: httpx.AsyncClient, sandbox: Any) -> None:
    body = await whole(api, "Both")
    consent = body.pop("consent")
    draft = await expect(await api.post("/v1/connections", json=body), 201)
    path = f"/v1/connections/{draft['id']}"
    slow = {"kind": "slow", "delay": 3, "match": CREATE}
    sandbox.control("POST", "faults", json=slow)
    answers = await asyncio.gather(
        *(api.patch(path, json={"consent": consent}) for _ in range(4)), return_exceptions=False
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] == 200
    assert set(codes[1:]) <= {409, 412}
    made = await expect(await api.get(path), 200)
    assert made["status"] == "ready"
    assert made_at_meta(sandbox, "Both") == [made["audience"]["id"]]


async def test_a_change_during_the_creation_loses_nothing(
    api: httpx.AsyncClient, sandbox: Any
) -> None:
    body = await whole(api, "Slowly")
    consent = body.pop("consent")
    draft = await expect(await api.post("/v1/connections", json=body), 201)
    path = f"/v1/connections/{draft['id']}"
    sandbox.control("POST", "faults", json={"kind": "slow", "delay": 3, "match": CREATE})
    completing = asyncio.create_task(api.patch(path, json={"consent": consent}))
    while not sandbox.control("GET", "requests", params={"method": "POST"}):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    meanwhile = await api.patch(path, json={"display_name": "Renamed"})
    assert (await expect(meanwhile, 409))["code"] == "audience-creation-in-progress"
    done = await expect(await completing, 200)
    assert done["status"] == "ready"
    made = await expect(await api.get(path), 200)
    assert made["display_name"] == "Renamed"
    assert made_at_meta(sandbox, "Slowly") == [made["audience"]["id"]]


async def test_a_clear_no_leaves_nothing_behind(api: httpx.AsyncClient, sandbox: Any) -> None:
    """Refused by Meta: no draft that nobody asked for, and the next call may be right at once."""
    refused = {"kind": "error", "code": 2654, "status": 400, "match": CREATE, "times": 2}
    sandbox.control("POST", "faults", json=refused)
    answer = await api.post("/v1/connections", json=await whole(api, "Full"))
    assert answer.status_code in {422, 502}
    assert (await api.get("/v1/connections")).json()["items"] == []
    body = await whole(api, "Full")
    consent = body.pop("consent")
    draft = await expect(await api.post("/v1/connections", json=body), 201)
    path = f"/v1/connections/{draft['id']}"
    assert (await api.patch(path, json={"consent": consent})).status_code in {422, 502}
    made = await expect(await api.patch(path, json={}), 200)
    assert made_at_meta(sandbox, "Full") == [made["audience"]["id"]]
