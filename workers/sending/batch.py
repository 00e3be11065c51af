"""A batch on its way and what became of it."""

from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from app import clock
from app.exports.members.suppression import SuppressionList
from app.facebook.upload.body import Body, UploadSession, upload_body
from app.facebook.upload.hash_body import HashedRows, hashed_body
from app.runs.execution import BatchRecord
from app.snapshots import BatchReader, BatchSlice

# the reason under which a batch counts people whom Meta keeps, since too few would be left
KEPT = "audience_too_small"


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of a slice that are to be sent, without the `erased` people; read whenever asked for."""

    reader: BatchReader
    part: BatchSlice
    erased: SuppressionList

    def rows(self) -> pl.DataFrame:
        """The rows, hashes as digits, without columns that are empty. Blocking; raises `SnapshotError`."""
        rows = self.reader.read(self.part)
        if self.erased:
            kept = self.erased.without(rows)
            # no batch is empty: who would go with a whole one is taken out by the erasure itself
            rows = kept if kept.height else rows
        return filled_columns(rows)

    def body(self, session: UploadSession) -> tuple[int, Body]:
        """How many rows there are, and the body that holds them. Blocking; raises `SnapshotError`."""
        pieces = None if self.erased else self.reader.digits(self.part)
        if pieces is not None:
            found = [HashedRows(rows, columns) for rows, columns in pieces]
            body = hashed_body(found, session=session)
            if body is not None:
                return self.part.rows, body
        rows = self.rows()
        return rows.height, upload_body(rows, session=session)


@dataclass(frozen=True, slots=True, repr=False)
class Half:
    """Some rows of a batch that was refused as a whole."""

    frame: pl.DataFrame

    def rows(self) -> pl.DataFrame:
        """The rows, as those of a batch."""
        return self.frame

    def body(self, session: UploadSession) -> tuple[int, Body]:
        """How many rows there are, and the body that holds them."""
        return self.frame.height, upload_body(self.frame, session=session)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch ready to leave; its rows are read again only for what Meta says of single ones.

    `withheld` counts rows of the slice that were left out: those of people erased meanwhile.
    """

    sequence: int
    height: int
    batch: Batch | Half
    session: UploadSession
    body: Body
    withheld: int = 0

    def under(self, session: UploadSession) -> "Prepared":
        """The same rows under another session. Blocking; raises `SnapshotError`."""
        return prepare(self.sequence, self.batch, session)


def prepare(sequence: int, batch: Batch | Half, session: UploadSession) -> Prepared:
    """A batch and its body. Blocking; raises `SnapshotError`."""
    height, body = batch.body(session)
    withheld = batch.part.rows - height if isinstance(batch, Batch) else 0
    return Prepared(sequence, height, batch, session, body, withheld)


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
