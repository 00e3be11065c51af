"""Batches: a manifest alone says what they hold, in any process; a damaged file never passes."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db.secrets import Vault, generate_key
from app.snapshots import (
    BatchReader,
    BatchSlice,
    Group,
    Manifest,
    SnapshotError,
    SnapshotStore,
    plan_batches,
    verify,
)
from tests.snapshots.people import Row, hashed, same_key, stage_rows

READER = """
import json, sys, hashlib
from app.db.secrets import Vault
from app.snapshots import BatchReader, Manifest, SnapshotStore, plan_batches
url, text, key = sys.argv[1:]
manifest = Manifest.from_json(json.loads(text))
store = SnapshotStore.open(url, sealing=Vault([key]))
reader = BatchReader(store, manifest, hexadecimal=True)
for batch in plan_batches(manifest, 700)[::-1]:
    rows = reader.read(batch)
    print(batch.sequence, rows.columns, hashlib.sha256(rows.write_ndjson().encode()).hexdigest())
"""


KEY = generate_key()


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    return SnapshotStore.open(str(tmp_path / "snapshots"), sealing=Vault([KEY]))


@pytest.fixture
def manifest(store: SnapshotStore) -> Manifest:
    rows: list[Row] = [
        (hashed(str(n)), hashed(str(n % 9)) if n % 4 else None, None, None, f"id{n}" if n % 3 else None)
        for n in range(5_000)
    ]  # fmt: skip
    return stage_rows(store, "run/1", rows, memory_bytes=400_000)


@given(sizes=st.lists(st.integers(1, 60), max_size=4), rows=st.integers(1, 25))
def test_batches_cover_each_group_exactly_once(sizes: list[int], rows: int) -> None:
    groups = tuple(Group(("EMAIL",), ("cells",), size, ()) for size in sizes)
    batches = plan_batches(Manifest("p", ("EMAIL",), groups, sum(sizes), 0, 0), rows)
    assert [batch.sequence for batch in batches] == list(range(1, len(batches) + 1))
    covered = [
        (batch.group, at) for batch in batches for at in range(batch.offset, batch.offset + batch.rows)
    ]  # fmt: skip
    assert covered == [(group, at) for group, size in enumerate(sizes) for at in range(size)]
    assert all(1 <= batch.rows <= rows for batch in batches)


def test_a_batch_has_at_least_one_row(manifest: Manifest) -> None:
    with pytest.raises(ValueError, match="at least one row"):
        plan_batches(manifest, 0)


def test_another_process_reads_the_same_batches(
    tmp_path: Path, store: SnapshotStore, manifest: Manifest
) -> None:
    assert sum(len(group.files) for group in manifest.groups) > 4
    command = [sys.executable, "-c", READER, str(tmp_path / "snapshots")]
    command += [json.dumps(manifest.to_json()), KEY]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    reader = BatchReader(store, manifest, hexadecimal=True)
    expected = []
    for batch in plan_batches(manifest, 700):
        rows = reader.read(batch)
        digest = hashlib.sha256(rows.write_ndjson().encode()).hexdigest()
        expected.append(f"{batch.sequence} {rows.columns} {digest}")
    assert told.splitlines()[::-1] == expected


def test_hexadecimal_is_the_same_rows(store: SnapshotStore, manifest: Manifest) -> None:
    binary, text = BatchReader(store, manifest), BatchReader(store, manifest, hexadecimal=True)
    for batch in plan_batches(manifest, 999):
        rows = binary.read(batch)
        encoded = rows.with_columns(pl.col(pl.Binary).bin.encode("hex"))
        assert encoded.equals(text.read(batch))


def test_a_slice_outside_its_group(store: SnapshotStore, manifest: Manifest) -> None:
    reader = BatchReader(store, manifest)
    rows = manifest.groups[0].rows
    assert reader.read(BatchSlice(1, 0, rows, 0)).height == 0
    with pytest.raises(IndexError):
        reader.read(BatchSlice(1, 0, rows - 1, 2))


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.write_bytes(data)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (_flip, "snapshot-corrupt"),
        (_truncate, "snapshot-corrupt"),
        (_empty, "snapshot-corrupt"),
        (Path.unlink, "snapshot-missing"),
    ],
)
def test_a_damaged_file_is_found_before_its_rows_are_used(
    tmp_path: Path,
    store: SnapshotStore,
    manifest: Manifest,
    damage: Callable[[Path], None],
    code: str,
) -> None:
    verify(store, manifest)
    batches = plan_batches(manifest, 100)
    damage(tmp_path / "snapshots" / manifest.groups[0].files[1].name)
    reader = BatchReader(store, manifest)
    reader.read(batches[0])  # it is in the first file

    def read_all() -> None:
        for batch in batches:
            reader.read(batch)

    for action in (read_all, lambda: verify(store, manifest)):
        with pytest.raises(SnapshotError) as caught:
            action()
        assert caught.value.code == code
        assert manifest.groups[0].files[1].name in caught.value.detail


def test_the_bytes_of_a_file_never_change(store: SnapshotStore) -> None:
    # a baseline of a mirror is read by later versions of this service, Polars and NumPy
    rows: list[Row] = [
        (hashed(str(n)), hashed(str(n % 5)) if n % 2 else None, hashed("m"), None, "é" * (n % 3))
        for n in range(300)
    ]
    with same_key():
        manifest = stage_rows(store, "s", rows)
    (file,) = manifest.groups[0].files
    expected = "2aea38a413f1265a1cd0f02fa97730eccf9466e0f837e55d253c7cbac87e3213"
    assert (file.bytes, file.digest) == (11_912, expected)


def test_a_file_of_another_version(store: SnapshotStore) -> None:
    manifest = stage_rows(store, "s", [(hashed("a"), None, None, None, None)])
    (file,) = manifest.groups[0].files
    data = b"AXROWS99" + store.read(file.name)[8:]
    store.write(file.name, data)
    other = replace(file, digest=hashlib.sha256(data).hexdigest())
    changed = replace(manifest, groups=(replace(manifest.groups[0], files=(other,)),))
    with pytest.raises(SnapshotError) as caught:
        verify(store, changed)
    assert caught.value.code == "snapshot-corrupt"
    assert "another version" in caught.value.detail
