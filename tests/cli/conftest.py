"""The command line as people use it: real processes, a clean environment, a folder of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from app.cli import app
from app.cli.server.child_processes import free_port

_CONFIGURATION = (
    *("DATABASE_URL", "REDIS_URL", "ENCRYPTION_KEYS", "BOOTSTRAP_API_KEY", "GRAPH_API_URL"),
    *("FACEBOOK_APP_ID", "SEGMENT_ROOTS", "PUBLIC_URL", "LOG_FORMAT", "AUDIENCE_EXPORT_IMAGE"),
)


def environment(data_dir: Path, extra: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _CONFIGURATION}
    return kept | {"DATA_DIR": str(data_dir), "NO_COLOR": "1"} | dict(extra)


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Result]:
    """Run a command that ends at once, in this process."""

    def run(*words: str, **extra: str) -> Result:
        clean = dict.fromkeys(_CONFIGURATION) | environment(tmp_path / "data", extra)
        return CliRunner().invoke(app, words, env=clean)

    return run


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line to its end, in a process of its own."""

    def run(*words: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *words],
            env=environment(tmp_path / "data", extra),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


class Serve:
    """A running `serve`, with everything it printed."""

    def __init__(self, data_dir: Path, extra: Mapping[str, str], *words: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._output = data_dir.with_suffix(f".{self.port}.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--port", str(self.port), *words],
            env=environment(data_dir, extra),
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.pids: list[int] = []
        self.folder = str(data_dir)  # where its segments may be read from

    def ready(self, seconds: float = 180) -> float:
        """Wait for /readyz; the seconds it took."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            assert self.process.poll() is None, self.output()
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    self.pids = self.family()
                    return time.monotonic() - began
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(self.output())

    def family(self) -> list[int]:
        """Its children and theirs, that are not merely waiting to be reaped."""
        parents = {one.pid: one.parent for one in processes().values()}
        found = {self.process.pid}
        for _ in range(5):
            found |= {pid for pid, ppid in parents.items() if ppid in found}
        return sorted(found - {self.process.pid})

    def survivors(self, seconds: float) -> list[int]:
        """Who of the family lives after at most so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            alive = sorted(processes(self.pids))
            if not alive or time.monotonic() > deadline:
                return alive
            time.sleep(0.02)

    def output(self) -> str:
        self._output.flush()
        return Path(self._output.name).read_text()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._output.close()


@dataclass(frozen=True)
class Process:
    """A process of this machine that is not merely waiting to be reaped."""

    pid: int
    parent: int
    uid: int
    command: str


def processes(pids: Collection[int] | None = None) -> dict[int, Process]:
    """All or these, from /proc or else from ps (a slim container has no ps, macOS no /proc)."""
    if Path("/proc/self/stat").exists():
        paths = Path("/proc").iterdir() if pids is None else map(Path, map("/proc/{}".format, pids))
        found = [_from_proc(path) for path in paths if path.name.isdigit()]
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
        if not stat.startswith("Z") and (pids is None or int(pid) in pids)
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


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Serve]]:
    made: list[Serve] = []

    def start(*words: str, **extra: str) -> Serve:
        made.append(Serve(tmp_path / "data", extra, *words))
        return made[-1]

    yield start
    for one in made:
        one.end()


@pytest.fixture(name="processes")
def _processes() -> Callable[[], dict[int, Process]]:
    return processes
