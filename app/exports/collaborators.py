"""What the export service works with, put together once per process."""

from dataclasses import dataclass
from typing import Protocol

from app.access.callers import Caller
from app.connections.collaborators import Connections
from app.db.session import Database
from app.sources import SourceAccess


class StartRun(Protocol):
    """Asks for a run of a saved export; raises `Conflict` when it cannot run."""

    async def __call__(self, export_id: str, *, caller: Caller) -> object:
        """The queued run."""
        ...


@dataclass(frozen=True, slots=True)
class Exports:
    """The collaborators of the functions here that look at Meta or at sources."""

    connections: Connections
    access: SourceAccess
    max_members: int
    refused_share: float

    @property
    def database(self) -> Database:
        """Where exports are kept."""
        return self.connections.database
