"""Two hundred exports of mixed sizes on twenty accounts: how fast, how fair, how close to the quota.

    python -m benchmarks.fleet [--workers 1 2 4] [--exports 200] [--accounts 20] [--tier full] [--quick]

One export in ten is large, and a quarter of the accounts have them all; they are asked for first, then
all the small ones, all at once. The sandbox answers after Meta's latency and limits every account as Meta
documents. What an export waits is from its request to its claim: told of small ones whose account has
large ones before them, and of those on other accounts. The exports are made once, and run by each number
of workers in turn. The bound is what the limits alone would take, had they been used up all the time.
"""

import argparse
import asyncio
import statistics
import subprocess
import time
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import polars as pl
from redis.asyncio import Redis

from benchmarks import members
from benchmarks.lists import plain_address
from benchmarks.stack import Stack, cost_of, running_stack

LATENCY = 0.3
SMALL = 500
# https://developers.facebook.com/docs/marketing-api/overview/rate-limiting: points of five minutes, and the
# pause after them
TIERS: dict[str, dict[str, Any]] = {
    "full": {"score_max": 9000, "block_seconds": 60, "tier": "standard_access"},
    "development": {"score_max": 60, "block_seconds": 300},
}
_WINDOW = 300
_COLUMNS = (
    "workers", "runs", "seconds", "runs/s",
    "p50, p95 wait of small on other accounts", "beside large", "of large",
    "quota's bound", "lost against it", "waited for limits a call", "refused for limits",
    "Postgres transactions a run", "Redis commands a run", "Graph calls a run", "worker CPU ms a run",
)  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, nargs="+")
    parser.add_argument("--exports", type=int)
    parser.add_argument("--accounts", type=int, default=20)
    parser.add_argument("--tier", choices=TIERS, default="full")
    parser.add_argument("--large", type=int, default=60_000, help="members of a large export")
    parser.add_argument("--worker-runs", type=int, default=4)
    parser.add_argument("--quick", action="store_true", help="one and two workers, 40 exports")
    asked = parser.parse_args()
    members.DATA.mkdir(exist_ok=True)
    files = {size: members.DATA / f"fleet_{size}.parquet" for size in (SMALL, asked.large)}
    for size, file in files.items():
        emails = pl.int_range(size, eager=True).cast(pl.String) + f"@fleet{size}.example.com"
        pl.DataFrame({"email": emails}).write_parquet(file)
    print(f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}")
    with running_stack(members.DATA) as stack:
        accounts = [f"act_{1101 + number}" for number in range(asked.accounts)]
        exports = made(stack, asked.exports or (40 if asked.quick else 200), files, accounts)
        fleet = Fleet(stack, TIERS[asked.tier], accounts, runs=asked.worker_runs)
        for workers in asked.workers or ([1, 2] if asked.quick else [1, 2, 4]):
            print(fleet.measured(workers, exports), flush=True)


@dataclass(frozen=True, slots=True)
class Exports:
    """Their ids; `beside` are small ones whose account has large ones, `alone` the other small ones."""

    large: list[str]
    beside: list[str]
    alone: list[str]


class Fleet:
    """A stack under a tier's limits."""

    def __init__(
        self, stack: Stack, limits: dict[str, Any], accounts: list[str], *, runs: int
    ) -> None:
        self._stack, self._limits, self._accounts = stack, limits, accounts
        self._runs = str(runs)
        self._sandbox = httpx.Client(base_url=stack.environment["GRAPH_API_URL"], timeout=30)
        self._control("settings", {"latency": LATENCY})

    def measured(self, workers: int, exports: Exports) -> str:
        """One line of the table."""
        for account in self._accounts:
            self._control(f"quota/{account}", self._limits)
        before = calls_so_far(self._stack)
        ports = range(19_460, 19_460 + workers)
        with ExitStack() as team:
            pids = [team.enter_context(self._worker(port)).pid for port in ports]
            began, cpu = time.monotonic(), sum(cost_of(pid).cpu for pid in pids)
            runs = self._started(exports)
            while self._stack.call("GET", "/v1/runs?status=queued&status=running&limit=1")["items"]:
                time.sleep(1)
            seconds = time.monotonic() - began
            cpu = sum(cost_of(pid).cpu for pid in pids) - cpu
            waited = sum(self._waited(port) for port in ports)
        after = calls_so_far(self._stack)
        ended = [self._ended(run) for run in runs]
        reports = [self._report(account) for account in self._accounts]
        calls = sum(report["admitted"] for report in reports)
        refused = sum(report["refused"] for report in reports)
        count = len(runs)
        cells = [
            *(workers, count, f"{seconds:.1f}", f"{count / seconds:.1f}"),
            *(waits(ended, exports, which) for which in ("alone", "beside", "large")),
            *self._bound(reports, seconds),
            f"{waited / calls * 1000:.0f} ms",
            refused,
            *(f"{(then - first) / count:.0f}" for first, then in zip(before, after, strict=True)),
            f"{calls / count:.1f}",
            f"{cpu / count * 1000:.0f}",
        ]
        return f"| {' | '.join(map(str, cells))} |"

    def _worker(self, port: int) -> AbstractContextManager[subprocess.Popen[bytes]]:
        return self._stack.worker(WORKER_METRICS_PORT=str(port), WORKER_RUNS=self._runs)

    def _started(self, exports: Exports) -> list[str]:
        """All runs, asked for by one person with two requests; their ids."""
        started: list[str] = []
        for ids in (exports.large, exports.beside + exports.alone):
            for first in range(0, len(ids), 100):
                body = {"export_ids": ids[first : first + 100], "force": True}
                items = self._stack.call("POST", "/v1/exports/runs", body)["started"]
                started += [item["id"] for item in items]
        return started

    def _ended(self, run_id: str) -> dict[str, Any]:
        run = self._stack.call("GET", f"/v1/runs/{run_id}")
        if not run["status"].startswith("succeeded"):
            raise RuntimeError(run["error"])
        return run

    def _bound(self, reports: list[dict[str, Any]], seconds: float) -> tuple[str, str]:
        """The seconds that the limits of the fullest account take, and how many more were taken.

        An account begins empty and may be filled at once; what is beyond goes as fast as it drains.
        """
        most = float(self._limits["score_max"])
        bound = (max(report["points"] for report in reports) - most) / (most / _WINDOW)
        if bound <= 0:
            return "none: it is never full", "none"
        return f"{bound:.1f} s", f"{seconds - bound:.1f} s"

    def _report(self, account: str) -> dict[str, Any]:
        answer = self._sandbox.get(f"/_sandbox/quota/{account}")
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def _control(self, path: str, body: dict[str, Any]) -> None:
        self._sandbox.put(f"/_sandbox/{path}", json=body).raise_for_status()

    @staticmethod
    def _waited(port: int) -> float:
        """Seconds that the calls of a worker waited for their turn under the limits."""
        page = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        lines = [line for line in page.splitlines() if "graph_wait_seconds_sum" in line]
        return sum(float(line.rpartition(" ")[2]) for line in lines)


def waits(ended: list[dict[str, Any]], exports: Exports, which: str) -> str:
    """Of runs of one kind, from request to claim."""
    ids = frozenset(getattr(exports, which))
    found = sorted(
        moment(run["started_at"]) - moment(run["queued_at"])
        for run in ended
        if run["export_id"] in ids
    )
    return f"{statistics.median(found):.1f}, {found[int(len(found) * 0.95) - 1]:.1f} s"


async def transactions(stack: Stack) -> int:
    """Transactions of the database since it was made."""
    connection = await asyncpg.connect(plain_address(stack.environment["DATABASE_URL"]))
    found: int = await connection.fetchval(
        "select xact_commit from pg_stat_database where datname = current_database()"
    )
    await connection.close()
    return found


async def commands(stack: Stack) -> int:
    """Commands that Valkey has carried out."""
    client = Redis.from_url(stack.environment["REDIS_URL"])
    found = int((await client.info("stats"))["total_commands_processed"])
    await client.aclose()
    return found


def calls_so_far(stack: Stack) -> tuple[int, int]:
    """Of Postgres and of Valkey."""
    return asyncio.run(transactions(stack)), asyncio.run(commands(stack))


def moment(text: str) -> float:
    """Seconds."""
    return datetime.fromisoformat(text).timestamp()


def made(stack: Stack, exports: int, files: dict[int, Path], accounts: list[str]) -> Exports:
    """So many exports, one in ten of them large."""
    consent = stack.call("GET", "/v1/consent")["version"]
    segments = {
        size: stack.call(
            "POST",
            "/v1/segments",
            {"name": f"fleet_{size}", "source": {"kind": "file", "url": str(file)}},
        )["id"]
        for size, file in files.items()
    }
    found = Exports([], [], [])
    flooded = max(1, len(accounts) // 4)
    for number in range(exports):
        connection = stack.call(
            "POST",
            "/v1/connections",
            {
                "display_name": f"c{number}",
                "access_token": "sandbox-system-token",
                "ad_account_id": accounts[number % len(accounts)],
                "audience": {"name": f"fleet {number}"},
                "consent": {"accepted": True, "version": consent},
            },
        )["id"]
        beside = number % len(accounts) < flooded
        big = beside and len(found.large) < exports // 10
        export = stack.call(
            "POST",
            "/v1/exports",
            {
                "display_name": f"e{number}",
                "connection_id": connection,
                "key_identifier": "email",
                "attributes": {"EMAIL": "email"},
                "segment_ids": [segments[max(segments) if big else SMALL]],
            },
        )["id"]
        (found.large if big else found.beside if beside else found.alone).append(export)
    return found


if __name__ == "__main__":
    main()
