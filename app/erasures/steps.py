"""The steps of one attempt: what became of each stands in the erasure's record, and none stops another."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Any

from app import clock
from app.db.models import Erasure
from app.erasures.lease import LeaseLost
from app.errors import AppError
from app.observability.crashes import STOPS, tell_of_crash
from app.observability.logs import get_logger

log = get_logger(__name__)


class Steps:
    """The entries of an erasure's `results`, and what failed in this attempt."""

    def __init__(self, row: Erasure) -> None:
        """Goes on from what earlier attempts noted."""
        self._entries: list[dict[str, Any]] = [dict(entry) for entry in row.results]
        self.failures: list[AppError] = []
        self.writable = True

    def entry(self, kind: str, name: str, value: str) -> dict[str, Any]:
        """The entry of this kind whose `name` is `value`; a fresh one is pending."""
        for entry in self._entries:
            if entry["kind"] == kind and entry[name] == value:
                return entry
        fresh = {"kind": kind, name: value, "status": "pending"}
        self._entries.append(fresh)
        return fresh

    async def attempt(self, step: Awaitable[None], entry: dict[str, Any] | None = None) -> None:
        """One step; its failure leaves the others alone, and stands in its entry. Raises `LeaseLost`."""
        error = None
        try:
            await step
        except (LeaseLost, *STOPS):
            raise
        except BaseException as failure:  # noqa: BLE001 - the other steps must be done
            error = self.failed(failure)
        if entry is not None:
            entry["error"] = error and {
                "code": error.code,
                "message": error.detail,
                "at": text_of(clock.now()),
            }

    def failed(self, error: BaseException) -> AppError:
        """Note, once, why the erasure is not done: of what nobody foresaw only the class."""
        if isinstance(error, AppError):
            if error in self.failures:
                return error
            log.warning("erasure.step_failed", code=error.code)
        else:
            tell_of_crash("erasure.crashed", error)
            error = AppError(
                f"The worker met an unexpected {type(error).__name__}; its log has the place under "
                "this erasure's id."
            )
        self.failures.append(error)
        return error

    def results(self) -> dict[str, Any]:
        """What is to be written of the entries: nothing if that failed."""
        return {"results": self._entries} if self.writable else {}

    def total(self, name: str) -> int:
        """The sum of a number over all entries."""
        return sum(entry.get(name) or 0 for entry in self._entries)


def text_of(moment: datetime) -> str:
    """A moment as entries have it."""
    return moment.isoformat(timespec="milliseconds")
