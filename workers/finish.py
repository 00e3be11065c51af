"""The end of a run: its last numbers and warnings, the mirror's baseline, and the files it leaves."""

import asyncio
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections.service import flag_reauthentication
from app.counted_nouns import count_of
from app.db.baselines import has_delivered, move_baseline
from app.db.models import Run, RunBatch
from app.errors import AppError
from app.facebook.errors import GraphError
from app.identifiers import refusal_warnings
from app.observability.logs import get_logger
from app.runs.execution import Claim, end_run, enter_phase, error_document, refused_rows
from app.runs.states import Phase, RunStatus
from app.snapshots import SnapshotError
from workers.context import WorkerContext
from workers.delivery_plan import DeliveryPlan
from workers.lease import Lease, patiently
from workers.sending.batch import KEPT, Notes
from workers.waiting.pending_pushes import NOT_AWAITED

log = get_logger(__name__)

_DELIVERED = frozenset({RunStatus.SUCCEEDED, RunStatus.SUCCEEDED_WITH_WARNINGS})


async def finish(
    worker: WorkerContext, run: Run, lease: Lease, plan: DeliveryPlan, notes: Notes
) -> RunStatus:
    """Settle the numbers and what is kept, and say how it went."""
    await lease.write(lambda session, claim: enter_phase(session, claim, Phase.FINISHING))
    fresh = await patiently(worker.database, lambda session: session.get_one(Run, run.id))
    # of the recorded batches: an earlier attempt may have sent some of them
    refused = await patiently(
        worker.database, lambda session: refused_rows(session, run.id, reason=KEPT)
    )
    warnings: list[dict[str, Any]] = [
        *_warnings(fresh, notes, *refused),
        *refusal_warnings(fresh.refused_values, fresh.given_values, worker.limits.refused_share),
    ]
    if plan.baseline_lost:
        warnings.append({
            "code": "mirror-baseline-lost",
            "detail": "The record of what this mirror delivered before is lost, so members who left "
            "since then stay in the audience. Run the export once with sync mode replace to be sure.",
        })  # fmt: skip
    stale = any(item["code"] == NOT_AWAITED for item in fresh.warnings)
    flawed = bool(warnings) or stale or fresh.invalid > 0
    status = RunStatus.SUCCEEDED_WITH_WARNINGS if flawed else RunStatus.SUCCEEDED
    # what was in doubt before the first row, and turned out well, is no flaw
    await conclude(worker, run, lease, status, warnings=[*fresh.warnings, *warnings])
    return status


def _warnings(run: Run, notes: Notes, refused: int, kept: int) -> list[dict[str, str]]:
    warnings = []
    # who was erased is left out on purpose
    unusable = run.skipped - run.suppressed
    if unusable:
        warnings.append({
            "code": "members-skipped",
            "detail": f"{count_of(unusable, 'row')} could not be used; skipped_reasons says why.",
        })  # fmt: skip
    if run.invalid:
        warnings.append({
            "code": "entries-invalid",
            "detail": f"Meta called about {count_of(run.invalid, 'entry', 'entries')} invalid; the batches "
            "say which kind.",
        })  # fmt: skip
    if refused > kept:
        warnings.append({
            "code": "rows-refused",
            "detail": f"Meta refused {count_of(refused - kept, 'row')}; the others were delivered.",
        })  # fmt: skip
    if kept:
        warnings.append({
            "code": "audience-too-small",
            "detail": f"Meta kept {count_of(kept, 'person', 'people')} who should leave: the audience would "
            "become too small.",
        })  # fmt: skip
    if notes.shortfall:
        warnings.append({
            "code": "received-fewer",
            "detail": f"Meta counted {count_of(notes.shortfall, 'row')} fewer than it acknowledged.",
        })  # fmt: skip
    if notes.version_warning:
        warnings.append({
            "code": "graph-version",
            "detail": "Meta served another API version than the one asked for; update GRAPH_API_VERSION.",
        })  # fmt: skip
    return warnings


async def conclude(
    worker: WorkerContext,
    run: Run,
    lease: Lease,
    status: RunStatus,
    *,
    error: AppError | None = None,
    **values: Any,
) -> None:
    """Write the run's end with all that depends on it in one transaction, then delete its files.

    In this order, since a worker that dies in between leaves either a run that can still go on, or
    files that the janitor finds. Raises `LeaseLost`.
    """
    document = None if error is None else error_document(error)

    async def end(session: AsyncSession, claim: Claim) -> set[str]:
        fresh = await session.get_one(Run, run.id)
        gone = await _move_baseline(session, fresh, status)
        await end_run(session, claim, status, error=document, **values)
        if (
            isinstance(error, GraphError)
            and error.reauthentication
            and run.connection_id is not None
        ):
            await flag_reauthentication(session, run.connection_id)
        return gone

    for prefix in sorted(await lease.write_last(end)):
        await asyncio.to_thread(_forget, worker, prefix)


async def _move_baseline(session: AsyncSession, run: Run, status: RunStatus) -> set[str]:
    """The prefixes that can be deleted once the run has ended so."""
    if not has_delivered(run):
        return {f"runs/{run.id}"}
    assert run.plan is not None
    plan = DeliveryPlan.from_json(run.plan)
    kept = await _kept_parts(session, run, plan)
    gone = await move_baseline(
        session,
        run.export_id,
        run.plan["staged"],
        audience_id=run.audience_id,
        finished=status in _DELIVERED,
        kept=kept,
    )
    # of its own differences only: the plan may remove rows of a baseline that is still needed
    own = {name for name in plan.prefixes() if name.startswith(f"runs/{run.id}/")}
    return gone | (own - {plan.staged.prefix, *(item["prefix"] for item in kept)})


async def _kept_parts(session: AsyncSession, run: Run, plan: DeliveryPlan) -> list[dict[str, Any]]:
    """The removals of which Meta refused any, since too few people would have been left."""
    refused = set(
        await session.scalars(
            select(RunBatch.sequence).where(
                RunBatch.run_id == run.id, RunBatch.invalid_reasons[KEPT].as_integer() > 0
            )
        )
    )
    parts = {
        step.manifest.prefix: step.manifest
        for step in plan.steps()
        if any(step.sequence_of(batch) in refused for batch in step.slices)
    }
    return [manifest.to_json() for manifest in parts.values()]


def _forget(worker: WorkerContext, prefix: str) -> None:
    try:
        worker.store.delete_prefix(prefix)
    except SnapshotError as error:
        # the janitor finds it again
        log.warning("snapshot.not_deleted", prefix=prefix, code=error.code)
