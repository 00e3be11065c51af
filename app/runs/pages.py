"""Pages of runs, read and written only where a row has changed since it was last shown."""

from collections.abc import Hashable, Sequence
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.listing import one_of, version_of
from app.db.models import Run
from app.http.written import Written
from app.runs.surroundings import Standing, Surroundings, surroundings_of
from app.runs.views import run_view

_VERSION = version_of(Run).label("version")


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
    found = {row.id: written.get(_made_of(row, around)) for row in rows}
    missing = [name for name, text in found.items() if text is None]
    if missing:
        changed = select(Run, _VERSION).where(Run.id == one_of(missing))
        for run, version in await session.execute(changed):
            # it may have changed since: what is kept goes by the version that was read
            text = found[run.id] = run_view(run, around).model_dump_json().encode()
            written.keep(_key(run.id, version, run.requested_by, around), text)
    return [text for text in found.values() if text is not None]


def _made_of(row: Versioned, around: Surroundings) -> Hashable:
    return _key(row.id, row.version, row.requested_by, around)


def _key(run_id: str, version: int, requested_by: str, around: Surroundings) -> tuple[Any, ...]:
    return (run_id, version, around.names.get(requested_by), around.places.get(run_id))
