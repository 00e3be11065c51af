"""A real Valkey (the free Redis), reached by a Unix socket."""

import signal
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from app.embedded.binaries import valkey_server
from app.embedded.child import Ending
from app.embedded.server import EmbeddedServer, Mode
from app.embedded.unprivileged_user import Account


class EmbeddedValkey(EmbeddedServer):
    """Valkey 9 with an append-only file, and no TCP port; `durable=False` keeps nothing on disk."""

    name = "valkey"
    pid_file = "valkey.pid"
    endings: ClassVar[Mapping[Mode, tuple[Ending, ...]]] = {
        "fast": (Ending(signal.SIGTERM, 10), Ending(signal.SIGKILL, 5)),
        "immediate": (Ending(signal.SIGKILL, 5),),
    }

    @property
    def url(self) -> str:
        """`unix:///tmp/…/valkey.sock`, as redis-py reads addresses."""
        return f"unix://{self._socket}"

    @property
    def _socket(self) -> Path:
        return self.folder.sockets / "valkey.sock"

    def _program(self) -> Path:
        return valkey_server()

    def _arguments(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self.folder.data),
            "pidfile": str(self.folder.data / self.pid_file),
            "appendonly": "yes" if self._durable else "no",
            "save": "",
            # what ARQ keeps is work, not a cache
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
            # a process that lost its parent is known by its command line
            "set-proc-title": "no",
        }
        return [word for name, value in settings.items() for word in (f"--{name}", value)]

    def _make_data(self, account: Account) -> None:
        self.folder.data.mkdir(mode=0o700)
        account.own(self.folder.data)

    def _is_ready(self, pid: int) -> bool:
        """PING is answered with PONG; while it loads its data, the answer is an error."""
        del pid  # the socket's folder is new, so nobody else can answer there
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(self._socket))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        return False
