"""What the connection service works with, put together once per process."""

from dataclasses import dataclass

from app.db.secrets import Vault
from app.db.session import Database
from app.facebook.client import GraphClient


@dataclass(frozen=True, slots=True)
class Connections:
    """The collaborators of every function here, put together once per process."""

    database: Database
    graph: GraphClient
    vault: Vault
