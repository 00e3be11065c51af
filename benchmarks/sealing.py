"""What it costs to seal the columns that Meta takes as they are: staging and reading, with and without.

    python -m benchmarks.sealing [--rows 1000000] [--times 3]

Twelve columns, nine hashed and three plain. Both ways in turn in one process: without means that the
ciphers hand back what they are given, and everything else is done all the same.
"""

import argparse
import contextlib
import statistics
import tempfile
from collections.abc import Iterator
from unittest.mock import patch

import polars as pl

from app.db.secrets import Vault, generate_key
from app.snapshots import Manifest, SnapshotStore, StageWriter
from app.snapshots.encryption import ColumnKey, ScratchKey
from benchmarks.staging import CHUNK, Members, clocked, read_all

HASHED = 9


@contextlib.contextmanager
def without() -> Iterator[None]:
    """Nothing is encrypted."""
    with (
        patch.object(ColumnKey, "seal", lambda _self, _column, plain: plain),
        patch.object(ColumnKey, "open", lambda _self, _column, sealed: sealed),
        patch.object(ScratchKey, "covered", lambda _self, data, _at: bytes(data)),
    ):
        yield


def plain_columns(number: int, rows: int) -> list[pl.Series]:
    """A customer's id, an advertising id and a value for every row."""
    numbers = pl.int_range(number * rows, (number + 1) * rows, eager=True)
    digits = numbers.hash(7).cast(pl.String).str.zfill(20)
    device = digits + "-" + numbers.cast(pl.String).str.zfill(15)
    return [
        ("customer-" + numbers.cast(pl.String)).alias("EXTERN_ID"),
        device.alias("MADID"),
        (numbers % 997).cast(pl.String).alias("LOOKALIKE_VALUE"),
    ]


def once(frames: list[pl.DataFrame]) -> tuple[float, float, float, float]:
    """Seconds of staging and of reading: wall, CPU, wall, CPU."""
    with tempfile.TemporaryDirectory() as folder:
        store = SnapshotStore.open(folder, sealing=Vault([generate_key()]))
        found: list[Manifest] = []

        def stage() -> None:
            writer = StageWriter(store, "s", key_columns=("EMAIL",))
            for frame in frames:
                writer.add(frame)
            found.append(writer.finish())

        staged = clocked(stage)
        return (*staged, *clocked(lambda: read_all(store, found[0], hexadecimal=True)))


def main() -> None:
    """Measure both ways in turn and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=3)
    asked = parser.parse_args()
    members = Members(HASHED)
    frames = [
        members.frame(number).with_columns(plain_columns(number, members.frame(number).height))
        for number in range(asked.rows // CHUNK)
    ]
    measured: dict[str, list[tuple[float, ...]]] = {"without": [], "sealed": []}
    for _ in range(asked.times):
        with without():
            measured["without"].append(once(frames))
        measured["sealed"].append(once(frames))
    for way, times in measured.items():
        middle = [statistics.median(column) for column in zip(*times, strict=True)]
        rate = asked.rows / middle[0]
        print(
            f"{way:8} {asked.rows / 1e6:.1f} M x 12  stage {middle[0]:.2f} s wall {middle[1]:.2f} cpu "
            f"({rate:,.0f} rows/s)  read {middle[2]:.2f} s wall {middle[3]:.2f} cpu",
            flush=True,
        )


if __name__ == "__main__":
    main()
