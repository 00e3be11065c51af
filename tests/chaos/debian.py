"""Postgres and Redis of Debian's packages, reached by address as in a deployment."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

from app.embedded.unprivileged_user import choose_account
from tests.conftest import free_port
from tests.operate.servers import PGBOUNCER, Server

POSTGRES = Path("/usr/lib/postgresql/15/bin")
REDIS = shutil.which("redis-server") or ""
PASSWORD = "external"


def lacking() -> list[str]:
    """What is not installed of what is needed here."""
    found = {
        "postgresql-15": (POSTGRES / "postgres").exists(),
        "pgbouncer": PGBOUNCER is not None,
        "redis-server": bool(REDIS),
    }
    return [name for name, is_there in found.items() if not is_there]


class DebianPostgres(Server):
    """Postgres 15 over TCP, with a password, and a role that owns its database and is no superuser."""

    def __init__(self, folder: Path) -> None:
        self.folder, port = folder / "postgres15", free_port()
        self.folder.mkdir()
        data = self.folder / "data"
        self.account = choose_account(data, POSTGRES / "postgres")
        super().__init__(
            "postgres",
            folder,
            [
                *(str(POSTGRES / "postgres"), "-D", str(data), "-p", str(port)),
                *("-k", str(self.folder), "-c", "listen_addresses=127.0.0.1"),
            ],
            port=port,
            account=self.account,
        )
        self.url = f"postgresql+asyncpg://app:{PASSWORD}@127.0.0.1:{port}/exports"

    def make(self) -> None:
        """A cluster, a role and a database; started."""
        self.account.own(self.folder)
        self._tool(
            "initdb", "-D", str(self.folder / "data"), "-U", "postgres",
            "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8",
        )  # fmt: skip
        self.start()
        for words in (
            f"create role app login password '{PASSWORD}'",
            "create database exports owner app",
        ):
            self._tool(
                *("psql", "-h", str(self.folder), "-p", str(self.port), "-U", "postgres"),
                *("-c", words),
            )

    def start(self) -> None:
        """Until it answers: it listens before it has recovered. Nothing if it runs."""
        if self.process is not None and self.process.poll() is None:
            return
        super().start()
        deadline = time.monotonic() + 30
        asked = [str(POSTGRES / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(asked, check=False).returncode:
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def stop(self, _: str = "fast") -> None:
        self.kill()

    def restart(self, _: str = "immediate") -> None:
        """As after a crash: nothing is written before, and the log is played again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(20)
        self.start()

    def _tool(self, program: str, *words: str) -> None:
        subprocess.run(
            [*self.account.prefix, str(POSTGRES / program), *words], check=True, capture_output=True
        )
