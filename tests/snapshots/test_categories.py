"""Hashes that come as categories are staged like hashes that come as bytes."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.snapshots import Manifest, SnapshotError, SnapshotStore, StageWriter
from tests.snapshots.people import PLAIN, Row, frame, hashed, rows_of, same_key, stage

ROWS = 40_000  # more than a writer lets wait


def as_categories(rows: pl.DataFrame, kinds: dict[str, pl.Categorical]) -> pl.DataFrame:
    """The frame with the digits of some hashed columns as categories of these types."""
    return rows.with_columns(
        pl.col(name).bin.encode("hex").cast(kind) for name, kind in kinds.items()
    )


def types(names: list[str]) -> dict[str, pl.Categorical]:
    return {name: pl.Categorical(pl.Categories.random()) for name in names}


@given(
    rows=rows_of(),
    cuts=st.lists(st.integers(0, 60), max_size=3),
    coded=st.lists(st.sampled_from(["EMAIL", "FN", "GEN"]), unique=True),
    shared=st.booleans(),
)
@settings(deadline=None, max_examples=30)
def test_the_same_rows_as_bytes(
    rows: list[Row], cuts: list[int], coded: list[str], shared: bool
) -> None:
    bounds = [0, *sorted(cuts), len(rows)]
    frames = [frame(rows[a:b]) for a, b in pairwise(bounds)]
    kinds = types(coded)
    mixed = [
        as_categories(each, kinds if shared else types(coded)) if number != 1 else each
        for number, each in enumerate(frames)
    ]
    with TemporaryDirectory() as folder:
        store = SnapshotStore.open(folder)
        with same_key():
            found, expected = stage(store, "a", mixed), stage(store, "a", frames)
    assert replace(found, sealed_key=None) == replace(expected, sealed_key=None)


@pytest.mark.parametrize("keys", [("EMAIL",), ("FN", "LN")])
def test_categories_keep_their_meaning_when_a_frame_is_gone(tmp_path: Path, keys) -> None:
    """Numbers of categories are given anew once no column has them: the writer must hold them."""
    store = SnapshotStore.open(str(tmp_path))
    names = {"EMAIL": 211, "FN": 97, "LN": 89}

    def staged(kinds: dict[str, pl.Categorical]) -> Manifest:
        writer = StageWriter(store, "a", key_columns=keys)
        for number in range(3):
            # in another order each time; nothing but the writer knows the frame afterwards
            rows = {
                name: [hashed(f"{name} {(n * 3 + number * 7) % distinct}") for n in range(ROWS)]
                for name, distinct in names.items()
            }
            writer.add(as_categories(pl.DataFrame(rows), kinds))
        return writer.finish()

    assert staged(types([*names])) == staged({})


def test_more_categories_than_can_be_numbered(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "EMAIL": [hashed(f"e{n}") for n in range(70_000)],
            "ZIP": [hashed(f"z{n}") if n % 5 else None for n in range(70_000)],
        }
    )
    frames = [rows[:35_000], rows[35_000:]]
    store = SnapshotStore.open(str(tmp_path))
    kinds = types(["ZIP"])
    coded = stage(store, "a", [as_categories(each, kinds) for each in frames])
    assert coded == stage(store, "a", frames)


@pytest.mark.parametrize("text", ["", "zz" * 32, "ab" * 31, "ab" * 33])
def test_a_category_that_is_no_hash_is_refused(tmp_path: Path, text: str) -> None:
    assert "FN" not in PLAIN
    rows = pl.DataFrame({"EMAIL": [hashed("a")], "FN": [text]})
    wrong = rows.with_columns(pl.col("FN").cast(pl.Categorical(pl.Categories.random())))
    with pytest.raises(SnapshotError) as refused:
        stage(SnapshotStore.open(str(tmp_path)), "a", [wrong])
    assert refused.value.code == "snapshot-rows-unusable"
