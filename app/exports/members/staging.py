"""Segments → hashed, distinct rows in snapshot storage; shared by runs and by previews of them.

Blocking: called in a thread. Members are read, hashed and written frame by frame in bounded memory;
nothing but hashes leaves this function.
"""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from app.errors import SourceError
from app.exports.members.mapping import is_hashed, plan_for
from app.exports.members.suppression import REASON, SuppressionList
from app.identifiers import HashTally, IdentifierPlan, Memory, identify, key_columns
from app.snapshots import Manifest, SnapshotStore, StageWriter
from app.sources import (
    MALFORMED,
    SourceAccess,
    fingerprint_of,
    open_source,
    tally_beside,
    tally_invalid,
)

# frames on their way between the reader and the hashing threads
_IN_FLIGHT = 4
NOBODY = SuppressionList()
# reasons for which members are skipped although their data may be good
LEFT_OUT = frozenset({"no_consent", REASON})


class Stopped(Exception):  # it is no error
    """Whoever asked for the rows does not want them any more."""


@dataclass(slots=True)
class Tally:
    """What was met on the way; changed under its lock by the hashing threads."""

    read: int = 0
    expanded: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    refused: dict[str, Counter[str]] = field(default_factory=dict)
    filled: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    # members of each source, and the one that is being read; by their place, written by the reader
    members: dict[int, int] = field(default_factory=dict)
    reading: int = 0
    # what each source said it is, where that was asked for
    fingerprints: dict[int, str | None] = field(default_factory=dict)

    def leave_out(self, malformed: int) -> None:
        """Rows that could not be read are read rows that were skipped."""
        if malformed:
            with self.lock:
                self.read += malformed
                self.skipped[MALFORMED] += malformed

    @property
    def usable_ratio(self) -> float:
        """The share of rows that can be sent, of those nobody left out on purpose; 1.0 of none."""
        return usable_share(self.read + self.expanded, self.skipped)


def usable_share(rows: int, skipped: Mapping[str, int]) -> float:
    """How many of the rows were not `skipped` (reason → rows); those left out on purpose do not count."""
    wanted = rows - sum(skipped.get(name, 0) for name in LEFT_OUT)
    return (rows - sum(skipped.values())) / wanted if wanted > 0 else 1.0


def stage_members(
    store: SnapshotStore,
    threads: Executor,
    access: SourceAccess,
    *,
    sources: Sequence[Mapping[str, Any]],
    plan: IdentifierPlan,
    prefix: str,
    tally: Tally,
    stop: threading.Event,
    suppressed: SuppressionList = NOBODY,
    fingerprints: bool = False,
) -> Manifest:
    """Stage every member of the sources below the prefix, in the order of the sources.

    Pushed members were hashed when they came, under Meta's own keys; the others follow the mapping.
    Rows of `suppressed` people are left out, and counted as skipped.
    Raises `SourceError`, `SnapshotError`, and `Stopped` once `stop` is set; then nothing is left behind.
    """
    keys = key_columns(plan.key_identifier)
    writer = StageWriter(store, prefix, key_columns=keys, columns=plan.schema())
    pending: set[Future[None]] = set()
    try:
        for number, source in enumerate(sources):
            tally.reading, tally.members[number] = number, 0
            memory, losses, opened = Memory(), access.losses(), open_source(source, access)
            if fingerprints:
                tally.fingerprints[number] = fingerprint_of(opened, source, access)
            there = {item.name for item in opened.attributes()} if is_hashed(source) else ()
            own = plan_for(source, plan, there)
            for frame in opened.chunks(own.columns(), losses=losses):
                _go_on(stop)
                tally.members[number] += frame.height
                if len(pending) >= _IN_FLIGHT:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    _raise_first(done)
                work = (frame, own, memory, writer, tally, suppressed)
                pending.add(threads.submit(_identify, *work))
            tally.leave_out(losses.malformed)
            _take_over(tally, tally.members[number], source, access)
        _raise_first(wait(pending).done)
        return writer.finish()
    except BaseException:
        wait(pending)
        writer.abort()
        raise


def _take_over(tally: Tally, rows: int, source: Mapping[str, Any], access: SourceAccess) -> None:
    """Count what a job met that hashed this source's members elsewhere, if it left word of that.

    Raises `SourceError`: `tally-invalid`, `tally-mismatch` if its rows are not those that were read.
    """
    document = tally_beside(source, access)
    if document is None:
        return
    try:
        found = HashTally.from_json(document)
    except ValueError:
        raise tally_invalid("is not what a job writes, or does not add up") from None
    if found.rows != rows:
        raise SourceError(
            f"_tally.json speaks of {found.rows:,} rows, and {rows:,} are beside it: the delivery is "
            "incomplete or mixed. Deliver the job's whole output into a folder of its own.",
            code="tally-mismatch",
        )
    with tally.lock:
        tally.read += found.read - found.rows
        tally.expanded += found.expanded
        tally.skipped.update(found.skipped)
        for key, reasons in found.refused.items():
            tally.refused.setdefault(key, Counter()).update(reasons)
            tally.filled[key] += reasons.total()  # the other values were counted as they were read


def _identify(
    frame: pl.DataFrame,
    plan: IdentifierPlan,
    memory: Memory,
    writer: StageWriter,
    tally: Tally,
    suppressed: SuppressionList,
) -> None:
    found = identify(frame, plan, memory)
    rows = suppressed.without(found.rows) if suppressed else found.rows
    left_out = found.rows.height - rows.height
    writer.add(rows)
    with tally.lock:
        if left_out:
            tally.skipped[REASON] += left_out
        tally.read += found.read
        tally.expanded += found.expanded
        tally.skipped.update(found.skipped)
        tally.filled.update(found.filled)
        for key, reasons in found.refused.items():
            tally.refused.setdefault(key, Counter()).update(reasons)


def _go_on(stop: threading.Event) -> None:
    if stop.is_set():
        raise Stopped


def _raise_first(done: set[Future[None]]) -> None:
    for future in done:
        future.result()
