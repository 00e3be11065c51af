"""Unchanged means free: a mirror whose sources are what they were at its last success sends nothing.

Said only where every source can tell cheaply that it is the same (versions of files, snapshots of tables,
pushes), never guessed from counts. What else could make the outcome another one is part of the digest, or
looked at here: the rules, the mapping, people erased since, what other runs did to the audience, Meta's
refusals, and whether the last success can still be compared with.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.db.models import Erasure, ExportBaseline, Run, Segment
from app.errors import SourceError
from app.identifiers import RULES_VERSION, VALUES_REFUSED
from app.runs.states import RunStatus
from app.segments.pushed import readable_sources
from app.snapshots import Manifest, SnapshotError, verify
from app.sources import fingerprint_of, open_source, wanted
from workers.context import WorkerContext
from workers.lease import Lease, ended, patiently

_DELIVERED: Final = (RunStatus.SUCCEEDED, RunStatus.SUCCEEDED_WITH_WARNINGS)
UNCHANGED: Final = "unchanged"
# warnings that say something of the members alone: the same members give the same
_OF_MEMBERS: Final = frozenset({"members-skipped", VALUES_REFUSED})
# what a run keeps of the export for people
_OF_PEOPLE: Final = frozenset({"export", "connection", "force"})
_DATES: Final = frozenset({"DOB", "DOBY", "DOBM", "DOBD"})


async def is_unchanged(
    worker: WorkerContext, run: Run, lease: Lease, segments: Sequence[Segment], audience_id: str
) -> bool:
    """Whether the audience holds already what a run would bring about. Nothing is read but what tells.

    Raises `CancelRequested`.
    """
    if run.spec["sync_mode"] != "mirror" or run.spec.get("force"):
        return False
    found = await patiently(
        worker.database, lambda session: _last_success(session, run, audience_id)
    )
    if found is None:
        return False
    last, manifest = found
    sources = await patiently(
        worker.database, lambda session: readable_sources(session, worker.vault, segments)
    )
    with wanted() as given_up:
        work = asyncio.create_task(asyncio.to_thread(_told, worker, sources))
        try:
            await lease.unless_canceled(work)
        finally:
            given_up.set()
            await ended(work)
    digest = content_digest(worker, run, segments, work.result(), audience_id)
    if digest is None or digest != last.content_hash:
        return False
    try:
        await asyncio.to_thread(verify, worker.store, manifest)
    except SnapshotError:
        return False
    return True


def content_digest(
    worker: WorkerContext,
    run: Run,
    segments: Sequence[Segment],
    fingerprints: Mapping[int, str | None],
    audience_id: str,
) -> str | None:
    """A digest of all that decides what a run brings about; None if a source cannot tell what it is.

    `fingerprints` are those of the segments' sources, by their place.
    """
    told = [fingerprints.get(place) for place in range(len(segments))]
    if None in told:
        return None
    spec = {name: value for name, value in run.spec.items() if name not in _OF_PEOPLE}
    document = {
        "rules": RULES_VERSION,
        # which century two digits mean, and who is of age, depends on it
        "year": clock.now().year if _DATES & set(run.spec["attributes"]) else None,
        "spec": spec,
        "connection": run.connection_id,
        "account": run.ad_account_id,
        "audience": audience_id,
        "bounds": [worker.limits.max_members, repr(worker.access.tolerance)],
        "segments": [
            [segment.id, segment.source, segment.detected, told[place]]
            for place, segment in enumerate(segments)
        ],
    }
    text = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()


def _told(worker: WorkerContext, sources: Sequence[Mapping[str, Any]]) -> dict[int, str | None]:
    """What each source says it is; None from the first on that cannot be opened. Blocking."""
    told: dict[int, str | None] = {}
    for place, source in enumerate(sources):
        try:
            opened = open_source(source, worker.access)
            told[place] = fingerprint_of(opened, source, worker.access)
        except SourceError:
            told[place] = None  # staging says what is wrong with it
        if told[place] is None:
            break
    return told


async def _last_success(
    session: AsyncSession, run: Run, audience_id: str
) -> tuple[Run, Manifest] | None:
    """The run after which the audience held its members as far as anybody here knows, and those rows."""
    baseline = await session.get(ExportBaseline, run.export_id)
    if (
        baseline is None
        or baseline.delivered is None
        or baseline.pending
        or baseline.audience_id != audience_id
    ):
        return None
    # one that found nothing to send leaves the rows of an earlier one as they are
    last: Run | None = await session.scalar(
        select(Run)
        .where(Run.export_id == run.export_id, Run.status.in_(_DELIVERED), Run.note.is_(None))
        .order_by(Run.id.desc())
        .limit(1)
    )
    if last is None or last.content_hash is None or not _whole(last):
        return None
    since = last.started_at or last.queued_at
    touched = select(Run.id).where(
        Run.audience_id == audience_id,
        Run.id.notin_([last.id, run.id]),
        func.jsonb_array_length(Run.session_ids) > 0,
        Run.finished_at.is_(None) | (Run.finished_at >= since),
    )
    erased = select(Erasure.id).where(
        (Erasure.requested_at >= since) | (Erasure.lifted_at >= since)
    )
    for looked in (touched, erased):
        if await session.scalar(looked.limit(1)) is not None:
            return None
    return last, Manifest.from_json(baseline.delivered)


def _whole(last: Run) -> bool:
    """Whether Meta took all of it."""
    if last.status == RunStatus.SUCCEEDED:
        return True
    codes = {warning["code"] for warning in last.warnings}
    return last.status == RunStatus.SUCCEEDED_WITH_WARNINGS and codes <= _OF_MEMBERS
