"""Bodies are checked by reading them back as JSON: whatever is in the frame is what Meta reads."""

import hashlib
import os

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.facebook.upload.body import (
    MAX_ROWS,
    UploadSession,
    match_invalid_samples,
    new_session_id,
    upload_body,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
HASH = st.binary(min_size=32, max_size=32)
KINDS = {
    "EMAIL": (pl.Binary, HASH),
    "PHONE": (pl.Binary, HASH),
    "MADID": (pl.String, TEXT),
    "EXTERN_ID": (pl.String, TEXT),
    "LOOKALIKE_VALUE": (pl.Float64, st.floats(0, 1e9)),
    "DATA_PROCESSING_OPTIONS": (pl.List(pl.String), st.lists(TEXT, max_size=3)),
    "DATA_PROCESSING_OPTIONS_COUNTRY": (pl.Int32, st.integers(0, 1)),
    "DATA_PROCESSING_OPTIONS_STATE": (pl.String, st.sampled_from(["0", "1000"])),
    "FN": (pl.String, HASH.map(bytes.hex)),
}


@st.composite
def frames(draw):
    names = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, unique=True))
    height = draw(st.integers(0, 8))
    columns = {
        name: pl.Series(
            draw(st.lists(st.none() | KINDS[name][1], min_size=height, max_size=height)),
            dtype=KINDS[name][0],
        )
        for name in names
    }
    return pl.DataFrame(columns)


def _expected(name, cell):
    if name == "DATA_PROCESSING_OPTIONS":
        return cell or []
    if name.startswith("DATA_PROCESSING"):
        return int(cell or 0)
    if cell is None:
        return ""
    return cell.hex() if isinstance(cell, bytes) else cell


@settings(max_examples=150, deadline=None)
@given(frames())
def test_what_is_in_the_frame_is_what_meta_reads(frame):
    body = orjson.loads(upload_body(frame))
    assert body["payload"]["schema"] == frame.columns
    rows = [
        [
            float(c) if n == "LOOKALIKE_VALUE" and c else c
            for n, c in zip(frame.columns, row, strict=True)
        ]
        for row in body["payload"]["data"]
    ]
    assert rows == [
        [_expected(name, cell) for name, cell in zip(frame.columns, row, strict=True)]
        for row in frame.iter_rows()
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.none() | TEXT, max_size=6))
def test_one_plain_column(cells):
    frame = pl.DataFrame({"EXTERN_ID": pl.Series(cells, dtype=pl.String)})
    assert orjson.loads(upload_body(frame))["payload"]["data"] == [[cell or ""] for cell in cells]


def test_every_control_character_quote_and_separator_survives():
    nasty = [chr(n) for n in range(0x20)] + [
        '"',
        '""',
        "\\",
        '\\"',
        '"],["',
        "],[",
        "\u2028",
        "\x7f",
        "😀",
    ]
    frame = pl.DataFrame({"EXTERN_ID": nasty, "MADID": nasty[::-1]})
    assert orjson.loads(upload_body(frame))["payload"]["data"] == [
        list(pair) for pair in zip(nasty, nasty[::-1], strict=True)
    ]


def test_hashes_are_lower_case_hex():
    """https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences"""
    digest = hashlib.sha256(b"mary@example.com").digest()
    body = upload_body(pl.DataFrame({"EMAIL": [digest]}))
    assert body == (
        b'{"payload":{"schema":["EMAIL"],"data":[['
        b'"f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79"]]}}'
    )


@pytest.mark.parametrize(
    "cells",
    [["bob@example.com"], [b"short"], [None, "a" * 63], [5], [""], [["a" * 64]]],
    ids=["plain text", "few bytes", "63 digits", "a number", "empty", "a list"],
)
def test_what_was_never_hashed_is_never_sent(cells):
    frame = pl.DataFrame({"EXTERN_ID": ["x"] * len(cells), "EMAIL": cells})
    with pytest.raises(ValueError, match="column EMAIL must hold SHA-256") as caught:
        upload_body(frame)
    assert "bob" not in str(caught.value)


def test_limited_data_use_options_may_come_as_one_word():
    """https://developers.facebook.com/docs/marketing-apis/data-processing-options"""
    frame = pl.DataFrame(
        {
            "EMAIL": [b"\1" * 32, None],
            "DATA_PROCESSING_OPTIONS": ["LDU", None],
            "DATA_PROCESSING_OPTIONS_COUNTRY": ["1", "0"],
            "DATA_PROCESSING_OPTIONS_STATE": ["1000", None],
        }
    )
    assert orjson.loads(upload_body(frame))["payload"]["data"] == [
        ["01" * 32, ["LDU"], 1, 1000],
        ["", [], 0, 0],
    ]


def test_a_key_that_nobody_has_goes_as_empty_strings():
    frame = pl.DataFrame({"EMAIL": [b"\1" * 32], "PHONE": [None]})
    assert orjson.loads(upload_body(frame))["payload"]["data"] == [["01" * 32, ""]]


def test_the_session_is_metas_object():
    session = UploadSession(2**53 - 1, 3, last_batch=False, estimated_num_total=25_000)
    frame = pl.DataFrame({"EMAIL": [b"\0" * 32]})
    assert orjson.loads(upload_body(frame, session=session))["session"] == {
        "session_id": 9007199254740991,
        "batch_seq": 3,
        "last_batch_flag": False,
        "estimated_num_total": 25_000,
    }


def test_session_ids_lose_no_digits_in_any_json_reader():
    ids = {new_session_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(0 < one < 2**53 for one in ids)


def test_more_rows_than_meta_takes_are_refused():
    frame = pl.DataFrame({"EMAIL": [b"\0" * 32] * (MAX_ROWS + 1)})
    with pytest.raises(ValueError, match="at most 10000"):
        upload_body(frame)
    with pytest.raises(ValueError, match="1 or more columns"):
        upload_body(pl.DataFrame())


def test_a_full_batch_of_twelve_columns_is_right_to_the_last_cell():
    rows = {
        f"MADID{n}": [os.urandom(32) if (n + i) % 7 else None for i in range(MAX_ROWS)]
        for n in range(12)
    }
    frame = pl.DataFrame(rows, schema=dict.fromkeys(rows, pl.Binary))
    data = orjson.loads(upload_body(frame))["payload"]["data"]
    assert len(data) == MAX_ROWS
    assert data == [["" if c is None else c.hex() for c in row] for row in frame.iter_rows()]


def test_invalid_samples_are_counted_by_reason():
    first, second, third = (bytes([n]) * 32 for n in (1, 2, 3))
    frame = pl.DataFrame(
        {
            "EMAIL": [first, second, third, None],
            "EXTERN_ID": ["a", None, None, 'q"\n'],
            "N": [1, 2, 3, 4],
        }
    )
    samples = {
        orjson.dumps([second.hex(), "", 2]).decode(): "empty external ID",
        orjson.dumps([third.hex(), "", 3]).decode(): "Empty external ID",
        orjson.dumps(["", 'q"\n', 4]).decode(): "bob@example.com is not valid",
        orjson.dumps(["ff" * 32, "", 5]).decode(): "bad hash",
        "no json": "bad hash",
        "{}": "bad hash",
        "[1]": "bad hash",
    }
    assert match_invalid_samples(samples, frame) == {
        "empty_external_id": 2,
        "other": 1,
        "unmatched": 4,
    }
    assert match_invalid_samples({}, frame) == {}


def test_one_sample_may_stand_for_several_rows():
    frame = pl.DataFrame({"EMAIL": [b"\1" * 32, b"\1" * 32]})
    sample = {orjson.dumps([(b"\1" * 32).hex()]).decode(): "bad hash"}
    assert match_invalid_samples(sample, frame) == {"bad_hash": 2}


def test_samples_of_limited_data_use_rows():
    frame = pl.DataFrame({"EMAIL": [b"\1" * 32], "DATA_PROCESSING_OPTIONS": [["LDU"]]})
    sample = {orjson.dumps([(b"\1" * 32).hex(), ["LDU"]]).decode(): "bad hash"}
    assert match_invalid_samples(sample, frame) == {"bad_hash": 1}
