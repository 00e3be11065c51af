"""A real Postgres: made once under the data folder, reached by a Unix socket."""

import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from app.embedded.binaries import postgres_programs
from app.embedded.child import Ending, finish
from app.embedded.server import EmbeddedServer, Mode
from app.embedded.unprivileged_user import Account

ROLE = "app"
DATABASE = "audience_export"

# the role of a production database: it owns its database and may make others, and no more
_CREATE = f"""CREATE ROLE {ROLE} LOGIN CREATEDB;
CREATE DATABASE {DATABASE} OWNER {ROLE};
"""

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "",
    # never a statement, a parameter, or the values of a violated constraint
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
    "log_checkpoints": "off",
    # to compile a query takes longer than any of ours runs
    "jit": "off",
}

# what a crash of the machine costs does not matter to a test
_FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class EmbeddedPostgres(EmbeddedServer):
    """Postgres 18 with the role `app` and its database `audience_export`, and no TCP port.

    Who reaches the socket is let in without a password. `durable=False` turns fsync off.
    """

    name = "postgres"
    pid_file = "postmaster.pid"
    # https://www.postgresql.org/docs/18/server-shutdown.html
    endings: ClassVar[Mapping[Mode, tuple[Ending, ...]]] = {
        "fast": (
            Ending(signal.SIGINT, 30),
            Ending(signal.SIGQUIT, 5),
            Ending(signal.SIGKILL, 5),
        ),
        "immediate": (Ending(signal.SIGQUIT, 5), Ending(signal.SIGKILL, 5)),
    }

    @property
    def url(self) -> str:
        """`postgresql+asyncpg://app@/audience_export?host=/tmp/…`."""
        return self.address()

    def address(self, database: str = DATABASE, *, role: str = ROLE) -> str:
        """The address of another database on this server; role `postgres` is the superuser."""
        return f"postgresql+asyncpg://{role}@/{database}?host={quote(str(self.folder.sockets))}"

    def _program(self) -> Path:
        return postgres_programs() / "postgres"

    def _arguments(self) -> list[str]:
        settings = _SETTINGS | {"unix_socket_directories": str(self.folder.sockets)}
        if not self._durable:
            settings |= _FAST
        words = ["-D", str(self.folder.data)]
        for name, value in settings.items():
            words += ["-c", f"{name}={value}"]
        return words

    def _make_data(self, account: Account) -> None:
        """Initialize under another name, so that an interrupted start leaves no half cluster."""
        programs = postgres_programs()
        fresh = self.folder.data.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        account.own(fresh)
        finish(
            [
                *(str(programs / "initdb"), "-D", str(fresh), "-U", "postgres"),
                *("--auth-local=trust", "--auth-host=reject", "--no-sync", "--encoding=UTF8"),
                # one order of text on every platform; the wheels carry no ICU
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            ],
            account=account,
            given=b"",
            setpriv=self._setpriv,
        )
        finish(
            # like initdb's --no-sync: an interrupted start begins anew anyway
            [
                *(str(programs / "postgres"), "--single", "-D", str(fresh)),
                *("-c", "fsync=off", "postgres"),
            ],
            account=account,
            given=_CREATE.encode(),
            setpriv=self._setpriv,
        )
        fresh.rename(self.folder.data)

    def _is_ready(self, pid: int) -> bool:
        """The word `ready` in the eighth line of postmaster.pid, as pg_ctl reads it."""
        try:
            lines = (self.folder.data / self.pid_file).read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready" and lines[0] == str(pid)
