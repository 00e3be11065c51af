"""Distinct rows against sets of tuples: nothing lost, nothing twice, whatever the order."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.snapshots import Manifest, SnapshotError, SnapshotStore, StageWriter
from tests.snapshots.people import (
    ADDRESS,
    CELLS,
    COLUMNS,
    MEMORY,
    Row,
    frame,
    hashed,
    key_of,
    read_rows,
    rows_of,
    same_key,
    shuffled,
    stage,
    stage_rows,
)

EXTERN_ID = COLUMNS.index("EXTERN_ID")


@given(rows=rows_of(), memory=MEMORY, cut=st.integers(0, 60))
@settings(deadline=None, max_examples=30)
def test_every_row_once(rows: list[Row], memory: int, cut: int) -> None:
    with TemporaryDirectory() as folder:
        store = SnapshotStore.open(folder)
        frames = [frame(rows[:cut]), frame(rows[cut:])]
        manifest = stage(store, "s", frames, memory_bytes=memory)
        found = read_rows(store, manifest, batch=7)
    assert Counter(found) == Counter(set(rows))
    assert manifest.staged == len(set(rows))
    assert manifest.staged + manifest.duplicates == len(rows)
    assert manifest.distinct_keys == len({key_of(row) for row in rows})


@given(rows=rows_of())
@settings(deadline=None, max_examples=30)
def test_groups_by_presence_of_extern_id_without_empty_columns(rows: list[Row]) -> None:
    with TemporaryDirectory() as folder:
        store = SnapshotStore.open(folder)
        manifest = stage_rows(store, "s", rows)
    expected = set()
    for has_id in (False, True):
        mine = {row for row in rows if (row[EXTERN_ID] is not None) == has_id}
        if mine:
            filled = [any(row[at] is not None for row in mine) for at in range(len(COLUMNS))]
            schema = tuple(c for c, some in zip(COLUMNS, filled, strict=True) if some)
            expected.add((schema, len(mine)))
    assert {(group.schema, group.rows) for group in manifest.groups} == expected


@given(rows=rows_of(), seed=st.integers(0, 9), frames=st.integers(1, 9), memory=MEMORY)
@settings(deadline=None, max_examples=30)
def test_order_frames_and_threads_do_not_matter(
    rows: list[Row], seed: int, frames: int, memory: int
) -> None:
    with TemporaryDirectory() as folder:
        store = SnapshotStore.open(folder)
        with same_key():
            one = stage_rows(store, "s", rows, memory_bytes=memory)
            mixed = shuffled(rows, seed, frames)
            two = stage(store, "s", mixed, threads=3, memory_bytes=memory)
    # down to the digests of the files
    assert replace(one, sealed_key=None) == replace(two, sealed_key=None)


@given(
    rows=st.lists(st.tuples(*[st.none() | CELLS] * len(ADDRESS)), max_size=50),
    memory=MEMORY,
)
@settings(deadline=None, max_examples=30)
def test_people_by_name_and_address(rows: list[Row], memory: int) -> None:
    with TemporaryDirectory() as folder:
        store = SnapshotStore.open(folder)
        manifest = stage_rows(store, "s", rows, columns=ADDRESS, keys=ADDRESS, memory_bytes=memory)
        found = read_rows(store, manifest, ADDRESS)
    assert Counter(found) == Counter(set(rows))
    assert manifest.distinct_keys == manifest.staged


def test_large_frames_from_threads(store: SnapshotStore) -> None:
    people = [hashed(str(n)) for n in range(90_000)]
    names = [hashed(f"name {n}") for n in range(500)]
    rows: list[Row] = [
        (people[n], names[n % 500], names[n % 2] if n % 3 else None, None, None)
        for n in range(90_000)
    ]
    again = rows[:30_000]
    whole = stage_rows(store, "one", rows + again)
    mixed = stage(store, "one", shuffled(rows + again, 1, 11), threads=2)
    assert whole == mixed
    assert (whole.staged, whole.duplicates) == (90_000, 30_000)
    assert whole.groups[0].forms == ("cells", "codes", "codes")
    assert Counter(read_rows(store, whole)) == Counter(rows)
    assert read_rows(store, whole) == sorted(rows, key=lambda row: row[0])  # type: ignore[arg-type, return-value]


def test_a_column_that_turns_out_to_have_many_values(store: SnapshotStore) -> None:
    # more than two bytes can number; the first frames were staged believing otherwise
    few: list[Row] = [(hashed(str(n)), hashed(str(n % 7)), None, None, None) for n in range(40_000)]
    many: list[Row] = [(row[0], hashed(f"{n}"), *row[2:]) for n, row in enumerate(few * 2)]
    manifest = stage(store, "s", [frame(few), frame(many), frame(few)], threads=2)
    assert manifest.groups[0].forms == ("cells", "cells")
    expected = set(few) | set(many)
    assert manifest.distinct_keys == 40_000
    assert Counter(read_rows(store, manifest)) == Counter(expected)
    backwards = stage(store, "s", [frame(many), frame(few), frame(few)])
    assert backwards == manifest


@pytest.mark.parametrize("memory", [64 << 20, 400_000])
def test_a_placeholder_address_shared_by_very_many(store: SnapshotStore, memory: int) -> None:
    nobody = hashed("noemail@example.com")
    rows: list[Row] = [(nobody, hashed(str(n % 20_000)), None, None, None) for n in range(30_000)]
    rows += [(hashed(str(n)), None, None, None, None) for n in range(100)]
    manifest = stage(store, "s", shuffled(rows, 3, 4), memory_bytes=memory)
    assert (manifest.staged, manifest.distinct_keys) == (20_100, 101)
    assert Counter(read_rows(store, manifest)) == Counter(set(rows))
    assert stage(store, "s", shuffled(rows, 4, 7), memory_bytes=memory) == manifest


def test_frames_with_different_columns(store: SnapshotStore) -> None:
    frames = [
        frame([(hashed("a"), hashed("x")), (hashed("b"), None)], ("EMAIL", "GEN")),
        frame([(hashed("a"), "m"), (hashed("b"), None)], ("EMAIL", "MADID")),
        frame([(hashed("c"),), (hashed("b"),)], ("EMAIL",)),
    ]
    manifest = stage(store, "s", frames, columns=COLUMNS)
    assert manifest.groups[0].schema == ("EMAIL", "GEN", "MADID")
    assert set(read_rows(store, manifest, ("EMAIL", "GEN", "MADID"))) == {
        (hashed("a"), hashed("x"), None),
        (hashed("a"), None, "m"),
        (hashed("b"), None, None),
        (hashed("c"), None, None),
    }
    assert manifest.duplicates == 2
    alphabetical = stage(store, "t", frames[::-1])
    assert alphabetical.groups[0].schema == ("EMAIL", "GEN", "MADID")


def test_a_part_of_the_key_that_no_frame_has(store: SnapshotStore) -> None:
    rows: list[Row] = [(hashed("ann"), hashed("lee")), (hashed("lee"), hashed("ann"))]
    manifest = stage_rows(store, "s", rows, columns=("FN", "LN"), keys=ADDRESS)
    assert manifest.key_columns == ADDRESS
    assert manifest.groups[0].schema == ("FN", "LN")
    assert set(read_rows(store, manifest, ("FN", "LN"))) == set(rows)


def test_no_rows_at_all(store: SnapshotStore) -> None:
    for frames in ([], [frame([])]):
        manifest = stage(store, "s", frames)
        assert (manifest.groups, manifest.staged, manifest.distinct_keys) == ((), 0, 0)


@pytest.mark.parametrize(
    "bad",
    [
        pl.DataFrame({"EMAIL": [b"short"]}),
        pl.DataFrame({"EMAIL": ["person@example.com"]}),
        pl.DataFrame({"EMAIL": [7]}),
        pl.DataFrame({"PHONE": [hashed("1")]}),
        pl.DataFrame({"EMAIL": [hashed("1")], "EXTERN_ID": ["person" * 200]}),
        pl.DataFrame({"EMAIL": [hashed("1")], "FN": ["person"]}),
    ],
)
def test_rows_that_cannot_be_staged(store: SnapshotStore, bad: pl.DataFrame) -> None:
    with pytest.raises(SnapshotError) as caught:
        stage(store, "s", [frame([(hashed("a"), hashed("b"), None, None, "1")]), bad])
    assert caught.value.code == "snapshot-rows-unusable"
    assert "person" not in caught.value.detail
    assert caught.value.detail.split()[0] in {"Column", "Rows"}


def test_nothing_lies_about_while_staging_or_after_abort(tmp_path: Path) -> None:
    store = SnapshotStore.open(str(tmp_path))
    writer = StageWriter(store, "s", key_columns=("EMAIL",))
    writer.add(frame([(hashed(str(n)), None, None, None, None) for n in range(40_000)]))
    assert not list(tmp_path.rglob("*"))  # the rows are in a file without a name
    writer.finish()
    assert store.list("s")
    for path in tmp_path.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0
    writer.abort()
    assert not store.list("s")


def test_manifest_survives_json_and_nothing_else(store: SnapshotStore) -> None:
    manifest = stage_rows(store, "s", [(hashed("a"), None, None, None, "é")])
    text = json.dumps(manifest.to_json())
    assert Manifest.from_json(json.loads(text)) == manifest
    for broken in ({}, {"format": 2}, {**manifest.to_json(), "groups": [{"rows": 1}]}):
        with pytest.raises(SnapshotError) as caught:
            Manifest.from_json(broken)
        assert caught.value.code == "snapshot-corrupt"
    assert replace(manifest, prefix="t") != manifest
