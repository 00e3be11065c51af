"""Databases for tests: one is emptied and used again, unless a test changed more than its rows."""

from typing import Any
from uuid import uuid4

import asyncpg

from app.embedded.postgres import EmbeddedPostgres

_SMALL = 2_000

# whatever a test made, altered or dropped shows in the rows of these catalogues and who wrote them last
_SHAPE = """SELECT md5(string_agg(what, ',' ORDER BY what)) FROM (
  SELECT 'c' || oid || xmin AS what FROM pg_class WHERE oid >= 16384
  UNION ALL SELECT 'p' || oid || xmin FROM pg_proc WHERE oid >= 16384
  UNION ALL SELECT 't' || oid || xmin FROM pg_type WHERE oid >= 16384
  UNION ALL SELECT 'n' || oid || xmin FROM pg_namespace WHERE oid >= 16384
  UNION ALL SELECT 'o' || oid || xmin FROM pg_constraint WHERE oid >= 16384
  UNION ALL SELECT 'g' || oid || xmin FROM pg_trigger
  UNION ALL SELECT 'e' || oid || xmin FROM pg_extension
  UNION ALL SELECT 's' || setdatabase || setrole FROM pg_db_role_setting
) AS shape"""


class Databases:
    """The databases of one process's tests."""

    def __init__(
        self, postgres: EmbeddedPostgres, admin: "asyncpg.Connection[Any]", template: str
    ) -> None:
        """`admin` is a superuser's connection to the database `postgres`."""
        self.postgres = postgres
        self._admin = admin
        self._template = template
        self._clean: str | None = None
        self._shape: str | None = None
        self._empty = ""

    async def take(self) -> str:
        """The name of a migrated database without rows, which no test has had under this name."""
        name = f"t_{uuid4().hex[:12]}"
        kept, self._clean = self._clean, None
        if kept is not None:
            # what an earlier test left running may come again, and must not find it
            await self._admin.execute(f"ALTER DATABASE {kept} RENAME TO {name}")
        else:
            await self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {self._template} OWNER app")
            await self._look_at(name)
        return name

    async def give_back(self, name: str) -> None:
        """Empties it for the next test, or drops it where that would not make it as new."""
        await self._admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
        try:
            as_new = await self._emptied(name)
        except (asyncpg.PostgresError, OSError):
            as_new = False
        if as_new:
            self._clean = name
        else:
            await self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def _look_at(self, name: str) -> None:
        connection = await self._connected(name)
        try:
            tables = await connection.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
                " AND tablename <> 'alembic_version'"
            )
            parts = [f"w{n} AS (DELETE FROM {row[0]} RETURNING 1)" for n, row in enumerate(tables)]
            counts = " + ".join(f"(SELECT count(*) FROM w{n})" for n in range(len(tables)))
            self._empty = f"WITH {', '.join(parts)} SELECT {counts}"
            self._shape = await connection.fetchval(_SHAPE)
        finally:
            await connection.close()

    async def _emptied(self, name: str) -> bool:
        connection = await self._connected(name)
        try:
            if await connection.fetchval(_SHAPE) != self._shape:
                return False
            # rows go in any order
            await connection.execute("SET session_replication_role = replica")
            gone: int = await connection.fetchval(self._empty)
            return gone <= _SMALL
        finally:
            await connection.close()

    async def _connected(self, name: str) -> "asyncpg.Connection[Any]":
        address = self.postgres.address(name, role="postgres").replace("+asyncpg", "")
        return await asyncpg.connect(address)
