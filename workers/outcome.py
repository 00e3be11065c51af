"""A batch on its way and what became of it."""

from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from app import clock
from app.exports.suppression import SuppressionList
from app.facebook.payload import UploadSession, upload_body
from app.runs.execution import BatchRecord
from app.snapshots import BatchReader, BatchSlice

# the reason under which a batch counts people whom Meta keeps, since too few would be left
KEPT = "audience_too_small"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch ready to leave; `rows` is kept for what Meta may say of single rows.

    `withheld` counts rows of the slice that were left out: those of people erased meanwhile.
    """

    sequence: int
    rows: pl.DataFrame
    session: UploadSession
    body: bytes
    withheld: int = 0


def prepare(
    sequence: int,
    reader: BatchReader,
    batch: BatchSlice,
    session: UploadSession,
    erased: SuppressionList,
) -> Prepared:
    """A batch without the rows of `erased` people. Blocking; raises `SnapshotError`."""
    rows = reader.read(batch)
    if erased:
        kept = erased.without(rows)
        # no batch is empty: who would go with a whole one is taken out by the erasure itself
        rows = kept if kept.height else rows
    rows = filled_columns(rows)
    body = upload_body(rows, session=session)
    return Prepared(sequence, rows, session, body, withheld=batch.rows - rows.height)


@dataclass(slots=True)
class Notes:
    """What the end of the run must speak of."""

    shortfall: int = 0
    version_warning: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the rows of a batch."""

    received: int = 0
    invalid: int = 0
    refused: int = 0
    attempts: int = 1
    reasons: dict[str, int] = field(default_factory=dict)
    trace_id: str | None = None

    def plus(self, other: "Outcome") -> "Outcome":
        """Both together."""
        reasons = dict(self.reasons)
        for reason, count in other.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
        return Outcome(
            received=self.received + other.received,
            invalid=self.invalid + other.invalid,
            refused=self.refused + other.refused,
            attempts=self.attempts + other.attempts,
            reasons=reasons,
            trace_id=other.trace_id or self.trace_id,
        )

    def record(
        self,
        sequence: int,
        operation: str,
        session: UploadSession,
        rows: int,
        began: datetime,
        *,
        withheld: int = 0,
    ) -> BatchRecord:
        """The row of `run_batches`."""
        return BatchRecord(
            sequence=sequence,
            operation=operation,
            session_id=str(session.session_id),
            rows=rows,
            received=self.received,
            invalid=self.invalid,
            invalid_reasons=self.reasons,
            refused=self.refused,
            attempts=self.attempts,
            trace_id=self.trace_id,
            started_at=began,
            finished_at=clock.now(),
            withheld=withheld,
        )


def filled_columns(rows: pl.DataFrame) -> pl.DataFrame:
    """Without the columns that are empty for the whole batch: Meta has nothing to match there."""
    empty = [name for name in rows.columns if rows[name].null_count() == rows.height]
    return rows.drop(empty) if len(empty) < rows.width else rows
