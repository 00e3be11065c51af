"""Folders, and a look at the processes of this machine that does not count the dead."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PARENT = """
import sys, time
from pathlib import Path
from app.embedded.child import Child
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey
import signal

setpriv = None if sys.argv[2] == "kernel" else ""
folder = Path(sys.argv[1])
for server in (EmbeddedPostgres, EmbeddedValkey):
    one = server(folder, durable=False, setpriv=setpriv)
    one.start()
    print(one.pid, flush=True)
    globals()[one.name] = one
other = Child("sleep", ["sleep", "600"], setpriv=setpriv)
other.spawn()
print(other.pid, flush=True)
time.sleep(600)
"""


@dataclass(frozen=True)
class Process:
    """A process of this machine that is not merely waiting to be reaped."""

    pid: int
    parent: int
    uid: int
    command: str


def processes() -> dict[int, Process]:
    """All of them, from /proc or else from ps (a slim container has no ps, macOS no /proc)."""
    if Path("/proc/self/stat").exists():
        found = [_from_proc(path) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return {one.pid: one for one in found if one}
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,uid=,stat=,args="],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = [line.split(None, 4) for line in listed.splitlines()]
    return {
        int(pid): Process(int(pid), int(parent), int(uid), command)
        for pid, parent, uid, stat, command in rows
        if not stat.startswith("Z")
    }


def _from_proc(path: Path) -> Process | None:
    try:
        # the name stands in parentheses and may hold anything
        state, parent = (path / "stat").read_text().rpartition(")")[2].split()[:2]
        command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        uid = (path / "stat").stat().st_uid
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state == "Z" else Process(int(path.name), int(parent), uid, command)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


class Parent:
    """A process that starts both servers and a sleeping child, then waits."""

    def __init__(self, folder: Path, tie: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PARENT, str(folder), tie],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.pids = [int(self.process.stdout.readline()) for _ in range(3)]

    def survivors(self, seconds: float) -> list[int]:
        """Who of its children still lives after at most so many seconds."""
        wait_until(lambda: not set(self.pids) & set(processes()), seconds)
        return [pid for pid in self.pids if pid in processes()]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[Callable[[str], Parent]]:
    made: list[Parent] = []

    def make(tie: str) -> Parent:
        made.append(Parent(tmp_path / "data", tie))
        return made[-1]

    yield make
    for one in made:
        one.kill()


@pytest.fixture(name="processes")
def _processes() -> Callable[[], dict[int, Process]]:
    return processes
