"""An API process under load while runs work: how many lists a second, how late, and what happens beyond.

    python -m benchmarks.load [--seconds 8] [--against PATH]

First as many lists as it answers to a few clients that each wait for their answer; then half of that at
even times; then far more than it can. Capacity is also told for a second of the process's own CPU time,
which other work on the machine touches less.
"""

import argparse
import asyncio
import itertools
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import httpx
import polars as pl

from benchmarks import members
from benchmarks.filling import fill
from benchmarks.lists import plain_address
from benchmarks.stack import KEY, PRESENT, Stack, Tree, cost_of, running_stack

RUNS = 10
# closed loops that keep a process busy, and those that are more than it can answer
FEW, MANY = 8, 600
_ROWS, _LATENCY = 200_000, 2.0
_LIST = "/v1/runs?limit=50"


class Client:
    """HTTP/1.1 by hand: the load must cost less than what it loads."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._request = (
            f"GET {_LIST} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\r\n"
        ).encode()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self) -> tuple[int, bool]:
        """The status of an answer, and whether it says when to come back."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(self._request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        if b"connection: close" in head:
            self.close()
        return int(head.split(b" ", 2)[1]), b"retry-after:" in head

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--against", type=Path)
    asked = parser.parse_args()
    trees = {"now": PRESENT}
    if asked.against:
        root = asked.against.resolve()
        trees["then"] = Tree(root, str(root / ".venv" / "bin" / "python"))
    # this machine stands for many
    os.environ["MAX_CONNECTIONS_PER_ADDRESS"] = str(MANY * 2)
    members.DATA.mkdir(exist_ok=True)
    file = members.DATA / "load.parquet"
    emails = pl.int_range(_ROWS, eager=True).cast(pl.String) + "@load.example.com"
    pl.DataFrame({"email": emails}).write_parquet(file)
    print(
        "| version | lists/s | lists for a CPU second | p50, p99 at half | beyond: answered/s | told to "
        "come back | without Retry-After | slowest probe beyond |\n|---|---|---|---|---|---|---|---|"
    )
    for name, tree in trees.items():
        with running_stack(members.DATA, tree=tree) as stack:
            print(f"| {name} | {loaded(stack, file, asked.seconds)} |", flush=True)


def loaded(stack: Stack, file: Path, seconds: float) -> str:
    """The cells of a line."""
    exports = [
        stack.export_of({"kind": "file", "url": str(file)}, {"EMAIL": "email"}) for _ in range(RUNS)
    ]
    # a history to list, and runs that last as long as this does
    asyncio.run(_history(stack.environment["DATABASE_URL"]))
    slow = {"latency": _LATENCY}
    httpx.put(f"{stack.environment['GRAPH_API_URL']}/_sandbox/settings", json=slow)
    with stack.worker(WORKER_RUNS=str(RUNS), ACCOUNT_RUNS=str(RUNS), UPLOAD_CONCURRENCY="1"):
        for export in exports:
            stack.call("POST", f"/v1/exports/{export}/runs")
        port = int(str(stack.api.base_url).rsplit(":", 1)[1].strip("/"))
        return asyncio.run(_phases(port, stack.api_pid, seconds))


async def _history(address: str) -> None:
    connection = await asyncpg.connect(plain_address(address))
    await fill(connection, exports=50, runs=500, batches_a_run=1, connections=50, segments=50)
    await connection.execute("vacuum analyze")
    await connection.close()


async def _phases(port: int, pid: int, seconds: float) -> str:
    await _closed(port, FEW, 1.0)
    before = cost_of(pid).cpu
    answers, _, _ = await _closed(port, FEW, seconds)
    cpu = cost_of(pid).cpu - before
    capacity = answers[200] / seconds
    middle, last = await _evenly(port, capacity / 2, seconds)
    async with _probed(port) as slowest:
        beyond, silent, _ = await _closed(port, MANY, seconds)
    cells = [
        f"{capacity:.0f}",
        f"{answers[200] / cpu:.0f}",
        f"{middle:.0f}, {last:.0f} ms",
        f"{beyond[200] / seconds:.0f}",
        f"{beyond[503] / seconds:.0f}/s",
        str(silent),
        f"{slowest() * 1000:.0f} ms",
    ]
    others = {status: count for status, count in beyond.items() if status not in (200, 503)}
    return " | ".join(cells) + (f" {others}" if others else "")


async def _closed(port: int, clients: int, seconds: float) -> tuple[Counter[int], int, list[float]]:
    """Clients that ask again as soon as they are answered; a refused one waits a second, as it is told."""
    answers: Counter[int] = Counter()
    silent, times, end = 0, [], time.monotonic() + seconds

    async def client() -> None:
        nonlocal silent
        one = Client(port)
        while time.monotonic() < end:
            began = time.perf_counter()
            try:
                async with asyncio.timeout(max(end - time.monotonic(), 0.01) + 10):
                    status, told = await one.ask()
            except (OSError, asyncio.IncompleteReadError):
                one.close()
                answers[0] += 1
                await asyncio.sleep(0.2)
                continue
            answers[status] += 1
            times.append(time.perf_counter() - began)
            if status == 503:
                silent += not told
                await asyncio.sleep(1)
        one.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return answers, silent, times


async def _evenly(port: int, rate: float, seconds: float) -> tuple[float, float]:
    """p50 and p99 in milliseconds from the moment each was due, whether or not a client was free."""
    free = [Client(port) for _ in range(FEW * 2)]
    times: list[float] = []
    working: set[asyncio.Task[None]] = set()
    began = time.perf_counter()

    async def one(due: float) -> None:
        client = free.pop() if free else Client(port)
        with suppress(OSError, asyncio.IncompleteReadError):
            await client.ask()
            times.append((time.perf_counter() - due) * 1000)
        free.append(client)

    for number in itertools.count():
        due = began + number / rate
        if due > began + seconds:
            break
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(one(due))
        working.add(task)
        task.add_done_callback(working.discard)
    await asyncio.gather(*working)
    for client in free:
        client.close()
    times.sort()
    return times[len(times) // 2], times[int(len(times) * 0.99)]


@asynccontextmanager
async def _probed(port: int) -> AsyncIterator[Callable[[], float]]:
    """Ask both probes ten times a second meanwhile; the slowest answer."""
    seen: list[float] = [0.0]

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            for path in itertools.cycle(("/livez", "/readyz")):
                began = time.perf_counter()
                await client.get(path)
                seen.append(time.perf_counter() - began)
                await asyncio.sleep(0.1)

    asking = asyncio.create_task(ask())
    try:
        yield lambda: max(seen)
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


if __name__ == "__main__":
    main()
