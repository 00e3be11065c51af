"""Servers between the service and its own, reached by address as in a deployment: PgBouncer, Sentinel."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import redis

from app.embedded.unprivileged_user import Account
from tests.conftest import free_port

PGBOUNCER = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin")
PRIMARY = "exports"


class Server:
    """A process that is started again with the same words, as an account that it accepts."""

    def __init__(
        self,
        name: str,
        folder: Path,
        words: Sequence[str],
        *,
        port: int,
        account: Account | None = None,
    ) -> None:
        self.name, self.port, self._words = name, port, list(words)
        self._log = folder / f"{name}.out"  # no log of ours: those are searched
        self.process: subprocess.Popen[bytes] | None = None
        self._account = account or Account()

    def start(self) -> None:
        """Until it listens."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._account.prefix, "setpriv", "--pdeathsig", "KILL", *self._words],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        deadline = time.monotonic() + 20
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert time.monotonic() < deadline, self.said()
            assert self.process.poll() is None, self.said()
            time.sleep(0.02)

    def kill(self) -> None:
        """As a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)

    def said(self) -> str:
        """The end of what it printed."""
        return self._log.read_text()[-2000:]


def pgbouncer(
    folder: Path,
    *,
    host: str,
    port: int = 5432,
    password: str = "",
    account: Account,
    connections: int = 8,
) -> Server:
    """PgBouncer in transaction mode before a Postgres, for the role `app`; so many connections a database."""
    assert PGBOUNCER is not None
    place, own = folder / "pgbouncer", free_port()
    place.mkdir()
    (place / "users.txt").write_text(f'"app" "{password}"\n')
    (place / "pgbouncer.ini").write_text(
        f"""[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = {"scram-sha-256" if password else "trust"}
auth_file = {place}/users.txt
pool_mode = transaction
max_client_conn = 500
default_pool_size = {connections}
server_login_retry = 1
server_fast_close = 1
"""
    )
    for path in (place, *place.iterdir()):
        account.own(path)
    words = [PGBOUNCER, str(place / "pgbouncer.ini")]
    return Server("pgbouncer", folder, words, port=own, account=account)


class Watched:
    """A Redis with a replica, and a sentinel that makes it the primary when the other is gone."""

    def __init__(self, folder: Path, program: str) -> None:
        """`program`: a redis-server or valkey-server."""
        self._folder, self._program = folder, program
        ports = [free_port() for _ in range(3)]
        self.servers = [self._redis(number, ports) for number in (0, 1)]
        self.sentinel = self._sentinel(ports)
        self.url = f"redis+sentinel://127.0.0.1:{ports[2]}/{PRIMARY}/0"

    def start(self, _: str = "") -> None:
        """Until all know each other."""
        for server in self.servers:
            server.start()
        with redis.Redis(port=self.servers[0].port) as client:
            # a sentinel looks for replicas when it starts, and then every ten seconds
            _until(lambda: "slave0" in client.info("replication"))
        self.sentinel.start()
        self.until(lambda port: port == self.servers[0].port and self._replicas() == 1)

    def stop(self, _: str = "") -> None:
        for server in (self.sentinel, *self.servers):
            server.kill()

    def primary(self) -> Server:
        """Whom the sentinel names."""
        port = self._named()
        return next(server for server in self.servers if server.port == port)

    def fail_over(self) -> None:
        """Kill the primary, and wait until the other one is it."""
        primary = self.primary()
        primary.kill()
        self.until(lambda port: port != primary.port)

    def until(self, holds: Callable[[int], bool]) -> None:
        """Wait until the sentinel names a primary on such a port, and takes it to be alive."""
        _until(lambda: (port := self._named()) is not None and holds(port))

    def flush(self) -> None:
        """All data of the primary."""
        with redis.Redis(port=self.primary().port) as client:
            client.flushall()

    def _named(self) -> int | None:
        # as clients ask; a new primary is disconnected, and then down, before the sentinel has reached it
        with redis.Redis(port=self.sentinel.port, decode_responses=True) as client:
            found = client.sentinel_masters()[PRIMARY]
            return int(found["port"]) if found["flags"] == "master" else None

    def _replicas(self) -> int:
        with redis.Redis(port=self.sentinel.port, decode_responses=True) as client:
            return len(client.execute_command("SENTINEL", "REPLICAS", PRIMARY))

    def _redis(self, number: int, ports: Sequence[int]) -> Server:
        place = self._folder / f"redis-{number}"
        place.mkdir()
        words = [
            *(self._program, "--port", str(ports[number]), "--bind", "127.0.0.1"),
            *("--dir", str(place), "--save", "", "--appendonly", "yes"),
            *("--maxmemory-policy", "noeviction", "--repl-diskless-sync-delay", "0"),
        ]
        if number:
            words += ["--replicaof", "127.0.0.1", str(ports[0])]
        return Server(f"redis-{number}", self._folder, words, port=ports[number])

    def _sentinel(self, ports: Sequence[int]) -> Server:
        place = self._folder / "sentinel"
        place.mkdir()
        file = place / "sentinel.conf"
        file.write_text(
            f"""port {ports[2]}
bind 127.0.0.1
dir {place}
sentinel monitor {PRIMARY} 127.0.0.1 {ports[0]} 1
sentinel down-after-milliseconds {PRIMARY} 500
sentinel failover-timeout {PRIMARY} 3000
"""
        )
        words = [self._program, str(file), "--sentinel"]
        return Server("sentinel", self._folder, words, port=ports[2])


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.05)
