"""Whatever bytes a parser meets, it reads them or says what is wrong, soon, and says no value.

The short form of a fuzz; `make chaos` runs it for ten minutes a parser.
"""

import io
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import SourceError
from app.sources import Losses, SourceAccess, Tolerance, open_source

LONG = os.environ.get("CHAOS") == "full"
SECRET = "zq7secret"
_common = settings(
    max_examples=100_000 if LONG else 60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def read(path: Path, kind: str, **options: Any) -> None:
    """Look at it, count it and read it as every kind of caller does."""
    started = time.monotonic()
    access = SourceAccess((path.parent,), tolerance=Tolerance(0.5, 10))
    said = ""
    for ask in ("attributes", "count", "chunks"):
        try:
            source = open_source({"kind": kind, "url": str(path), **options}, access)
            if ask == "chunks":
                columns = [item.name for item in source.attributes()][:4] or ["a"]
                losses = Losses(access.tolerance)
                rows = sum(frame.height for frame in source.chunks(columns, losses=losses))
                assert rows == losses.read or kind == "delta"
            else:
                getattr(source, ask)()
        except SourceError as error:
            said += error.detail
    # a name of the header that was asked for may be said again
    assert SECRET not in said or "has no column" in said
    assert time.monotonic() - started < 2


_ends: dict[str, float] = {}


def enough() -> bool:
    """The long form of a test ends after its ten minutes."""
    test = os.environ["PYTEST_CURRENT_TEST"]
    return LONG and time.monotonic() > _ends.setdefault(test, time.monotonic() + 600)


_pieces = st.sampled_from([
    b"a", b",", b";", b"\t", b"|", b'"', b"'", b"\n", b"\r", b"\r\n", b"\\", b'\\"', b"\0", b"\xff",
    b"\xef\xbb\xbf", b"\xff\xfe", "é".encode(), "山".encode(), b"sep=;\n", b"email", SECRET.encode(),
    b'""', b'","', b"x" * 300, b"@", b"1", b" ",
])  # fmt: skip
_options = st.fixed_dictionaries(
    {},
    optional={
        "delimiter": st.sampled_from([",", ";", "\t", "|", "^", "]", "-", "\\", "."]),
        "quote": st.sampled_from([None, '"', "'", "^", "]", "\\"]),
        "encoding": st.sampled_from(["utf-8", "utf-16", "windows-1252", "shift_jis"]),
    },
)


@_common
@given(st.lists(_pieces, max_size=60).map(b"".join) | st.binary(max_size=200), _options)
def test_csv(tmp_path: Path, data: bytes, options: dict[str, Any]) -> None:
    if enough():
        return
    path = tmp_path / "m.csv"
    path.write_bytes(data)
    read(path, "file", **options)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(SECRET),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=3)
    ),
    max_leaves=8,
)
_line = (
    st.dictionaries(st.sampled_from(["a", "b", "é", ""]), _json, max_size=3).map(
        lambda value: json.dumps(value).encode()
    )
    | st.binary(max_size=30)
    | st.sampled_from([
        b"", b"{", b'{"a":1,"a":"2"}', b'{"a":NaN}', b'{"a":1e999}', b'{"\\u0061":"\\ud83d"}',
        b'{"a":' + b"[" * 2_000 + b"]" * 2_000 + b"}", b'{"a":' + b"9" * 5_000 + b"}", b"[1]", b"\xff\xfe",
        b'{"a":"\\u0000"}', b'{"a":"x"}' * 2,
    ])
)  # fmt: skip


@_common
@given(st.lists(_line, max_size=12))
def test_ndjson(tmp_path: Path, lines: list[bytes]) -> None:
    if enough():
        return
    path = tmp_path / "m.ndjson"
    path.write_bytes(b"\n".join(lines))
    read(path, "file")


def _parquet() -> bytes:
    target = io.BytesIO()
    frame = pl.DataFrame({"a": ["x", SECRET, None], "b": [1, 2, 3], "c": [["y"], [], None]})
    frame.write_parquet(target, compression="zstd")
    return target.getvalue()


WHOLE = _parquet()
_spoilt = st.lists(
    st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=6)), max_size=6
)


@_common
@given(_spoilt, st.integers(0, len(WHOLE)) | st.just(len(WHOLE)))
def test_parquet(tmp_path: Path, changes: list[tuple[int, bytes]], keep: int) -> None:
    """Bytes changed anywhere, most of them in the footer, which is the larger half; or cut short."""
    if enough():
        return
    data = bytearray(WHOLE)
    for place, piece in changes:
        data[place : place + len(piece)] = piece
    path = tmp_path / "m.parquet"
    path.write_bytes(bytes(data[:keep]))
    read(path, "file")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    deltalake = pytest.importorskip("deltalake")
    path = tmp_path_factory.mktemp("delta") / "table"
    frame = pl.DataFrame({"a": ["x", "y"], "b": [1, 2]})
    deltalake.write_deltalake(str(path), frame)
    deltalake.write_deltalake(str(path), frame, mode="append")
    return path


_OUTSIDE = (
    b'{"add":{"path":"../../etc/passwd","size":1,"partitionValues":{},"modificationTime":0,'
    b'"dataChange":true}}'
)
_NO_SCHEMA = (
    b'{"metaData":{"id":"x","format":{"provider":"parquet","options":{}},'
    b'"schemaString":"zq7secret","partitionColumns":[],"configuration":{}}}'
)
_actions = st.sampled_from([
    b"", b"{", b"[]", b'{"add":{}}', _OUTSIDE, _NO_SCHEMA, b'{"metaData":{"id":"x"}}', b"\xff\xfe",
    b'{"protocol":{"minReaderVersion":99,"minWriterVersion":99}}', b'{"commitInfo":null}',
    b'{"remove":{"path":"zq7secret"}}',
])  # fmt: skip


@_common
@given(st.lists(_actions | st.binary(max_size=40), max_size=4), st.booleans())
def test_delta_log(tmp_path: Path, table: Path, lines: list[bytes], again: bool) -> None:
    if enough():
        return
    copy = tmp_path / "table"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(table, copy)
    log = copy / "_delta_log" / f"{1 if again else 2:020}.json"
    log.write_bytes((log.read_bytes() if again else b"") + b"\n".join(lines) + b"\n")
    read(copy, "delta")
