"""Unchanged means free: a mirror that would change nothing ends at once, and only then."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import text

from app.db.session import Database
from app.exports.members.suppression import suppression_list
from app.schedules.due import start_due
from app.settings import Settings
from tests.flows.journey import expect, get_run, make_connection
from tests.sources.lake import Lake, arrow
from tests.sync_modes.conftest import Lists

NOTHING = {
    "read", "expanded", "duplicates", "skipped", "staged", "added", "removed", "received", "invalid",
    "batches_total", "batches_done",
}  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path, segment_root: Path) -> Lake:
    return Lake(segment_root / "lake")


@pytest.fixture
def settings(
    make_settings: Callable[..., Settings], segment_root: Path, reader_url: str
) -> Settings:
    databases = f"lake=iceberg+sqlite://{segment_root}/lake/catalog.db,crm={reader_url}"
    return make_settings(sweep_seconds=3600, segment_databases=databases)


async def again(lists: Lists, export: dict[str, Any], work: Any, **body: Any) -> dict[str, Any]:
    """Another run, as it ended."""
    path = f"/v1/exports/{export['id']}/runs"
    run = await expect(await lists.exporting.api.post(path, json=body), 202)
    await work()
    return await get_run(lists.exporting.api, run)


def is_free(run: dict[str, Any]) -> bool:
    """Whether it ended at once, and said so."""
    free = run["note"] == "unchanged"
    if free:
        assert (run["status"], run["error"], run["warnings"]) == ("succeeded", None, [])
        assert {run["counts"][name] for name in NOTHING} == {0}
    return bool(free)


async def test_nothing_new_costs_nothing_unless_asked_for(lists: Lists, work: Any) -> None:
    """Members that cannot be used are no reason to read them again; another mode always is."""
    segments = [
        await lists.segment("a", "ann", "ben", {"email": "no address"}),
        await lists.segment("b", "cem"),
    ]
    export = await lists.export(*segments, mode="mirror")
    first = await lists.run(export)
    assert (first["status"], first["note"]) == ("succeeded_with_warnings", None)
    sent = len(lists.exporting.uploads())
    for _ in range(2):
        assert is_free(await again(lists, export, work))
    forced = await again(lists, export, work, force=True)
    assert (forced["note"], forced["counts"]["read"]) == (None, 4)
    assert is_free(await again(lists, export, work))
    assert len(lists.exporting.uploads()) == sent
    # a file of the same size and times is another file
    path = lists.root / "b.csv"
    times = path.stat()
    path.write_text(path.read_text().replace("cem", "dee"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    lists.fill("c", "dee")
    assert not is_free(await again(lists, export, work))
    assert lists.people(export) == {"ann", "ben", "dee"}
    adds = await lists.export(segments[0], mode="add")
    for _ in range(2):
        assert (await again(lists, adds, work))["counts"]["read"] == 3


async def _patched(lists: Lists, export: dict[str, Any], **changes: Any) -> None:
    api = lists.exporting.api
    await expect(await api.patch(f"/v1/exports/{export['id']}", json=changes), 200)


async def test_what_makes_another_outcome_is_run(
    lists: Lists, work: Any, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each change alone has the mirror read again, and the run after it is free once more."""
    export = await lists.export(await lists.segment("a", "ann", "ben"), mode="mirror")
    other = await lists.segment("b", "cem")
    await lists.run(export)

    async def erased() -> None:
        api = lists.exporting.api
        body = {"people": [{"EMAIL": "ben@example.com"}]}
        await expect(await api.post("/v1/erasures", json=body), 202)
        async with database.transaction() as session:
            assert await suppression_list(session)

    async def lifted() -> None:
        async with database.transaction() as session:
            await session.execute(text("update erasures set lifted_at = now(), status = 'lifted'"))
            await session.execute(text("delete from suppressions"))

    async def mapped() -> None:
        await _patched(lists, export, default_country="DE")

    async def chosen() -> None:
        await _patched(lists, export, segment_ids=[*export_segments, other["id"]])

    async def meant() -> None:
        await _patched(lists, export, allow_shrink=True)

    async def ruled() -> None:
        monkeypatch.setattr("workers.staging.unchanged.RULES_VERSION", "another")

    async def lost() -> None:
        shutil.rmtree(tmp_path / "snapshots" / "runs")

    async def refused() -> None:
        """Meta did not take all of the last success."""
        async with database.transaction() as session:
            await session.execute(
                text(
                    "update runs set status = 'succeeded_with_warnings', warnings = "
                    """'[{"code": "rows-refused", "detail": "x"}]' where read > 0"""
                )
            )

    async def touched() -> None:
        """Another run has sent something to the audience since, whoever it was of."""
        await _patched(lists, export, sync_mode="add")
        await again(lists, export, work)
        await _patched(lists, export, sync_mode="mirror")

    async def moved() -> None:
        connection = await make_connection(lists.exporting.api, audience={"name": "Another"})
        await _patched(lists, export, connection_id=connection["id"])

    export_segments = [one["id"] for one in export["segments"]]
    for change in (
        erased, lifted, mapped, chosen, meant, ruled, lost, refused, touched, moved
    ):  # fmt: skip
        assert is_free(await again(lists, export, work)), f"before {change.__name__}"
        await change()
        run = await again(lists, export, work)
        assert not is_free(run), change.__name__
        assert run["counts"]["read"] >= 2, change.__name__
        if change is lost:  # it warned that it could not compare, so the next one looks again
            assert not is_free(await again(lists, export, work))
    assert is_free(await again(lists, export, work))


async def test_scheduled_and_all_runs_are_free_too(
    lists: Lists, work: Any, database: Database
) -> None:
    export = await lists.export(
        await lists.segment("a", "ann"),
        mode="mirror",
        schedule={"mode": "custom", "cron": "* * * * *", "time_zone": "UTC"},
    )
    await lists.run(export)
    api = lists.exporting.api
    for body, free in (({}, True), ({"force": True}, False)):
        started = (await expect(await api.post("/v1/exports/runs", json=body), 202))["started"]
        await work()
        assert [is_free(await get_run(api, run)) for run in started] == [free]
    async with database.transaction() as session:
        await session.execute(
            text("update exports set schedule_checked_at = now() - interval '1 hour'")
        )
    started = await start_due(database, api.app.state.notifier)  # type: ignore[attr-defined]
    assert started is not None
    await work()
    assert [is_free(await get_run(api, {"id": one})) for one in started] == [True]


async def test_sources_say_whether_they_changed(lists: Lists, work: Any, lake: Lake) -> None:
    """Tables by version and snapshot, pushes by their number, a job's tally; a query of a database cannot."""
    from deltalake import write_deltalake  # noqa: PLC0415

    root, exporting = lists.root, lists.exporting
    frame = pl.DataFrame({"EMAIL": ["ann@example.com", "ben@example.com"]})
    more = pl.DataFrame({"EMAIL": ["cem@example.com"]})
    write_deltalake(root / "delta", frame)
    table = lake.table("members", frame)
    hashed = root / "hashed"
    hashed.mkdir()
    digests = [bytes([number]) * 32 for number in range(2)]
    pl.DataFrame({"EMAIL": digests}).write_parquet(hashed / "part.parquet")
    pushed = await exporting.segment({"kind": "upload"})
    await exporting.push(pushed, frame.write_csv())
    sources: dict[str, Any] = {
        "delta": {"kind": "delta", "url": str(root / "delta")},
        "iceberg": {"kind": "iceberg", "database": "lake", "table": "crm.members"},
        "hashed": {"kind": "file", "url": str(hashed), "hashed": True},
        "query": {
            "kind": "postgres",
            "database": "crm",
            "query": "SELECT 'ann@example.com' AS \"EMAIL\"",
        },
    }
    segments = {name: await exporting.segment(source) for name, source in sources.items()}
    exports = {
        name: await lists.export(segment, mode="mirror", attributes={"EMAIL": "EMAIL"})
        for name, segment in {**segments, "upload": pushed}.items()
    }

    async def free() -> dict[str, bool]:
        return {name: is_free(await exporting.run(export)) for name, export in exports.items()}

    assert set((await free()).values()) == {False}
    assert await free() == {**dict.fromkeys(exports, True), "query": False}
    write_deltalake(root / "delta", more, mode="append")
    table.append(arrow(more))
    await exporting.push(pushed, frame.vstack(more).write_csv())
    tally = '{"rules_version": "x", "read": 3, "expanded": 0, "rows": 2, "skipped": {"email_missing": 1}, '
    (hashed / "_tally.json").write_text(tally + '"refused": {}, "filled": {}}')
    assert set((await free()).values()) == {False}
    assert await free() == {**dict.fromkeys(exports, True), "query": False}
    for name in ("delta", "iceberg", "upload"):
        assert exporting.holds(exports[name])[0] == 3
