"""Why a queued run waits, as its row keeps it and callers read it (L40, L65).

The row's `waiting` stays while the run is looked at again, so that a wait that goes on for the same
reason says since when; it is shown while the run is queued.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.errors import AppError


class WaitReason(StrEnum):
    """What a queued run waits for."""

    RETRY = "retry"
    THROTTLED = "throttled"
    ACCOUNT_BLOCKED = "account-blocked"
    NO_WORKER = "no-worker"
    AUDIENCE_BUSY = "audience-busy"
    PUSH_UNDER_WAY = "push-under-way"


def waiting_document(
    before: Mapping[str, Any] | None,
    reason: WaitReason,
    *,
    now: datetime,
    until: datetime | None,
    attempt: int | None = None,
    of: int | None = None,
    error: AppError | None = None,
) -> dict[str, Any]:
    """The wait for the run's row; one for the same reason as `before` has begun when that did.

    `attempt` of `of` is over; `error` is what made the run wait, as far as it may be shown.
    """
    goes_on = before is not None and before["reason"] == reason
    return {
        "reason": str(reason),
        "since": before["since"] if before is not None and goes_on else _text(now),
        "until": None if until is None else _text(until),
        "attempt": attempt,
        "of": of,
        "last_error": None if error is None else _shown(error),
    }


def waits_since(waiting: Mapping[str, Any] | None, reason: WaitReason) -> datetime | None:
    """Since when the run waits for this reason; None if it does not."""
    if waiting is None or waiting["reason"] != reason:
        return None
    return datetime.fromisoformat(waiting["since"])


def _shown(error: AppError) -> dict[str, Any]:
    return {
        "code": error.code,
        "culprit": str(error.culprit),
        "message": error.detail,
        "help_url": error.help_url,
    }


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
