"""Worker processes as the scenarios handle them: hired, signalled, killed, looked after."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, Protocol

from app.embedded.child import Child, Ending

GRACE = (Ending(signal.SIGTERM, 20), Ending(signal.SIGKILL, 5))


class Worker(Protocol):
    """What there is to do with a worker; `app.embedded.child.Child` is one."""

    @property
    def pid(self) -> int | None: ...

    @property
    def exit_status(self) -> int | None: ...

    def send(self, number: signal.Signals) -> None: ...

    def kill(self) -> None: ...

    def stop(self) -> None: ...


def logged(
    name: str,
    words: list[str],
    env: Mapping[str, str],
    folder: Path,
    *,
    python: str = sys.executable,
) -> Child:
    """A Python process whose lines go to a file of its own, not started yet."""
    log = folder / f"{name}.log"

    def keep(line: str) -> None:
        with log.open("a") as file:
            file.write(line + "\n")

    return Child(name, [python, *words], env=env, on_line=keep, endings=GRACE)


class Forked:
    """A worker of the nursery."""

    def __init__(self, pid: int) -> None:
        self.number = pid
        self.exit_status: int | None = None
        self.ended = Event()

    @property
    def pid(self) -> int | None:
        return None if self.ended.is_set() else self.number

    def send(self, number: signal.Signals) -> None:
        if not self.ended.is_set():
            with suppress(ProcessLookupError):
                os.kill(self.number, number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        assert self.ended.wait(10)

    def stop(self) -> None:
        self.send(signal.SIGTERM)
        assert self.ended.wait(20)


class Nursery:
    """The process that forks workers, see `tests.chaos.nursery`."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "tests.chaos.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(env),
            text=True,
            bufsize=1,
        )
        self._born: list[Forked] = []
        self._news, self._lock = Event(), Lock()
        self._alive: dict[int, Forked] = {}
        Thread(target=self._listen, daemon=True).start()

    def fork(self, env: Mapping[str, Any], log: Path) -> Forked:
        """A new worker."""
        with self._lock:
            self._news.clear()
            assert self._process.stdin is not None
            order = {"env": {key: str(value) for key, value in env.items()}, "log": str(log)}
            self._process.stdin.write(json.dumps(order) + "\n")
            assert self._news.wait(30)
            return self._born.pop()

    def close(self) -> None:
        """End it and its workers."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, number, *status = line.split()
            if word == "pid":
                worker = self._alive[int(number)] = Forked(int(number))
                self._born.append(worker)
                self._news.set()
            elif word == "end":
                worker = self._alive.pop(int(number))
                worker.exit_status = int(status[0])
                worker.ended.set()
        self._process.stdout.close()
