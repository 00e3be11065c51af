"""The real processes to measure: Postgres, Valkey, the API, a worker, and a sink that counts.

A worker is started for each measurement, so that its peak memory and CPU seconds are its own; what it
takes to start is not counted. API and worker may be those of another tree of this repository, so that
an earlier commit is measured by the same hands as this one.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from app.db.secrets import generate_key
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey

ROOT = Path(__file__).parent.parent
KEY = "benchmark-administrator-key"
_TICKS = os.sysconf("SC_CLK_TCK")
_IDLE = 0.02  # CPU seconds in a second: what a worker that waits for work may use
_LOADED = 0.3  # CPU seconds that no worker starts within
# the sink stands for a machine elsewhere, so it must cost little of this one
_KEEPS_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "134217728"}


@dataclass(frozen=True, slots=True)
class Tree:
    """A checkout of this repository, and the interpreter of its environment."""

    root: Path
    python: str


PRESENT = Tree(ROOT, sys.executable)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process has used: CPU seconds, and the most memory at once in megabytes."""

    cpu: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A run and what it cost."""

    name: str
    rows: int
    seconds: float
    worker: Cost
    sink_cpu: float
    run: dict[str, Any] = field(repr=False)
    sending: float  # seconds from the first batch's departure to the last one's answer

    @property
    def rate(self) -> float:
        """Members a second, from the claim to the end of the run."""
        return self.rows / self.seconds


def cost_of(pid: int) -> Cost:
    """From /proc: all threads' CPU and the process's peak resident memory."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    cpu = (int(fields[11]) + int(fields[12])) / _TICKS
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return Cost(cpu, int(peak.split()[1]) / 1024)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stack:
    """The processes, and the calls a benchmark makes of them."""

    def __init__(
        self,
        environment: dict[str, str],
        api: httpx.Client,
        sink: subprocess.Popen[bytes],
        tree: Tree = PRESENT,
        api_pid: int = 0,
    ) -> None:
        self.tree = tree
        self.api_pid = api_pid
        self.environment = environment
        self.api = api
        self.sink = sink
        self._names = 0

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """A call that must succeed."""
        answer = self.api.request(method, path, json=body)
        if not answer.is_success:
            raise RuntimeError(answer.text)
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    def name(self) -> str:
        """A name not used before."""
        self._names += 1
        return f"s{self._names}"

    def export_of(self, source: dict[str, Any], attributes: dict[str, str], **changes: Any) -> str:
        """Connection, segment and export for a source; the export's id."""
        consent = self.call("GET", "/v1/consent")["version"]
        name = self.name()
        connection = self.call("POST", "/v1/connections", {
            "display_name": name, "access_token": "sandbox-system-token", "ad_account_id": "act_1001",
            "audience": {"name": name}, "consent": {"accepted": True, "version": consent},
        })  # fmt: skip
        segment = self.call("POST", "/v1/segments", {"name": name, "source": source})
        export = self.call("POST", "/v1/exports", {
            "display_name": name, "connection_id": connection["id"], "key_identifier": "email",
            "attributes": attributes, "segment_ids": [segment["id"]], **changes,
        })  # fmt: skip
        return str(export["id"])

    @contextmanager
    def worker(self, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """A worker process of its own, which has started and idles."""
        process = subprocess.Popen(
            [self.tree.python, "-m", "workers"],
            cwd=self.tree.root,
            env=self.environment | environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            _settle(process)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)

    def run(self, name: str, export_id: str, **environment: str) -> Measured:
        """One run of an export on a fresh worker."""
        with self.worker(**environment) as worker:
            before, sink_before = cost_of(worker.pid), cost_of(self.sink.pid)
            run = self.call("POST", f"/v1/exports/{export_id}/runs")
            while run["finished_at"] is None:
                time.sleep(0.5)
                run = self.call("GET", f"/v1/runs/{run['id']}")
            after, sink_after = cost_of(worker.pid), cost_of(self.sink.pid)
        if run["error"] or not run["status"].startswith("succeeded"):
            raise RuntimeError(f"{name}: {run['status']} {run['error']}")
        return Measured(
            name=name,
            rows=run["counts"]["read"],
            seconds=_seconds(run["started_at"], run["finished_at"]),
            worker=Cost(after.cpu - before.cpu, after.peak_mb),
            sink_cpu=sink_after.cpu - sink_before.cpu,
            run=run,
            sending=self._sending(run["id"]),
        )

    def _sending(self, run_id: str) -> float:
        batches: list[dict[str, Any]] = []
        cursor = ""
        while not batches or cursor:
            page = self.call("GET", f"/v1/runs/{run_id}/batches?limit=100{cursor}")
            batches += page["items"]
            cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else ""
        began = min(batch["started_at"] for batch in batches)
        return _seconds(began, max(batch["finished_at"] for batch in batches))


def _settle(process: subprocess.Popen[bytes]) -> None:
    """Wait until the process has loaded what it is made of and does next to nothing."""
    before = -1.0
    while process.poll() is None:
        now = cost_of(process.pid).cpu
        if now > _LOADED and now - before < _IDLE:
            return
        before = now
        time.sleep(1)
    msg = "the worker did not start"
    raise RuntimeError(msg)


def _seconds(began: str, ended: str) -> float:
    from datetime import datetime  # noqa: PLC0415

    return (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()


@contextmanager
def running_stack(
    *roots: Path,
    counting: bool = True,
    latency: float = 0.0,
    tree: Tree = PRESENT,
    databases: Sequence[str] = (),
) -> Iterator[Stack]:
    """Everything up, on loopback and private sockets; everything down afterwards.

    `databases` are entries of SEGMENT_DATABASES beside the service's own.

    The sink is this tree's in any case: it stands for Meta.
    """
    with tempfile.TemporaryDirectory(prefix="audience-export-bench-") as folder:
        postgres = EmbeddedPostgres(Path(folder))
        valkey = EmbeddedValkey(Path(folder))
        with postgres, valkey:
            ports = free_port(), free_port()
            environment = os.environ | {
                "DATABASE_URL": postgres.url,
                "REDIS_URL": valkey.url,
                "SNAPSHOT_URL": f"{folder}/snapshots",
                "DATA_DIR": f"{folder}/data",
                "ENCRYPTION_KEYS": generate_key(),
                "GRAPH_API_URL": f"http://127.0.0.1:{ports[0]}",
                "FACEBOOK_APP_ID": "1000000000000001",
                "FACEBOOK_APP_SECRET": "sandbox-app-secret",
                "SEGMENT_ROOTS": ",".join(str(root) for root in roots),
                "SEGMENT_DATABASES": ",".join((f"bench={postgres.url}", *databases)),
                "ALLOW_WRITING_SOURCE_ACCOUNTS": "true",
                "BOOTSTRAP_API_KEY": KEY,
                "LOG_LEVEL": "WARNING",
            }
            # else every process compiles what it imports, and that is measured
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            migrate = [tree.python, "-m", "app.cli", "migrate"]
            subprocess.run(
                migrate, cwd=tree.root, env=environment, check=True, stdout=subprocess.DEVNULL
            )
            sink = [sys.executable, "-m", "sandbox", "--port", str(ports[0])]
            sink += ["--counting"] if counting else []
            sink += ["--latency", str(latency)] if latency else []
            api = [tree.python, "-m", "uvicorn", "app.main:create_app", "--factory"]
            api += ["--port", str(ports[1]), "--log-level", "warning"]
            with (
                _process(sink, environment | _KEEPS_MEMORY) as counted,
                _process(api, environment, tree) as serving,
            ):
                headers = {"Authorization": f"Bearer {KEY}"}
                with httpx.Client(
                    base_url=f"http://127.0.0.1:{ports[1]}", headers=headers, timeout=120
                ) as client:
                    _wait(client)
                    yield Stack(environment, client, counted, tree, serving.pid)


@contextmanager
def _process(
    command: list[str], environment: dict[str, str], tree: Tree = PRESENT
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, cwd=tree.root, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def _wait(client: httpx.Client) -> None:
    for _ in range(1800):
        try:
            if client.get("/readyz").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    msg = "the API did not start"
    raise RuntimeError(msg)
