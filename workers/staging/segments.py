"""What a run asks of its segments, and what it learns of them: their counts, or why one is unreadable.

A segment that is not to be had (no file, no database, not delivered) skips the run and is named, whoever
asked for it (L64-L67): the next one may find it in order. So does broken content for a scheduled run, since
nobody waits for its answer; asked for by a person, the run fails and says where. Where the export's own
mapping does not fit, it fails in any case.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.counted_nouns import count_of
from app.db.models import Run, Segment
from app.errors import AppError, Culprit, RunError, SourceError
from app.exports.members.mapping import MIN_USABLE_RATIO
from app.exports.members.staging import Tally
from app.runs.states import Trigger
from app.segments.evaluations import note_counts, note_failure
from app.snapshots import Manifest
from workers.context import WorkerContext
from workers.lease import Lease, patiently
from workers.staging.removal_guards import check_usable
from workers.staging.stage import stage

# the source is not to be had now: whoever delivers it, or keeps it, must act
_AWAY = frozenset(
    {
        "source-not-found",
        "source-empty",
        "source-unreadable",
        "source-changed",
        "storage-unreachable",
        "account-disabled",
        "credentials-expired",
        "credentials-refused",
        "mfa-required",
        "network-policy-refused",
        "database-unreachable",
        "database-not-found",
        "database-permission-denied",
        "secret-unreadable",
        "tally-mismatch",
        "statement-timeout",
        "members-lost",
    }
)
# what the export asks of the segment is not there, or cannot be used as it is mapped
_MAPPING = frozenset({"attribute-missing", "attribute-unknown", "attribute-type-unsupported"})


class RunSkipped(AppError):
    """The run has nothing to do, or must not do it."""

    code = "run-skipped"
    culprit = Culprit.USER


def check_segments(spec: Mapping[str, Any], segments: Sequence[Segment]) -> None:
    """Raises `RunSkipped` unless every segment of the run is there and active (L67)."""
    gone = [name for name in spec["segment_ids"] if all(name != row.id for row in segments)]
    if gone:
        raise RunSkipped(
            f"The segment {gone[0]} of this export was removed; edit the export.",
            code="segment-removed",
        )
    for segment in segments:
        if segment.state != "active":
            raise RunSkipped(
                f"The segment {segment.name} is inactive; activate it (one whose members are pushed "
                "becomes active with the first push), or take it out of the export.",
                code="segment-inactive",
            )


async def read_segments(
    worker: WorkerContext, run: Run, lease: Lease, segments: Sequence[Segment], *, prefix: str
) -> tuple[Manifest, Tally]:
    """Stage the segments and remember how many members each has.

    Raises as `stage`; and `RunSkipped` for a segment that is not to be had, or a scheduled run cannot read.
    """
    tally = Tally()
    try:
        manifest = await stage(
            worker, lease, spec=run.spec, segments=segments, prefix=prefix, tally=tally
        )
    except SourceError as error:
        culprit, failure = segments[tally.reading], error
        await patiently(worker.database, lambda session: note_failure(session, culprit.id, failure))
        away = error.code in _AWAY or error.culprit is Culprit.EXTERNAL
        scheduled = run.trigger == Trigger.SCHEDULED
        if error.code in _MAPPING or not (away or scheduled):
            raise
        raise RunSkipped(
            f"The segment {culprit.name} could not be read; nothing was sent. {error.detail}",
            # who asked is told what the source said
            code="segment-unreadable" if scheduled else error.code,
            culprit=error.culprit,
        ) from error
    counts = {segments[place].id: number for place, number in tally.members.items()}
    await patiently(worker.database, lambda session: note_counts(session, counts))
    return manifest, tally


def everybody_may_leave(spec: Mapping[str, Any]) -> bool:
    """Whether empty segments mean an empty audience; else they are taken for a delivery that failed."""
    return spec["sync_mode"] == "mirror" and bool(spec.get("allow_shrink"))


def check_staged(
    most: int, run: Run, segments: Sequence[Segment], manifest: Manifest, tally: Tally
) -> None:
    """Raises `RunSkipped` for none or more than `most` members, `RunError` for too few usable ones."""
    if tally.read == 0 and not everybody_may_leave(run.spec):
        raise RunSkipped(
            f"The segment {segments[0].name} is empty; nothing was sent."
            if len(segments) == 1
            else "The segments are empty; nothing was sent.",
            code="segment-empty",
        )
    empty = [segments[place].name for place, number in tally.members.items() if not number]
    if empty and run.trigger == Trigger.SCHEDULED:
        raise RunSkipped(
            f"The segment {empty[0]} is empty; nothing was sent. Fill it, or take it out of the export.",
            code="segment-empty",
        )
    if manifest.distinct_keys > most:
        raise RunSkipped(
            f"The segments hold {count_of(manifest.distinct_keys, 'distinct member')}; at most "
            f"{most:,} may be exported at once, and nothing was sent. Split the segments over several "
            "exports.",
            code="too-many-members",
        )
    check_usable(manifest, tally)
    usable, least = tally.usable_ratio, run.spec.get("min_usable_ratio")
    least = MIN_USABLE_RATIO if least is None else least
    if usable < least:
        raise RunError(
            f"Only {usable:.1%} of the members are usable, less than the {least:.1%} this export asks "
            "for (min_usable_ratio); nothing was sent. skipped_reasons says why.",
            code="too-few-usable",
            culprit=Culprit.USER,
        )
