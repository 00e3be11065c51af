"""What no delivery should hold: bytes for every parser of files, and a reading that asks for all."""

import io
import json
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import strategies as st

from app.errors import SourceError
from app.sources import Losses, SourceAccess, Tolerance, open_source

SECRET = "zq7secret"


def read_all(source: dict[str, Any], access: SourceAccess) -> None:
    """Look at it, count it and read it as every kind of caller does; the last complaint is raised."""
    said, failed = "", None
    for ask in ("attributes", "count", "chunks"):
        try:
            opened = open_source(source, access)
            if ask == "chunks":
                columns = [item.name for item in opened.attributes()][:4] or ["a"]
                losses = Losses(access.tolerance)
                rows = sum(frame.height for frame in opened.chunks(columns, losses=losses))
                assert rows == losses.read or source["kind"] in {"delta", "iceberg"}
            else:
                getattr(opened, ask)()
        except SourceError as error:
            said, failed = said + error.detail, error
    # a name of the header that was asked for may be said again
    assert SECRET not in said or "has no column" in said
    if failed is not None:
        raise failed


def reading(folder: Path) -> SourceAccess:
    """What such a reading may reach."""
    return SourceAccess((folder,), tolerance=Tolerance(0.5, 10))


# -- text ------------------------------------------------------------------------------------------

_PIECES = st.sampled_from([
    b"a", b",", b";", b"\t", b"|", b'"', b"'", b"\n", b"\r", b"\r\n", b"\\", b'\\"', b"\0", b"\xff",
    b"\xef\xbb\xbf", b"\xff\xfe", "é".encode(), "山".encode(), b"sep=;\n", b"email", SECRET.encode(),
    b'""', b'","', b"x" * 300, b"@", b"1", b" ",
])  # fmt: skip
CSV = st.lists(_PIECES, max_size=60).map(b"".join) | st.binary(max_size=200)
CSV_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "delimiter": st.sampled_from([",", ";", "\t", "|", "^", "]", "-", "\\", "."]),
        "quote": st.sampled_from([None, '"', "'", "^", "]", "\\"]),
        "encoding": st.sampled_from(["utf-8", "utf-16", "windows-1252", "shift_jis"]),
    },
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(SECRET),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=3)
    ),
    max_leaves=8,
)
_LINE = (
    st.dictionaries(st.sampled_from(["a", "b", "é", ""]), JSON, max_size=3).map(
        lambda value: json.dumps(value).encode()
    )
    | st.binary(max_size=30)
    | st.sampled_from([
        b"", b"{", b'{"a":1,"a":"2"}', b'{"a":NaN}', b'{"a":1e999}', b'{"\\u0061":"\\ud83d"}',
        b'{"a":' + b"[" * 2_000 + b"]" * 2_000 + b"}", b'{"a":' + b"9" * 5_000 + b"}", b"[1]", b"\xff\xfe",
        b'{"a":"\\u0000"}', b'{"a":"x"}' * 2,
    ])
)  # fmt: skip
NDJSON = st.lists(_LINE, max_size=12).map(b"\n".join)

# -- tables ----------------------------------------------------------------------------------------


def parquet(**more: Any) -> bytes:
    """A small file with a text, a number and a list."""
    target = io.BytesIO()
    frame = pl.DataFrame({"a": ["x", SECRET, None], "b": [1, 2, 3], "c": [["y"], [], None], **more})
    frame.write_parquet(target, compression="zstd")
    return target.getvalue()


def spoilt(whole: bytes) -> st.SearchStrategy[bytes]:
    """The bytes with some of them changed anywhere, or cut short."""
    change = st.tuples(st.integers(0, len(whole) - 1), st.binary(min_size=1, max_size=6))
    keep = st.integers(0, len(whole)) | st.just(len(whole))

    def change_all(changes: list[tuple[int, bytes]], length: int) -> bytes:
        data = bytearray(whole)
        for place, piece in changes:
            data[place : place + len(piece)] = piece
        return bytes(data[:length])

    return st.builds(change_all, st.lists(change, max_size=6), keep)


_OUTSIDE = (
    b'{"add":{"path":"../../etc/passwd","size":1,"partitionValues":{},"modificationTime":0,'
    b'"dataChange":true}}'
)
_NO_SCHEMA = (
    b'{"metaData":{"id":"x","format":{"provider":"parquet","options":{}},'
    b'"schemaString":"zq7secret","partitionColumns":[],"configuration":{}}}'
)
_ACTIONS = st.sampled_from([
    b"", b"{", b"[]", b'{"add":{}}', _OUTSIDE, _NO_SCHEMA, b'{"metaData":{"id":"x"}}', b"\xff\xfe",
    b'{"protocol":{"minReaderVersion":99,"minWriterVersion":99}}', b'{"commitInfo":null}',
    b'{"remove":{"path":"zq7secret"}}',
])  # fmt: skip
DELTA_ACTIONS = st.lists(_ACTIONS | st.binary(max_size=40), max_size=4).map(b"\n".join)
