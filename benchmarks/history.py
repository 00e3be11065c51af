"""How lists and the overview answer over a history of years, and how it is forgotten.

    python -m benchmarks.history [--runs 1000000] [--batches 10] [--exports 10000] [--keep FOLDER [--cold]]

The history is made by SQL; the API is asked over HTTP, one request after the other, each filter with
values that many rows have, that few have, and that none has. `--cold` asks each question only three times,
of a history that is kept, with none of its pages in memory: neither Postgres' nor the system's. Else the
system holds its files.
"""

import argparse
import asyncio
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx

from app.db.session import Database
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey
from app.runs.maintenance.compaction import compact_batches
from app.runs.maintenance.retention import forget_runs
from benchmarks.filling import WEBHOOK
from benchmarks.lists import KEY, ROOT, plain_address, served

_MOST, _SECONDS = 400, 4.0
_COLD = 3
_COMPACTING = 60.0
_OLDER = timedelta(days=330)


def hexed(prefix: str, number: int) -> str:
    """An id as `benchmarks.filling` makes them."""
    return f"{prefix}_{number:032x}"


def questions(exports: int, run: str, half: str) -> dict[str, Callable[[int], str]]:
    """What is asked, by name; each takes a number to vary it."""

    def among(prefix: str, most: int) -> Callable[[int], str]:
        return lambda n: hexed(prefix, n * 7919 % most + 1)

    export, connection, segment = among("exp", exports), among("con", 200), among("seg", 500)
    runs = {
        "all": lambda _: "",
        "oldest first": lambda _: "sort=created_at",
        "export": lambda n: f"export_id={export(n)}",
        "connection": lambda n: f"connection_id={connection(n)}",
        "segment": lambda n: f"segment_id={segment(n)}",
        "segment, none": lambda _: f"segment_id={hexed('seg', 9999)}",
        "status failed": lambda _: "status=failed",
        "status queued": lambda _: "status=queued",
        "status, two": lambda _: "status=queued&status=running",
        "status canceled, none": lambda _: "status=canceled",
        "trigger": lambda _: "trigger=on_demand",
        "trigger and status": lambda _: "trigger=on_demand&status=skipped",
        "requested by, few": lambda _: "requested_by=bootstrap",
        "requested by, none": lambda n: f"requested_by=oidc:{n}",
        "error, many": lambda _: "error_code=token-rejected",
        "error, few": lambda _: "error_code=audience-gone",
        "error, none": lambda _: "error_code=run-crashed",
        "after": lambda _: f"queued_after={half}",
        "before": lambda _: f"queued_before={half}",
        "metadata, none": lambda n: f"metadata=team:{n}",
        "text, many": lambda n: f"q=export%20{n % 10}",
        "text, few": lambda n: f"q=export%20{n % 10}777",
        "text, none": lambda n: f"q=nothing{n}",
    }
    of_exports = {
        "all": lambda _: "",
        "by name": lambda _: "sort=display_name",
        "text": lambda n: f"q=export%20{n % 10}77",
        "text, none": lambda n: f"q=nothing{n}",
        "status": lambda _: "status=active",
        "status, none": lambda _: "status=detached",
        "last failed": lambda _: "last_status=failed",
        "last none": lambda _: "last_status=none",
        "connection": lambda n: f"connection_id={connection(n)}",
        "segment": lambda n: f"segment_id={segment(n)}",
        "metadata, none": lambda n: f"metadata=team:{n}",
    }
    audit = {
        "all": lambda _: "",
        "resource": lambda n: f"resource_id={export(n)}",
        "actor": lambda _: "actor=bootstrap",
        "actor, none": lambda n: f"actor=oidc:{n}",
        "action, none": lambda _: "action=segment.deleted",
        "before": lambda _: f"at_before={half}",
    }
    named: dict[str, Callable[[int], str]] = {
        "overview": lambda _: "/v1/overview",
        "runs of an export": lambda n: f"/v1/exports/{export(n)}/runs",
        "statistics of an export": lambda n: f"/v1/exports/{export(n)}/statistics",
        "batches of a run": lambda _: f"/v1/runs/{run}/batches",
        "segments": lambda _: "/v1/segments",
        "evaluations of a segment": lambda n: f"/v1/segments/{segment(n)}/evaluations",
        "evaluations, failed": lambda n: f"/v1/segments/{segment(n)}/evaluations?failed=true",
        "evaluations, before": lambda n: f"/v1/segments/{segment(n)}/evaluations?at_before={half}",
        "segments, text": lambda n: f"/v1/segments?q={n % 10}7",
        "connections": lambda _: "/v1/connections",
    }
    deliveries = {
        "all": lambda _: "",
        "status failed": lambda _: "status=failed",
        "status pending, none": lambda _: "status=pending",
        "event, none": lambda _: "event_type=connection.ready",
        "subject": lambda n: f"subject=run_{n}",
        "after": lambda _: f"created_after={half}",
    }
    lists = {
        "runs": runs,
        "exports": of_exports,
        "audit-events": audit,
        f"webhooks/{WEBHOOK}/deliveries": deliveries,
    }
    for path, asked in lists.items():
        for name, query in asked.items():
            named[f"{path.rpartition('/')[2]}: {name}"] = lambda n, p=path, q=query: (
                f"/v1/{p}?{q(n)}"
            )  # type: ignore[misc]
    return named


def main() -> None:
    """Fill, ask, forget; print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--batches", type=int, default=10)
    parser.add_argument("--exports", type=int, default=10_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=Path, help="a folder to keep the history in")
    parser.add_argument("--no-retention", action="store_true")
    parser.add_argument("--cold", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="audience-export-bench-") as place:
        folder = asked.keep or Path(place)
        (folder / "history").mkdir(exist_ok=True, parents=True)
        size = {"runs": asked.runs, "exports": asked.exports, "batches_a_run": asked.batches}
        began = time.monotonic()
        _hold(folder, in_memory=not asked.cold)
        with (
            EmbeddedPostgres(folder, durable=False) as postgres,
            EmbeddedValkey(folder) as valkey,
            served(ROOT, folder / "history", postgres, valkey.url, **size) as api,
        ):
            print(f"made in {time.monotonic() - began:.0f} s", flush=True)
            half = asyncio.run(_half(postgres.address("lists_history")))
            client = httpx.Client(
                base_url=f"http://127.0.0.1:{api.port}",
                headers={"Authorization": f"Bearer {KEY}"},
                timeout=60,
            )
            for name, query in questions(asked.exports, api.run, half).items():
                if asked.only in name:
                    most = _COLD if asked.cold else _MOST
                    print(f"{name:30} {_times(client, query, most)}", flush=True)
            if not asked.no_retention and not asked.cold:
                print(asyncio.run(_tidied(postgres.address("lists_history"), client)))


def _hold(folder: Path, *, in_memory: bool) -> None:
    """Have the system hold the pages of all files in memory, or none; what is not written yet is written.

    https://man7.org/linux/man-pages/man2/posix_fadvise.2.html
    """
    for place, _, names in os.walk(folder):
        for name in names:
            if not (file := Path(place) / name).is_file():
                continue
            with file.open("rb", buffering=0) as opened:
                if in_memory:
                    while opened.read(1 << 22):
                        pass
                else:
                    os.fsync(opened.fileno())
                    os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _times(client: httpx.Client, query: Callable[[int], str], most: int) -> str:
    seen: list[float] = []
    began = time.monotonic()
    for number in itertools.count():
        start = time.perf_counter()
        answer = client.get(query(number))
        seen.append((time.perf_counter() - start) * 1000)
        answer.raise_for_status()
        if number >= most - 1 or (number >= _COLD - 1 and time.monotonic() - began > _SECONDS):
            break
    first, *others = seen
    others.sort()
    return (
        f"first {first:7.1f}  p50 {others[len(others) // 2]:7.1f}  "
        f"p99 {others[int(len(others) * 0.99)]:7.1f}  ms ({len(others)})"
    )


async def _half(url: str) -> str:
    connection = await asyncpg.connect(plain_address(url))
    moment = await connection.fetchval("select now() - interval '180 days'")
    await connection.close()
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


async def _tidied(url: str, client: httpx.Client) -> str:
    """Batches become sums for a minute, a tenth of the runs is forgotten, and others look meanwhile."""
    database = Database(url)

    async def compact() -> str:
        with suppress(TimeoutError):
            await asyncio.wait_for(compact_batches(database, after=timedelta(days=30)), _COMPACTING)
        count = "select count(*) from runs where id <= (select reached from watermarks)"
        connection = await asyncpg.connect(plain_address(url))
        runs = await connection.fetchval(count)
        await connection.close()
        return f"batches of {runs:,} runs became sums"

    async def forget() -> str:
        return f"forgot {await forget_runs(database, before=_OLDER):,} runs"

    lines = [await _meanwhile(compact(), client), await _meanwhile(forget(), client)]
    await database.close()
    return "\n".join(lines)


async def _meanwhile(work: Coroutine[None, None, str], client: httpx.Client) -> str:
    began, doing = time.monotonic(), asyncio.create_task(work)
    seen: list[float] = []
    for path in itertools.cycle(("/v1/runs", "/v1/overview", "/v1/exports")):
        if doing.done():
            break
        start = time.perf_counter()
        (await asyncio.to_thread(client.get, path)).raise_for_status()
        seen.append((time.perf_counter() - start) * 1000)
        await asyncio.sleep(0.02)
    seen.sort()
    return (
        f"{await doing} in {time.monotonic() - began:.0f} s; {len(seen)} lists and overviews meanwhile: "
        f"p50 {seen[len(seen) // 2]:.1f}, p99 {seen[int(len(seen) * 0.99)]:.1f}, max {seen[-1]:.1f} ms"
    )


if __name__ == "__main__":
    main()
