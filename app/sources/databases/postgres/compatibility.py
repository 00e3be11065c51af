"""Which server answers as Postgres: those that cannot be read so are refused by name.

Aurora, AlloyDB and managed Postgres are Postgres itself. Redshift has no COPY to a client, and its cursors
hold whole results (https://docs.aws.amazon.com/redshift/latest/dg/declare.html); CockroachDB lets only
administrators COPY (https://www.cockroachlabs.com/docs/stable/copy). Both write Parquet themselves.
"""

import hashlib
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]

from app.errors import SourceError

# a mark in version() → the server, and what writes Parquet there
_REFUSED: Final = {
    "Redshift": ("Redshift", "UNLOAD ('SELECT …') TO 's3://…' IAM_ROLE default FORMAT PARQUET"),
    "CockroachDB": ("CockroachDB", "EXPORT INTO PARQUET 's3://…' FROM SELECT …"),
}
# which transactions are visible says what the table holds, on one server and its timeline
_SNAPSHOT: Final = """
    SELECT current_database(), txid_current_snapshot()::text, s.system_identifier, k.timeline_id
    FROM pg_class c, pg_control_system() s, pg_control_checkpoint() k
    WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'm') AND NOT c.relhassubclass
"""


async def check_server(name: str, connection: Any) -> None:
    """Raises `database-unsupported` for a server that speaks the protocol and cannot be read like this."""
    version = str(await connection.fetchval("SELECT version()"))
    for mark, (server, statement) in _REFUSED.items():
        if mark in version:
            raise SourceError(
                f"{name}: the server is {server}, which is not read as Postgres. Have it write Parquet "
                f"({statement}) and make a segment of kind file of that.",
                code="database-unsupported",
                source=name,
            )


async def fingerprint_of_table(connection: Any, table: str) -> str | None:
    """Changes with every transaction of the server; None for what may change without one, or is not told.

    `table` is quoted. A view may ask for the time, a foreign table is another server's.
    """
    try:
        found = await connection.fetchrow(_SNAPSHOT, table)
    except asyncpg.PostgresError:
        return None  # kept from this user
    return (
        None if found is None else hashlib.sha256(f"{table}\n{tuple(found)}".encode()).hexdigest()
    )
