"""Rows as plain tuples, and the slow and obvious way to do what snapshots do fast."""

import random
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from typing import Any
from unittest.mock import patch

import polars as pl
from hypothesis import strategies as st

from app.snapshots import BatchReader, Manifest, SnapshotStore, StageWriter, plan_batches
from app.snapshots.encryption import FileKey

COLUMNS = ("EMAIL", "FN", "GEN", "MADID", "EXTERN_ID")
PLAIN = {"MADID", "EXTERN_ID"}
ADDRESS = ("FN", "LN", "ZIP", "CT", "COUNTRY")

type_of = {True: pl.String, False: pl.Binary}
Row = tuple[bytes | str | None, ...]


def hashed(text: str) -> bytes:
    return sha256(text.encode()).digest()


def frame(rows: Sequence[Row], columns: Sequence[str] = COLUMNS) -> pl.DataFrame:
    schema = {name: type_of[name in PLAIN] for name in columns}
    return pl.DataFrame(rows, schema=schema, orient="row")


def stage(
    store: SnapshotStore,
    prefix: str,
    frames: Iterable[pl.DataFrame],
    *,
    keys: Sequence[str] = ("EMAIL",),
    threads: int = 1,
    **options: Any,
) -> Manifest:
    writer = StageWriter(store, prefix, key_columns=keys, **options)
    try:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(writer.add, frames))
        return writer.finish()
    except BaseException:
        writer.abort()
        raise


def stage_rows(
    store: SnapshotStore, prefix: str, rows: Sequence[Row], *, columns: Sequence[str] = COLUMNS,
    **options: Any,
) -> Manifest:  # fmt: skip
    return stage(store, prefix, [frame(rows, columns)], **options)


def read_rows(
    store: SnapshotStore,
    manifest: Manifest,
    columns: Sequence[str] = COLUMNS,
    *,
    batch: int = 10_000,
) -> list[Row]:
    reader = BatchReader(store, manifest)
    rows: list[Row] = []
    for part in plan_batches(manifest, batch):
        found = reader.read(part)
        assert found.height == part.rows
        assert tuple(found.columns) == manifest.groups[part.group].schema
        lacking = [
            pl.lit(None, dtype=type_of[c in PLAIN]).alias(c)
            for c in columns
            if c not in found.columns
        ]
        rows += found.with_columns(lacking).select(columns).rows()
    return rows


@contextmanager
def same_key() -> Iterator[None]:
    """Stagings with one and the same key, so that their files can be compared byte by byte."""
    with patch.object(FileKey, "fresh", lambda: FileKey(bytes(range(32)))):
        yield


def key_of(row: Row, keys: Sequence[str] = ("EMAIL",), columns: Sequence[str] = COLUMNS) -> Row:
    return tuple(row[columns.index(key)] for key in keys)


def shuffled(rows: Sequence[Row], seed: int, frames: int) -> list[pl.DataFrame]:
    mixed = list(rows)
    random.Random(seed).shuffle(mixed)
    size = -(-len(mixed) // frames) or 1
    return [frame(mixed[at : at + size]) for at in range(0, len(mixed), size)]


# made to be mistaken for each other: equal but for the last byte, the first word, all zeros
CELLS = st.sampled_from(
    [
        bytes(32),
        bytes(31) + b"\1",
        b"\1" + bytes(31),
        b"\xff" * 32,
        bytes(8) + b"\xff" * 24,
        hashed("a"),
        hashed("a")[:31] + b"\0",
        hashed("a")[:8] + hashed("b")[8:],
        hashed("b"),
    ]
)
TEXTS = st.sampled_from(["", "a", "a\0", "a\0\0b", "é", "日本語", "x" * 40, "0"])
KEYS = st.one_of(CELLS, st.integers(0, 5_000).map(lambda n: hashed(str(n))))


def rows_of(keys: st.SearchStrategy[Any] = KEYS) -> st.SearchStrategy[list[Row]]:
    maybe, text = st.none() | CELLS, st.none() | TEXTS
    return st.lists(st.tuples(keys, maybe, maybe, text, text), max_size=60)


# from "everything fits" to "one row at a time"
MEMORY = st.sampled_from([64 << 20, 64 << 20, 64 << 20, 20_000, 2_000, 1])
