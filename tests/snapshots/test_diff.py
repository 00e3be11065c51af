"""A mirror's removals and additions against set arithmetic over plain tuples."""

from collections import Counter
from dataclasses import replace
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.snapshots import SnapshotError, SnapshotStore, diff
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
    stage,
    stage_rows,
)


@given(old=rows_of(), new=rows_of(), kept=st.integers(0, 60), memory=MEMORY)
@settings(deadline=None, max_examples=30)
def test_removals_and_additions(old: list[Row], new: list[Row], kept: int, memory: int) -> None:
    new = old[:kept] + new
    with TemporaryDirectory() as folder:
        store = SnapshotStore.open(folder)
        before = stage_rows(store, "old", old, memory_bytes=memory)
        after = stage_rows(store, "new", new)
        found = diff(store, before, after, prefix="d", memory_bytes=memory)
        removals = read_rows(store, found.removals, ("EMAIL",))
        additions = read_rows(store, found.additions)
    gone = {key_of(row) for row in old} - {key_of(row) for row in new}
    added = set(new) - set(old)
    assert Counter(removals) == Counter(gone)
    assert Counter(additions) == Counter(added)
    assert found.removals.staged == found.removals.distinct_keys == len(gone)
    assert found.additions.staged == len(added)
    assert found.additions.distinct_keys == len({key_of(row) for row in added})
    for group in found.additions.groups:
        assert set(group.schema) <= set(COLUMNS)
    assert len(found.additions.groups) == len({row[-1] is None for row in added})


@given(
    old=st.lists(st.tuples(*[st.none() | CELLS] * len(ADDRESS)), max_size=40),
    new=st.lists(st.tuples(*[st.none() | CELLS] * len(ADDRESS)), max_size=40),
    kept=st.integers(0, 40),
    memory=MEMORY,
)
@settings(deadline=None, max_examples=30)
def test_people_by_name_and_address(old: list[Row], new: list[Row], kept: int, memory: int) -> None:
    columns = (*ADDRESS, "GEN")
    before_rows: list[Row] = [(*row, hashed("m")) for row in old]
    after_rows: list[Row] = [(*row, hashed("f")) for row in [*old[:kept], *new]]
    with TemporaryDirectory() as folder:
        store = SnapshotStore.open(folder)
        before = stage_rows(store, "old", before_rows, columns=columns, keys=ADDRESS)
        after = stage_rows(store, "new", after_rows, columns=columns, keys=ADDRESS)
        found = diff(store, before, after, prefix="d", memory_bytes=memory)
        removals = read_rows(store, found.removals, ADDRESS)
        additions = read_rows(store, found.additions, columns)
    assert Counter(removals) == Counter(set(old) - set(old[:kept]) - set(new))
    assert Counter(additions) == Counter(set(after_rows))


def _person(mail: str, name: str, extern: str | None = None) -> Row:
    return (hashed(mail), hashed(name), None, None, extern)


def _compare(store: SnapshotStore, old: list[Row], new: list[Row]) -> tuple[set[Row], set[Row]]:
    before, after = stage_rows(store, "old", old), stage_rows(store, "new", new)
    found = diff(store, before, after, prefix="d")
    return (
        set(read_rows(store, found.removals, ("EMAIL",))),
        set(read_rows(store, found.additions)),
    )


def test_a_new_name_with_the_same_address_is_added_not_removed(store: SnapshotStore) -> None:
    old, new = [_person("a@x", "maiden")], [_person("a@x", "married")]
    assert _compare(store, old, new) == (set(), set(new))


def test_leaving_one_of_two_segments_changes_nothing(store: SnapshotStore) -> None:
    # the same person twice, from two segments, with what each knew; then from one only
    twice = [_person("a@x", "ann"), _person("a@x", "ann", "7")]
    assert _compare(store, twice, twice[:1]) == (set(), set())
    assert _compare(store, twice, twice[1:]) == (set(), set())
    assert _compare(store, twice[:1] * 2, twice[:1]) == (set(), set())


def test_leaving_both_is_a_removal(store: SnapshotStore) -> None:
    old = [_person("a@x", "ann"), _person("a@x", "ann", "7"), _person("b@x", "bob")]
    assert _compare(store, old, old[2:]) == ({(hashed("a@x"),)}, set())


def test_from_nothing_and_to_nothing(store: SnapshotStore) -> None:
    rows = [_person("a@x", "ann"), _person("b@x", "bob", "1")]
    assert _compare(store, [], rows) == (set(), set(rows))
    assert _compare(store, rows, []) == ({(row[0],) for row in rows}, set())
    assert _compare(store, [], []) == (set(), set())


def test_a_column_that_is_mapped_from_now_on(store: SnapshotStore) -> None:
    before = stage_rows(store, "old", [(hashed("a"),), (hashed("b"),)], columns=("EMAIL",))
    new: list[Row] = [(hashed("a"), hashed("ann")), (hashed("b"), None)]
    after = stage_rows(store, "new", new, columns=("EMAIL", "FN"))
    found = diff(store, before, after, prefix="d")
    assert found.removals.staged == 0
    assert read_rows(store, found.additions, ("EMAIL", "FN")) == new[:1]


def test_many_values_on_one_side_and_few_on_the_other(store: SnapshotStore) -> None:
    few: list[Row] = [(hashed(str(n)), hashed(str(n % 5)), None, None, None) for n in range(70_000)]
    many: list[Row] = [(row[0], hashed(f"{n}"), *row[2:]) for n, row in enumerate(few)]
    before, after = stage_rows(store, "old", few), stage_rows(store, "new", many[1_000:])
    assert before.groups[0].forms[1] != after.groups[0].forms[1]
    found = diff(store, before, after, prefix="d", memory_bytes=8 << 20)
    assert found.removals.staged == 1_000
    assert set(read_rows(store, found.additions)) == set(many[1_000:]) - set(few)


def test_a_placeholder_address_shared_by_very_many(store: SnapshotStore) -> None:
    nobody = hashed("noemail@example.com")
    old: list[Row] = [(nobody, hashed(str(n)), None, None, None) for n in range(20_000)]
    new: list[Row] = [(nobody, hashed(str(n)), None, None, None) for n in range(5_000, 25_000)]
    before, after = stage_rows(store, "old", old), stage_rows(store, "new", new)
    small = 400_000
    found = diff(store, before, after, prefix="d", memory_bytes=small)
    assert (found.removals.staged, found.additions.distinct_keys) == (0, 1)
    assert set(read_rows(store, found.additions)) == set(new) - set(old)
    empty = stage(store, "none", [frame([])])
    found = diff(store, before, empty, prefix="d", memory_bytes=small)
    assert read_rows(store, found.removals, ("EMAIL",)) == [(nobody,)]


def test_the_key_identifier_must_be_the_same(store: SnapshotStore) -> None:
    one = stage_rows(store, "s", [_person("a@x", "ann")])
    with pytest.raises(SnapshotError) as caught:
        diff(store, one, replace(one, key_columns=("PHONE",)), prefix="d")
    assert caught.value.code == "snapshot-key-mismatch"


def test_a_lost_baseline_says_so(store: SnapshotStore) -> None:
    one = stage_rows(store, "s", [_person("a@x", "ann")])
    store.delete_prefix("s")
    with pytest.raises(SnapshotError) as caught:
        diff(store, one, one, prefix="d")
    assert caught.value.code == "snapshot-missing"
