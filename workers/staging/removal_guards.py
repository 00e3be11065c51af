"""Keeps a run from taking people out of an audience by mistake: bad data looks like a smaller segment.

A mode that removes is compared with the export's last success before anything is sent: how many people
would go, how many members can be used, which attributes have values. `allow_shrink` on the export says
that a change is meant; that nobody at all can be used never is, in any mode.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.counted_nouns import count_of
from app.db.models import ExportBaseline, Run
from app.errors import Culprit, RunError
from app.exports.members.staging import LEFT_OUT, Tally, usable_share
from app.facebook.graph import Graph
from app.runs.states import RunStatus
from app.snapshots import Manifest
from workers.context import WorkerContext
from workers.delivery_plan import DeliveryPlan
from workers.lease import patiently

REMOVING = frozenset({"mirror", "replace", "remove"})
_DELIVERED = (RunStatus.SUCCEEDED, RunStatus.SUCCEEDED_WITH_WARNINGS)
# modes after which the audience holds what was staged, and nothing else
_WHOLE = ("mirror", "replace")
# a list of a few people may turn over, or a few more may have to leave, within a day
_FEW = 20
# an attribute of which fewer members than this share had a value may well be empty once
_RARE = 0.1
_MEANT = "or set allow_shrink on the export if this is meant."


def check_usable(manifest: Manifest, tally: Tally) -> None:
    """Raises `RunError` (`nothing-usable`) where members were read and none of them can be used.

    Who was left out on purpose (no consent, erased) does not count as unusable.
    """
    unusable = {name: n for name, n in tally.skipped.items() if n and name not in LEFT_OUT}
    if manifest.staged or not unusable:
        return
    reasons = ", ".join(f"{name} {number:,}" for name, number in sorted(unusable.items()))
    nobody = (
        f"Not one of {tally.read:,} members can" if tally.read > 1 else "The only member cannot"
    )
    raise RunError(
        f"{nobody} be used ({reasons}); nothing was sent. Check the segment's data and which attributes "
        "are mapped.",
        code="nothing-usable",
        culprit=Culprit.USER,
    )


async def check_against_last(
    worker: WorkerContext,
    run: Run,
    graph: Graph,
    audience_id: str,
    manifest: Manifest,
    tally: Tally,
) -> None:
    """Compares what was staged with the last success. Raises `RunError` before anything is sent.

    `usable-share-collapsed`, `replace-would-shrink`, `remove-would-shrink`.
    """
    mode = run.spec["sync_mode"]
    if mode not in REMOVING:
        return
    if mode == "replace" and not manifest.staged:
        raise _refused(
            "replace-would-shrink",
            "A replacement by nobody would empty the audience; nothing was sent. skipped_reasons says "
            "why nobody is left.",
        )
    if run.spec.get("allow_shrink"):
        return
    last = await patiently(worker.database, lambda session: _last_success(session, run))
    if last is not None:
        _check_share(last, tally)
        _check_attributes(last, run, tally)
    alike = _WHOLE if mode == "replace" else (mode,)
    there = await patiently(
        worker.database,
        lambda session: _last_success(session, run, audience_id=audience_id, modes=alike),
    )
    if there is not None and mode == "replace":
        _check_replacement(there, manifest)
    if there is not None and mode == "remove":
        await _check_removal(there, graph, audience_id, manifest)


def check_removals(run: Run, plan: DeliveryPlan, baseline: ExportBaseline | None) -> None:
    """Raises `RunError` (`mirror-would-shrink`) where a mirror would take out more than half.

    Half of what the audience got from this export; a few people may turn over.
    """
    if run.spec["sync_mode"] != "mirror" or run.spec.get("allow_shrink") or baseline is None:
        return
    known = [item for item in (baseline.delivered, *baseline.pending) if item is not None]
    before = max((Manifest.from_json(item).distinct_keys for item in known), default=0)
    going = sum(part.manifest.distinct_keys for part in plan.parts if part.operation == "remove")
    left = plan.staged.distinct_keys
    if going * 2 > before and (left * 2 < before or going >= _FEW):
        raise _refused(
            "mirror-would-shrink",
            f"{count_of(going, 'person', 'people')} of the {before:,} whom the audience got from this "
            f"export would be taken out, more than half (the segments hold {left:,} now); nothing was "
            f"sent. Check that the segments are complete, {_MEANT}",
        )


def usable_values(tally: Tally, mapped: Mapping[str, Any]) -> dict[str, int]:
    """Mapped key to its values that can be sent; kept with the run as the measure for the next."""
    with tally.lock:
        return {
            key: max(0, tally.filled[key] - sum(tally.refused.get(key, {}).values()))
            for key in mapped
        }


def _check_share(last: Run, tally: Tally) -> None:
    before = usable_share(last.read + last.expanded, last.skipped_reasons)
    now = tally.usable_ratio
    if now * 2 < before:
        raise _refused(
            "usable-share-collapsed",
            f"Only {now:.1%} of the members can be used, less than half of the {before:.1%} of the last "
            f"success ({last.id}); nothing was sent. skipped_reasons says why: mend the segment's data "
            f"or the mapping, {_MEANT}",
        )


def _check_attributes(last: Run, run: Run, tally: Tally) -> None:
    now = usable_values(tally, run.spec["attributes"])
    for key, number in now.items():
        before = last.usable_values.get(key, 0)
        if number == 0 and tally.read and before > last.read * _RARE:
            raise _refused(
                "usable-share-collapsed",
                f"The attribute mapped to {key} has no usable value any more: 0 of "
                f"{count_of(tally.read, 'member')} now, {before:,} of {last.read:,} at the last success "
                f"({last.id}); nothing was sent. Mend the segment's data or the mapping, {_MEANT}",
            )


def _check_replacement(last: Run, manifest: Manifest) -> None:
    if manifest.staged * 2 < last.staged:
        raise _refused(
            "replace-would-shrink",
            f"The audience would shrink by more than half, from {count_of(last.staged, 'row')} to "
            f"{manifest.staged:,}; nothing was sent. Check that the segments are complete, {_MEANT}",
        )


async def _check_removal(last: Run, graph: Graph, audience_id: str, manifest: Manifest) -> None:
    """More than twice as many people as last time, and more than half of the audience."""
    before, going = last.staged, manifest.staged
    if going <= max(before * 2, before + _FEW):
        return
    size = (await graph.audience(audience_id)).upper_bound
    if size is None or going * 2 > size:
        known = "" if size is None else f" The audience holds at most about {size:,}."
        raise _refused(
            "remove-would-shrink",
            f"{count_of(going, 'row')} would be taken out of the audience, more than twice the "
            f"{before:,} of the last success ({last.id}).{known} Nothing was sent. Check that the "
            f"segments hold only who should leave, {_MEANT}",
        )


async def _last_success(
    session: AsyncSession,
    run: Run,
    *,
    audience_id: str | None = None,
    modes: Sequence[str] = (),
) -> Run | None:
    """The export's newest run that delivered (to this audience, in one of the modes), if it is kept."""
    query = select(Run).where(
        Run.export_id == run.export_id, Run.status.in_(_DELIVERED), Run.read > 0
    )
    if audience_id is not None:
        query = query.where(Run.audience_id == audience_id, Run.spec["sync_mode"].astext.in_(modes))
    found: Run | None = await session.scalar(query.order_by(Run.id.desc()).limit(1))
    return found


def _refused(code: str, message: str) -> RunError:
    return RunError(message, code=code, culprit=Culprit.USER)
