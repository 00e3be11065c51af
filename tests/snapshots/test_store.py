"""One folder or one bucket: the same verbs, whole files or none, failures told apart."""

import socket
from pathlib import Path

import pytest

from app.snapshots import SnapshotError, SnapshotStore, diff, verify
from tests.snapshots.people import hashed, read_rows, stage_rows


@pytest.fixture(params=["store", "bucket"])
def any_store(request: pytest.FixtureRequest) -> SnapshotStore:
    found: SnapshotStore = request.getfixturevalue(request.param)
    return found


def code_of(caught: pytest.ExceptionInfo[SnapshotError]) -> str:
    return caught.value.code


def test_the_verbs(any_store: SnapshotStore) -> None:
    store = any_store
    store.write("a/b/one", b"1")
    store.write("a/b/two", [b"tw", memoryview(b"o"), b""])
    store.write("a/bc", b"not below a/b")
    store.write("a/b/one", b"one")
    assert store.list("a/b") == ["a/b/one", "a/b/two"]
    assert store.list("") == ["a/b/one", "a/b/two", "a/bc"]
    assert (store.read("a/b/one"), store.read("a/b/two")) == (b"one", b"two")
    store.delete_prefix("a/b")
    store.delete_prefix("a/b")
    assert store.list("a") == ["a/bc"]
    assert store.list("nowhere") == []
    with pytest.raises(SnapshotError) as caught:
        store.read("a/b/one")
    assert code_of(caught) == "snapshot-missing"
    store.delete_prefix("a")


def test_staging_and_mirror(any_store: SnapshotStore) -> None:
    rows = [(hashed(str(n)), hashed(str(n % 3)), None, None, None) for n in range(3_000)]
    old = stage_rows(any_store, "run/old", rows[:2_000], memory_bytes=400_000)
    new = stage_rows(any_store, "run/new", rows[500:], memory_bytes=400_000)
    verify(any_store, new)
    assert set(read_rows(any_store, new)) == set(rows[500:])
    found = diff(any_store, old, new, prefix="run/diff")
    assert set(read_rows(any_store, found.additions)) == set(rows[2_000:])
    assert set(read_rows(any_store, found.removals, ("EMAIL",))) == {row[:1] for row in rows[:500]}
    any_store.delete_prefix("run")
    assert any_store.list("run") == []


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../up", "a/../b", "a//b", "a/", "a\\b"])
def test_names_stay_inside(any_store: SnapshotStore, name: str) -> None:
    with pytest.raises(ValueError, match="plain parts"):
        any_store.read(name)
    with pytest.raises(ValueError, match="plain parts"):
        any_store.write(name, b"")
    with pytest.raises(ValueError, match="plain parts"):
        any_store.delete_prefix(name)


def test_file_addresses_are_folders(tmp_path: Path) -> None:
    store = SnapshotStore.open((tmp_path / "with a space").as_uri())
    store.write("x", b"1")
    assert (tmp_path / "with a space" / "x").read_bytes() == b"1"
    assert store.scratch == tmp_path / "with a space"


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    store = SnapshotStore.open(str(tmp_path))
    store.write("x", b"old")
    with pytest.raises(TypeError):
        store.write("x", [b"new", "not bytes"])  # type: ignore[list-item]
    assert store.read("x") == b"old"
    assert [path.name for path in tmp_path.rglob("*")] == ["x"]


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SnapshotError) as caught:
        SnapshotStore.open(str(tmp_path / "file"))
    assert code_of(caught) == "snapshot-unreachable"
    store = SnapshotStore.open(str(tmp_path))
    with pytest.raises(SnapshotError) as caught:
        store.write("file/below", b"")
    assert code_of(caught) == "snapshot-unreachable"


@pytest.mark.parametrize("url", ["ftp://host/x", "http://host/x", "s3:"])
def test_addresses_that_are_no_store(url: str) -> None:
    with pytest.raises(SnapshotError) as caught:
        SnapshotStore.open(url)
    assert code_of(caught) == "snapshot-unreachable"


def test_a_bucket_that_is_not_there(bucket: SnapshotStore) -> None:
    store = SnapshotStore.open("s3://another/x")
    with pytest.raises(SnapshotError):
        store.write("x", b"1")


def test_a_server_that_is_away(bucket: SnapshotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused.getsockname()[1]}")
    store = SnapshotStore.open("s3://user:very-secret@snapshots/of")
    with pytest.raises(SnapshotError) as caught:
        store.write("x", b"1")
    assert code_of(caught) == "snapshot-unreachable"
    assert "very-secret" not in caught.value.detail
    assert caught.value.__cause__ is None
