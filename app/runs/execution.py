"""Runs as a worker sees them: claimed, kept alive, advanced, ended.

Every write carries the fence of its claim: a worker that lost its lease can change nothing any more.
A claim counts as an attempt unless it is handed back, so a deploy or a throttle costs none.

Its lines are more than 300: the life of a run's row is one story.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, case, delete, func, literal, null, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.db.models import Connection, Export, Run, RunBatch, Segment
from app.db.session import after_commit
from app.errors import AppError, Culprit, RunError
from app.observability import metrics
from app.runs.queueing.order import next_in_queue
from app.runs.queueing.wait_reasons import WaitReason, waiting_document
from app.runs.states import FINAL, Phase, RunStatus, origins
from app.webhooks.run_events import announce_end, announce_start


class LeaseLost(AppError):
    """Another worker has this run now, or it has ended; this one must stop without a word."""

    code = "lease-lost"


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to a run."""

    run_id: str
    fence: int


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """An answered upload, to be written down."""

    sequence: int
    operation: str
    session_id: str | None
    rows: int
    received: int
    invalid: int
    invalid_reasons: Mapping[str, int]
    refused: int
    attempts: int
    trace_id: str | None
    started_at: datetime
    finished_at: datetime
    # staged rows that were left out: their people were erased meanwhile
    withheld: int = 0


async def claim_next(
    session: AsyncSession, *, lease_seconds: float, budget: int, account_runs: int
) -> Run | None:
    """The run whose turn it is, ours for the lease; None if none may be taken (`queueing.order`)."""
    found = await next_in_queue(session, account_runs=account_runs, budget=budget)
    if found is None:
        return None
    return await claim_run(session, found[0], lease_seconds=lease_seconds, budget=budget)


async def claim_run(
    session: AsyncSession, run_id: str, *, lease_seconds: float, budget: int
) -> Run | None:
    """The run, ours for the lease; None if it is someone else's, not due, at its budget, or over."""
    now = clock.now()
    statement = (
        update(Run)
        .where(
            Run.id == run_id,
            Run.due_at <= now,
            Run.attempt < budget,
            (Run.status == RunStatus.QUEUED)
            | ((Run.status == RunStatus.RUNNING) & (Run.lease_until < now)),
        )
        .values(
            status=RunStatus.RUNNING,
            fence=Run.fence + 1,
            attempt=Run.attempt + 1,
            lease_until=now + timedelta(seconds=lease_seconds),
            started_at=func.coalesce(Run.started_at, now),
            phase=_first_phase(),
            phases=_entered(_first_phase(), now, attempt=Run.attempt + 1),
            throttled_until=None,
        )
        .returning(Run)
    )
    run: Run | None = await session.scalar(statement)
    if run is not None:
        await announce_start(session, run)
    return run


def _first_phase() -> ColumnElement[str]:
    """What is staged is not staged again."""
    return case((Run.plan.is_(None), Phase.VALIDATING), else_=Phase.UPLOADING)


def _entered(
    phase: ColumnElement[Any], now: datetime, *, attempt: ColumnElement[int] | None = None
) -> ColumnElement[Any]:
    """The run's phases with one more; `done` is what was delivered before it."""
    entry = func.jsonb_build_object(
        *("phase", phase),
        *("attempt", Run.attempt if attempt is None else attempt),
        *("at", literal(now.isoformat(timespec="milliseconds"))),
        *("done", Run.added + Run.removed),
    )
    return Run.phases.op("||")(func.jsonb_build_array(entry))


async def keep_alive(session: AsyncSession, claim: Claim, *, lease_seconds: float) -> bool:
    """Prolong the lease; True if a cancel was asked for. Raises `LeaseLost`."""
    row = await _guarded(
        session,
        claim,
        {"lease_until": clock.now() + timedelta(seconds=lease_seconds)},
        Run.cancel_requested_at,
    )
    return row[0] is not None


async def enter_phase(session: AsyncSession, claim: Claim, phase: Phase, **values: Any) -> None:
    """Say what the run does now, with whatever became known. Raises `LeaseLost`."""
    now = clock.now()
    entered = {"phase": phase, "phases": _entered(literal(str(phase)), now), "progressed_at": now}
    await _guarded(session, claim, entered | values, Run.id)


async def note(session: AsyncSession, claim: Claim, **values: Any) -> None:
    """Write what became known. Raises `LeaseLost`."""
    await _guarded(session, claim, {"progressed_at": clock.now(), **values}, Run.id)


async def recorded_sequences(session: AsyncSession, run_id: str) -> set[int]:
    """The batches that are done; a resumed run sends exactly the others."""
    return set(await session.scalars(select(RunBatch.sequence).where(RunBatch.run_id == run_id)))


async def refused_rows(session: AsyncSession, run_id: str, *, reason: str) -> tuple[int, int]:
    """How many rows of the recorded batches were refused, and how many of them for that reason."""
    kept = func.coalesce(RunBatch.invalid_reasons[reason].as_integer(), 0)
    row = await session.execute(
        select(
            func.coalesce(func.sum(RunBatch.refused), 0), func.coalesce(func.sum(kept), 0)
        ).where(RunBatch.run_id == run_id)
    )
    refused, for_reason = row.one()
    return int(refused), int(for_reason)


async def record_batches(
    session: AsyncSession, claim: Claim, batches: Sequence[BatchRecord]
) -> bool:
    """Write answered uploads and add them to the run's numbers, once each.

    True if a cancel was asked for. Raises `LeaseLost`; then nothing of it is written.
    """
    # tables and not their classes, here and below: a third of the work, and this is done many times a
    # second; one compiled statement for any number of rows
    table = RunBatch.metadata.tables[RunBatch.__tablename__]
    fresh = await session.execute(
        insert(table).on_conflict_do_nothing().returning(table.c.sequence),
        [
            {
                "run_id": claim.run_id,
                "sequence": item.sequence,
                "operation": item.operation,
                "session_id": item.session_id,
                "rows": item.rows,
                "received": item.received,
                "invalid": item.invalid,
                "invalid_reasons": dict(item.invalid_reasons),
                "refused": item.refused,
                "attempts": item.attempts,
                "trace_id": item.trace_id,
                "started_at": item.started_at,
                "finished_at": item.finished_at,
            }
            for item in batches
        ],
    )
    new = set(fresh.scalars())
    counted = [item for item in batches if item.sequence in new]
    delivered = [(item, item.rows - item.refused) for item in counted]
    row = await _guarded(
        session,
        claim,
        {
            "batches_done": Run.batches_done + len(counted),
            "progressed_at": clock.now(),
            **_withheld(sum(item.withheld for item in counted)),
            "received": Run.received + sum(item.received for item in counted),
            "invalid": Run.invalid + sum(item.invalid for item in counted),
            "refused": Run.refused + sum(item.refused for item in counted),
            "added": Run.added
            + sum(rows for item, rows in delivered if item.operation != "remove"),
            "removed": Run.removed
            + sum(rows for item, rows in delivered if item.operation == "remove"),
        },
        Run.cancel_requested_at,
        target=Run.metadata.tables[Run.__tablename__],
    )

    async def count() -> None:
        for item in counted:
            metrics.BATCHES.labels(item.operation).inc()
            metrics.MEMBERS_SENT.labels(item.operation).inc(item.rows - item.refused)
            metrics.MEMBERS_REFUSED.inc(item.refused)
            metrics.MEMBERS_INVALID.inc(item.invalid)

    after_commit(session, count)
    return row[0] is not None


def _withheld(rows: int) -> dict[str, Any]:
    """Staged rows become skipped ones, so that the numbers still add up."""
    if not rows:
        return {}
    total = Run.suppressed + rows
    reasons = Run.skipped_reasons.op("||")(func.jsonb_build_object("suppressed", total))
    numbers = {"staged": Run.staged - rows, "skipped": Run.skipped + rows}
    return {**numbers, "suppressed": total, "skipped_reasons": reasons}


async def forget_batches(session: AsyncSession, claim: Claim) -> None:
    """Begin the delivery again: what was recorded no longer holds at Meta. Raises `LeaseLost`."""
    zero = dict.fromkeys(("batches_done", "received", "invalid", "refused", "added", "removed"), 0)
    await _guarded(session, claim, {**zero, "session_ids": []}, Run.id)
    await session.execute(delete(RunBatch).where(RunBatch.run_id == claim.run_id))


async def park_run(
    session: AsyncSession,
    claim: Claim,
    *,
    until: datetime,
    throttled: bool,
    counted: bool = False,
    reason: WaitReason | None = None,
    error: AppError | None = None,
    budget: int | None = None,
) -> None:
    """Hand the run back until a later moment. Raises `LeaseLost`.

    It costs no attempt unless it is `counted`. `reason` is why it waits; None if it does not. `error`
    made it wait, and `budget` is the number of attempts there are.
    """
    run = await session.get_one(Run, claim.run_id)
    waiting = None
    if reason is not None:
        waiting = waiting_document(
            run.waiting,
            reason,
            now=clock.now(),
            until=until,
            attempt=run.attempt if counted else None,
            of=budget if counted else None,
            error=error,
        )
    await _guarded(
        session,
        claim,
        {
            "status": RunStatus.QUEUED,
            "phases": _entered(null(), clock.now()),
            "lease_until": None,
            "due_at": until,
            "throttled_until": until if throttled else None,
            "waiting": waiting,
            "attempt": Run.attempt if counted else func.greatest(Run.attempt - 1, 0),
        },
        Run.id,
    )


async def end_run(
    session: AsyncSession,
    claim: Claim,
    status: RunStatus,
    *,
    error: Mapping[str, Any] | None = None,
    **values: Any,
) -> None:
    """The run's last word, and webhooks are told of it. Raises `LeaseLost`."""
    assert status in FINAL
    await _guarded(
        session,
        claim,
        {
            "status": status,
            "phase": None,
            "error": None if error is None else dict(error),
            "finished_at": clock.now(),
            "lease_until": None,
            "throttled_until": None,
            "waiting": None,
            # with it go the keys of its staged files; a baseline has its own
            "plan": None,
            **values,
        },
        Run.id,
    )
    await announce_end(session, await session.get_one(Run, claim.run_id, populate_existing=True))


async def load_parts(
    session: AsyncSession, run: Run
) -> tuple[Export | None, Connection | None, list[Segment]]:
    """What the run works with, as it is now: its export, connection and segments."""
    export = await session.get(Export, run.export_id)
    connection = await session.get(Connection, run.connection_id) if run.connection_id else None
    wanted: list[str] = run.spec["segment_ids"]
    rows = await session.scalars(select(Segment).where(Segment.id.in_(wanted)))
    found = {row.id: row for row in rows}
    return export, connection, [found[name] for name in wanted if name in found]


def error_document(error: AppError) -> dict[str, Any]:
    """What a run keeps of the error that ended it; safe to show."""
    graph = {
        "code": getattr(error, "graph_code", None),
        "subcode": getattr(error, "graph_subcode", None),
        "fbtrace_id": getattr(error, "fbtrace_id", None),
    }
    return {
        "code": error.code,
        "culprit": str(error.culprit),
        "message": error.detail,
        "help_url": error.help_url,
        "graph": graph if any(value is not None for value in graph.values()) else None,
    }


def worker_lost() -> RunError:
    """Why a run ends whose workers keep dying."""
    return RunError(
        "The worker died each time it worked on this run. See the workers' logs (memory, restarts), "
        "then run again.",
        code="worker-lost",
        culprit=Culprit.SYSTEM,
    )


async def _guarded(
    session: AsyncSession,
    claim: Claim,
    values: Mapping[str, Any],
    wanted: Any,
    *,
    target: type[Run] | Table = Run,
) -> Any:
    """`target` is the table where no object of the session can be of this run."""
    status = values.get("status", RunStatus.RUNNING)
    allowed = (RunStatus.RUNNING,) if status == RunStatus.RUNNING else origins(RunStatus(status))
    assert RunStatus.RUNNING in allowed
    statement = (
        update(target)
        .where(Run.id == claim.run_id, Run.fence == claim.fence, Run.status == RunStatus.RUNNING)
        .values(**values)
        .returning(wanted, literal(1))
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise LeaseLost
    return row
