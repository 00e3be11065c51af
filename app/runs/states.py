"""The run's life as a table of allowed moves; every change of a status goes through it."""

from enum import StrEnum


class RunStatus(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    SUCCEEDED_WITH_WARNINGS = "succeeded_with_warnings"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELED = "canceled"


class Phase(StrEnum):
    """What a running run is doing."""

    VALIDATING = "validating"
    STAGING = "staging"
    UPLOADING = "uploading"
    FINISHING = "finishing"


class Trigger(StrEnum):
    """What made the run."""

    ON_DEMAND = "on_demand"
    SCHEDULED = "scheduled"


ACTIVE = frozenset({RunStatus.QUEUED, RunStatus.RUNNING})
FINAL = frozenset(RunStatus) - ACTIVE

MOVES: dict[RunStatus, frozenset[RunStatus]] = {
    # a queued run may be canceled or found hopeless before a worker ever takes it
    RunStatus.QUEUED: frozenset(
        {RunStatus.RUNNING, RunStatus.CANCELED, RunStatus.FAILED, RunStatus.SKIPPED}
    ),
    # running → queued: parked (throttled), or handed back by a worker that stops
    RunStatus.RUNNING: frozenset({RunStatus.QUEUED}) | FINAL,
    **{status: frozenset() for status in FINAL},
}


def origins(target: RunStatus) -> tuple[RunStatus, ...]:
    """The statuses from which a run may move to the target."""
    return tuple(status for status, targets in MOVES.items() if target in targets)
