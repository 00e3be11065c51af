"""The story of a run: look before anything is sent, stage, plan, deliver, finish.

A run that was interrupted comes in again at the place its row says: with a plan it delivers what is
not recorded, without one it stages anew.
"""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from app import clock
from app.connections.parts import missing, open_token
from app.counted_nouns import count_of
from app.db.models import Connection, Export, ExportBaseline, Run, Segment
from app.errors import Culprit, RunError
from app.exports.members.mapping import MAPPING_FIELDS
from app.exports.members.suppression import grown_since
from app.facebook.graph import Graph
from app.facebook.preflight import preflight, raise_for
from app.identifiers import RULES_VERSION
from app.observability.logs import get_logger
from app.observability.tracing import span
from app.runs.execution import (
    enter_phase,
    forget_batches,
    load_parts,
    note,
    recorded_sequences,
)
from app.runs.queueing.wait_reasons import WaitReason
from app.runs.states import Phase, RunStatus
from app.snapshots import SnapshotError, verify
from workers.context import WorkerContext
from workers.delivery_plan import DeliveryPlan, make_plan
from workers.finish import conclude, finish
from workers.lease import Lease, patiently
from workers.sending.deliver import Delivery
from workers.sending.replacement import ReplacementFailed, ReplacementOver
from workers.sending.suppression import SuppressionOfRun
from workers.staging.removal_guards import check_against_last, check_removals, usable_values
from workers.staging.segments import RunSkipped, check_segments, check_staged, read_segments
from workers.staging.stage import columns_of
from workers.staging.unchanged import UNCHANGED, content_digest, is_unchanged
from workers.waiting.audience_turn import take_turn
from workers.waiting.parked import RunParked
from workers.waiting.pending_pushes import wait_for_pushes

log = get_logger(__name__)

# Meta may answer "no such object" for a new audience for a while
_AUDIENCE_IS_NEW = timedelta(minutes=15)


async def perform(worker: WorkerContext, run: Run, lease: Lease) -> RunStatus:
    """Carry the run to its end. Raises what ends it otherwise."""
    lease.check_cancel()
    export, connection, _ = await patiently(
        worker.database, lambda session: load_parts(session, run)
    )
    connection = _usable(export, connection)
    graph, audience_id = open_graph(worker, run, connection)
    done = await patiently(worker.database, lambda session: recorded_sequences(session, run.id))
    # a session is written down before its first batch, whose record may be lost
    begun = bool(done or run.session_ids)
    await take_turn(worker, run, lease, audience_id)
    if not begun:
        with span("validate"):
            await validate(worker, run, lease, connection, graph, audience_id)
    lease.check_cancel()
    plan = await _staged_before(worker, run, done, begun=begun)
    if plan is None:
        await wait_for_pushes(worker, run, lease)
        segments = await _as_they_are(worker, run)
        check_segments(run.spec, segments)
        if await is_unchanged(worker, run, lease, segments, audience_id):
            await conclude(worker, run, lease, RunStatus.SUCCEEDED, note=UNCHANGED)
            return RunStatus.SUCCEEDED
        with span("stage"):
            plan = await _stage(worker, run, lease, graph, audience_id, segments)
    lease.check_cancel()
    steps = list(plan.steps())
    await lease.write(lambda session, claim: enter_phase(session, claim, Phase.UPLOADING))
    made_at = connection.audience_creation_started_at
    delivery = Delivery(
        worker,
        lease,
        graph,
        audience_id,
        done=done,
        session_ids=run.session_ids,
        fresh=made_at is not None and clock.now() - made_at < _AUDIENCE_IS_NEW,
        # a replacement that fails begins again, with numbers that know of nobody held back
        withheld=None if run.spec["sync_mode"] == "replace" else SuppressionOfRun(worker.database),
    )
    try:
        with span("deliver"):
            await delivery.run(steps)
    except ReplacementOver:
        over = replace(plan, replacement_over=True).to_json()
        await lease.write(lambda session, claim: note(session, claim, plan=over))
        raise RunParked(
            seconds=worker.limits.retry_seconds, waits_for=WaitReason.AUDIENCE_BUSY
        ) from None
    except ReplacementFailed as error:
        await lease.write(forget_batches)
        raise RunParked(
            seconds=worker.limits.retry_seconds,
            counted=True,
            waits_for=WaitReason.RETRY,
            reason=error,
        ) from None
    with span("finish"):
        return await finish(worker, run, lease, plan, delivery.notes)


# -- validating ------------------------------------------------------------------------------------


def _usable(export: Export | None, connection: Connection | None) -> Connection:
    if export is None:
        raise RunSkipped(
            "The export was removed after this run was asked for.", code="export-removed"
        )
    if export.connection_id is None or connection is None:
        raise RunSkipped("The export is detached; give it a connection.", code="export-detached")
    lacks = missing(connection)
    if lacks:
        raise RunError(
            "The connection is incomplete; it lacks: " + ", ".join(lacks) + ".",
            code="connection-incomplete",
            culprit=Culprit.USER,
        )
    return connection


def open_graph(worker: WorkerContext, run: Run, connection: Connection) -> tuple[Graph, str]:
    """The Graph client with the connection's token, and the audience the run fills."""
    assert connection.ad_account is not None
    assert connection.audience is not None
    token = open_token(worker.vault, connection)
    graph = worker.graph.for_token(token, ad_account_id=connection.ad_account["id"])
    if run.audience_id is not None and (run.plan is not None or run.session_ids):
        return graph, run.audience_id  # an attempt before this one began with it
    chosen = run.spec.get("audience") or connection.audience
    return graph, str(chosen["id"])


async def validate(
    worker: WorkerContext,
    run: Run,
    lease: Lease,
    connection: Connection,
    graph: Graph,
    audience_id: str,
) -> None:
    """Everything that must be true at Meta before the first row (S35). Raises `GraphError`."""
    assert connection.ad_account is not None
    await lease.write(
        lambda session, claim: enter_phase(
            session, claim, Phase.VALIDATING, audience_id=audience_id
        )
    )
    checks = await preflight(
        graph,
        worker.graph,
        ad_account_id=connection.ad_account["id"],
        audience_id=audience_id,
        value_based_mapping="LOOKALIKE_VALUE" in run.spec["attributes"],
        sync_mode=run.spec["sync_mode"],
        now=clock.now(),
    )
    raise_for(checks)
    # for whoever looks at a run that Meta refused all the same
    doubts = [{"code": item.code, "detail": item.detail} for item in checks if item.warning]
    if doubts or run.warnings:
        await lease.write(lambda session, claim: note(session, claim, warnings=doubts))


# -- staging ---------------------------------------------------------------------------------------


async def _staged_before(
    worker: WorkerContext, run: Run, done: set[int], *, begun: bool
) -> DeliveryPlan | None:
    """The plan of an earlier attempt whose files are whole; None means: stage.

    Raises `SnapshotError` where the files are lost of a run that has `begun` to send them.
    """
    if run.plan is None:
        return None
    since = run.started_at or run.queued_at
    if not begun and await patiently(worker.database, lambda session: grown_since(session, since)):
        log.info("run.restaged", code="people-erased")
        return None
    try:
        plan = DeliveryPlan.from_json(run.plan)
        if len(done) == plan.batches_total:
            return plan  # its files are not needed any more
        await asyncio.to_thread(verify, worker.store, plan.staged)
        for part in plan.parts:
            if part.manifest is not plan.staged:
                await asyncio.to_thread(verify, worker.store, part.manifest)
    except SnapshotError as error:
        if error.code == SnapshotError.code:
            raise
        if begun:
            raise RunError(
                f"The rows staged for this run are lost ({error.code}) and part of them was sent: "
                f"{len(done):,} of {count_of(run.batches_total, 'batch', 'batches')}. Run again; the "
                "members are then read anew, and who is in the audience already is not added twice.",
                code=error.code,
            ) from error
        log.warning("run.restaged", code=error.code)
        return None
    return plan


async def _stage(
    worker: WorkerContext,
    run: Run,
    lease: Lease,
    graph: Graph,
    audience_id: str,
    segments: Sequence[Segment],
) -> DeliveryPlan:
    spec = run.spec
    await lease.write(lambda session, claim: enter_phase(session, claim, Phase.STAGING))
    prefix = f"runs/{run.id}/{run.fence}"
    manifest, tally = await read_segments(worker, run, lease, segments, prefix=f"{prefix}/staged")
    numbers = {
        **columns_of(tally),
        "duplicates": manifest.duplicates,
        "staged": manifest.staged,
        "rules_version": RULES_VERSION,
        "schema_hash": schema_hash(spec),
        "content_hash": content_digest(worker, run, segments, tally.fingerprints, audience_id),
        "usable_values": usable_values(tally, spec["attributes"]),
    }
    await lease.write(lambda session, claim: note(session, claim, **numbers))
    check_staged(worker.limits.max_members, run, segments, manifest, tally)
    await check_against_last(worker, run, graph, audience_id, manifest, tally)
    baseline = await patiently(
        worker.database, lambda session: session.get(ExportBaseline, run.export_id)
    )
    if baseline is not None and baseline.audience_id not in {None, audience_id}:
        baseline = None  # what another audience holds says nothing about this one
    plan = await asyncio.to_thread(
        make_plan, worker.store, spec["sync_mode"], manifest, baseline, prefix=prefix
    )
    check_removals(run, plan, baseline)
    document, total = plan.to_json(), plan.batches_total
    await lease.write(
        lambda session, claim: note(session, claim, plan=document, batches_total=total)
    )
    return plan


async def _as_they_are(worker: WorkerContext, run: Run) -> Sequence[Segment]:
    """The segments now: a first push that was waited for has made its own active."""
    _, _, segments = await patiently(worker.database, lambda session: load_parts(session, run))
    return segments


def schema_hash(spec: dict[str, Any]) -> str:
    """A digest of the mapping, so that two runs can be told to have been made alike."""
    text = json.dumps({name: spec.get(name) for name in MAPPING_FIELDS}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
