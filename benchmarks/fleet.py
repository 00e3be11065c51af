"""Two hundred exports of mixed sizes on twenty accounts: how fast, how fair, how close to the quota.

    python -m benchmarks.fleet [--workers 1 2 4] [--exports 200]

One export in ten is large; the large ones are asked for first, then all the small ones. The sandbox
answers after Meta's latency. What an export waits is from its request to its claim.
"""

import argparse
import asyncio
import statistics
import time
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import asyncpg
import httpx
import polars as pl
from redis.asyncio import Redis

from benchmarks import members
from benchmarks.lists import plain_address
from benchmarks.stack import Stack, cost_of, running_stack

ACCOUNTS = 20
LATENCY = 0.3
SMALL, LARGE = 500, 60_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--exports", type=int, default=200)
    asked = parser.parse_args()
    files = {size: members.DATA / f"fleet_{size}.parquet" for size in (SMALL, LARGE)}
    source = members.file_of("email", 1_000_000)
    for size, file in files.items():
        pl.scan_parquet(source).head(size).collect().write_parquet(file)
    print(
        "| workers | runs | seconds | runs/s | p50, p95 wait of small | of large "
        "| Postgres transactions a run | Redis commands a run | worker CPU ms a run |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for workers in asked.workers:
        with running_stack(members.DATA) as stack:
            print(measured(stack, workers, asked.exports, files), flush=True)


def measured(stack: Stack, workers: int, exports: int, files: dict[int, Any]) -> str:
    """One line of the table."""
    large, small = made(stack, exports, files)
    sandbox = stack.environment["GRAPH_API_URL"]
    httpx.put(f"{sandbox}/_sandbox/settings", json={"latency": LATENCY}).raise_for_status()
    before = calls_so_far(stack)
    with ExitStack() as team:
        pids = [team.enter_context(stack.worker()).pid for _ in range(workers)]
        time.sleep(6)
        began = time.monotonic()
        cpu = sum(cost_of(pid).cpu for pid in pids)
        for export in [*large, *small]:
            stack.call("POST", f"/v1/exports/{export}/runs")
        while stack.call("GET", "/v1/runs?status=queued&status=running&limit=1")["items"]:
            time.sleep(0.5)
        seconds = time.monotonic() - began
        cpu = sum(cost_of(pid).cpu for pid in pids) - cpu
    after = calls_so_far(stack)
    waits: dict[bool, list[float]] = {True: [], False: []}
    cursor = ""
    while True:
        page = stack.call("GET", f"/v1/runs?limit=200{cursor}")
        for run in page["items"]:
            if not run["status"].startswith("succeeded"):
                raise RuntimeError(run["error"])
            waited = moment(run["started_at"]) - moment(run["queued_at"])
            waits[run["counts"]["read"] > SMALL].append(waited)
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    shown = {
        big: f"{statistics.median(found):.1f}, {sorted(found)[int(len(found) * 0.95) - 1]:.1f} s"
        for big, found in waits.items()
    }
    runs = len(large) + len(small)
    return (
        f"| {workers} | {runs} | {seconds:.1f} | {runs / seconds:.1f} | {shown[False]} | {shown[True]} "
        f"| {(after[0] - before[0]) / runs:.0f} | {(after[1] - before[1]) / runs:.0f} "
        f"| {cpu / runs * 1000:.0f} |"
    )


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


def made(stack: Stack, exports: int, files: dict[int, Any]) -> tuple[list[str], list[str]]:
    """The exports' ids: large ones, small ones."""
    consent = stack.call("GET", "/v1/consent")["version"]
    segments = {
        size: stack.call(
            "POST",
            "/v1/segments",
            {"name": f"fleet_{size}", "source": {"kind": "file", "url": str(file)}},
        )["id"]
        for size, file in files.items()
    }
    large, small = [], []
    for number in range(exports):
        account = f"act_{1101 + number % ACCOUNTS}"
        connection = stack.call(
            "POST",
            "/v1/connections",
            {
                "display_name": f"c{number}",
                "access_token": "sandbox-system-token",
                "ad_account_id": account,
                "audience": {"name": f"fleet {number}"},
                "consent": {"accepted": True, "version": consent},
            },
        )["id"]
        big = number % 10 == 0
        export = stack.call(
            "POST",
            "/v1/exports",
            {
                "display_name": f"e{number}",
                "connection_id": connection,
                "key_identifier": "email",
                "attributes": {"EMAIL": "email"},
                "segment_ids": [segments[LARGE if big else SMALL]],
            },
        )["id"]
        (large if big else small).append(export)
    return large, small


if __name__ == "__main__":
    main()
