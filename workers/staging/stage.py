"""The staging of a run, watched from the event loop: progress, cancel, and nothing left running."""

import asyncio
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from app.db.models import Segment
from app.exports.members.mapping import plan_of_spec
from app.exports.members.staging import NOBODY, Tally, stage_members
from app.exports.members.suppression import REASON, SuppressionList, suppression_list
from app.observability import metrics
from app.runs.execution import note
from app.segments.pushed import readable_sources
from app.snapshots import Manifest
from app.sources import wanted
from workers.context import WorkerContext
from workers.lease import Lease, ended, patiently

_REPORT_SECONDS = 1.0


async def stage(
    worker: WorkerContext,
    lease: Lease,
    *,
    spec: dict[str, Any],
    segments: Sequence[Segment],
    prefix: str,
    tally: Tally,
) -> Manifest:
    """Stage every member of the segments below the prefix; what is met on the way is in the tally.

    Raises `SourceError`, `SnapshotError`, `CancelRequested`, `LeaseLost`; then nothing is left behind.
    """
    stop = threading.Event()
    suppressed = await _suppressed(worker, spec)
    sources = await patiently(
        worker.database, lambda session: readable_sources(session, worker.vault, segments)
    )
    with wanted() as given_up:  # the thread gets a copy of this context
        work = asyncio.create_task(
            asyncio.to_thread(
                stage_members,
                worker.store,
                worker.cpu,
                worker.access,
                sources=sources,
                plan=plan_of_spec(spec),
                prefix=prefix,
                tally=tally,
                stop=stop,
                suppressed=suppressed,
                # a mirror may be told the next time that nothing is new
                fingerprints=spec["sync_mode"] == "mirror",
            )
        )
        manifest = await _watched(lease, work, tally, (stop, given_up), counted := Counted())
        counted.add(tally)
        metrics.MEMBERS_DUPLICATE.inc(manifest.duplicates)
        metrics.MEMBERS_STAGED.inc(manifest.staged)
        return manifest


async def _watched(
    lease: Lease,
    work: asyncio.Task[Manifest],
    tally: Tally,
    ends: Sequence[threading.Event],
    counted: "Counted",
) -> Manifest:
    """The result of the work; what it has met so far is written down while it goes on."""
    try:
        while True:
            if await lease.unless_canceled(work, seconds=_REPORT_SECONDS):
                return work.result()
            counted.add(tally)
            await lease.write(lambda session, claim: note(session, claim, **columns_of(tally)))
    finally:
        # whatever ended the waiting also ends the threads, and their files with them
        for end in ends:
            end.set()
        await ended(work)


class Counted:
    """How much of a tally the process's counters have: what comes later is added to them."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._read = self._expanded = 0
        self._skipped: Counter[str] = Counter()

    def add(self, tally: Tally) -> None:
        """Count what the tally has met since the last time."""
        with tally.lock:
            read, expanded, skipped = tally.read, tally.expanded, Counter(tally.skipped)
        metrics.MEMBERS_READ.inc(read - self._read)
        metrics.MEMBERS_EXPANDED.inc(expanded - self._expanded)
        for reason, number in (skipped - self._skipped).items():
            metrics.MEMBERS_SKIPPED.labels(reason).inc(number)
        self._read, self._expanded, self._skipped = read, expanded, skipped


async def _suppressed(worker: WorkerContext, spec: Mapping[str, Any]) -> SuppressionList:
    """Who must not be staged; whoever was erased may still be taken out of an audience."""
    if spec["sync_mode"] == "remove":
        return NOBODY
    return await patiently(worker.database, suppression_list)


def columns_of(tally: Tally) -> dict[str, Any]:
    """The run's columns that show the tally."""
    with tally.lock:
        return {
            "read": tally.read,
            "expanded": tally.expanded,
            "skipped": tally.skipped.total(),
            "skipped_reasons": dict(tally.skipped),
            "suppressed": tally.skipped[REASON],
            "given_values": dict(tally.filled),
            "refused_values": {key: dict(reasons) for key, reasons in tally.refused.items()},
        }
