"""`migrate`: brings the database to the schema this version needs, by one process at a time."""

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

import typer

from app.cli.environment import read_settings
from app.errors import ConfigurationError, Unavailable

WAIT_SECONDS = 60.0
_RETRY_SECONDS = 0.5


def migrate() -> None:
    """Bring the database at DATABASE_URL to the newest schema; waits up to 60 s for it."""
    settings = read_settings()
    if not settings.database_url:
        raise ConfigurationError("Set DATABASE_URL: there is no database to migrate.")
    before, after = asyncio.run(upgrade(settings.database_url))
    typer.echo(f"schema {after}" + (" (unchanged)" if before == after else ""))


async def upgrade(url: str, *, wait_seconds: float = WAIT_SECONDS) -> tuple[str | None, str | None]:
    """Migrate to head; the revisions before and after.

    Many processes may call it at once: the migrations themselves take an advisory lock, so one
    works and the others find nothing left to do (alembic's own state is global, so within a
    process it is one call at a time). Raises Unavailable if the database does not answer in time.
    """
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 - see the package
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - see the package
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    from app.db.session import FOR_POOLERS, is_unreachable, understood  # noqa: PLC0415

    address, pooled = understood(url)
    # no time limit for a command: to build an index may take as long as it takes
    known = FOR_POOLERS if pooled else {}
    engine = create_async_engine(address, poolclass=NullPool, connect_args={"timeout": 5, **known})
    deadline = time.monotonic() + wait_seconds
    waits = False
    try:
        while True:
            try:
                async with engine.connect():
                    break
            except Exception as error:  # noqa: BLE001 - sorted by what happened, below
                if not is_unreachable(error):
                    raise _refused(error) from None
                if not waits:
                    waits = True
                    typer.echo(
                        "The database at DATABASE_URL does not answer yet; waiting.", err=True
                    )
                if time.monotonic() > deadline:
                    raise Unavailable(
                        f"The database at DATABASE_URL did not answer within {wait_seconds:.0f} s.",
                        code="database-unavailable",
                    ) from None
            await asyncio.sleep(_RETRY_SECONDS)
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(_upgrade)
        except DBAPIError as error:
            raise _refused(error) from None
    finally:
        await engine.dispose()


def _refused(error: Exception) -> Exception:
    """A wrong password or a missing database is a setting to correct (SQLSTATE classes 28, 3D).

    A lock that could not be had in time (55P03, `lock_timeout` of migrations/env.py) is to be tried again.
    """
    state = getattr(getattr(error, "orig", error), "sqlstate", None) or ""
    if state == "55P03":
        return Unavailable(
            "A table was in use for more than 5 s, and a migration waits no longer, so that nobody waits "
            "behind it. Nothing was changed; run it again.",
            code="database-unavailable",
        )
    if str(state).startswith(("28", "3D")):
        return ConfigurationError(
            "The server at DATABASE_URL refused the connection: the database does not exist, or "
            f"the role or password is wrong (SQLSTATE {state}).",
        )
    return error


def _upgrade(connection: Any) -> tuple[str | None, str | None]:
    # it tells of its plugins and its steps; what matters is said by who calls
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from alembic import command  # noqa: PLC0415 - see the package
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415

    config = Config()
    # beside this package, in a checkout as in an installation
    folder = Path(__file__).resolve().parents[3] / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    before = MigrationContext.configure(connection).get_current_revision()
    command.upgrade(config, "head")
    return before, MigrationContext.configure(connection).get_current_revision()
