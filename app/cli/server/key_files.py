"""The two keys that embedded mode makes for itself and keeps in DATA_DIR, readable by its owner."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

ENCRYPTION = "encryption.key"
ADMINISTRATOR = "administrator.key"


def kept_key(path: Path, make: Callable[[], str]) -> tuple[str, bool]:
    """The key in the file, made now if there is none; and whether it was made now.

    The file has mode 0600 and is complete or absent: a key that was half written would lock
    everything it encrypted away.
    """
    try:
        return path.read_text(encoding="ascii").strip(), False
    except FileNotFoundError:
        pass
    key = make()
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    return key, True


def new_administrator_key() -> str:
    """A key of 256 random bits in the form of the API's own keys."""
    from app.access.callers import KEY_PREFIX  # noqa: PLC0415 - see the package

    return KEY_PREFIX + secrets.token_urlsafe(32)
