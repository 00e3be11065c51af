"""How a run gets on: when it entered its phases, how fast it is, and when it will be done as things go.

All of it from what the row keeps and nothing from the clock, so a run that stands still looks the same
each time it is read, and watching it sends nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.db.models import Run
from app.runs.states import Phase, RunStatus

# a rate of less than this says nothing
_LEAST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class PhaseTimes:
    """A phase of an attempt; it goes on while `finished_at` is null."""

    phase: Phase
    attempt: int
    started_at: datetime
    finished_at: datetime | None


def phase_times(run: Run) -> list[PhaseTimes]:
    """Every phase the run entered, oldest first; one is over when the next begins or the run is left."""
    found: list[PhaseTimes] = []
    open_phase = None
    for entry in [*run.phases, None]:
        ended = run.finished_at if entry is None else datetime.fromisoformat(entry["at"])
        # what is said twice in a row is one phase
        named = None if entry is None else (entry["phase"], entry["attempt"])
        if open_phase is not None and named == (open_phase["phase"], open_phase["attempt"]):
            continue
        if open_phase is not None and open_phase["phase"] is not None:
            found.append(
                PhaseTimes(
                    Phase(open_phase["phase"]),
                    int(open_phase["attempt"]),
                    datetime.fromisoformat(open_phase["at"]),
                    ended,
                )
            )
        open_phase = entry
    return found


def rate(run: Run, times: Sequence[PhaseTimes] | None = None) -> float | None:
    """Rows a second: read while staging, delivered while uploading; of the whole delivery at the end.

    `times`: the run's phase times, where they are at hand.
    """
    if run.phase == Phase.STAGING:
        began = _began(run)
        return None if began is None else _per_second(run.read, began, run.progressed_at)
    delivered = run.added + run.removed
    if run.phase in {Phase.UPLOADING, Phase.FINISHING}:
        found = _under_way(run)
        if found is None:
            return None
        began, before = found
        return _per_second(delivered - before, began, run.progressed_at)
    if run.status in {RunStatus.SUCCEEDED, RunStatus.SUCCEEDED_WITH_WARNINGS}:
        seconds = sum(
            ((item.finished_at or item.started_at) - item.started_at).total_seconds()
            for item in (phase_times(run) if times is None else times)
            if item.phase is Phase.UPLOADING
        )
        return round(delivered / seconds, 1) if seconds > 0 and delivered else None
    return None


def estimated_finish_at(run: Run) -> datetime | None:
    """When the last batch will be answered if all go as fast as those since the upload (re)began."""
    if run.phase != Phase.UPLOADING or run.status != RunStatus.RUNNING or not run.batches_done:
        return None
    speed = rate(run)
    if not speed or run.progressed_at is None:
        return None
    delivered = run.added + run.removed
    share = run.batches_done / max(run.batches_total, 1)
    left = delivered / share - delivered
    return run.progressed_at + timedelta(seconds=left / speed)


def _under_way(run: Run) -> tuple[datetime, int] | None:
    """When the upload under way began, and how many rows were delivered before."""
    for entry in reversed(run.phases):
        if entry["phase"] == Phase.UPLOADING:
            return datetime.fromisoformat(entry["at"]), int(entry["done"])
    return None


def _began(run: Run) -> datetime | None:
    return datetime.fromisoformat(run.phases[-1]["at"]) if run.phases else None


def _per_second(rows: int, began: datetime, until: datetime | None) -> float | None:
    if until is None or until - began < _LEAST:
        return None
    return round(rows / (until - began).total_seconds(), 1)
