"""The body that is written digit by digit holds what the body made of a frame holds (S36)."""

import hashlib
import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.exports.members.staging import NOBODY
from app.facebook.upload.body import UploadSession, upload_body
from app.facebook.upload.hash_body import HashedRows, hashed_body
from app.snapshots import BatchReader, SnapshotStore, StageWriter, plan_batches
from app.snapshots.rows.columns import CELL, hexadecimal
from workers.sending.batch import Batch, Half, prepare

SESSION = UploadSession(2**52, 3, last_batch=True, estimated_num_total=7)


def _hash(number: int) -> bytes:
    return hashlib.sha256(number.to_bytes(8, "big")).digest()


def _parsed(body):
    document = json.loads(bytes(body))
    payload = document.pop("payload")
    return document, payload["schema"], sorted(map(tuple, payload["data"]))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(*(st.none() | st.integers(0, most) for most in (10**6, 2, 1, 300))),
        min_size=1,
        max_size=300,
    ),
    st.integers(1, 97),
)
def test_both_bodies_hold_the_same(tmp_path_factory, numbers, rows_per_batch):
    names = ("EMAIL", "FN", "GEN", "ZIP")
    columns = {
        name: pl.Series([None if n is None else _hash(n) for n in cells], dtype=pl.Binary)
        for name, cells in zip(names, zip(*numbers, strict=True), strict=True)
    }
    store = SnapshotStore.open(str(tmp_path_factory.mktemp("store")))
    # memory for a few rows a file, so that batches begin in one and end in another
    writer = StageWriter(store, "p", key_columns=("EMAIL",), columns=names, memory_bytes=60_000)
    writer.add(pl.DataFrame(columns))
    manifest = writer.finish()
    reader = BatchReader(store, manifest, hexadecimal=True)
    for part in plan_batches(manifest, rows_per_batch):
        batch = Batch(reader, part, NOBODY)
        made = prepare(1, batch, SESSION)
        other = prepare(1, Half(batch.rows()), SESSION)
        assert made.height == other.height == part.rows
        assert made.withheld == 0
        assert isinstance(made.body, memoryview)
        assert _parsed(made.body) == _parsed(other.body)


def test_rows_that_differ_too_much_are_left_to_the_other_writer():
    digits = hexadecimal(np.frombuffer(_hash(1) * 512, dtype=CELL))

    class Column:
        def __init__(self, missing):
            self.missing = missing

        def digits(self, places=None):
            return digits if places is None else digits.take(places)

    names = ("EMAIL", "PHONE", "FN", "LN", "CT", "ST", "ZIP", "COUNTRY", "GEN")
    columns = {name: Column((np.arange(512) >> bit & 1) != 0) for bit, name in enumerate(names)}
    assert hashed_body([HashedRows(512, columns)]) is None
    few = {"EMAIL": Column(None), "PHONE": Column(np.arange(512) % 2 == 0), "FN": None}
    frame = pl.DataFrame({
        "EMAIL": [_hash(1)] * 512, "PHONE": [None, _hash(1)] * 256,
    })  # fmt: skip
    body = hashed_body([HashedRows(512, few)])
    assert body is not None
    assert _parsed(body) == _parsed(upload_body(frame))


def test_nothing_but_hashed_keys_gets_into_such_a_body():
    digits = hexadecimal(np.frombuffer(_hash(1), dtype=CELL))

    class Column:
        missing = None

        def digits(self, places=None):
            return digits if places is None else digits.take(places)

    for rows, name in ((1, "EXTERN_ID"), (0, "EMAIL"), (10_001, "EMAIL")):
        with pytest.raises(ValueError, match="hashed keys"):
            hashed_body([HashedRows(rows, {name: Column()})])


def test_digits_are_those_of_python():
    cells = np.arange(32 * 2048, dtype=np.uint32).astype(np.uint16).view(np.uint8)
    found = hexadecimal(cells.view(CELL))
    assert found.tobytes().decode() == cells.tobytes().hex()
