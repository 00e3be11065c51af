"""Pairs of the callers' own: kept with resources, changed pair by pair, found again."""

from pathlib import Path

import httpx
import pytest

from tests.flows.journey import expect, make_connection, make_export, make_segment

PAIRS = {"team": "crm", "campaign": "spring:2026"}


async def made(api: httpx.AsyncClient, folder: Path) -> dict[str, str]:
    """One resource of each kind with the pairs, by the address of its list."""
    (folder / "m.csv").write_text("email\nanna@example.com\n")
    connection = await make_connection(api, metadata=PAIRS)
    plain = await make_segment(api, str(folder / "m.csv"))
    source = {"kind": "file", "url": str(folder / "m.csv")}
    body = {"name": "labelled", "source": source, "metadata": PAIRS}
    segment = await expect(await api.post("/v1/segments", json=body), 201)
    export = await make_export(api, connection, plain, metadata=PAIRS)
    run = await expect(
        await api.post(f"/v1/exports/{export['id']}/runs", json={"metadata": PAIRS}), 202
    )
    for one in (connection, segment, export, run):
        assert one["metadata"] == PAIRS
    return {
        "/v1/connections": connection["id"],
        "/v1/segments": segment["id"],
        "/v1/exports": export["id"],
        "/v1/runs": run["id"],
    }


async def test_resources_are_found_by_their_pairs(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    for path, name in (await made(api, segment_root)).items():
        for wanted, number in (
            (["team:crm"], 1),
            (["team:crm", "campaign:spring:2026"], 1),
            (["team:crm", "campaign:autumn"], 0),
            (["team:other"], 0),
        ):
            page = await expect(await api.get(path, params={"metadata": wanted}), 200)
            assert [one["id"] for one in page["items"]] == [name][:number], (path, wanted)
        assert (await api.get(f"{path}/{name}")).json()["metadata"] == PAIRS
        broken = await expect(await api.get(path, params={"metadata": "team"}), 422)
        assert broken["errors"][0]["parameter"] == "metadata"


async def test_a_patch_changes_pair_by_pair(api: httpx.AsyncClient, segment_root: Path) -> None:
    found = await made(api, segment_root)
    for path in ("/v1/connections", "/v1/segments", "/v1/exports"):
        address = f"{path}/{found[path]}"
        changed = await expect(
            await api.patch(address, json={"metadata": {"team": None, "cost": "4711"}}), 200
        )
        assert changed["metadata"] == {"campaign": "spring:2026", "cost": "4711"}
        kept = await expect(await api.patch(address, json={"display_name": "Other"}), 200)
        assert kept["metadata"] == changed["metadata"]
        many = {f"key{number}": "x" for number in range(19)}
        refused = await expect(await api.patch(address, json={"metadata": many}), 422)
        assert refused["code"] == "validation-failed"
        cleared = await expect(await api.patch(address, json={"metadata": None}), 200)
        assert cleared["metadata"] == {}


@pytest.mark.parametrize(
    "pairs",
    [
        {f"key{number}": "x" for number in range(21)},
        {"a key": "x"},
        {"": "x"},
        {"k" * 41: "x"},
        {"key": "x" * 501},
        {"key": 5},
        {"key": None},
        {"key": "a\u0000b"},
        ["key"],
    ],
)
async def test_pairs_are_short_texts(api: httpx.AsyncClient, pairs: object) -> None:
    body = {"display_name": "Newsletter", "metadata": pairs}
    problem = await expect(await api.post("/v1/connections", json=body), 422)
    assert problem["errors"][0]["pointer"].startswith("/metadata")
