"""`keys`: what encrypts secrets at rest, and the change from one key to the next."""

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING

import typer

from app.cli.command_groups import group
from app.cli.environment import is_image, read_settings
from app.errors import ConfigurationError

if TYPE_CHECKING:  # see the package
    from app.settings import Settings

app = group("Keys that encrypt secrets at rest.")


@app.callback()
def keys() -> None:
    """Keys that encrypt secrets at rest."""


@app.command()
def generate() -> None:
    """Print a fresh key for ENCRYPTION_KEYS (the first of them encrypts, all decrypt)."""
    from app.db.secrets import generate_key  # noqa: PLC0415 - see the package

    typer.echo(generate_key())


@app.command()
def rotate() -> None:
    """Encrypt every stored secret anew with the first of ENCRYPTION_KEYS.

    1. Put a new key in front of the old one, restart every process. 2. Run this. 3. When it says that
    nothing needs an older key, take the old one out. Runs may go on meanwhile.
    """
    from app.access.audit import record  # noqa: PLC0415 - see the package
    from app.access.callers import SYSTEM  # noqa: PLC0415
    from app.db.rotation import Rotated  # noqa: PLC0415 - see the package
    from app.db.rotation import rotate as rotate_secrets  # noqa: PLC0415
    from app.db.secrets import Vault  # noqa: PLC0415
    from app.db.session import Database  # noqa: PLC0415

    settings = read_settings()

    async def work(url: str, vault: Vault) -> Rotated:
        database = Database(url, pool_size=1, application_name="audience-export-keys")
        try:
            rotated = await rotate_secrets(database, vault)
            async with database.transaction() as session:
                after = {**rotated.resealed, "unreadable": len(rotated.unreadable)}
                record(session, SYSTEM, "secrets.rotated", None, after=after)
            return rotated
        finally:
            await database.close()

    with ExitStack() as stack:
        url, texts = _database(settings, stack)
        try:
            vault = Vault(texts)
        except ValueError as error:
            raise ConfigurationError(str(error)) from None
        done = asyncio.run(work(url, vault))
    for place, count in done.resealed.items():
        typer.echo(f"{place}: {count} encrypted anew")
    for row_id in done.unreadable:
        typer.echo(f"{row_id}: cannot be read; its key is not among ENCRYPTION_KEYS", err=True)
    if done.api_keys_left:
        typer.echo(
            f"API keys: {done.api_keys_left} not used since the new key came; each moves when it is "
            "used next. Without the older key they are refused."
        )
    elif not done.unreadable:
        typer.echo("Nothing needs an older key any more.")
    if done.unreadable:
        raise typer.Exit(1)


def _database(settings: "Settings", stack: ExitStack) -> tuple[str, list[str]]:
    """The database's address and the keys: as configured, or those of the data folder."""
    texts = [key.get_secret_value() for key in settings.encryption_keys]
    if settings.database_url:
        return settings.database_url, texts
    if is_image():
        raise ConfigurationError("Set DATABASE_URL: the container image has no embedded servers.")
    from app.cli.server.key_files import ENCRYPTION  # noqa: PLC0415 - see the package
    from app.embedded.postgres import EmbeddedPostgres  # noqa: PLC0415

    kept = settings.data_dir / ENCRYPTION
    if not texts and kept.exists():
        texts = [text for text in kept.read_text(encoding="ascii").strip().split(",") if text]
    if not kept.exists() and not (settings.data_dir / "postgres").exists():
        raise ConfigurationError("Set DATABASE_URL, or DATA_DIR to the folder that `serve` uses.")
    return stack.enter_context(EmbeddedPostgres(settings.data_dir)).url, texts
