"""One child process that ends when its parent does, however the parent ends.

On Linux `setpriv --pdeathsig` has the kernel send the signal, and the words after it close the gap
in which the parent could already be gone. Elsewhere a second process holds the reading end of a
pipe whose writing end only the parent has: when the parent is gone it reads the end and signals.
"""

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from shutil import which
from typing import IO

from app.embedded.binaries import EmbeddedUnavailable
from app.embedded.unprivileged_user import Account

# $0 is the parent; a shell that finds another one was started too late to be signalled
_GUARD = 'test "$PPID" = "$0" || exit 0; exec "$@"'
_WATCH = 'read -r _ && exit 0; kill -s "$0" "$1" 2>/dev/null'

TAIL_LINES = 30


# what a program needs to run; whatever else is in our environment may be a secret of ours
_NEEDED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV")
_NEEDED_BEGINNINGS = ("LC_", "LD_LIBRARY_", "DYLD_", "PYTHON", "SANDBOX_", "COVERAGE_")


def bare_environment() -> dict[str, str]:
    """The environment for programs that are not ours: no key, no password, no address of ours in it."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in _NEEDED or name.startswith(_NEEDED_BEGINNINGS)
    }


def ignore(_line: str) -> None:
    """For who does not want the child's output."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A signal, and how many seconds it is given before the next one is tried."""

    signal: signal.Signals
    seconds: float


class Child:
    """A child process in its own session, so that Ctrl-C reaches the parent only.

    `on_line` receives every line it prints; None lets it write where the parent writes.
    `death_signal` is sent when the parent is gone; `endings` are tried in turn by `stop`.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        death_signal: signal.Signals = signal.SIGKILL,
        endings: Sequence[Ending] = (Ending(signal.SIGTERM, 10), Ending(signal.SIGKILL, 5)),
        account: Account | None = None,
        env: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
        on_line: Callable[[str], None] | None = None,
        setpriv: str | None = None,
    ) -> None:
        self.name = name
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._command = tuple(command)
        self._death_signal = death_signal
        self._endings = tuple(endings)
        self._account = account or Account()
        self._env = env
        self._pass_fds = tuple(pass_fds)
        self._on_line = on_line
        self._setpriv = which("setpriv") if setpriv is None else setpriv
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def exit_status(self) -> int | None:
        """How it ended, negative for a signal; None while it runs or before the first start."""
        return self._process.poll() if self._process else None

    def spawn(self) -> None:
        """Start it, from the main thread; returns at once."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(f"start {self.name} from the main thread: its life hangs on it")
        if self.pid is not None:
            raise RuntimeError(f"{self.name} runs already")
        self._close()
        self.tail.clear()
        words = [*self._account.prefix]
        if self._setpriv:
            words += [self._setpriv, "--pdeathsig", self._death_signal.name.removeprefix("SIG")]
            words += ["/bin/sh", "-c", _GUARD, str(os.getpid())]
        words += self._command
        switch = self._account.switch
        self._process = subprocess.Popen(  # noqa: S603 - our own words and paths
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if self._on_line else None,
            stderr=subprocess.STDOUT if self._on_line else None,
            env=self._env,
            pass_fds=self._pass_fds,
            start_new_session=True,
            user=self._account.uid if switch else None,
            group=self._account.gid if switch else None,
            extra_groups=[] if switch else None,
        )
        if self._process.stdout and self._on_line:
            self._reader = threading.Thread(
                target=_read,
                args=(self._process.stdout, self.tail, self._on_line),
                name=f"{self.name} output",
                daemon=True,
            )
            self._reader.start()
        if not self._setpriv:
            self._watch = subprocess.Popen(  # noqa: S603 - a signal's name and a number
                [
                    "/bin/sh",
                    "-c",
                    _WATCH,
                    self._death_signal.name.removeprefix("SIG"),
                    str(self._process.pid),
                ],
                stdin=subprocess.PIPE,
                start_new_session=True,
            )

    def send(self, number: signal.Signals) -> None:
        """Signal the process, if it still runs."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)

    def stop(self, endings: Sequence[Ending] | None = None) -> None:
        """End it by the first of its endings that works, and wait until it is gone."""
        for ending in self._endings if endings is None else endings:
            if self.pid is None:
                break
            self.send(ending.signal)
            if ending.signal is signal.SIGKILL:
                self._kill_group()
            self._wait(ending.seconds)
        self._close()

    def kill(self) -> None:
        """End it and its group at once, as a crash would."""
        self.stop((Ending(signal.SIGKILL, 10),))

    def _wait(self, seconds: float) -> None:
        if self._process:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)

    def _kill_group(self) -> None:
        if self._process:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _close(self) -> None:
        if self._watch and self._watch.stdin:
            with suppress(BrokenPipeError):
                self._watch.stdin.write(b"\n")
                self._watch.stdin.close()
            self._watch.wait(5)
            self._watch = None
        if self._reader:
            # its own children may hold the pipe a moment longer than the process lives
            self._reader.join(2)
            self._reader = None


def _read(pipe: IO[bytes], tail: deque[str], on_line: Callable[[str], None]) -> None:
    with pipe:
        for raw in pipe:
            line = raw.decode("utf-8", "replace").rstrip()
            if line:
                tail.append(line)
                on_line(line)


def finish(command: Sequence[str], *, account: Account, given: bytes, setpriv: str | None) -> None:
    """Run a short command that ends with its parent; raises EmbeddedUnavailable if it fails."""
    words = [*account.prefix]
    setpriv = which("setpriv") if setpriv is None else setpriv
    if setpriv:
        words += [setpriv, "--pdeathsig", "KILL"]
    done = subprocess.run(  # noqa: S603 - our own words and paths
        [*words, *command],
        check=False,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=bare_environment(),
        start_new_session=True,
        user=account.uid if account.switch else None,
        group=account.gid if account.switch else None,
        extra_groups=[] if account.switch else None,
    )
    if done.returncode:
        last = done.stdout.decode("utf-8", "replace").strip().splitlines()[-3:]
        raise EmbeddedUnavailable(f"{command[0]} failed: " + " / ".join(last))
