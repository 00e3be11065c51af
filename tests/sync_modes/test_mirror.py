"""A mirror holds who is a member now: who left leaves, who is known is not sent again."""

import asyncio
from typing import Any

import pytest

from app.db.models import Run
from app.db.session import Database
from tests.flows.journey import expect, get_run, make_connection, start_run
from tests.sync_modes.conftest import Lists

DELIVERED = {"succeeded", "succeeded_with_warnings"}


async def test_members_come_and_go(lists: Lists) -> None:
    """The first run adds; the next ones send differences only, removals first; nothing new, nothing sent."""
    export = await lists.export(await lists.segment("a", "ann", "ben", "cem"), mode="mirror")
    first = await lists.run(export)
    assert (first["status"], first["counts"]["added"], first["counts"]["removed"]) == (
        "succeeded",
        3,
        0,
    )
    lists.fill("a", "ann", "cem", "dee")
    second = await lists.run(export)
    assert (second["counts"]["added"], second["counts"]["removed"]) == (1, 1)
    assert lists.people(export) == {"ann", "cem", "dee"}
    assert lists.operations() == [("POST", 3), ("DELETE", 1), ("POST", 1)]
    third = await lists.run(export)
    assert (third["status"], third["counts"]["batches_total"]) == ("succeeded", 0)
    lists.fill("a", "eve", "flo")  # all leave, others come
    await lists.run(export)
    assert lists.people(export) == {"eve", "flo"}


async def test_who_leaves_one_of_two_segments_stays(lists: Lists) -> None:
    """Members of several segments are sent once, and leave with the last one."""
    a = await lists.segment("a", "ann", "ben", "ann")
    b = await lists.segment("b", "ben", "cem")
    export = await lists.export(a, b, mode="mirror")
    first = await lists.run(export)
    assert (first["counts"]["duplicates"], first["counts"]["staged"]) == (2, 3)
    lists.fill("a", "ann")
    second = await lists.run(export)
    assert second["counts"]["batches_total"] == 0
    assert lists.people(export) == {"ann", "ben", "cem"}
    lists.fill("b", "cem")
    await lists.run(export)
    assert lists.people(export) == {"ann", "cem"}


async def test_who_changes_name_but_keeps_the_email_is_not_removed(lists: Lists) -> None:
    """Removals go by key identifier; all rows of one go when the person leaves."""
    mapping = {"EMAIL": "email", "FN": "first_name"}
    mary, maria = ({"email": "mary@example.com", "first_name": name} for name in ("mary", "maria"))
    ben = {"email": "ben@example.com", "first_name": "ben"}
    export = await lists.export(
        await lists.segment("a", mary, ben), mode="mirror", attributes=mapping
    )
    await lists.run(export)
    lists.fill("a", maria, ben)
    second = await lists.run(export)
    assert (second["counts"]["added"], second["counts"]["removed"]) == (1, 0)
    assert ("mary", "maria") in lists.rows(export)
    assert lists.people(export) == {"mary", "ben"}
    lists.fill("a", ben)
    await lists.run(export)
    assert lists.rows(export) == {("ben", "ben")}


async def test_an_empty_segment_empties_nothing_unless_the_export_says_so(lists: Lists) -> None:
    export = await lists.export(await lists.segment("a", "ann", "ben"), mode="mirror")
    await lists.run(export)
    lists.fill("a")
    run = await lists.run(export)
    assert (run["status"], run["error"]["code"]) == ("skipped", "segment-empty")
    assert lists.people(export) == {"ann", "ben"}
    api = lists.exporting.api
    await expect(await api.patch(f"/v1/exports/{export['id']}", json={"allow_shrink": True}), 200)
    run = await lists.run(export)
    assert (run["status"], run["counts"]["removed"]) == ("succeeded", 2)
    assert lists.people(export) == set()


async def test_after_a_failed_run(lists: Lists) -> None:
    """What it removed comes back, what it added is found again, whether or not Meta said so."""
    export = await lists.export(await lists.segment("a", "ann", "ben", "cem"), mode="mirror")
    await lists.run(export)
    lists.fill("a", "ann", "dee")
    # dee's row is taken although the answer is a refusal
    lists.fault("error", code=471, status=400, applied=True)
    failed = await lists.run(export)
    assert (failed["status"], failed["counts"]["removed"]) == ("failed", 2)
    assert lists.people(export) == {"ann", "dee"}
    lists.fill("a", "ann", "ben", "eve")
    again = await lists.run(export)
    assert again["status"] in DELIVERED
    assert lists.people(export) == {"ann", "ben", "eve"}
    lists.fill("a", "ann", "eve")
    await lists.run(export)
    assert lists.people(export) == {"ann", "eve"}


async def test_after_a_canceled_run(lists: Lists, work: Any, database: Database) -> None:
    """What was sent stays sent, is counted, and is known to the next run."""
    export = await lists.export(await lists.segment("a", "ann", "ben"), mode="mirror")
    await lists.run(export)
    lists.fill("a", "cem", "dee")
    lists.fault("slow", "DELETE", delay=50)
    api = lists.exporting.api
    run = await start_run(api, export)
    working = asyncio.create_task(work())
    for _ in range(1_000):
        if any(item["method"] == "DELETE" for item in lists.exporting.uploads()):
            break
        await asyncio.sleep(0.02)
    await expect(await api.post(f"/v1/runs/{run['id']}/cancel"), 200)
    await _heard(database, run)
    lists.exporting.sandbox.control("DELETE", "faults")
    await working
    run = await get_run(api, run)
    assert (run["status"], run["counts"]["removed"], run["counts"]["added"]) == ("canceled", 2, 0)
    assert lists.people(export) == set()
    lists.fill("a", "ann", "cem")
    await lists.run(export)
    assert lists.people(export) == {"ann", "cem"}


async def _heard(database: Database, run: dict[str, Any]) -> None:
    """Wait until the worker has given two signs of life: with the second it has heard what stood there."""
    seen = set[object]()
    while len(seen) < 3:
        async with database.reading() as session:
            seen.add((await session.get_one(Run, run["id"])).lease_until)
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("move", ["export", "connection"])
async def test_another_audience_is_another_mirror(lists: Lists, move: str) -> None:
    """What was delivered to the old audience says nothing of the new one; the old one is left alone."""
    export = await lists.export(await lists.segment("a", "ann", "ben"), mode="mirror")
    await lists.run(export)
    api = lists.exporting.api
    other = await make_connection(api, audience={"name": "Another list"})
    target = other["audience"]["id"]
    if move == "export":
        address, change = f"/v1/exports/{export['id']}", {"audience": {"id": target}}
    else:
        address = f"/v1/connections/{export['connection_id']}"
        change = {"audience": {"id": target}}
    await expect(await api.patch(address, json=change), 200)
    lists.fill("a", "ann", "cem")
    run = await lists.run(export)
    assert (run["audience_id"], run["counts"]["added"], run["counts"]["removed"]) == (target, 2, 0)
    assert lists.people({"audience_id": target}) == {"ann", "cem"}
    assert lists.people(export) == {"ann", "ben"}


async def test_people_meta_keeps_leave_when_they_may(lists: Lists, sandbox: Any) -> None:
    """A removal refused since the audience would be too small is a warning, and is tried again."""
    export = await lists.export(await lists.segment("a", "ann", "ben", "cem"), mode="mirror")
    await lists.run(export)
    sandbox.control("PUT", "settings", json={"small_audience_threshold": 3})
    lists.fill("a", "ann", "ben")
    run = await lists.run(export)
    assert run["status"] == "succeeded_with_warnings"
    assert [item["code"] for item in run["warnings"]] == ["audience-too-small"]
    assert (run["counts"]["removed"], run["counts"]["batches_done"]) == (0, 1)
    assert lists.people(export) == {"ann", "ben", "cem"}
    lists.fill("a", "ann", "ben", "dee")
    run = await lists.run(export)  # four in the audience before, so cem may leave at last
    assert lists.people(export) == {"ann", "ben", "cem", "dee"}
    run = await lists.run(export)
    assert run["status"] == "succeeded"
    assert lists.people(export) == {"ann", "ben", "dee"}
    run = await lists.run(export)
    assert run["counts"]["batches_total"] == 0
