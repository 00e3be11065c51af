"""Looking at a segment again, what is remembered of it, and which exports send it (L66, L67, L75-L77)."""

from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import update

from app.db.models import Run
from app.db.session import Database
from tests.access.callers import acting_as
from tests.flows.journey import (
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)


def write(path: Path, members: int) -> None:
    path.write_text("email\n" + "".join(f"m{number}@example.com\n" for number in range(members)))


async def history(api: httpx.AsyncClient, segment: dict[str, Any]) -> list[Any]:
    """Counts, or codes of failures, newest first."""
    page = await expect(await api.get(f"/v1/segments/{segment['id']}/evaluations"), 200)
    return [
        item["error"]["code"] if item["error"] else item["member_count"] for item in page["items"]
    ]


async def test_refresh_reads_count_and_attributes_again(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    file = segment_root / "m.csv"
    write(file, 3)
    segment = await make_segment(api, str(file))
    path = f"/v1/segments/{segment['id']}"
    assert (segment["member_count"], segment["last_error"]) == (3, None)
    file.write_text("email,phone\n" + "a@example.com,1\n" * 5)
    found = await expect(await api.post(f"{path}/refresh"), 200)
    assert found["member_count"] == 5
    assert found["evaluated_at"] > segment["evaluated_at"]
    assert [(item["name"], item["suggested_key"]) for item in found["attributes"]] == [
        ("email", "EMAIL"),
        ("phone", "PHONE"),
    ]
    assert found["version"] == segment["version"]  # a look is no change
    assert await history(api, segment) == [5, 3]


async def test_a_failed_refresh_is_the_answer_and_is_kept(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    file = segment_root / "m.csv"
    write(file, 3)
    segment = await make_segment(api, str(file))
    path = f"/v1/segments/{segment['id']}"
    file.unlink()
    problem = await expect(await api.post(f"{path}/refresh"), 422)
    assert problem["code"] == "source-not-found"
    found = await expect(await api.get(path), 200)
    assert found["last_error"]["code"] == "source-not-found"
    assert found["last_error"]["message"] == problem["detail"]
    assert found["last_error"]["culprit"] == "user"
    assert found["member_count"] == 3  # what was last known
    (listed,) = (await api.get("/v1/segments")).json()["items"]
    assert listed == found
    write(file, 4)
    async with acting_as(api, "contributor") as other:
        found = await expect(await other.post(f"{path}/refresh"), 200)
    assert (found["member_count"], found["last_error"]) == (4, None)
    assert await history(api, segment) == [4, "source-not-found", 3]
    async with acting_as(api, "viewer") as other:
        await expect(await other.post(f"{path}/refresh"), 403)
        assert await history(other, segment)
    await expect(await api.post(f"/v1/segments/seg_{'0' * 32}/refresh"), 404)
    page = await expect(await api.get(f"{path}/evaluations", params={"limit": "2"}), 200)
    rest = await api.get(f"{path}/evaluations", params={"cursor": page["next_cursor"]})
    assert len((await expect(rest, 200))["items"]) == 1


async def test_a_changed_source_and_a_run_are_looks_too(
    api: httpx.AsyncClient, segment_root: Path, work: Any
) -> None:
    one, two = segment_root / "one.csv", segment_root / "two.csv"
    write(one, 1)
    write(two, 2)
    segment = await make_segment(api, str(one))
    source = {"source": {"kind": "file", "url": str(two)}}
    await expect(await api.patch(f"/v1/segments/{segment['id']}", json=source), 200)
    await expect(await api.patch(f"/v1/segments/{segment['id']}", json={"display_name": "N"}), 200)
    assert await history(api, segment) == [2, 1]
    export = await make_export(api, await make_connection(api), segment)
    write(two, 7)
    run = await start_run(api, export)
    await work()
    assert (await get_run(api, run))["counts"]["read"] == 7
    assert await history(api, segment) == [7, 2, 1]
    assert (await api.get(f"/v1/segments/{segment['id']}")).json()["member_count"] == 7


async def test_a_scheduled_run_waits_for_nothing_and_names_the_segment(
    api: httpx.AsyncClient, segment_root: Path, database: Database, sandbox: Any, work: Any
) -> None:
    """L64-L67: inactive, empty or unreadable makes it skipped; on demand an unreadable one fails."""
    good, bad = segment_root / "good.csv", segment_root / "bad.csv"
    write(good, 3)
    write(bad, 3)
    segments = [
        await make_segment(api, str(good), "good"),
        await make_segment(api, str(bad), "bad"),
    ]
    export = await make_export(api, await make_connection(api), *segments)
    state = f"/v1/segments/{segments[1]['id']}"

    async def outcome(trigger: str) -> tuple[str, str | None, str]:
        run = await start_run(api, export)
        async with database.transaction() as session:
            await session.execute(update(Run).where(Run.id == run["id"]).values(trigger=trigger))
        await work()
        run = await get_run(api, run)
        error = run["error"] or {"code": None, "message": ""}
        return run["status"], error["code"], error["message"]

    write(bad, 0)
    status, code, message = await outcome("scheduled")
    assert (status, code) == ("skipped", "segment-empty")
    assert "segment bad " in message
    status, _, _ = await outcome("on_demand")  # somebody asked for it: the other segment is sent
    assert status == "succeeded"
    sent = len(sandbox.requests("/users"))
    bad.unlink()
    status, code, message = await outcome("scheduled")
    assert (status, code) == ("skipped", "segment-unreadable")
    assert "segment bad " in message
    assert "bad.csv" in message
    status, code, message = await outcome("on_demand")
    assert (status, code) == ("skipped", "source-not-found")  # L66
    assert "segment bad " in message
    found = (await api.get(state)).json()
    assert found["last_error"]["code"] == "source-not-found"
    # what the mapping asks for is not there: that is no matter of the upstream
    bad.write_text("mail\na@example.com\n")
    for trigger in ("scheduled", "on_demand"):
        status, code, _ = await outcome(trigger)
        assert (trigger, status, code) == (trigger, "failed", "attribute-missing")
    bad.unlink()
    await expect(await api.patch(state, json={"state": "inactive"}), 200)
    status, code, message = await outcome("scheduled")
    assert (status, code) == ("skipped", "segment-inactive")
    assert "segment bad " in message
    assert len(sandbox.requests("/users")) == sent


async def test_a_segment_joins_and_leaves_an_export(
    api: httpx.AsyncClient, segment_root: Path
) -> None:
    """L76, under the rules of editing an export."""
    write(segment_root / "m.csv", 1)
    (segment_root / "other.csv").write_text("mail\na@example.com\n")
    first = await make_segment(api, str(segment_root / "m.csv"), "first")
    second = await make_segment(api, str(segment_root / "m.csv"), "second")
    other = await make_segment(api, str(segment_root / "other.csv"), "other")
    export = await make_export(api, await make_connection(api), first)
    path = f"/v1/segments/{second['id']}/exports/{export['id']}"
    for _ in range(2):  # twice is as once
        found = await expect(await api.post(path), 200)
        assert found["segment_ids"] == [first["id"], second["id"]]
    assert found["version"] == export["version"] + 1
    uses = (await api.get(f"/v1/segments/{second['id']}/exports")).json()["items"]
    assert [item["id"] for item in uses] == [export["id"]]
    problem = await expect(
        await api.post(f"/v1/segments/{other['id']}/exports/{export['id']}"), 422
    )
    assert problem["code"] == "attribute-missing"
    async with acting_as(api, "contributor") as stranger:
        await expect(await stranger.post(path), 403)
        await expect(await stranger.delete(path), 403)
    await expect(await api.delete(path), 204)
    await expect(await api.delete(path), 404)
    last = await api.delete(f"/v1/segments/{first['id']}/exports/{export['id']}")
    assert (await expect(last, 409))["code"] == "last-segment"
    assert (await api.get(f"/v1/exports/{export['id']}")).json()["segment_ids"] == [first["id"]]
    await expect(await api.post(f"/v1/segments/seg_{'0' * 32}/exports/{export['id']}"), 404)
    await expect(await api.post(f"/v1/segments/{first['id']}/exports/exp_{'0' * 32}"), 404)
