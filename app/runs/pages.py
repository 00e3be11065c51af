"""Pages of runs, read and written only where a row has changed since it was last shown."""

from collections.abc import Sequence
from typing import Any, Protocol

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.listing import one_of
from app.db.models import Run, RunBatch
from app.http.json_cache import Until, Written
from app.runs import schemas
from app.runs.related_rows import Standing, surroundings_of
from app.runs.views import run_view


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

    async def write(names: list[Any]) -> dict[Any, tuple[BaseModel, Until]]:
        runs = await session.scalars(select(Run).where(Run.id == one_of(names)))
        return {run.id: (run_view(run, around), None) for run in runs}

    made_of = {
        row.id: (row.id, row.version, around.names[row.requested_by], around.places.get(row.id))
        for row in rows
    }
    return await written.items(made_of, write)


async def written_batches(
    session: AsyncSession, written: Written, run_id: str, rows: Sequence[Any]
) -> list[bytes]:
    """Each batch of the run as JSON."""

    async def write(numbers: list[Any]) -> dict[Any, tuple[BaseModel, Until]]:
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
