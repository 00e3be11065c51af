"""A real server to attack: uvicorn in a process of its own, started as people start it."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from app.main import create_app
from app.settings import Settings
from tests.conftest import API_KEY, ROOT, free_port

# short enough for a test, long enough for two busy cores
QUICK = {
    "header_timeout_seconds": 1.0,
    "body_idle_seconds": 1.0,
    "response_stall_seconds": 1.0,
}


def environment(settings: Settings) -> dict[str, str]:
    """What a process has to be told to run with these settings."""
    told = dict(os.environ)
    for name in settings.model_fields_set:
        value: Any = getattr(settings, name)
        if name == "segment_databases":
            value = ",".join(f"{key}={one.get_secret_value()}" for key, one in value.items())
        elif isinstance(value, tuple):
            parts = (getattr(one, "get_secret_value", lambda one=one: str(one))() for one in value)
            value = ",".join(parts)
        elif hasattr(value, "get_secret_value"):
            value = value.get_secret_value()
        told[name.upper()] = str(value)
    return told


# what attacks cost, for those who run them without several processes: docs/attacks.md has the table
_FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Keep what an attack cost, by what it is, for the end of the tests."""
    kept = request.config.stash.setdefault(_FIGURES, [])

    def keep(attack: str, **figures: float) -> None:
        said = ", ".join(f"{name} {figure:,.2f}" for name, figure in figures.items())
        kept.append(f"{attack:<60} {said}")

    return keep


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """A line for each."""
    if kept := config.stash.get(_FIGURES, []):
        terminalreporter.section("what attacks cost", sep="-")
        terminalreporter.write_line("\n".join(kept))


@dataclass
class Target:
    """A running server, and what an attacker and a bystander see of it."""

    port: int
    pid: int
    app: Any = None
    connections: Collection[Any] = ()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def answering(self) -> int:
        """How many requests it works on."""
        return sum(one._is_answering for one in list(self.connections))

    @property
    def resident_bytes(self) -> int:
        return _resident_bytes(self.pid)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def http(self, key: str | None = API_KEY, **options: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, **options)

    def livez_seconds(self) -> float:
        """How long a bystander waits for the least of all answers."""
        began = time.monotonic()
        assert httpx.get(f"{self.url}/livez", timeout=20).status_code == 200
        return time.monotonic() - began

    def is_quick(self) -> bool:
        """Whether a bystander is answered within two seconds, if not at once then soon."""
        return any(self.livez_seconds() < 2 for _ in range(5))


def _resident_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


@pytest.fixture
def target(make_settings: Callable[..., Settings]) -> Callable[..., Any]:
    """Start a real uvicorn on the application, in a thread of its own, with these settings."""

    @contextmanager
    def start(*, http: Any = "auto", **changes: Any) -> Iterator[Target]:
        app = create_app(make_settings(**(QUICK | changes)))
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            server = uvicorn.Server(
                uvicorn.Config(
                    app, http=http, log_config=None, access_log=False, timeout_graceful_shutdown=1
                )
            )
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            try:
                while not server.started:
                    assert thread.is_alive()
                    time.sleep(0.02)
                yield Target(
                    listener.getsockname()[1], os.getpid(), app, server.server_state.connections
                )
            finally:
                server.should_exit = True
                thread.join(20)

    return start


@pytest.fixture
def process_target(make_settings: Callable[..., Settings], tmp_path: Path) -> Callable[..., Any]:
    """Start `uvicorn app.main:create_app --factory`, as people do, with these settings."""

    @contextmanager
    def start(*words: str, **changes: Any) -> Iterator[Target]:
        port = free_port()
        log = tmp_path / f"{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory"),
                    *("--port", str(port), *words),
                ],
                cwd=ROOT,
                env=environment(make_settings(**(QUICK | changes))),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        running = Target(port, process.pid)
        try:
            while not _is_up(running):
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
            yield running
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)

    return start


def _is_up(running: Target) -> bool:
    try:
        return httpx.get(f"{running.url}/livez", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def answer_to(connection: socket.socket, seconds: float = 10) -> tuple[int, Mapping[str, Any]]:
    """The status and the problem document of whatever comes until the connection ends; 0 for nothing."""
    connection.settimeout(seconds)
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionError:
        pass
    if not received:
        return 0, {}
    head, _, body = received.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100 "):
        head, _, body = body.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    try:
        document: Mapping[str, Any] = json.loads(body)
    except ValueError:
        document = {}
    return status, document


async def eventually(check: Callable[[], bool], seconds: float = 30) -> float:
    """Wait until it holds; the seconds it took."""
    began = time.monotonic()
    while not check():
        assert time.monotonic() - began < seconds
        await asyncio.sleep(0.05)
    return time.monotonic() - began
