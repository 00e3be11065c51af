"""`make bench`: measures everything in one run and writes benchmarks/RESULTS.md.

    python -m benchmarks [--quick]

Figures of one machine at one time are worth little; the ratios within one run are what to quote.
What is short is repeated, and the median counts. Against an earlier commit: `benchmarks/pair.py`. `--quick`
leaves the ten-million runs out (some ten minutes on two cores; whole, three times as long).
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import polars as pl

from benchmarks import members, steps
from benchmarks.exact import delivered, expected
from benchmarks.fleet import TIERS
from benchmarks.pair import paired
from benchmarks.report import Table, write_results
from benchmarks.sources import table as table_of_sources
from benchmarks.stack import Measured, Stack, running_stack

MILLION = 1_000_000
_FEW = 200_000  # the SDK takes a minute and more for a million members of twelve columns
_EMAIL = {"EMAIL": "email"}


def median(name: str, stack: Stack, export: str, *, times: int = 3, **environment: str) -> Measured:
    """The run in the middle of several."""
    runs = sorted(
        (stack.run(name, export, **environment) for _ in range(times)),
        key=lambda item: item.seconds,
    )
    print(f"  {name}: {runs[len(runs) // 2].rate:,.0f} members/s", flush=True)
    return runs[len(runs) // 2]


def baseline(way: str, kind: str, file: Path, sink: str) -> dict[str, float]:
    """A baseline in its own process; the middle of three."""
    command = [sys.executable, "-m", "benchmarks.baselines", way, kind, str(file), sink]
    found = [
        json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        for _ in range(3 if kind == "email" and way != "plain" else 1)
    ]
    middle: dict[str, float] = sorted(found, key=lambda item: item["seconds"])[len(found) // 2]
    print(f"  {way} {kind}: {middle['rows'] / middle['seconds']:,.0f} members/s", flush=True)
    return middle


def latency_beside(stack: Stack, export: str, **environment: str) -> tuple[list[float], Measured]:
    """Milliseconds of `GET /v1/runs/{id}` while a run works on the same machine."""
    seen: list[float] = []
    over = threading.Event()
    newest = stack.call("GET", "/v1/runs")["items"][0]["id"]

    def ask() -> None:
        with httpx.Client(base_url=stack.api.base_url, headers=stack.api.headers) as client:
            while not over.is_set():
                began = time.perf_counter()
                client.get(f"/v1/runs/{newest}").raise_for_status()
                seen.append((time.perf_counter() - began) * 1000)
                time.sleep(0.02)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        measured = stack.run("beside", export, **environment)
    finally:
        over.set()
        asking.join()
    return seen, measured


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    large = MILLION if quick else 10 * MILLION
    tables: list[Table] = []
    print("making members …", flush=True)
    email, everything = members.file_of("email", MILLION), members.file_of("all", MILLION)
    email_middle, all_small = members.file_of("email", 3 * MILLION), members.file_of("all", _FEW)
    email_large, all_large = members.file_of("email", large), members.file_of("all", large)

    print("against an earlier commit …", flush=True)
    pairing = paired(quick=quick)
    tables += [pairing] if pairing else []
    tables.append(steps.table())

    if shutil.which("mariadbd"):
        print("sources …", flush=True)
        tables.append(table_of_sources())

    print("end to end …", flush=True)
    with running_stack(members.DATA) as stack:
        sources = {
            path: {"kind": "file", "url": str(path)}
            for path in (email, everything, email_middle, email_large, all_large)
        }
        exports = {
            "e-mail, 1 M": stack.export_of(sources[email], _EMAIL),
            "e-mail, 3 M": stack.export_of(sources[email_middle], _EMAIL),
            f"e-mail, {large // MILLION} M": stack.export_of(sources[email_large], _EMAIL),
            "12 columns, 1 M": stack.export_of(sources[everything], members.ALL_ATTRIBUTES),
            f"12 columns, {large // MILLION} M": stack.export_of(
                sources[all_large], members.ALL_ATTRIBUTES
            ),
        }
        ends = {
            # twelve columns of ten million are minutes each
            name: median(name, stack, export, times=1 if name == "12 columns, 10 M" else 3)
            for name, export in exports.items()
        }
        tables.append(_end_to_end(ends))

        print("baselines …", flush=True)
        sink = stack.environment["GRAPH_API_URL"]
        found = {
            (way, kind): baseline(way, kind, file, sink)
            for way in ("sdk", "formatting", "loop")
            for kind, file in (("email", email), ("all", all_small))
        }
        found["plain", "email"] = baseline("plain", "email", email_middle, sink)
        tables.append(_ratios(ends, found, large))

        print("other sources and modes …", flush=True)
        others = {"Postgres, e-mail, 1 M": stack.run("postgres", _postgres_export(stack, email))}
        others |= _mirror(stack, email_large)
        phones = members.DATA / "phones.parquet"
        members.phones(large // 2).write_parquet(phones)
        others[f"phones in 6 forms, {large / 2 / MILLION:g} M"] = median(
            "phones",
            stack,
            stack.export_of(
                {"kind": "file", "url": str(phones)},
                {"PHONE": "phone", "COUNTRY": "country"},
                key_identifier="phone",
            ),
        )
        tables.append(_end_to_end(others, title="Other sources and modes"))

        print("latency of the API beside a run …", flush=True)
        seen, beside = latency_beside(stack, exports[f"e-mail, {large // MILLION} M"])
        tables.append(_latency(seen, beside))

    print("exactly the segment …", flush=True)
    with running_stack(members.DATA, counting=False) as stack:
        export = stack.export_of({"kind": "file", "url": str(email_large)}, _EMAIL)
        tables.append(_exact(stack, stack.run("exact", export), email_large))

    print("with Meta's latency …", flush=True)
    with running_stack(members.DATA, latency=0.5) as stack:
        # 98 uploads are 294 points: 3 % of full access, and five times what a development account may have
        quota = f"{stack.environment['GRAPH_API_URL']}/_sandbox/quota/act_1001"
        httpx.put(quota, json=TIERS["full"]).raise_for_status()
        export = stack.export_of({"kind": "file", "url": str(email)}, _EMAIL)
        tables.append(_far(stack.run("0.5 s a request", export, UPLOAD_CONCURRENCY="16")))
    tables.append(_openssl(ends[f"e-mail, {large // MILLION} M"]))
    write_results(tables, machine=_machine())


def _end_to_end(measured: dict[str, Measured], *, title: str = "End to end") -> Table:
    return Table(
        title,
        ("what", "members", "seconds", "members/s", "worker CPU s", "worker peak MB", "sink CPU s"),
        [
            (
                name, f"{item.rows:,}", f"{item.seconds:.2f}", f"{item.rate:,.0f}",
                f"{item.worker.cpu:.1f}", f"{item.worker.peak_mb:.0f}", f"{item.sink_cpu:.1f}",
            )
            for name, item in measured.items()
        ],
    )  # fmt: skip


def _ratios(
    ends: dict[str, Measured], found: dict[tuple[str, str], dict[str, float]], large: int
) -> Table:
    rows = []
    for kind, name in (("email", "e-mail"), ("all", "12 columns")):
        ours = ends[f"{name}, {large // MILLION} M"]
        for way, what in (
            ("sdk", "Meta's Python SDK"),
            ("formatting", "Meta's Python SDK, nothing sent"),
            ("loop", "hashlib + json + httpx"),
        ):
            other = found[way, kind]
            rows.append(_ratio(f"{name}: {what}", other, ours))
    what = "e-mail, 3 M against 3 M: a loop of hashlib and json, nothing sent"
    rows.append(_ratio(what, found["plain", "email"], ends["e-mail, 3 M"]))
    return Table(
        f"The same members by other means (e-mail 1 M, 12 columns {_FEW // 1000} thousand)",
        ("what", "members/s", "ours : theirs, wall", "ours : theirs, CPU"),
        rows,
    )


def _ratio(what: str, other: dict[str, float], ours: Measured) -> tuple[str, ...]:
    rate, per_cpu = other["rows"] / other["seconds"], other["rows"] / other["cpu"]
    ratios = ours.rate / rate, ours.rows / ours.worker.cpu / per_cpu
    return what, f"{rate:,.0f}", *(f"{ratio:.1f}" for ratio in ratios)


def _postgres_export(stack: Stack, file: Path) -> str:
    import asyncio  # noqa: PLC0415

    import asyncpg  # noqa: PLC0415

    async def fill() -> None:
        address = stack.environment["DATABASE_URL"].replace("+asyncpg", "")
        connection = await asyncpg.connect(address)
        await connection.execute("create table bench_members (email text)")
        values = pl.read_parquet(file)["email"]
        for start in range(0, len(values), 100_000):
            rows = [(value,) for value in values[start : start + 100_000]]
            await connection.copy_records_to_table("bench_members", records=rows)
        await connection.execute("analyze bench_members")
        await connection.close()

    asyncio.run(fill())
    source = {"kind": "postgres", "database": "bench", "table": "bench_members"}
    return stack.export_of(source, _EMAIL)


def _mirror(stack: Stack, file: Path) -> dict[str, Measured]:
    segment = members.DATA / "mirrored.parquet"
    segment.unlink(missing_ok=True)
    segment.hardlink_to(file)
    export = stack.export_of({"kind": "file", "url": str(segment)}, _EMAIL, sync_mode="mirror")
    first = stack.run("mirror, first", export)
    other = members.changed(file, 0.01)
    segment.unlink()
    segment.hardlink_to(other)
    second = stack.run("mirror, 1 % changed", export)
    segment.unlink()
    return {"mirror, first run": first, "mirror, 1 % changed": second}


def _latency(seen: list[float], beside: Measured) -> Table:
    ordered = sorted(seen)
    return Table(
        "GET /v1/runs/{id} while a run works on the same machine",
        ("requests", "p50 ms", "p99 ms", "max ms", "members/s meanwhile"),
        [
            (
                f"{len(ordered)}", f"{statistics.median(ordered):.1f}",
                f"{ordered[int(len(ordered) * 0.99) - 1]:.1f}", f"{ordered[-1]:.1f}", f"{beside.rate:,.0f}",
            )
        ],
    )  # fmt: skip


def _far(measured: Measured) -> Table:
    batches = measured.run["counts"]["batches_total"]
    # all but the closing batch leave sixteen at a time; the closing one leaves alone
    bound = (-(-(batches - 1) // 16) + 1) * 0.5
    return Table(
        f"With 0.5 s a request and 16 in flight ({measured.rows // MILLION} M, e-mail)",
        ("batches", "seconds of sending", "bound by latency", "over the bound", "seconds of the run"),
        [
            (
                f"{batches}", f"{measured.sending:.2f}", f"{bound:.2f}",
                f"{measured.sending / bound - 1:+.0%}", f"{measured.seconds:.2f}",
            )
        ],
    )  # fmt: skip


def _exact(stack: Stack, measured: Measured, file: Path) -> Table:
    rows = {"the file, by hashlib": expected(file), "the audience": delivered(stack, measured)}
    if len(set(rows.values())) > 1:
        raise RuntimeError(f"the audience is not the segment: {rows}")
    return Table(
        f"{measured.rows:,} e-mail rows into the sandbox in checking mode",
        ("what", "distinct members", "checksum"),
        [(what, f"{count:,}", f"`{checksum}`") for what, (count, checksum) in rows.items()],
    )


def _openssl(measured: Measured) -> Table:
    """The share of what both cores could hash if they did nothing else."""
    rate = _hashes_a_second()
    bound = 2 * rate
    return Table(
        "The limit: openssl speed sha256, 64 bytes a value",
        ("values/s, one core", "two cores", f"{measured.name}, members/s", "share"),
        [
            (
                f"{rate:,.0f}",
                f"{bound:,.0f}",
                f"{measured.rate:,.0f}",
                f"{measured.rate / bound:.2f}",
            )
        ],
    )


def _hashes_a_second() -> float:
    output = subprocess.run(
        ["openssl", "speed", "-seconds", "1", "-bytes", "64", "sha256"],
        capture_output=True,
        text=True,
        check=True,
    )
    line = next(line for line in output.stdout.splitlines() if line.startswith("sha256"))
    return float(line.split()[-1].removesuffix("k")) * 1000 / 64


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{model}, {os.cpu_count()} CPUs, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, polars {pl.__version__}"
    )


if __name__ == "__main__":
    main()
