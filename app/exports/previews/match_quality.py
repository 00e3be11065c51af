"""What a run of an export would send, counted without sending: the match-quality report.

The members go the way of a run as far as the distinct rows; then those are deleted again. One preview
works at a time in a process, since it costs as much as the first half of a run.
"""

import asyncio
import contextlib
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from app.access.callers import Caller
from app.db.models import Export
from app.errors import TooManyRequests, Unprocessable
from app.exports import service
from app.exports.collaborators import Exports
from app.exports.members.mapping import identifier_plan
from app.exports.members.staging import NOBODY, Tally, stage_members
from app.exports.members.suppression import SuppressionList, suppression_list
from app.exports.warnings import mapping_warnings, usability_warnings
from app.identifiers import IdentifierPlan, refusal_warnings
from app.ids import new_id
from app.segments import service as segments
from app.segments.pushed import readable_sources
from app.snapshots import Manifest, SnapshotStore, plan_batches
from app.sources import Cost, cost_of, wanted

_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class KeyReport:
    """One of Meta's keys over all members."""

    key: str
    filled: int
    fill_rate: float
    valid: int
    refused: dict[str, int]


@dataclass(frozen=True, slots=True)
class Preview:
    """Numbers only, never a value."""

    read: int
    expanded: int
    duplicates: int
    skipped: int
    skipped_reasons: dict[str, int]
    staged: int
    distinct_members: int
    usable_ratio: float
    keys: list[KeyReport]
    batches: int
    estimated_requests: int
    warnings: list[dict[str, Any]]
    time_zone: str
    cost: Cost | None = None


@dataclass(slots=True)
class Previews:
    """Where previews work, and the one place there is for them."""

    store: SnapshotStore
    threads: ThreadPoolExecutor
    place: asyncio.Lock = field(default_factory=asyncio.Lock)


async def preview_export(
    deps: Exports, previews: Previews, export_id: str, *, caller: Caller
) -> Preview:
    """The report of an export as it is now.

    Raises `NotFound`, `Forbidden`, `TooManyRequests` while another preview works, `SourceError`.
    """
    async with deps.database.transaction() as session:
        row = await service.editable_export(session, export_id, caller=caller)
        ids = (await service.segment_ids_of(session, [row.id]))[row.id]
        sources = await readable_sources(
            session, deps.connections.vault, await segments.find_segments(session, ids)
        )
        suppressed = NOBODY if row.sync_mode == "remove" else await suppression_list(session)
    if previews.place.locked():
        raise TooManyRequests(
            "Another preview is being made; try again shortly.", code="preview-busy"
        )
    async with previews.place:
        return await _preview(deps, previews, row, sources, suppressed)


async def _preview(
    deps: Exports,
    previews: Previews,
    row: Export,
    sources: Sequence[Mapping[str, Any]],
    suppressed: SuppressionList,
) -> Preview:
    tally, stop, prefix = Tally(), threading.Event(), f"previews/{new_id('pre')}"
    plan = identifier_plan(row)
    staging = partial(
        stage_members,
        previews.store,
        previews.threads,
        deps.access,
        sources=sources,
        plan=plan,
        prefix=prefix,
        tally=tally,
        stop=stop,
        suppressed=suppressed,
    )
    with wanted() as given_up:
        # the thread gets a copy of this context
        # known before it is spent: what is too expensive is not read
        cost = await asyncio.to_thread(cost_of, sources, deps.access)
        work = asyncio.create_task(asyncio.to_thread(staging))
        try:
            done, _ = await asyncio.wait({work}, timeout=_PATIENCE_SECONDS)
            if not done:
                raise Unprocessable(
                    "The segments are too large to be previewed; run the export with "
                    "min_usable_ratio instead.",
                    code="preview-too-long",
                )
            report = _report(tally, work.result(), plan)
            warnings = [
                *mapping_warnings(row, sources),
                *usability_warnings(
                    row.min_usable_ratio,
                    staged=report.staged,
                    rows=report.read + report.expanded,
                    skipped=report.skipped_reasons,
                ),
                *refusal_warnings(tally.refused, tally.filled, deps.refused_share),
            ]
            return replace(report, warnings=warnings, cost=cost)
        finally:
            for event in (stop, given_up):
                event.set()
            with contextlib.suppress(Exception):
                await work
            await asyncio.to_thread(previews.store.delete_prefix, prefix)


def _report(tally: Tally, manifest: Manifest, plan: IdentifierPlan) -> Preview:
    batches = len(plan_batches(manifest))
    return Preview(
        read=tally.read,
        expanded=tally.expanded,
        duplicates=manifest.duplicates,
        skipped=tally.skipped.total(),
        skipped_reasons=dict(tally.skipped),
        staged=manifest.staged,
        distinct_members=manifest.distinct_keys,
        usable_ratio=round(tally.usable_ratio, 6),
        keys=[_key(key, tally) for key in plan.attributes],
        batches=batches,
        estimated_requests=batches,
        warnings=[],
        time_zone=plan.time_zone,
    )


def _key(key: str, tally: Tally) -> KeyReport:
    filled, refused = tally.filled[key], dict(tally.refused.get(key, {}))
    return KeyReport(
        key=key,
        filled=filled,
        fill_rate=round(filled / tally.read, 6) if tally.read else 0.0,
        valid=filled - sum(refused.values()),
        refused=refused,
    )
