"""What a run is about to send: steps over staged rows, written down before the first batch.

The plan is stored in the run, and its batches follow from it by arithmetic, so any worker can send
exactly the ones that are not done.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from app.db.models import ExportBaseline
from app.facebook.upload.body import MAX_ROWS
from app.observability.logs import get_logger
from app.snapshots import BatchSlice, Manifest, SnapshotError, SnapshotStore, diff, plan_batches

log = get_logger(__name__)

_OPENING_ROWS = 20


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that all go the same way: `add`, `remove` or `replace`."""

    operation: str
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Step:
    """The batches of one schema of one part: one upload session at Meta."""

    number: int
    operation: str
    manifest: Manifest
    group: int
    first_sequence: int
    slices: tuple[BatchSlice, ...]

    @property
    def rows(self) -> int:
        """How many rows the step sends."""
        return self.manifest.groups[self.group].rows

    def sequence_of(self, batch: BatchSlice) -> int:
        """The batch's number in the run."""
        return self.first_sequence + batch.sequence - self.slices[0].sequence


@dataclass(frozen=True, slots=True)
class DeliveryPlan:
    """All parts, in the order they are sent: removals before additions."""

    staged: Manifest
    parts: tuple[Part, ...]
    # Meta closed the replacement before all was in: what is left is added
    replacement_over: bool = False
    # what a mirror delivered before is lost, so nobody knows who left
    baseline_lost: bool = False

    def steps(self) -> Iterator[Step]:
        """One step for each schema group of each part; batches are numbered through."""
        sequence, number = 1, 0
        for part in self.parts:
            batches = plan_batches(part.manifest)
            for group, details in enumerate(part.manifest.groups):
                slices = tuple(batch for batch in batches if batch.group == group)
                if not slices:
                    continue
                operation = part.operation
                if operation == "replace":
                    slices = _opened_small(slices)
                    # one schema for a whole replacement: rows of another one are added afterwards
                    if number or self.replacement_over:
                        operation = "add"
                yield Step(number, operation, part.manifest, group, sequence, slices)
                sequence += len(slices)
                number += 1
                assert details.rows == sum(batch.rows for batch in slices)

    @property
    def batches_total(self) -> int:
        """How many requests the plan takes."""
        return sum(len(step.slices) for step in self.steps())

    def to_json(self) -> dict[str, Any]:
        """For the run's row; a part that is the staged rows themselves is not written twice."""
        return {
            "staged": self.staged.to_json(),
            "replacement_over": self.replacement_over,
            "baseline_lost": self.baseline_lost,
            "parts": [
                {
                    "operation": part.operation,
                    "manifest": None if part.manifest is self.staged else part.manifest.to_json(),
                }
                for part in self.parts
            ],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The plan again. Raises `SnapshotError` for one that cannot be read."""
        staged = Manifest.from_json(value["staged"])
        parts: Sequence[Mapping[str, Any]] = value["parts"]
        return cls(
            staged,
            tuple(
                Part(
                    part["operation"],
                    staged if part["manifest"] is None else Manifest.from_json(part["manifest"]),
                )
                for part in parts
            ),
            replacement_over=value.get("replacement_over", False),
            baseline_lost=value.get("baseline_lost", False),
        )

    def prefixes(self) -> set[str]:
        """Where the plan's files are."""
        return {self.staged.prefix, *(part.manifest.prefix for part in self.parts)}


def _opened_small(slices: Sequence[BatchSlice]) -> tuple[BatchSlice, ...]:
    """The same rows, with so few in the first batch that it leaves in one piece.

    It empties the audience. Half of a larger one could lie with a process that stalled, until others
    have carried the run to its end, and then reach Meta all the same.
    """
    first, rows = slices[0], sum(batch.rows for batch in slices)
    opening = min(_OPENING_ROWS, rows)
    starts = [0, *range(opening, rows, MAX_ROWS)]
    return tuple(
        BatchSlice(
            first.sequence + number, first.group, first.offset + start, min(end, rows) - start
        )
        for number, (start, end) in enumerate(
            zip(starts, [opening, *(start + MAX_ROWS for start in starts[1:])], strict=True)
        )
    )


def make_plan(
    store: SnapshotStore,
    mode: str,
    staged: Manifest,
    baseline: ExportBaseline | None,
    *,
    prefix: str,
) -> DeliveryPlan:
    """What the sync mode makes of the staged rows; removals come before additions.

    Writes the differences of a mirror below the prefix. Raises `SnapshotError` (`snapshot-unreachable`).
    """
    if mode != "mirror":
        return DeliveryPlan(staged, (Part(mode, staged),))
    delivered, pending = (None, []) if baseline is None else (baseline.delivered, baseline.pending)
    removals: list[Part] = []
    additions, lost = staged, False
    for number, document in enumerate([delivered, *pending]):
        if document is None:
            continue
        old = Manifest.from_json(document)
        try:
            compared = diff(store, old, staged, prefix=f"{prefix}/diff-{number}")
        except SnapshotError as error:
            if error.code == SnapshotError.code:
                raise
            if error.code == "snapshot-key-mismatch":
                # nothing can be compared: all of the old rows leave, all of the new ones come
                removals.append(Part("remove", old))
                continue
            log.warning("mirror.baseline_lost", code=error.code, prefix=old.prefix)
            lost = True
            continue
        removals.append(Part("remove", compared.removals))
        # one that ended early may have removed people who are back, so then all rows are added
        if not pending:
            additions = compared.additions
    return DeliveryPlan(staged, (*removals, Part("add", additions)), baseline_lost=lost)
