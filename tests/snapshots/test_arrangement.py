"""Records in order by two turns of radix, whatever crowds where the turns do not look."""

from collections import Counter

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from app.snapshots import SnapshotStore
from app.snapshots.rows.arrangement import arrange
from app.snapshots.rows.records import Field, Form, Layout, Packing
from tests.snapshots.people import Row, frame, hashed, read_rows, stage

HASHES_ONLY = Packing(Layout([Field("EMAIL", Form.CELL)], keys_lack=False), {})
# few values in the highest bits, and in the lowest ones, which are looked at only where those agree
PREFIXES = st.builds(
    lambda high, low: (high << 32) | low, st.integers(0, 2**32 - 1) | st.integers(0, 2),
    st.integers(0, 2**32 - 1) | st.integers(0, 2),
)  # fmt: skip


def records(prefixes: list[int]) -> npt.NDArray[np.void]:
    cells = b"".join(prefix.to_bytes(8, "big") + bytes(24) for prefix in prefixes)
    return np.frombuffer(cells, dtype=HASHES_ONLY.layout.row)


@given(prefixes=st.lists(PREFIXES, max_size=300))
def test_sorted_and_equal_ones_found(prefixes: list[int]) -> None:
    rows = records(prefixes)
    found = arrange(HASHES_ONLY, rows, HASHES_ONLY.prefixes(rows))
    assert [prefixes[place] for place in found.order] == sorted(prefixes)
    assert found.row_begins.sum() == found.key_begins.sum() == len(set(prefixes))


def test_more_pairs_than_a_few_that_agree_in_the_bits_of_the_turns() -> None:
    prefixes = [number << 33 | low for number in range(200) for low in (3, 1, 2, 1)]
    rows = records([*prefixes, 2**64 - 1])
    found = arrange(HASHES_ONLY, rows, HASHES_ONLY.prefixes(rows))
    assert [prefixes[place] for place in found.order[:-1]] == sorted(prefixes)
    assert found.row_begins.sum() == 601


def test_addresses_alone_and_frames_in_which_some_have_none(store: SnapshotStore) -> None:
    # large enough for blocks of their own: records with and without marks of what is missing meet
    whole: list[Row] = [(hashed(str(n)),) for n in range(33_000)]
    partly: list[Row] = [(hashed(str(n)) if n % 2 else None,) for n in range(33_000)]
    for frames in ([whole, whole], [whole, partly], [partly, whole, whole]):
        together = [frame(rows, ("EMAIL",)) for rows in frames]
        manifest = stage(store, f"s{len(frames)}", together, columns=("EMAIL",))
        expected = {row for rows in frames for row in rows}
        assert Counter(read_rows(store, manifest, ("EMAIL",))) == Counter(expected)
        assert manifest.distinct_keys == len(expected)
        assert manifest.staged + manifest.duplicates == sum(map(len, frames))
