"""A history of a year: runs are found by text without reading them all, and old batches become sums."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import asyncpg as dialect

from app.db.models import Export
from app.db.session import Database
from app.exports.service import shown_run
from app.runs import search
from app.runs.maintenance.compaction import compact_batches
from app.runs.maintenance.retention import forget_runs
from benchmarks.filling import fill
from benchmarks.lists import plain_address

RUNS, EXPORTS, BATCHES = 300, 13, 3


@pytest.fixture
async def filled(
    database_url: str,
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Runs of a year, their ends and names told by their numbers."""
    connection = await asyncpg.connect(plain_address(database_url))
    await fill(
        connection, exports=EXPORTS, runs=RUNS, batches_a_run=BATCHES, connections=3, segments=5
    )
    yield connection
    await connection.close()


async def pages(api: httpx.AsyncClient, **asked: Any) -> list[str]:
    """The ids of all pages."""
    ids: list[str] = []
    cursor = None
    while cursor is not None or not ids:
        params = {**asked, "limit": 20} | ({} if cursor is None else {"cursor": cursor})
        answer = await api.get("/v1/runs", params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        ids += [run["id"] for run in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    return ids


@pytest.mark.parametrize("few", [200, 0], ids=["each export's newest", "along the history"])
async def test_what_is_found_is_what_holds_the_text(
    filled: Any, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """By name as it was, error code and id; with other filters, in both orders, page by page."""
    monkeypatch.setattr(search, "_FEW", few)
    await filled.execute(
        "update exports set display_name = 'Renamed' where display_name = 'Export 3'"
    )
    rows = await filled.fetch(
        "select id, export_id, status, spec -> 'export' ->> 'display_name' as export, "
        "spec -> 'connection' ->> 'display_name' as connection, error ->> 'code' as code "
        "from runs order by id desc"
    )
    one = rows[40]
    texts = ["EXPORT 3", "export", "Connection 2", "token", "segment-un", "Renamed", "%", "nothing"]
    for words in [*texts, one["id"], one["export_id"], "con\nx"]:
        low = words.lower()
        for status in (None, "failed"):
            expected = [
                row["id"]
                for row in rows
                if (
                    any(
                        low in (row[name] or "").lower()
                        for name in ("export", "connection", "code")
                    )
                    or words in (row["id"], row["export_id"])
                )
                and status in (None, row["status"])
            ]
            asked = {"q": words} | ({} if status is None else {"status": status})
            assert await pages(api, **asked) == expected, words
    assert await pages(api, q="token", sort="created_at") == [
        row["id"] for row in reversed(rows) if row["code"] == "token-rejected"
    ]


async def test_runs_of_a_segment_are_listed_and_forgotten(
    filled: Any, database: Database, api: httpx.AsyncClient
) -> None:
    """With other filters, in both orders, page by page; each is noted for as long as it is kept."""
    noted = "select run_id from run_segments where segment_id = $1 order by run_id desc"
    rows = await filled.fetch(
        "select id, status, spec -> 'segment_ids' ->> 0 as segment, "
        "spec -> 'export' ->> 'display_name' as export from runs order by id desc"
    )
    segment = rows[5]["segment"]
    wanted = [row for row in rows if row["segment"] == segment]
    assert len(wanted) > 20  # more than a page
    ids = [row["id"] for row in wanted]
    assert await pages(api, segment_id=segment) == ids
    assert await pages(api, segment_id=segment, sort="created_at") == ids[::-1]
    assert await pages(api, segment_id=segment, q=wanted[0]["export"]) == ids
    failed = [row["id"] for row in wanted if row["status"] == "failed"]
    assert failed
    assert await pages(api, segment_id=segment, status="failed") == failed
    assert await pages(api, segment_id="seg_" + "0" * 32) == []
    assert [row["run_id"] for row in await filled.fetch(noted, segment)] == ids
    assert await forget_runs(database, before=timedelta(days=200))
    left = [row["run_id"] for row in await filled.fetch(noted, segment)]
    assert left == await pages(api, segment_id=segment)
    assert 0 < len(left) < len(ids)


async def test_old_batches_become_sums(
    filled: Any, database: Database, api: httpx.AsyncClient
) -> None:
    """Each sum adds up as its batches did; younger runs, and the second time, change nothing."""
    await filled.execute(
        "update run_batches set invalid = sequence, attempts = sequence, invalid_reasons = "
        """jsonb_build_object('a', sequence, 'b', 1), operation = case sequence when 1 then 'remove'
        else 'add' end, session_id = case sequence when 1 then null else '7' end"""
    )
    sums = (
        "select run_id, operation, sum(rows), sum(received), sum(invalid), sum(attempts), sum(batches),"
        " sum((invalid_reasons ->> 'a')::int), min(started_at), max(finished_at)"
        " from run_batches group by 1, 2 order by 1, 2"
    )
    before = await filled.fetch(sums)
    gone = await compact_batches(database, after=timedelta(days=30))
    assert gone
    assert await filled.fetch(sums) == before
    left = await filled.fetch(
        "select id, runs.finished_at, array_agg(batches::int order by sequence) as of from runs "
        "join run_batches on run_id = id group by id"
    )
    now = datetime.now(UTC)
    for row in left:
        if row["finished_at"] < now - timedelta(days=32):
            assert row["of"] == [1, 2]
        elif row["finished_at"] > now - timedelta(days=30):
            assert row["of"] == [1, 1, 1]
    assert sum(row["of"] == [1, 2] for row in left) == gone
    assert await compact_batches(database, after=timedelta(days=30)) == 0
    oldest = min(row["id"] for row in left)
    items = (await api.get(f"/v1/runs/{oldest}/batches")).json()["items"]
    assert [(item["sequence"], item["batches"], item["trace_id"]) for item in items] == [
        (1, 1, "Abc1234567890"),
        (2, 2, None),
    ]
    assert items[1]["invalid_reasons"] == {"a": 5, "b": 2}
    # what is forgotten may be sums
    assert await forget_runs(database, before=timedelta(days=200))


async def test_plans_that_are_kept_use_partial_indexes(database_url: str) -> None:
    """Of an export with thousands of runs the active one is looked up, whatever was asked before."""
    asked = select(shown_run()).select_from(Export).compile(dialect=dialect.dialect())
    connection = await asyncpg.connect(plain_address(database_url))
    try:
        await connection.execute("set plan_cache_mode = force_generic_plan")
        await connection.execute("set enable_seqscan = off")
        await connection.execute(f"prepare shown as {asked}")
        rows = await connection.fetch("explain execute shown(1, 1)")
    finally:
        await connection.close()
    assert "uq_runs_one_active_per_export" in "".join(row[0] for row in rows)
