"""What staging costs apart from hashing and sending: rows a second, CPU seconds and peak memory.

    python -m benchmarks.staging [--rows 1000000 10000000] [--columns 1 12] [--folder DIR]

Each line is a process of its own, so that its peak memory is its own. Two threads add frames of
random hashes (made outside the clock, as cheaply as possible), then the rows are made distinct and
read back in batches of 10,000. `mirror` compares two snapshots that differ in 1 % of the people.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from app.snapshots import BatchReader, Manifest, SnapshotStore, StageWriter, diff, plan_batches

CHUNK = 100_000
REPEATED = 0.02  # of the rows occur twice
# distinct values of a column over all rows; 0: every row has its own
CARDINALITIES = {
    "EMAIL": 0,
    "PHONE": 0,
    "FN": 631,
    "LN": 12_600,
    "GEN": 2,
    "DOBY": 90,
    "DOBM": 12,
    "DOBD": 31,
    "CT": 581,
    "ST": 50,
    "ZIP": 259_000,
    "COUNTRY": 20,
}
MISSING = 0.15  # of the cells other than the key


def _binary(octets: np.ndarray) -> pl.Series:
    return pl.Series(octets.reshape(-1, 32)).cast(pl.List(pl.UInt8)).cast(pl.Binary)


def _random(generator: np.random.Generator, rows: int) -> pl.Series:
    return _binary(np.frombuffer(generator.bytes(rows * 32), dtype=np.uint8))


class Members:
    """Frames of hashed members; the same number always gives the same frame."""

    def __init__(self, columns: int) -> None:
        generator = np.random.default_rng(7)
        chosen = dict(list(CARDINALITIES.items())[:columns])
        self.tables = {
            name: _random(generator, size) if size else None for name, size in chosen.items()
        }

    def frame(self, number: int, *, changed: float = 0.0) -> pl.DataFrame:
        generator = np.random.default_rng(number)
        columns = []
        for name, table in self.tables.items():
            if table is None:
                series = _random(generator, CHUNK)
            else:
                series = table.gather(generator.integers(0, len(table), CHUNK, dtype=np.uint32))
            if name != "EMAIL":
                kept = generator.random(CHUNK, dtype=np.float32) > MISSING
                series = pl.select(pl.when(pl.Series(kept)).then(series)).to_series()
            columns.append(series.alias(name))
        frame = pl.DataFrame(columns)
        if changed:
            return frame.tail(CHUNK - int(changed * CHUNK))
        repeated = frame.head(int(CHUNK * REPEATED))
        return pl.concat([frame.head(CHUNK - repeated.height), repeated])


def _stage(store: SnapshotStore, prefix: str, rows: int, columns: int, **kind: float) -> "_Staged":
    members = Members(columns)
    writer = StageWriter(store, prefix, key_columns=("EMAIL",))
    making = []

    def add(number: int) -> None:
        begun = time.thread_time()
        frame = members.frame(number, **kind)
        making.append(time.thread_time() - begun)
        writer.add(frame)

    wall, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(add, range(rows // CHUNK)))
    adding = time.process_time() - cpu - sum(making)
    adding_wall = time.perf_counter() - wall
    print_memory("add")
    wall, cpu = time.perf_counter(), time.process_time()
    manifest = writer.finish()
    finish = time.perf_counter() - wall, time.process_time() - cpu
    print_memory("finish")
    return _Staged(manifest, (adding_wall, adding), finish)


class _Staged:
    def __init__(
        self, manifest: Manifest, add: tuple[float, float], finish: tuple[float, float]
    ) -> None:
        self.manifest = manifest
        self.add = add
        self.finish = finish


def print_memory(phase: str) -> None:
    if os.environ.get("VERBOSE"):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"    peak after {phase}: {peak:.0f} MB", file=sys.stderr)


def clocked(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def read_all(store: SnapshotStore, manifest: Manifest, *, hexadecimal: bool = False) -> None:
    reader = BatchReader(store, manifest, hexadecimal=hexadecimal)
    rows = sum(reader.read(batch).height for batch in plan_batches(manifest))
    assert rows == manifest.staged


def mirror(store: SnapshotStore, old: Manifest, new: Manifest) -> None:
    found = diff(store, old, new, prefix="diff")
    # every frame of the old one lacks the first 1 %, every one of the new the last 2 %
    assert found.additions.staged * 98 == new.staged
    assert found.removals.staged * 99 == old.staged * 2


def one(kind: str, rows: int, columns: int, folder: str | None) -> None:
    """Measure one line in this process and print it."""
    with tempfile.TemporaryDirectory(dir=folder) as path:
        store = SnapshotStore.open(path)
        staged = _stage(store, "new", rows, columns)
        parts = {"add": staged.add, "finish": staged.finish}
        if kind == "mirror":
            old = _stage(store, "old", rows, columns, changed=0.01)
            parts = {
                "diff": clocked(lambda: diff(store, old.manifest, staged.manifest, prefix="d"))
            }
        else:
            parts["read"] = clocked(lambda: read_all(store, staged.manifest))
            parts["read hex"] = clocked(lambda: read_all(store, staged.manifest, hexadecimal=True))
        size = sum(file.bytes for group in staged.manifest.groups for file in group.files)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    times = "  ".join(
        f"{name} {wall:.2f} s wall {cpu:.2f} cpu" for name, (wall, cpu) in parts.items()
    )
    print(
        f"{kind:6} {rows / 1e6:5.1f} M x {columns:2}  {times}  "
        f"files {size / 1e6:.0f} MB  peak {peak:.0f} MB",
        flush=True,
    )


def main() -> None:
    """Run every combination, each in its own process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--columns", type=int, nargs="+", default=[1, 12])
    parser.add_argument("--kinds", nargs="+", default=["stage", "mirror"])
    parser.add_argument("--folder")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        one(asked.kinds[0], asked.rows[0], asked.columns[0], asked.folder)
        return
    for kind in asked.kinds:
        for columns in asked.columns:
            for rows in asked.rows:
                command = [sys.executable, "-m", "benchmarks.staging", "--here", "--kinds", kind]
                command += ["--rows", str(rows), "--columns", str(columns)]
                command += ["--folder", asked.folder] if asked.folder else []
                environment = {"POLARS_MAX_THREADS": "2", **os.environ}
                subprocess.run(command, check=True, env=environment)


if __name__ == "__main__":
    main()
