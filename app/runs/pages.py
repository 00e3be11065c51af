"""Pages of runs, read and written only where a row has changed since it was last shown."""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.listing import one_of, plain_rows
from app.db.models import Run, RunBatch
from app.http.json_cache import Item, Until, Written
from app.runs import schemas
from app.runs.related_rows import Standing, surroundings_of
from app.runs.views import run_fields

# a run's row holds twice as much as is shown of it
_SHOWN = (
    *(Run.id, Run.export_id, Run.connection_id, Run.trigger, Run.status, Run.phase),
    func.jsonb_build_object(
        *("export", Run.spec["export"], "connection", Run.spec["connection"]), type_=JSONB
    ).label("spec"),
    *(Run.read, Run.expanded, Run.duplicates, Run.skipped, Run.suppressed, Run.staged),
    *(Run.added, Run.removed, Run.received, Run.invalid, Run.refused),
    *(Run.batches_total, Run.batches_done, Run.skipped_reasons, Run.refused_values),
    *(Run.error, Run.note, Run.warnings, Run.audience_id, Run.audience_state, Run.session_ids),
    *(Run.waiting, Run.cancel_requested_at, Run.throttled_until),
    *(Run.rules_version, Run.schema_hash, Run.labels, Run.requested_by),
    *(Run.queued_at, Run.started_at, Run.finished_at, Run.attempt, Run.phases, Run.progressed_at),
)


class Versioned(Standing, Protocol):
    """A run without what it shows: enough to tell whether it was shown before."""

    @property
    def version(self) -> int:
        """Another one after every change of the row."""
        ...


async def written_runs(
    session: AsyncSession, written: Written, rows: Sequence[Versioned]
) -> list[bytes]:
    """Each run as JSON; one that was forgotten meanwhile is left out."""
    around = await surroundings_of(session, rows)

    async def write(names: list[Any]) -> dict[Any, tuple[Item, Until]]:
        runs = await plain_rows(session, select(*_SHOWN).where(Run.id == one_of(names)))
        return {run.id: (run_fields(run, around), None) for run in runs}

    made_of = {
        row.id: (row.id, row.version, around.names[row.requested_by], around.places.get(row.id))
        for row in rows
    }
    return await written.items(made_of, write)


async def written_batches(
    session: AsyncSession, written: Written, run_id: str, rows: Sequence[Any]
) -> list[bytes]:
    """Each batch of the run as JSON."""

    async def write(numbers: list[Any]) -> dict[Any, tuple[Item, Until]]:
        batches = await session.scalars(
            select(RunBatch).where(
                RunBatch.run_id == run_id, RunBatch.sequence.between(numbers[0], numbers[-1])
            )
        )
        return {
            row.sequence: (schemas.RunBatch.model_validate(row), None)
            for row in batches
            if row.sequence in made_of
        }

    made_of = {row.sequence: (run_id, row.sequence, row.version) for row in rows}
    return await written.items(made_of, write)
