"""What a run's row does not hold: its place in the queue, and the names of those it mentions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.caller_names import names_of
from app.db.listing import one_of
from app.runs.queueing.order import line
from app.runs.states import RunStatus


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Of several runs: run id → place in the queue, caller id → name."""

    places: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


class Standing(Protocol):
    """What of a run says where it stands, and who asked for it."""

    @property
    def id(self) -> str:
        """`run_…`."""
        ...

    @property
    def status(self) -> str:
        """Its status."""
        ...

    @property
    def due_at(self) -> datetime:
        """Not before then is it taken."""
        ...

    @property
    def requested_by(self) -> str:
        """The id of a caller."""
        ...


async def surroundings_of(session: AsyncSession, rows: Sequence[Standing]) -> Surroundings:
    """Two queries at most, however many runs."""
    now = clock.now()
    queued = [row for row in rows if row.status == RunStatus.QUEUED and row.due_at <= now]
    places: dict[str, int] = {}
    if queued:
        waiting = line(now)
        wanted = select(waiting.c.id, waiting.c.place).where(
            waiting.c.id == one_of(row.id for row in queued)
        )
        places = {row.id: int(row.place) for row in await session.execute(wanted)}
    return Surroundings(places, await names_of(session, [row.requested_by for row in rows]))
