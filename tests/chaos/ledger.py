"""What every scenario must show at its end, and the table of how often it did."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.plant import Plant
from tests.chaos.scene import DELIVERED, Job


@dataclass
class Line:
    """One scenario: runs tried, runs whose outcome was exact, batches sent again."""

    tried: int = 0
    exact: int = 0
    resent: int = 0


@dataclass
class Recorded:
    """The batches that were written down at a moment, and how many uploads had arrived by then."""

    batches: list[tuple[str, str]]
    uploads: int


@dataclass
class Ledger:
    """Keeps the lines of the table."""

    lines: dict[str, Line] = field(default_factory=dict)

    async def note(self, plant: Plant, jobs: Sequence[Job]) -> Recorded:
        """Look at what is recorded now; call it when nobody can record anything meanwhile."""
        rows = await plant.rows(
            "select run_id, trace_id from run_batches where run_id = any($1) "
            "and trace_id is not null",
            [job.id for job in jobs],
        )
        found = [(row["run_id"], row["trace_id"]) for row in rows]
        return Recorded(found, len(plant.uploads()))

    async def check(
        self,
        scenario: str,
        plant: Plant,
        jobs: Sequence[Job],
        *,
        recorded: Iterable[Recorded] = (),
        since: int = 0,
        status: frozenset[str] = DELIVERED,
    ) -> None:
        """Every audience exact, every count true, nothing recorded sent again; adds to the table.

        `since`: how many uploads had arrived before the runs began.
        """
        line = self.lines.setdefault(scenario, Line())
        line.tried += len(jobs)
        uploads = plant.uploads()
        for job in jobs:
            await self._check_run(plant, job, status)
            line.exact += 1
            own = [item for item in uploads[since:] if item["audience"] == job.audience_id]
            times = Counter((item["method"], item["rows"]) for item in own)
            line.resent += sum(number - 1 for number in times.values())
        for moment in recorded:
            not_sent_again(uploads, moment, {job.id: job.audience_id for job in jobs})

    async def _check_run(self, plant: Plant, job: Job, status: frozenset[str]) -> None:
        run = await job.read()
        assert run["status"] in status, (job.mode, run)
        if status is DELIVERED:
            assert job.holds() == job.after, (job.mode, run)
        check_counts(run)
        batches = await plant.rows(
            "select * from run_batches where run_id = $1 order by sequence", job.id
        )
        check_batches(run, batches, job.mode)


def check_counts(run: Mapping[str, Any]) -> None:
    """The numbers add up."""
    counts = run["counts"]
    rows = counts["read"] + counts["expanded"]
    if run["status"] in DELIVERED:
        left_out = counts["duplicates"] + counts["skipped"] + counts.get("suppressed", 0)
        assert rows == left_out + counts["staged"], counts
        assert counts["batches_done"] == counts["batches_total"], counts
        assert run["error"] is None
        assert run["phase"] is None
    assert counts["skipped"] == sum(run["skipped_reasons"].values())


def check_batches(run: Mapping[str, Any], batches: Sequence[Any], mode: str) -> None:
    """The record of the batches says what the run's numbers say."""
    counts = run["counts"]
    assert counts["batches_done"] == len(batches), counts
    assert counts["received"] == sum(batch["received"] for batch in batches)
    removed = [batch for batch in batches if batch["operation"] == "remove"]
    added = [batch for batch in batches if batch["operation"] != "remove"]
    assert counts["removed"] == sum(batch["rows"] - batch["refused"] for batch in removed)
    assert counts["added"] == sum(batch["rows"] - batch["refused"] for batch in added)
    if run["status"] not in DELIVERED:
        return
    assert [batch["sequence"] for batch in batches] == list(range(1, len(batches) + 1))
    refused = sum(batch["refused"] for batch in batches)
    if mode != "mirror":
        assert counts["staged"] == counts["received"] + refused
        assert counts["staged"] == counts["added"] + counts["removed"] + refused


def not_sent_again(
    uploads: Sequence[Mapping[str, Any]], moment: Recorded, audiences: Mapping[str, str]
) -> None:
    """What was recorded then was not uploaded after that moment; `audiences`: run → its audience."""
    by_trace = {item["trace_id"]: item for item in uploads if item.get("trace_id")}
    later = {(item["audience"], item["method"], item["rows"]) for item in uploads[moment.uploads :]}
    for run_id, trace_id in moment.batches:
        item = by_trace[trace_id]
        assert item["audience"] == audiences[run_id]
        assert (item["audience"], item["method"], item["rows"]) not in later, "sent again"
