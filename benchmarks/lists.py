"""What a list costs the API: CPU of its process for a request, beside another version's.

    python -m benchmarks.lists [--against PATH] [--cold]

PATH is a working tree of another version with its own `.venv`. Both serve a database of the same
content, filled by SQL; they are asked in turn, so that what else the machine does meets both alike.
`--cold` walks 500 rows of each list in a process that has shown none of them yet, in pages of 200.
"""

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx

from app.db.secrets import generate_key
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey
from benchmarks.filling import fill
from benchmarks.stack import KEY, ROOT, cost_of, free_port

LISTS = {
    "runs": "/v1/runs",
    "exports": "/v1/exports",
    "segments": "/v1/segments",
    "connections": "/v1/connections",
    "batches": "/v1/runs/{run}/batches",
    "one run": "/v1/runs/{run}",
}
_ROUNDS = 3
_COLD_ROWS = 500
_SHORT = frozenset({"batches", "one run"})  # of no 500 rows


@dataclass(slots=True)
class Served:
    """A version that is being served."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    run: str
    key: str

    def ask(self, path: str, times: int) -> float:
        """CPU milliseconds of the API's process for one such request."""
        request = (
            f"GET {path.format(run=self.run)} HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {self.key}\r\n\r\n"
        ).encode()
        with socket.create_connection(("127.0.0.1", self.port)) as client:
            _asked(client, request, 20)
            before = cost_of(self.process.pid).cpu
            _asked(client, request, times)
            return (cost_of(self.process.pid).cpu - before) / times * 1000

    def walk(self, path: str) -> float:
        """CPU milliseconds of the API's process for a page of 200 rows nobody has seen, on average."""
        address = f"http://127.0.0.1:{self.port}{path.format(run=self.run)}"
        headers = {"Authorization": f"Bearer {self.key}"}
        with httpx.Client(headers=headers, timeout=60) as client:
            for _ in range(20):  # the code is warm, the rows are not
                client.get(address, params={"limit": 1}).raise_for_status()
            before, pages, rows, cursor = _nanoseconds(self.process.pid), 0, 0, ""
            while rows < _COLD_ROWS and cursor is not None:
                asked = {"limit": 200} | ({"cursor": cursor} if cursor else {})
                page = client.get(address, params=asked).raise_for_status().json()
                rows, pages, cursor = rows + len(page["items"]), pages + 1, page["next_cursor"]
            return (_nanoseconds(self.process.pid) - before) / 1e6 / rows * 200


def _nanoseconds(pid: int) -> int:
    """CPU of all threads; ticks are too coarse for a few pages."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks)


def _asked(client: socket.socket, request: bytes, times: int) -> None:
    """The cheapest client there is: the whole answer by its Content-Length, and nothing of it looked at."""
    for _ in range(times):
        client.sendall(request)
        got = client.recv(65536)
        while b"\r\n\r\n" not in got:
            got += client.recv(65536)
        head, _, body = got.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(request[:60], head)
        lower = head.lower()
        length = int(lower.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        left = length - len(body)
        while left > 0:
            left -= len(client.recv(262144))


@contextmanager
def served(
    tree: Path,
    folder: Path,
    postgres: EmbeddedPostgres,
    valkey: str,
    *,
    runs: int,
    exports: int = 200,
    connections: int = 200,
    batches_a_run: int = 60,
) -> Iterator[Served]:
    """The version of a working tree, on a database of its own."""
    python = tree / ".venv/bin/python"
    name = f"lists_{folder.name}"
    asyncio.run(_create(postgres, name))
    url = postgres.address(name)
    port = free_port()
    environment = os.environ | {
        "DATABASE_URL": url, "REDIS_URL": valkey, "SNAPSHOT_URL": str(folder / "snapshots"),
        "DATA_DIR": str(folder), "ENCRYPTION_KEYS": generate_key(),
        "FACEBOOK_APP_ID": "1000000000000001", "FACEBOOK_APP_SECRET": "sandbox-app-secret",
        "GRAPH_API_URL": "http://127.0.0.1:9", "BOOTSTRAP_API_KEY": KEY, "LOG_LEVEL": "INFO",
    }  # fmt: skip
    subprocess.run(
        [str(python), "-m", "app.cli", "migrate"],
        cwd=tree,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    size = {"runs": runs, "exports": exports, "connections": connections}
    run = asyncio.run(_fill(url, **size, batches_a_run=batches_a_run))
    command = [str(python), "-m", "uvicorn", "app.main:create_app", "--factory", "--no-access-log"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--log-level", "warning"],
            cwd=tree,
            env=environment,
            stdout=log,
        )
    try:
        key = _ready(port)
        yield Served(folder.name, process, port, run, key)
    except RuntimeError:
        print((folder / "log").read_text()[-300:])
        raise
    finally:
        process.terminate()
        process.wait(20)


async def _create(postgres: EmbeddedPostgres, name: str) -> None:
    connection = await asyncpg.connect(plain_address(postgres.url))
    if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
        await connection.execute(f"create database {name}")
    await connection.close()


async def _fill(url: str, **size: int) -> str:
    connection = await asyncpg.connect(plain_address(url))
    if not await connection.fetchval("select exists (select from runs)"):
        await fill(connection, **size)
        await connection.execute("vacuum analyze")
    run: str = await connection.fetchval("select min(id) from runs where status = 'succeeded'")
    await connection.close()
    return run


def plain_address(url: str) -> str:
    """As asyncpg takes it."""
    return url.replace("+asyncpg", "")


def _ready(port: int) -> str:
    """A key of an API that answers."""
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {KEY}"}
    ) as client:
        for _ in range(1800):
            try:
                answer = client.post(
                    "/v1/api-keys", json={"display_name": "lists", "role": "administrator"}
                )
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            return str(answer.raise_for_status().json()["key"])
    msg = "the API did not start"
    raise RuntimeError(msg)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--against", type=Path)
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--only")
    parser.add_argument("--cold", action="store_true")
    asked = parser.parse_args()
    trees = {"ours": ROOT} | ({"other": asked.against.resolve()} if asked.against else {})
    lists = {name: path for name, path in LISTS.items() if asked.only in (None, name)}
    with (
        tempfile.TemporaryDirectory(prefix="audience-export-bench-") as place,
        ExitStack() as stack,
    ):
        folder = Path(place)
        postgres = stack.enter_context(EmbeddedPostgres(folder))
        valkey = stack.enter_context(EmbeddedValkey(folder))
        found: dict[tuple[str, str], list[float]] = {}

        def start(name: str, tree: Path, place: ExitStack, **size: int) -> Served:
            (folder / name).mkdir(exist_ok=True)
            return place.enter_context(
                served(tree, folder / name, postgres, valkey.url, runs=2000, **size)
            )

        if asked.cold:
            for _ in range(_ROUNDS):
                for name, tree in trees.items():
                    with ExitStack() as once:
                        version = start(
                            name, tree, once, exports=_COLD_ROWS, connections=_COLD_ROWS
                        )
                        for what, path in lists.items():
                            if what not in _SHORT:
                                found.setdefault((what, name), []).append(version.walk(path))
        else:
            versions = [start(name, tree, stack) for name, tree in trees.items()]
            for _ in range(_ROUNDS):
                for what, path in lists.items():
                    for version in versions:
                        spent = version.ask(path, asked.requests)
                        found.setdefault((what, version.name), []).append(spent)
    _print(found, lists, trees)


def _print(
    found: dict[tuple[str, str], list[float]], lists: Mapping[str, str], trees: Mapping[str, Path]
) -> None:
    for what in lists:
        middle = {
            name: statistics.median(found[what, name]) for name in trees if (what, name) in found
        }
        ratio = f"  {middle['other'] / middle['ours']:.2f} : 1" if "other" in middle else ""
        spent = "".join(f"  {name} {ms:6.2f} ms" for name, ms in middle.items())
        print(f"{what:12}{spent}{ratio}", flush=True)


if __name__ == "__main__":
    main()
