"""Rows that cannot be read: left out and counted while they are few, an error with its place if not."""

import threading
from dataclasses import dataclass, field

from app.errors import SourceError

REASON = "row_malformed"
"""What such rows are counted as among the skipped ones."""

# so many are no accident any more wherever in the file they stand: reading on would only cost time
_HOPELESS_ROWS = 1_000
_HOPELESS_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How many of a source's rows may be left out: this share of them, or this many."""

    share: float = 0.001
    rows: int = 10


@dataclass(slots=True)
class Losses:
    """What one reading of a source leaves out; `read` counts the rows that were read well."""

    tolerance: Tolerance = field(default_factory=Tolerance)
    read: int = 0
    malformed: int = 0
    _first: SourceError | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def note(self, read: int, malformed: int, first: SourceError | None) -> None:
        """Count rows; `first` says what is wrong with the first malformed one of them, and where.

        Raises it as soon as there is no hope.
        """
        with self._lock:  # files may be read side by side
            self.read += read
            self.malformed += malformed
            self._first = self._first or first
        rows = self.read + self.malformed
        if self.malformed >= _HOPELESS_ROWS and self.malformed > _HOPELESS_SHARE * rows:
            raise self._error(rows)

    def settle(self) -> None:
        """At the end of the source: raise what is wrong with its first malformed row if too many are."""
        rows = self.read + self.malformed
        most = max(self.tolerance.rows, self.tolerance.share * rows)
        if self.malformed and (self.malformed > most or not self.read):
            raise self._error(rows)

    def _error(self, rows: int) -> SourceError:
        first = self._first
        assert first is not None
        counted = (
            f"{self.malformed:,} of {rows:,} rows cannot be read; at most {self.tolerance.rows:,} or "
            f"{self.tolerance.share:.2%} of them are left out."
        )
        members = {**first.members, "malformed_rows": self.malformed}
        return SourceError(f"{first.detail} {counted}", code=first.code, **members)
