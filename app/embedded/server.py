"""The life both embedded servers share, from the lock on the folder to the last stop."""

import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Literal, Self

from app.embedded.binaries import EmbeddedUnavailable
from app.embedded.child import Child, Ending, bare_environment, ignore
from app.embedded.data_folder import ServerFolder, end_stale
from app.embedded.unprivileged_user import Account, choose_account

Mode = Literal["fast", "immediate"]
START_SECONDS = 60.0


class EmbeddedServer(ABC):
    """A server with its data in `data_dir/<name>`; a context manager, or start and stop.

    It is reached only through a socket in a folder of mode 0700: by the account that owns the data,
    and by root. `durable=False` trades safety for speed (tests). `on_line` receives the server's
    log, line by line, in another thread. `setpriv=""` ties it to its parent without that program.
    """

    name: ClassVar[str]
    pid_file: ClassVar[str]
    endings: ClassVar[Mapping[Mode, tuple[Ending, ...]]]

    def __init__(
        self,
        data_dir: Path,
        *,
        durable: bool = True,
        on_line: Callable[[str], None] = ignore,
        setpriv: str | None = None,
    ) -> None:
        self.folder = ServerFolder(data_dir, self.name)
        self._durable = durable
        self._on_line = on_line
        self._setpriv = setpriv
        self._child: Child | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """The address for clients; there is one from `start` to `stop`, and it stays the same."""

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._child.pid if self._child else None

    @property
    def exit_status(self) -> int | None:
        """How it ended, negative for a signal; None while it runs or before the first start."""
        return self._child.exit_status if self._child else None

    def start(self) -> str:
        """Make the data if there are none, start, wait until it answers; the address.

        Call it from the main thread. Raises DataFolderInUse if another process has the folder,
        EmbeddedUnavailable if the server cannot run here or does not come up.
        """
        try:
            if self._child is None:
                self.folder.open()
                program = self._program()
                account = choose_account(self.folder.data, program)
                self.folder.make_sockets(account)
                if not self.folder.data.exists():
                    self._make_data(account)
                self._child = Child(
                    self.name,
                    [str(program), *self._arguments()],
                    account=account,
                    env=bare_environment(),
                    death_signal=self.endings["fast"][0].signal,
                    endings=self.endings["fast"],
                    on_line=self._on_line,
                    setpriv=self._setpriv,
                )
            self.spawn()
            self._wait_ready(self._child)
        except BaseException:
            self.stop("immediate")
            raise
        return self.url

    def spawn(self) -> None:
        """Start again after the process ended, without waiting until it answers."""
        if self._child is None:
            raise RuntimeError(f"start {self.name} before spawning it again")
        end_stale(
            self.folder.data / self.pid_file,
            program=self._program().name,
            marker=str(self.folder.data),
            by=self.endings["fast"][0].signal,
        )
        self._child.spawn()

    def stop(self, mode: Mode = "fast") -> None:
        """End the server; `fast` writes everything first, `immediate` just stops."""
        if self._child:
            self._child.stop(self.endings[mode])
            self._child = None
        self.folder.close()

    def restart(self, mode: Mode = "fast") -> str:
        """Stop and start under the same address."""
        if self._child:
            self._child.stop(self.endings[mode])
        return self.start()

    def kill(self) -> None:
        """SIGKILL the server, as a crash would; `start` brings it back under the same address."""
        if self._child:
            self._child.stop((Ending(signal.SIGKILL, 10),))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @abstractmethod
    def _program(self) -> Path:
        """The server's program; raises EmbeddedUnavailable if it is not installed."""

    @abstractmethod
    def _arguments(self) -> list[str]:
        """Its words on the command line; the data folder's path is among them."""

    @abstractmethod
    def _make_data(self, account: Account) -> None:
        """Make the data folder, whole or not at all."""

    @abstractmethod
    def _is_ready(self, pid: int) -> bool:
        """Whether the process answers its clients."""

    def _wait_ready(self, child: Child) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            pid = child.pid
            if pid is not None and self._is_ready(pid):
                return
            if time.monotonic() > deadline:
                raise EmbeddedUnavailable(f"{self.name} did not answer in {START_SECONDS:.0f} s")
            time.sleep(0.01)
            if pid is None:
                last = list(child.tail)[-5:]
                if not any("is still in use" in line for line in last):
                    raise EmbeddedUnavailable(
                        f"{self.name} ended while starting: " + " / ".join(last)
                    )
                # the sessions of a Postgres that was killed take a moment to notice
                time.sleep(0.1)
                self.spawn()
