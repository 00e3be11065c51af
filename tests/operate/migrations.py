"""The schema, moved by alembic to a revision: what `migrate` does not do, back."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests.conftest import ROOT


async def downgrade(url: str, revision: str) -> None:
    """Back to that revision; rows stay, as far as its tables can hold them."""
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_down, ROOT / "migrations", revision)
    await engine.dispose()


def _down(connection: Connection, folder: Path, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.attributes["connection"] = connection
    command.downgrade(config, revision)
