"""Folders and patterns: which files belong, in which order, and that none slips away."""

import os

import polars as pl
import pytest

from app.errors import SourceError


def rows(first: int, count: int = 3) -> str:
    return "id,email\n" + "".join(f"{i},{i}@m.example\n" for i in range(first, first + count))


def ids(frame: pl.DataFrame) -> list[int]:
    return [int(value) for value in frame["id"]]


def test_sorted_recursive_and_without_what_writers_leave(folder) -> None:
    folder.put("in/b.csv", rows(3))
    folder.put("in/a/z.csv", rows(0))
    folder.put("in/c.csv", rows(6))
    for name in ("_SUCCESS", ".hidden.csv", "_tmp/x.csv", ".git/x.csv", "a/.part.csv.crc"):
        folder.put(f"in/{name}", "junk")
    assert ids(folder.read("in", "id")) == list(range(9))
    assert folder.open("in").count() == 9


def test_patterns(folder) -> None:
    for number, name in enumerate(["a1.csv", "a2.csv", "b1.csv", "x/a3.csv", "x/y/a4.csv"]):
        folder.put(f"in/{name}", rows(number, 1))
    folder.put("in/notes.txt", "not data")
    expected = {"in/a*.csv": [0, 1], "in/?1.csv": [0, 2], "in/[!b]?.csv": [0, 1],
                "in/[ab]1.csv": [0, 2], "in/*/a*.csv": [3], "in/**/a*.csv": [0, 1, 3, 4],
                "in/x/**": [3, 4], "*/a1.csv": [0]}  # fmt: skip
    for pattern, found in expected.items():
        assert ids(folder.read(pattern, "id")) == found, pattern


def test_a_file_named_like_a_pattern(folder) -> None:
    path = folder.put("in/a[1].csv", rows(0))
    folder.put("in/a1.csv", rows(9))
    assert ids(folder.read(path, "id")) == [0, 1, 2]


def test_small_files_share_a_frame(folder) -> None:
    for number in range(50):
        folder.put(f"in/{number:03}.csv", rows(number * 3))
    frames = list(folder.open("in").chunks(["id"], rows=40))
    assert len(frames) == 4
    assert max(frame.height for frame in frames) <= 40
    assert [i for frame in frames for i in ids(frame)] == list(range(150))


def test_columns_may_stand_in_another_order(folder) -> None:
    folder.put("in/a.csv", "id,email\n1,x\n")
    folder.put("in/b.csv", "email,id\ny,2\n")
    assert folder.read("in", "email", "id").rows() == [("x", "1"), ("y", "2")]


def test_a_file_with_other_columns(folder) -> None:
    folder.put("in/a.csv", "id,email,city\n1,x,z\n")
    folder.put("in/b.csv", "id,email,jane\n2,y,z\n")
    with pytest.raises(SourceError) as caught:
        folder.open("in").attributes()
    error = caught.value
    assert (error.code, error.members["source"]) == ("source-columns-differ", "in/b.csv")
    assert "lacks column 3" in error.detail
    assert "jane" not in error.detail  # were there no header line, it would be a person
    error = folder.fault("in", "city")
    assert (error.code, error.members["source"]) == ("attribute-missing", "in/b.csv")


def test_parquet_files_keep_their_own_types(folder) -> None:
    folder.put("in/a.parquet", pl.DataFrame({"id": [1]}))
    folder.put("in/b.parquet", pl.DataFrame({"id": ["2"]}))
    frames = list(folder.open("in").chunks(["id"]))
    assert [frame["id"].to_list() for frame in frames] == [[1], ["2"]]


def test_formats_are_not_mixed_or_guessed(folder) -> None:
    folder.put("in/a.csv", rows(0))
    folder.put("in/b.txt", rows(3))
    folder.put("two/a.csv", rows(0))
    folder.put("two/b.ndjson", '{"id":1}\n')
    folder.put("plain", rows(0))
    for url in ("in", "two", "plain"):
        with pytest.raises(SourceError) as caught:
            folder.open(url)
        assert caught.value.code == "source-format-unknown"
    assert ids(folder.read("in", "id", format="csv")) == list(range(6))
    assert ids(folder.read("plain", "id", format="csv")) == [0, 1, 2]


def test_options_that_do_not_fit_the_format(folder) -> None:
    folder.put("m.parquet", pl.DataFrame({"id": [1]}))
    with pytest.raises(SourceError, match="no meaning") as caught:
        folder.open("m.parquet", delimiter=";")
    assert caught.value.code == "source-invalid"


@pytest.mark.parametrize("change", ["vanish", "grow", "touch", "replace"])
def test_a_file_that_changes_after_the_opening(folder, change: str) -> None:
    folder.put("in/a.csv", rows(0))
    path = folder.put("in/b.csv", rows(3))
    chunks = folder.open("in").chunks(["id"], rows=1)
    next(chunks)
    if change == "vanish":
        path.unlink()
    elif change == "grow":
        with path.open("a") as file:
            file.write("9,9@m.example\n")
    elif change == "touch":
        os.utime(path, (1, 1))
    else:
        folder.put("new.csv", rows(7)).rename(path)
    with pytest.raises(SourceError) as caught:
        list(chunks)
    assert (caught.value.code, caught.value.members["source"]) == ("source-changed", "in/b.csv")


def test_a_file_that_changes_while_it_is_read(folder, limit_blocks) -> None:
    limit_blocks(100)
    path = folder.put("m.csv", rows(0, 500))
    chunks = folder.open(path).chunks(["id"], rows=10)
    next(chunks)
    os.truncate(path, 3_000)
    with pytest.raises(SourceError) as caught:
        list(chunks)
    assert caught.value.code == "source-changed"


def test_a_file_added_later_belongs_to_the_next_run(folder) -> None:
    folder.put("in/a.csv", rows(0))
    source = folder.open("in")
    folder.put("in/b.csv", rows(3))
    assert ids(pl.concat(source.chunks(["id"]))) == [0, 1, 2]
    assert ids(folder.read("in", "id")) == list(range(6))


def test_fingerprints(folder) -> None:
    path = folder.put("in/a.csv", rows(0))
    first = folder.open("in").fingerprint()
    assert folder.open("in").fingerprint() == first
    seen = {first, folder.open("in", quote=None).fingerprint()}
    folder.put("in/b.csv", rows(3))
    seen.add(folder.open("in").fingerprint())
    os.utime(path, (1, 1))
    seen.add(folder.open("in").fingerprint())
    assert len(seen) == 4
