"""A segment whose members are pushed has none until the first push: it is inactive till then (L75)."""

from typing import Any

import httpx
import pytest

from tests.flows.exporting import Exporting
from tests.flows.journey import expect


@pytest.fixture
def exporting(api: httpx.AsyncClient, work: Any, sandbox: Any) -> Exporting:
    return Exporting(api, work, sandbox)


async def state_of(exporting: Exporting, segment: dict[str, Any]) -> str:
    path = f"/v1/segments/{segment['id']}"
    found: str = (await expect(await exporting.api.get(path), 200))["state"]
    return found


async def test_inactive_until_the_first_push(exporting: Exporting) -> None:
    """L75: an export of it is warned of and skipped, never sent as an empty list; a push wakes it."""
    segment = await exporting.segment({"kind": "upload"})
    path = f"/v1/segments/{segment['id']}"
    assert segment["state"] == "inactive"
    refused = await expect(await exporting.api.patch(path, json={"state": "active"}), 409)
    assert refused["code"] == "segment-without-members"
    export = await exporting.export(segment, attributes={"EMAIL": "EMAIL"})
    assert "segment-inactive" in {item["code"] for item in export["warnings"]}
    run = await exporting.run(export)
    assert (run["status"], run["error"]["code"]) == ("skipped", "segment-inactive")
    assert "first push" in run["error"]["message"]

    await exporting.push(segment, "EMAIL\nann@example.com\n")
    assert await state_of(exporting, segment) == "active"
    run = await exporting.run(export)
    assert (run["status"], run["counts"]["received"]) == ("succeeded", 1)

    # who stops it means it: another push does not start it again
    await expect(await exporting.api.patch(path, json={"state": "inactive"}), 200)
    await exporting.push(segment, "EMAIL\nben@example.com\n")
    assert await state_of(exporting, segment) == "inactive"
    await expect(await exporting.api.patch(path, json={"state": "active"}), 200)


async def test_another_kind_of_source(exporting: Exporting, segment_root: Any) -> None:
    """Members that are read are there; those to be pushed are not there yet."""
    (segment_root / "m.csv").write_text("email\nann@example.com\n")
    file = {"kind": "file", "url": str(segment_root / "m.csv")}
    segment = await exporting.segment({"kind": "upload"})
    path = f"/v1/segments/{segment['id']}"
    for source, state in ((file, "active"), ({"kind": "upload"}, "inactive"), (file, "active")):
        changed = await expect(await exporting.api.patch(path, json={"source": source}), 200)
        assert changed["state"] == state
    off = {"state": "inactive"}
    await expect(await exporting.api.patch(path, json=off), 200)
    kept = await expect(await exporting.api.patch(path, json={"display_name": "Kept"}), 200)
    assert kept["state"] == "inactive"


@pytest.mark.parametrize("mode", ["mirror", "replace"])
async def test_pushed_members_are_guarded_too(exporting: Exporting, mode: str) -> None:
    """Members pushed without a column that had values, unusable ones, and far fewer."""
    rows = [f"m{number}@example.com,name{number}" for number in range(60)]
    segment = await exporting.segment({"kind": "upload"})
    await exporting.push(segment, "EMAIL,FN\n" + "\n".join(rows) + "\n")
    mapping = {"EMAIL": "EMAIL", "FN": "FN"}
    export = await exporting.export(segment, attributes=mapping, sync_mode=mode)
    assert (await exporting.run(export))["status"] == "succeeded"
    before = exporting.holds(export)
    for body, code in (
        ([row.split(",")[0] + "," for row in rows], "usable-share-collapsed"),
        (rows[:20], f"{mode}-would-shrink"),
    ):
        await exporting.push(segment, "EMAIL,FN\n" + "\n".join(body) + "\n")
        run = await exporting.run(export)
        assert (run["status"], run["error"]["code"]) == ("failed", code), run["error"]
        assert exporting.holds(export) == before
