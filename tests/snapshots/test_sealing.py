"""What Meta takes unhashed lies in no file in plain: neither in staged ones nor in those on their way."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.db.secrets import SecretUnreadable, Vault, generate_key
from app.snapshots import (
    BatchReader,
    Manifest,
    MemberFiles,
    MemberWriter,
    SnapshotError,
    SnapshotStore,
    diff,
    plan_batches,
    verify,
)
from app.snapshots.encryption import FileKey, ScratchKey
from app.snapshots.file_format import decode, encode
from app.snapshots.rows.columns import TextColumn
from tests.snapshots.people import Row, frame, hashed, read_rows, stage_rows

PLAIN = ("customer-4711", "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab")
ROWS: list[Row] = [
    (hashed(str(n)), hashed("m"), None, PLAIN[1] if n % 3 else None, f"{PLAIN[0]}-{n}")
    for n in range(200)
]


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    return SnapshotStore.open(str(tmp_path / "snapshots"), sealing=Vault([generate_key()]))


def contents(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_no_file_holds_a_plain_value_and_all_are_read_again(
    tmp_path: Path, store: SnapshotStore
) -> None:
    old = stage_rows(store, "old", ROWS[:150])
    new = stage_rows(store, "new", ROWS[50:])
    verify(store, new)
    assert sorted(map(str, read_rows(store, new))) == sorted(map(str, ROWS[50:]))
    changed = diff(store, old, new, prefix="diff")
    assert {row[4] for row in read_rows(store, changed.additions)} == {r[4] for r in ROWS[150:]}
    writer = MemberWriter(store, "pushed")
    writer.add(frame(ROWS))
    pushed = writer.finish().to_json()
    (kept,) = MemberFiles(store).frames(pushed, ["EXTERN_ID", "MADID"], rows=1_000)
    assert kept["EXTERN_ID"].to_list() == [row[4] for row in ROWS]
    assert kept["MADID"].to_list() == [row[3] for row in ROWS]
    held = contents(tmp_path)
    assert len(held) > 10_000
    for value in PLAIN:
        assert value.encode() not in held


def test_the_key_is_the_manifest_s_own_and_needed(tmp_path: Path, store: SnapshotStore) -> None:
    manifest = stage_rows(store, "s", ROWS)
    document = manifest.to_json()
    assert PLAIN[0] not in json.dumps(document)
    (batch,) = plan_batches(manifest)

    def fails(changed: dict[str, Any], where: SnapshotStore = store) -> str:
        with pytest.raises((SnapshotError, SecretUnreadable)) as caught:
            BatchReader(where, Manifest.from_json(changed)).read(batch)
        return caught.value.code

    assert fails(document | {"sealed_key": None}) == "snapshot-corrupt"
    other = stage_rows(store, "t", ROWS)
    assert fails(document | {"sealed_key": other.sealed_key}) == "secret-unreadable"
    assert fails(document | {"sealed_key": "AAAA"}) == "secret-unreadable"
    folder = str(tmp_path / "snapshots")
    assert fails(document, SnapshotStore.open(folder)) == "snapshot-corrupt"
    lost = SnapshotStore.open(folder, sealing=Vault([generate_key()]))
    assert fails(document, lost) == "secret-unreadable"


def test_hashes_alone_need_no_key(store: SnapshotStore) -> None:
    manifest = stage_rows(store, "s", [(hashed(str(n)), None, None, None, None) for n in range(9)])
    assert manifest.sealed_key is None
    assert len(read_rows(store, manifest)) == 9


def test_a_column_opens_in_its_own_place_only() -> None:
    key = FileKey.fresh()
    sealed = key.of("a.rows").seal("MADID", b"value")
    assert key.of("a.rows").open("MADID", sealed) == b"value"
    for open_ in (
        lambda: key.of("b.rows").open("MADID", sealed),
        lambda: key.of("a.rows").open("EXTERN_ID", sealed),
        lambda: FileKey.fresh().of("a.rows").open("MADID", sealed),
    ):
        with pytest.raises(SnapshotError):
            open_()


def test_what_was_written_before_there_was_sealing_is_still_read() -> None:
    octets = np.frombuffer(b"ab\0\0\0\0\0\0c\0\0\0\0\0\0\0", dtype=np.uint8).reshape(2, 8)
    column = TextColumn(octets, np.array([2, 1], dtype=np.uint16))
    key = FileKey.fresh().of("x")
    new = b"".join(map(bytes, encode({"EXTERN_ID": column}, 2, key)[0]))
    assert b"abc" not in new
    header = json.dumps(
        {"rows": 2, "columns": [{"name": "EXTERN_ID", "form": "text", "at": [[0, 4], [8, 3]]}]}
    ).encode()
    header += b" " * (-len(header) % 8)
    old = b"AXROWS01" + len(header).to_bytes(8, "little") + header
    old += b"\2\0\1\0\0\0\0\0abc\0\0\0\0\0"
    for data, with_key in ((old, None), (old, key), (new, key)):
        found = decode(data, with_key).column("EXTERN_ID")
        assert isinstance(found, TextColumn)
        assert found.octets.tobytes() == octets.tobytes()
        assert found.lengths.tolist() == [2, 1]


def test_the_rows_on_their_way_are_covered_too(
    tmp_path: Path, store: SnapshotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The temporary file has no name, but a disk is a disk."""
    written: list[bytes] = []
    pwrite: Callable[..., int] = os.pwrite

    def spy(descriptor: int, data: Any, offset: int) -> int:
        written.append(bytes(data))
        return pwrite(descriptor, data, offset)

    monkeypatch.setattr("app.snapshots.rows.spill.os.pwrite", spy)
    manifest = stage_rows(store, "s", ROWS, memory_bytes=2_000)
    assert sorted(map(str, read_rows(store, manifest))) == sorted(map(str, ROWS))
    held = b"".join(written)
    assert len(held) > 10_000
    for value in PLAIN:
        assert value.encode() not in held


def test_scratch_is_covered_by_place() -> None:
    key, data = ScratchKey(), os.urandom(1_000)
    covered = key.covered(data, 7)
    assert covered != data
    assert key.covered(covered, 7) == data
    for start, stop in ((0, 1), (15, 40), (16, 32), (993, 1_000)):
        assert key.covered(covered[start:stop], 7 + start) == data[start:stop]
    assert key.covered(data, 8) != covered
