"""A real Postgres and a real Valkey as child processes, so that one machine needs only Python.

Nothing here knows the service: the servers are given a folder and answer with an address.
They listen on private Unix sockets only, keep their data under the folder, and end with the
process that started them, however that process ends. Start them from the main thread: on Linux
the tie to the parent is a tie to the thread that forked (prctl(2), PR_SET_PDEATHSIG).
"""

from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey

__all__ = ["EmbeddedPostgres", "EmbeddedValkey"]
