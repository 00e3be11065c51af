"""A replacement swaps the whole list in one session, and never for next to nobody by mistake."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from sandbox.membership.checksum import of_columns
from tests.flows.exporting import digest
from tests.flows.journey import expect
from tests.sync_modes.conftest import Lists


def replacing(lists: Lists) -> list[dict[str, Any]]:
    """The uploads of the replacement, in order of arrival."""
    return [item for item in lists.exporting.uploads() if item["path"].endswith("/usersreplace")]


async def test_a_small_list_is_one_batch(lists: Lists) -> None:
    export = await lists.export(await lists.segment("a", "ann", "ben"), mode="replace")
    run = await lists.run(export)
    assert (run["status"], run["counts"]["added"]) == ("succeeded", 2)
    lists.fill("a", "ben", "cem")
    await lists.run(export)
    assert lists.people(export) == {"ben", "cem"}
    assert [(item["batch_seq"], item["last_batch"]) for item in replacing(lists)] == [(1, True)] * 2


async def test_the_first_batch_leaves_alone_and_so_does_the_last(
    lists: Lists, segment_root: Path, sandbox: Any
) -> None:
    """45,000 people: one batch, several at once, one batch; the audience is exactly they."""
    numbers = [f"m{number}@example.com" for number in range(45_000)]
    pl.DataFrame({"email": numbers}).write_parquet(segment_root / "m.parquet")
    source = {"kind": "file", "url": str(segment_root / "m.parquet")}
    segment = await lists.exporting.segment(source)
    export = await lists.export(segment, mode="replace")
    sandbox.control("PUT", "settings", json={"latency": 0.1})
    run = await lists.run(export)
    assert run["status"] == "succeeded"
    calls = replacing(lists)
    assert len({item["session_id"] for item in calls}) == 1
    first, *middle, last = calls
    assert (first["batch_seq"], first["last_batch"]) == (1, False)
    assert (last["batch_seq"], last["last_batch"]) == (len(calls), True)
    assert {item["batch_seq"] for item in middle} == set(range(2, len(calls)))
    assert sum(item["rows"] for item in calls) == 45_000
    ends = {id(item): item["time"] + item["duration"] for item in calls}
    assert all(item["time"] >= ends[id(first)] for item in middle)
    assert all(last["time"] >= ends[id(item)] for item in middle)
    assert any(b["time"] < ends[id(a)] for a, b in pairwise(middle))  # these at once
    expected = of_columns({"EMAIL": [digest(email) for email in numbers]})
    assert lists.exporting.holds(export) == expected


async def test_rows_with_an_external_id_are_part_of_the_swap(lists: Lists) -> None:
    """Members with and without EXTERN_ID have different schemas; all are there at the end."""
    mapping = {"EMAIL": "email", "EXTERN_ID": "id"}
    members = [
        {"email": "ann@example.com", "id": "c-1"},
        {"email": "ben@example.com", "id": ""},
        {"email": "cem@example.com", "id": "c-3"},
    ]
    export = await lists.export(
        await lists.segment("a", *members), mode="replace", attributes=mapping
    )
    for _ in range(2):
        run = await lists.run(export)
        assert (run["status"], run["counts"]["invalid"]) == ("succeeded", 0)
        assert lists.rows(export) == {("ann", "c-1"), ("ben",), ("cem", "c-3")}
    lists.fill("a", members[0], members[1])
    await lists.run(export)
    assert lists.rows(export) == {("ann", "c-1"), ("ben",)}


async def test_a_list_that_shrinks_by_more_than_half_is_refused(lists: Lists) -> None:
    everybody = [f"m{number}" for number in range(10)]
    export = await lists.export(await lists.segment("a", *everybody), mode="replace")
    assert export["allow_shrink"] is False
    await lists.run(export)
    lists.fill("a", *everybody[:5])
    assert (await lists.run(export))["status"] == "succeeded"  # by half is not more than half
    calls = len(replacing(lists))
    lists.fill("a", *everybody[:2])
    for _ in range(2):  # a refused run is no measure for the next one
        run = await lists.run(export)
        assert (run["status"], run["error"]["code"]) == ("failed", "replace-would-shrink")
        assert run["error"]["culprit"] == "user"
        assert "allow_shrink" in run["error"]["message"]
    assert len(replacing(lists)) == calls
    assert len(lists.people(export)) == 5
    api = lists.exporting.api
    address = f"/v1/exports/{export['id']}"
    await expect(await api.patch(address, json={"allow_shrink": None}), 422)
    changed = await expect(await api.patch(address, json={"allow_shrink": True}), 200)
    assert changed["allow_shrink"] is True
    assert (await lists.run(export))["status"] == "succeeded"
    assert lists.people(export) == {"m0", "m1"}


async def test_nobody_is_never_a_replacement(lists: Lists) -> None:
    """Neither an empty file nor one of unusable members empties an audience, whatever the export allows."""
    export = await lists.export(
        await lists.segment("a", "ann", "ben"), mode="replace", allow_shrink=True
    )
    await lists.run(export)
    lists.fill("a")
    run = await lists.run(export)
    assert (run["status"], run["error"]["code"]) == ("skipped", "segment-empty")
    lists.fill("a", {"email": "nonsense"}, {"email": "@"})
    run = await lists.run(export)
    assert (run["status"], run["error"]["code"]) == ("failed", "nothing-usable")
    assert run["skipped_reasons"] == {"email_invalid": 2}
    assert lists.people(export) == {"ann", "ben"}
