"""What Postgres and Redis have to do for ten, a hundred and a thousand workers.

    python -m benchmarks.scaling [--workers 10 100 1000] [--seconds 8]

Workers are tasks that call what real ones call (`claim_next`, `keep_alive`, `conclude`'s update), without
members and without Meta; they share as many connections as a pooler would give them. So what is measured
is what all workers share and what does not grow with them. CPU is that of the servers' processes, which
says the same on a machine that has other work; the times of the simulation do not.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
from redis.asyncio import Redis
from sqlalchemy import update

from app import clock
from app.cli.server.migrate import upgrade
from app.db.liveness import beat
from app.db.models import Run
from app.db.session import Database
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey
from app.facebook.quota.redis_state import RedisQuota
from app.ids import new_id
from app.runs.execution import Claim, claim_next, keep_alive
from app.runs.states import RunStatus
from benchmarks.filling import fill
from benchmarks.lists import plain_address

RUNS_A_WORKER = 4
LASTING = 30.0
ACCOUNTS = 500
# as app.db.liveness and workers.lease have them
_BEAT, _SIGN = 5.0, 1.0
_CONNECTIONS = 20
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Tally:
    """What was done, and how long each took."""

    claims: int = 0
    late: int = 0
    times: dict[str, list[float]] = field(default_factory=dict)

    async def timed(self, name: str, step: Callable[[], Awaitable[object]]) -> object:
        """Carry out the step and note its milliseconds."""
        began = time.perf_counter()
        found = await step()
        self.times.setdefault(name, []).append((time.perf_counter() - began) * 1000)
        return found

    def middle(self, name: str) -> str:
        """p50 and p95."""
        seen = sorted(self.times.get(name, [0.0]))
        return f"{statistics.median(seen):.1f}, {seen[int(len(seen) * 0.95)]:.1f}"


async def fleet(database: Database, taken: list[str], seconds: float) -> Tally:
    """Workers for that time whose places are taken by these runs, which end spread over `LASTING` seconds."""
    began = time.monotonic()
    tally, end = Tally(), began + seconds
    # who finds no connection free waits in line, as before a pooler
    line = asyncio.Semaphore(_CONNECTIONS)
    places, workers = len(taken), len(taken) // RUNS_A_WORKER
    # as a worker does
    claiming = [asyncio.Lock() for _ in range(workers)]

    async def claimed(worker: int) -> Claim | None:
        async with claiming[worker], line, database.transaction() as session:
            run = await claim_next(session, lease_seconds=60, budget=9, account_runs=places)
            return None if run is None else Claim(run.id, run.fence)

    async def alive(claim: Claim) -> None:
        async with line, database.transaction() as session:
            await keep_alive(session, claim, lease_seconds=60)

    async def over(claim: Claim) -> None:
        done = {"status": RunStatus.SUCCEEDED, "finished_at": clock.now(), "phase": None}
        async with line, database.transaction() as session:
            await session.execute(update(Run).where(Run.id == claim.run_id).values(**done))

    async def place(number: int) -> None:
        claim, until = Claim(taken[number], 1), began + LASTING * number / places
        await asyncio.sleep(_SIGN * number / places)
        while time.monotonic() < end:
            while time.monotonic() < min(until, end):
                due = time.monotonic() + _SIGN
                await asyncio.sleep(_SIGN)
                await tally.timed("sign", lambda claim=claim: alive(claim))  # type: ignore[misc]
                tally.late += time.monotonic() > due + _SIGN
            if time.monotonic() >= end:
                return
            await tally.timed("end", lambda claim=claim: over(claim))  # type: ignore[misc]
            found = await tally.timed("claim", lambda: claimed(number // RUNS_A_WORKER))
            if not isinstance(found, Claim):
                return
            tally.claims += 1
            claim, until = found, time.monotonic() + LASTING

    processes = (beating(database, line, number, workers, end) for number in range(workers))
    await asyncio.gather(*map(place, range(places)), *processes)
    return tally


async def beating(
    database: Database, line: asyncio.Semaphore, number: int, workers: int, end: float
) -> None:
    """A worker's heartbeat."""
    name, started = new_id("wrk"), clock.now()
    await asyncio.sleep(_BEAT * number / workers)
    while time.monotonic() < end:
        async with line, database.transaction() as session:
            await beat(session, name, process_id=number, started_at=started)
        await asyncio.sleep(_BEAT)


def cpu_of(server: int) -> float:
    """CPU seconds of a server and of its children, those that have ended included."""
    total = 0
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (place / "stat").read_text().rpartition(")")[2].split()
            own = place.name == str(server)
            if own or fields[1] == str(server):
                total += sum(map(int, fields[11 : 15 if own else 13]))
    return total / _TICKS


async def cost(server: int, times: int, step: Callable[[int], Awaitable[object]]) -> str:
    """CPU milliseconds of the server and of the client for one such step, one after the other."""
    served, asked = cpu_of(server), time.process_time()
    for number in range(times):
        await step(number)
    mine, theirs = time.process_time() - asked, cpu_of(server) - served
    return f"{theirs / times * 1000:.2f} | {mine / times * 1000:.2f}"


async def costs(url: str, database: Database, server: int) -> None:
    """Print what each thing costs that a worker asks of Postgres."""
    print("| of Postgres | CPU ms there | CPU ms of the worker |\n|---|---|---|")

    async def claimed(_: int) -> None:
        async with database.transaction() as session:
            await claim_next(session, lease_seconds=60, budget=9, account_runs=1_000_000)

    for queued in (10, 1_000, 10_000):
        await queue(url, queued)
        found = await cost(server, min(queued, 100), claimed)
        print(f"| a claim with {queued:,} runs queued | {found} |", flush=True)
    taken, started = await queue(url, 0, 500), clock.now()

    async def sign(number: int) -> None:
        async with database.transaction() as session:
            await keep_alive(session, Claim(taken[number % 500], 1), lease_seconds=60)

    async def heartbeat(number: int) -> None:
        async with database.transaction() as session:
            await beat(session, f"wrk_{number % 100}", process_id=1, started_at=started)

    print(f"| a sign of life | {await cost(server, 1000, sign)} |")
    print(f"| a heartbeat | {await cost(server, 500, heartbeat)} |", flush=True)


async def admissions(url: str) -> None:
    """Print what it costs Redis to admit a call to Meta under a pace, and to end it."""
    redis = Redis.from_url(url)
    server = int((await redis.info("server"))["process_id"])
    quota, scopes = RedisQuota(redis), ("account:1", "app")
    await quota.block("account:1", 0.0, named=True, in_flight=60)

    async def call(number: int) -> None:
        await quota.enter(scopes, f"call_{number}")
        await quota.leave(scopes, f"call_{number}", passed=False)

    print("\n| of Redis | CPU ms there | CPU ms of the worker |\n|---|---|---|")
    print(f"| a call admitted and ended | {await cost(server, 2000, call)} |\n", flush=True)
    await redis.aclose()


async def queue(url: str, queued: int, taken: int = 0) -> list[str]:
    """So many queued runs of `ACCOUNTS` accounts, an export each, and the ids of those that are taken.

    All others have ended.
    """
    connection = await asyncpg.connect(plain_address(url))
    await connection.execute(
        "update runs set status = 'succeeded', finished_at = now() where finished_at is null"
    )
    names = [
        row["id"]
        for row in await connection.fetch(
            "select id from runs order by id desc limit $1", queued + taken
        )
    ]
    await connection.execute(
        "update runs set status = 'queued', finished_at = null, due_at = now() - interval '1 hour', "
        "attempt = 0, fence = 0, ad_account_id = 'act_' || (hashtext(id) % $2) where id = any($1)",
        names,
        ACCOUNTS,
    )
    await connection.execute(
        "update runs set status = 'running', attempt = 1, fence = 1, "
        "lease_until = now() + interval '1 hour' where id = any($1)",
        names[:taken],
    )
    await connection.execute("vacuum analyze runs")
    await connection.close()
    return names[:taken]


async def measure(url: str, server: int, redis: str, workers: list[int], seconds: float) -> None:
    """Fill, measure, print."""
    await upgrade(url)
    connection = await asyncpg.connect(plain_address(url))
    # as many exports as runs: each may have one under way
    most = max(max(workers) * RUNS_A_WORKER * 3, 12_000)
    await fill(connection, exports=most, runs=most, batches_a_run=1)
    await connection.close()
    database = Database(url, pool_size=_CONNECTIONS // 2)
    await costs(url, database, server)
    await admissions(redis)
    print(
        "| workers | runs under way | claims/s | signs/s | ms of a claim (p50, p95) | of a sign "
        "| of an end | late signs | Postgres, share of a core | the workers' |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for count in workers:
        places = count * RUNS_A_WORKER
        taken = await queue(url, places, places)
        began, served, asked = time.monotonic(), cpu_of(server), time.process_time()
        tally = await fleet(database, taken, seconds)
        took = time.monotonic() - began
        shares = ((cpu_of(server) - served) / took, (time.process_time() - asked) / took)
        signs = len(tally.times.get("sign", []))
        cells = [
            f"{count:,}", f"{count * RUNS_A_WORKER:,}", f"{tally.claims / took:.0f}", f"{signs / took:.0f}",
            *(tally.middle(name) for name in ("claim", "sign", "end")), f"{tally.late / max(signs, 1):.0%}",
            *(f"{share:.0%}" for share in shares),
        ]  # fmt: skip
        print(f"| {' | '.join(cells)} |", flush=True)
    await database.close()


def main() -> None:
    """Measure on a Postgres of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--seconds", type=float, default=8)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="audience-export-bench-") as place,
        # how fast the disk of this machine is does not matter here
        EmbeddedPostgres(Path(place), durable=False) as postgres,
        EmbeddedValkey(Path(place)) as valkey,
    ):
        server = int((postgres.folder.data / postgres.pid_file).read_text().split()[0])
        asyncio.run(measure(postgres.url, server, valkey.url, asked.workers, asked.seconds))


if __name__ == "__main__":
    main()
