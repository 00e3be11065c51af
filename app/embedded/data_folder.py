"""The folder of one server: its lock against a second process, its sockets, its stale process."""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

from app.embedded.binaries import EmbeddedUnavailable
from app.embedded.unprivileged_user import Account
from app.errors import Conflict

PREFIX = "audience-export-"
STALE_GRACE_SECONDS = 15.0


class DataFolderInUse(Conflict):
    """Another process uses this data folder."""

    code = "data-folder-in-use"


class ServerFolder:
    """`DATA_DIR/<name>` with what stands beside it: `<name>.lock` and `<name>.sockets`.

    A Unix socket's path may have 107 bytes (unix(7)), so sockets are in a short private folder;
    the link beside the data says where, for people and for the clean-up after a crash.
    """

    def __init__(self, data_dir: Path, name: str) -> None:
        self.data_dir = data_dir.absolute()
        self.name = name
        self.data = self.data_dir / name
        self._link = self.data_dir / f"{name}.sockets"
        self._lock: BinaryIO | None = None
        self._sockets: Path | None = None

    @property
    def sockets(self) -> Path:
        """The private folder for sockets; there is one while the folder is open."""
        if self._sockets is None:
            raise RuntimeError(f"{self.name} has no sockets: start it first")
        return self._sockets

    def open(self) -> None:
        """Take the lock; raises DataFolderInUse, naming the process that holds it."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            # append mode neither truncates the holder's number nor needs the file to exist
            lock = (self.data_dir / f"{self.name}.lock").open("a+b")
        except OSError as error:
            raise EmbeddedUnavailable(
                f"The data folder {self.data_dir} cannot be written to ({error.strerror}). "
                "Choose another folder with DATA_DIR.",
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read(20).decode("ascii", "replace").strip() or "unknown"
            lock.close()
            raise DataFolderInUse(
                f"The data folder {self.data_dir} is in use by process {holder}. "
                "Stop that one first, or choose another folder with DATA_DIR.",
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()).encode())
        lock.flush()
        self._lock = lock

    def make_sockets(self, account: Account) -> None:
        """A fresh private folder for the sockets, in place of one that a crash left."""
        self._remove_sockets()
        base = "/tmp" if os.access("/tmp", os.W_OK) else None  # noqa: S108 - short; mode 0700
        self._sockets = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        account.own(self._sockets)
        self._link.symlink_to(self._sockets)

    def close(self) -> None:
        """Give up the sockets and the lock, if we hold it; the data stay."""
        if self._lock is not None:
            self._remove_sockets()
            self._lock.truncate(0)
            self._lock.close()
            self._lock = None

    def _remove_sockets(self) -> None:
        if self._link.is_symlink():
            target = self._link.readlink()
            # only what mkdtemp made for us: the link itself could have been replaced
            if target.name.startswith(PREFIX) and target.is_dir() and not target.is_symlink():
                shutil.rmtree(target, ignore_errors=True)
            self._link.unlink()
        self._sockets = None


def end_stale(pid_file: Path, *, program: str, marker: str, by: signal.Signals) -> None:
    """End the server that an earlier parent left on this data, and remove its pid file.

    Its number may belong to somebody else by now (after a restart of the machine or container), so
    only a process whose command line names the program and the marker is touched.
    The caller holds the folder's lock, hence whoever runs here has lost its parent.
    """
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return
    deadline = time.monotonic() + STALE_GRACE_SECONDS
    if _is_server(pid, program, marker):
        _signal(pid, by)
        while _is_server(pid, program, marker) and time.monotonic() < deadline:
            time.sleep(0.02)
        if _is_server(pid, program, marker):
            _signal(pid, signal.SIGKILL)
            time.sleep(0.1)
    pid_file.unlink(missing_ok=True)


def _is_server(pid: int, program: str, marker: str) -> bool:
    words = _command_line(pid)
    return program in words and marker in words


def _command_line(pid: int) -> str:
    """The command line of a process, empty if there is none."""
    proc = Path("/proc")
    if (proc / "self" / "cmdline").exists():
        try:
            return (proc / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, UnicodeDecodeError):
            return ""
    done = subprocess.run(  # noqa: S603 - a number
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)],
        check=False,
        capture_output=True,
        text=True,
    )
    return done.stdout


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
