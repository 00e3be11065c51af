"""An erasure that is interrupted between two of its writes: what is needed stays, nothing else."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.db.models import Erasure, ExportBaseline
from app.db.session import Database
from app.erasures import execution
from app.erasures.due import perform_due
from app.erasures.execution import Erasing, ErasureWork
from app.errors import Unavailable
from app.segments import erasure_of_pushed
from tests.erasures.test_erasures import (
    EMAIL,
    HERS,
    OTHERS,
    digest,
    erase,
    read,
    run_to_end,
    staged_bytes,
    three_exports,
)
from tests.erasures.test_unforeseen import on_two_accounts, pushed_segment
from tests.flows.journey import make_connection
from tests.webhooks.simulated import SimulatedClock


def before_the_commit(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """The write that belongs to a swap fails once, and the swap with it."""
    whole, errors = execution.write, [error]

    async def write(session: Any, row: Any, values: Any) -> None:
        if errors and any(entry["status"] == "swapped" for entry in values.get("results", [])):
            raise errors.pop()
        await whole(session, row, values)

    monkeypatch.setattr(execution, "write", write)


def after_the_commit(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """The answer to the commit of a swap is lost once."""
    whole, errors = ErasureWork._rewrite, [error]

    async def rewrite(self: Any, *arguments: Any) -> None:
        await whole(self, *arguments)
        if errors:
            raise errors.pop()

    monkeypatch.setattr(ErasureWork, "_rewrite", rewrite)


@pytest.mark.parametrize("interrupt", [before_the_commit, after_the_commit])
@pytest.mark.parametrize("kind", [RuntimeError, Unavailable, asyncio.CancelledError])
async def test_a_mirror_keeps_its_record(
    api: httpx.AsyncClient,
    work: Any,
    erasing: Erasing,
    database: Database,
    settings: Any,
    segment_root: Any,
    time: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[BaseException],
    interrupt: Any,
) -> None:
    """Before: it was noted as swapped whether or not it was, and the files it had were deleted."""
    exports, _, _ = await three_exports(api, segment_root)
    for export in exports:
        await run_to_end(api, work, export)
    interrupt(monkeypatch, kind())
    erasure = await erase(api)
    with suppress(asyncio.CancelledError):
        await perform_due(erasing)
    assert (await read(api, erasure))["status"] == "running"
    time.advance(minutes=2)
    await perform_due(erasing)
    record = await read(api, erasure)
    assert record["status"] == "done"
    mirrors = [entry for entry in record["results"] if entry["kind"] == "snapshot"]
    assert [(entry["status"], entry["rows"]) for entry in mirrors] == [("done", 1)] * 2
    for entry in mirrors:
        async with database.transaction() as session:
            row = await session.get_one(ExportBaseline, entry["export_id"])
        assert row.delivered
        assert erasing.store.list(row.delivered["prefix"])
    assert all(bytes.fromhex(item) not in staged_bytes(settings) for item in HERS)
    run = await run_to_end(api, work, exports[1])
    assert (run["status"], run["warnings"]) == ("succeeded", [])


async def test_a_worker_that_is_stopped_begins_no_other(
    api: httpx.AsyncClient, erasing: Erasing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if what it did so far cannot be written."""
    await on_two_accounts(api)
    erasures = [await erase(api), await erase(api, ad_account_ids=["act_1002"])]
    began = asyncio.Event()

    async def go(self: ErasureWork) -> str:
        self._steps.entry("ad_account", "ad_account_id", "not to be \x00 written")
        began.set()
        await asyncio.sleep(60)
        return "done"

    monkeypatch.setattr(ErasureWork, "go", go)
    performing = asyncio.create_task(perform_due(erasing))
    await began.wait()
    performing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await performing
    assert [(await read(api, one))["attempt"] for one in erasures] == [1, 0]


@pytest.mark.parametrize("stands", [False, True])
async def test_of_pushed_members_no_copy_is_left_that_nobody_knows(
    api: httpx.AsyncClient,
    erasing: Erasing,
    settings: Any,
    time: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
    stands: bool,
) -> None:
    """Whether the swap failed, or only its answer was lost."""
    await make_connection(api)
    await pushed_segment(api, "s0", EMAIL, OTHERS[0][0])
    whole, left = erasure_of_pushed._swap, [True, True]

    async def swap(*arguments: Any) -> bool:
        if not left:
            return await whole(*arguments)
        if stands:
            await whole(*arguments)
        left.pop()
        raise KeyError(EMAIL)

    monkeypatch.setattr(erasure_of_pushed, "_swap", swap)
    erasure = await erase(api)
    for _ in range(4):
        await perform_due(erasing)
        time.advance(hours=4)
    assert (await read(api, erasure))["status"] == "done"
    held = staged_bytes(settings)
    assert held.count(bytes.fromhex(digest(EMAIL))) == 0
    assert held.count(bytes.fromhex(digest(OTHERS[0][0]))) == 1


@pytest.mark.parametrize("step", ["remove_people", "erase_members", "forget_replaced_now"])
async def test_what_takes_long_stays_with_who_is_at_it(
    api: httpx.AsyncClient,
    erasing: Erasing,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    await make_connection(api)
    erasure = await erase(api)
    whole, until = getattr(execution, step), set[datetime | None]()

    async def slow(*arguments: Any, **named: Any) -> Any:
        async with asyncio.timeout(60):
            while len(until) < 3:
                await asyncio.sleep(0.02)
                async with database.transaction() as session:
                    until.add((await session.get_one(Erasure, erasure["id"])).lease_until)
        return await whole(*arguments, **named)

    monkeypatch.setattr(execution, step, slow)
    monkeypatch.setattr(execution, "LEASE", timedelta(seconds=1))
    await perform_due(erasing)
    assert (await read(api, erasure))["status"] == "done"
