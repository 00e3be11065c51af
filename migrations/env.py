"""Runs the migrations, one runner at a time.

`audience-export migrate` hands over a connection; the plain `alembic` command reads DATABASE_URL.
"""

import asyncio

from alembic import context
from sqlalchemy import Connection, text

from app.db.models import Base

# the same number in every process: whoever holds it migrates, the others wait
_ADVISORY_LOCK = 7_201_883_441


def run_migrations(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        connection.execute(text(f"select pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        # as each migration says for itself: one that cannot get its lock at once must not make the service
        # queue behind it. The wait for other runners, above, may be long.
        connection.execute(text("set local lock_timeout = '5s'"))
        context.run_migrations()


async def connect_and_run() -> None:
    from app.db.session import Database  # noqa: PLC0415
    from app.settings import Settings  # noqa: PLC0415

    database = Database(Settings().database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(run_migrations)
    await database.close()


given = context.config.attributes.get("connection")
if given is not None:
    run_migrations(given)
else:
    asyncio.run(connect_and_run())
