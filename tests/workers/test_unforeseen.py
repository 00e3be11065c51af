"""What nobody foresaw in one thing keeps a worker from no other: it is told, and the rest is done."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from app.background_loops import keep_runs_moving
from app.db.models import Export, ExportBaseline, Run, Webhook, WebhookDelivery
from app.db.session import Database
from app.facebook.client import GraphClient
from app.runs.maintenance.recovery import recover_runs
from app.settings import Settings
from app.webhooks.delivery import BACKOFF, secret_owner
from tests.flows.journey import (
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)
from tests.webhooks.conftest import deliver, receiver, sender  # noqa: F401 - fixtures
from tests.webhooks.simulated import Receiver, SimulatedClock
from tests.webhooks.test_events import make_ready_export, make_webhook
from workers.context import WorkerContext, build_context
from workers.cron.janitor import clean_up_after_runs, sweep_runs
from workers.cron.jobs import look_at_meta

SECRET = "a-value-of-somebody"


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(webhook_allow_private_addresses=True, sweep_seconds=3600)


@pytest.fixture
async def context(settings: Settings) -> AsyncIterator[WorkerContext]:
    opened = build_context(settings)
    yield opened
    await opened.close()


async def stumble(*_: Any, **__: Any) -> None:
    raise KeyError(SECRET)


async def only_the_first_crashes(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, event: str, context: WorkerContext
) -> dict[str, Any]:
    """What is told when the first of two calls in one look at Meta meets the unforeseen."""
    whole, asked = getattr(owner, name), []

    async def call(self: Any, one: str) -> Any:
        asked.append(one)
        if len(asked) == 1:
            raise KeyError(SECRET)
        return await whole(self, one)

    monkeypatch.setattr(owner, name, call)
    with capture_logs() as lines:
        await look_at_meta({"worker": context})
    assert len(asked) == 2
    (told,) = crashes(lines, event)
    return told


def crashes(lines: list[Any], event: str) -> list[dict[str, Any]]:
    """What was told of crashes; never a value."""
    assert SECRET not in str(lines)
    found = [line for line in lines if line["event"] == event and "where" in line]
    assert all(line["log_level"] == "error" for line in found)
    return found


async def test_a_run_that_meets_a_panic_of_polars_ends_and_the_worker_goes_on(
    api: httpx.AsyncClient, work: Any, segment_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A panic is no `Exception`: arq ended the process with it, and all the runs there."""
    _, _, export = await make_ready_export(api, segment_root)
    run = await start_run(api, export)

    async def panic(*_: Any) -> None:
        raise pl.exceptions.PanicException(SECRET)

    with monkeypatch.context() as patched:
        patched.setattr("workers.export_run.perform", panic)
        await work()
    run = await get_run(api, run)
    assert (run["status"], run["error"]["code"]) == ("failed", "internal-error")
    assert "PanicException" in run["error"]["message"]
    assert SECRET not in str(run)
    again = await start_run(api, export)
    await work()
    assert (await get_run(api, again))["status"] == "succeeded"


async def test_a_job_beside_the_runs_holds_up_no_other(
    api: httpx.AsyncClient,
    work: Any,
    context: WorkerContext,
    segment_root: Path,
    time: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, _, export = await make_ready_export(api, segment_root)
    run = await start_run(api, export)
    await work()
    time.advance(minutes=20)
    monkeypatch.setattr("workers.cron.jobs.watch_tokens", stumble)
    with capture_logs() as lines:
        await look_at_meta({"worker": context})
    assert (await get_run(api, run))["audience_state"] is not None
    assert [line["job"] for line in crashes(lines, "cron.crashed")] == ["tokens"]
    assert context.cron_jobs == set()


async def test_a_token_holds_up_no_other(
    api: httpx.AsyncClient,
    context: WorkerContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = await make_connection(api, display_name="one", audience={"name": "One"})
    await make_connection(api, display_name="two", audience={"name": "Two"})
    told = await only_the_first_crashes(
        monkeypatch, GraphClient, "debug_token", "token.not_checked", context
    )
    assert told["connection_id"] == first["id"]


async def test_a_look_at_an_audience_holds_up_no_other(
    api: httpx.AsyncClient,
    work: Any,
    context: WorkerContext,
    segment_root: Path,
    time: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (segment_root / "m.csv").write_text("email\nanna@example.com\n")
    segment = await make_segment(api, str(segment_root / "m.csv"))
    runs = []
    for name in ("One", "Two"):
        connection = await make_connection(api, display_name=name, audience={"name": name})
        runs.append(await start_run(api, await make_export(api, connection, segment)))
        await work()
    time.advance(minutes=20)
    graph = type(context.graph.for_token("t", ad_account_id="act_1001"))
    told = await only_the_first_crashes(
        monkeypatch, graph, "audience", "audience.not_looked_at", context
    )
    assert told["run_id"] == runs[0]["id"]


async def dead_runs(api: httpx.AsyncClient, database: Database, folder: Path) -> list[str]:
    """A mirror's run that is to be closed and has a plan nobody can read, and one to be taken back."""
    (folder / "m.csv").write_text("email\nanna@example.com\n")
    segment, found = await make_segment(api, str(folder / "m.csv")), []
    for name in ("One", "Two"):
        connection = await make_connection(api, display_name=name, audience={"name": name})
        export = await make_export(api, connection, segment, sync_mode="mirror")
        found.append((await start_run(api, export))["id"])
    ago = {"status": "running", "lease_until": Run.queued_at - timedelta(hours=1), "fence": 1}
    async with database.transaction() as session:
        for run_id, attempt in zip(found, (99, 1), strict=True):
            values = {**ago, "attempt": attempt, "plan": {"of": SECRET}, "session_ids": [1]}
            await session.execute(update(Run).where(Run.id == run_id).values(**values))
    return found


@pytest.mark.parametrize("by", ["cron", "loop"])
async def test_a_run_that_cannot_be_closed_as_it_should_holds_up_no_other(
    api: httpx.AsyncClient,
    context: WorkerContext,
    database: Database,
    segment_root: Path,
    by: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed, taken_back = await dead_runs(api, database, segment_root)
    # nor do schedules that cannot be looked at
    monkeypatch.setattr("workers.cron.janitor.start_due", stumble)
    monkeypatch.setattr("app.background_loops.start_due", stumble)
    with capture_logs() as lines:
        if by == "cron":
            await sweep_runs({"worker": context})
        else:
            monkeypatch.setattr("asyncio.sleep", Once())
            with pytest.raises(StopAsyncIteration):
                await keep_runs_moving(
                    database, context.notifier, every=0, budget=5, account_runs=9
                )
    async with database.transaction() as session:
        rows = {run.id: run for run in await session.scalars(select(Run))}
    assert rows[closed].status == "failed"
    assert (rows[closed].error or {})["code"] == "worker-lost"
    assert rows[taken_back].status == "queued"
    (told,) = crashes(lines, "run.not_remembered")
    assert told["run_id"] == closed
    (told,) = crashes(lines, "janitor.crashed" if by == "cron" else "upkeep.failed")
    assert told["job"] == "schedules"


async def test_a_mirror_is_remembered_by_the_next_round_where_the_database_failed(
    api: httpx.AsyncClient, context: WorkerContext, database: Database, segment_root: Path
) -> None:
    """Within a transaction its errors are the database's own: a statement that was canceled, a deadlock."""
    closed, _ = await dead_runs(api, database, segment_root)
    plan = {"staged": {"prefix": f"runs/{closed}/1/staged"}}

    async def recover() -> Any:
        return await recover_runs(database, context.notifier, budget=5, account_runs=9)

    async with database.transaction() as session:
        await session.execute(update(Run).where(Run.id == closed).values(plan=plan))
        export_id = (await session.get_one(Run, closed)).export_id
    async with database.transaction() as other:
        await other.get(Export, export_id, with_for_update=True)
        round_ = asyncio.create_task(recover())
        waits = text("select pid from pg_locks where pg_backend_pid() = any(pg_blocking_pids(pid))")
        while (pid := await other.scalar(waits)) is None:  # noqa: ASYNC110 - another session's
            await asyncio.sleep(0.05)
        await other.execute(text("select pg_cancel_backend(:pid)"), {"pid": pid})
        with pytest.raises(DBAPIError):
            await round_
    async with database.transaction() as session:
        run = await session.get_one(Run, closed)
        assert (run.status, run.plan) == ("running", plan)
    assert (await recover()).closed == 1
    async with database.transaction() as session:
        run = await session.get_one(Run, closed)
        assert (run.status, run.plan) == ("failed", None)
        (baseline,) = await session.scalars(select(ExportBaseline))
        assert baseline.pending == [plan["staged"]]


class Once:
    """A sleep that lets a loop go round once."""

    def __init__(self) -> None:
        self.slept = 0

    async def __call__(self, *_: Any) -> None:
        self.slept += 1
        if self.slept > 1:
            raise StopAsyncIteration


async def test_what_is_tidied_up_holds_up_nothing_else(
    api: httpx.AsyncClient,
    work: Any,
    context: WorkerContext,
    database: Database,
    segment_root: Path,
    time: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, _, export = await make_ready_export(api, segment_root)
    await start_run(api, export)
    await work()
    time.advance(days=200)
    monkeypatch.setattr("workers.cron.janitor.forget_replaced", stumble)
    with capture_logs() as lines:
        await clean_up_after_runs({"worker": context})
    async with database.transaction() as session:
        assert (await session.scalars(select(Run))).all() == []
    assert [line["job"] for line in crashes(lines, "janitor.crashed")] == ["pushes"]


async def test_an_event_that_cannot_be_signed_has_an_end_like_any_other(
    api: httpx.AsyncClient,
    work: Any,
    deliver: Any,  # noqa: F811
    receiver: Receiver,  # noqa: F811
    context: WorkerContext,
    database: Database,
    segment_root: Path,
    time: SimulatedClock,
) -> None:
    broken = await make_webhook(api, receiver, "run.finished")
    await make_webhook(api, receiver, "run.finished")
    async with database.transaction() as session:
        secret = context.vault.seal("whsec_x", owner=secret_owner(broken["id"]))
        where = Webhook.id == broken["id"]
        await session.execute(update(Webhook).where(where).values(secret=secret))
        await session.execute(delete(WebhookDelivery))
    _, _, export = await make_ready_export(api, segment_root)
    await start_run(api, export)
    await work()
    with capture_logs() as lines:
        done = await deliver()
    assert (done.delivered, done.failed) == (1, 1)
    assert len(crashes(lines, "webhook.crashed")) == 1
    for _ in range(len(BACKOFF) * 4):
        time.advance(hours=6)
        await deliver()
    async with database.transaction() as session:
        query = select(WebhookDelivery).where(WebhookDelivery.webhook_id == broken["id"])
        row = (await session.scalars(query)).one()
    assert (row.status, row.last_error) == ("failed", "internal-error")
    assert row.attempts == len(BACKOFF) + 1
