"""Tables whose description is the bomb: footers, pages, manifests and tallies that claim too much."""

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.errors import SourceError
from app.identifiers.hash_tally import HashTally
from app.sources import SourceAccess, open_source
from app.sources.cancellation import ReadingGivenUp, wanted
from tests.sources.hostile import read_all

MIB = 1 << 20


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def zigzag(value: int) -> bytes:
    return varint((value << 1) ^ (value >> 63))


def integer(step: int, value: int) -> bytes:
    """A field of a Thrift structure, so many numbers after the last."""
    return bytes([step << 4 | 6]) + zigzag(value)


def listed(step: int, items: list[bytes]) -> bytes:
    return bytes([step << 4 | 9, 0xFC]) + varint(len(items)) + b"".join(items)


def footer(rows: int, groups: list[bytes]) -> bytes:
    """Of a file with one column of texts."""
    root = bytes([0x48]) + varint(1) + b"r" + bytes([0x15]) + zigzag(1) + b"\0"
    column = (
        bytes([0x15]) + zigzag(6) + bytes([0x25]) + zigzag(1) + bytes([0x18]) + varint(1) + b"a\0"
    )
    schema = bytes([0x19, 0x2C]) + root + column
    return bytes([0x15]) + zigzag(1) + schema + integer(1, rows) + listed(1, groups) + b"\0"


def group(rows: int, start: int, stored: int, values: int) -> bytes:
    meta = (
        bytes([0x15]) + zigzag(6) + bytes([0x19, 0x15]) + zigzag(0) + bytes([0x19, 0x18]) + varint(1) + b"a"
        + bytes([0x15]) + zigzag(0) + integer(1, values) + integer(1, stored) + integer(1, stored)
        + integer(2, start) + b"\0"
    )  # fmt: skip
    chunk = bytes([0x26]) + zigzag(start) + bytes([0x1C]) + meta + b"\0"
    return bytes([0x19, 0x1C]) + chunk + integer(1, stored) + integer(1, rows) + b"\0"


def whole(path: Path, end: bytes, body: bytes = b"") -> None:
    path.write_bytes(b"PAR1" + body + end + len(end).to_bytes(4, "little") + b"PAR1")


def footer_of_lists(path: Path) -> None:
    """Before: 4 MiB took 388 MB and 1.2 s; the 16 MiB that are read at all four times that."""
    whole(path, bytes([0x19, 0xFC]) + varint(4 * MIB) + bytes(4 * MIB) + b"\0")


def footer_of_flags(path: Path) -> None:
    whole(path, b"\x11" * (2 * MIB) + b"\0")


def rows_of_nothing(path: Path) -> None:
    """Before: a file of some hundred bytes had 2^62 members, which no database's column takes."""
    whole(path, footer(1 << 62, [group(1 << 62, 4, 10, 1 << 62)]), bytes(10))


def chunks_upon_each_other(path: Path) -> None:
    """Before: 20,000 groups of the same page were looked at 20,000 times, each 2,000 heads long."""
    head = bytes([0x15]) + zigzag(0) + integer(1, 0) + integer(1, 0) + bytes([0x2C, 0x15, 0, 0, 0])
    pages = head * 2_000
    whole(path, footer(20_000, [group(1, 4, len(pages), 1)] * 20_000), pages)


BOMBS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a footer of lists": (footer_of_lists, "parquet-too-large-unpacked"),
    "a footer of flags": (footer_of_flags, "parquet-too-large-unpacked"),
    "rows of nothing": (rows_of_nothing, "parquet-too-large-unpacked"),
    "chunks upon each other": (chunks_upon_each_other, "parquet-broken"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_footer_claims_no_more_than_is_there(tmp_path: Path, bomb: str) -> None:
    make, code = BOMBS[bomb]
    path = tmp_path / "b.parquet"
    make(path)
    began = time.process_time()
    for ask in ("attributes", "count"):
        with pytest.raises(SourceError) as told:
            getattr(
                open_source({"kind": "file", "url": str(path)}, SourceAccess((tmp_path,))), ask
            )()
        assert told.value.code == code
    # a million values are a second; both asks read the footer
    assert time.process_time() - began < 5


def test_rows_without_a_value_end(tmp_path: Path) -> None:
    """Many rows are no bomb as long as they are not more than come out of so many bytes."""
    path = tmp_path / "n.parquet"
    frame = pl.DataFrame({"a": pl.Series([None], dtype=pl.String).new_from_index(0, 3_000_000)})
    frame.write_parquet(path)
    source = open_source({"kind": "file", "url": str(path)}, SourceAccess((tmp_path,)))
    assert source.count() == 3_000_000
    assert sum(part.height for part in source.chunks(["a"])) == 3_000_000


def test_looking_at_pages_ends_with_who_asked(tmp_path: Path) -> None:
    """Before: heads of pages were counted to their end, whoever had gone."""
    path = tmp_path / "p.parquet"
    pl.DataFrame({"a": ["x"] * 1_000}).write_parquet(path, data_page_size=1)
    with wanted() as given_up:
        source = open_source({"kind": "file", "url": str(path)}, SourceAccess((tmp_path,)))
        given_up.set()
        with pytest.raises(ReadingGivenUp):
            list(source.chunks(["a"]))


# -- Iceberg ---------------------------------------------------------------------------------------


def avro(count: int, block: bytes) -> bytes:
    """A file of one block, not packed."""

    def text(value: bytes) -> bytes:
        return zigzag(len(value)) + value

    head = zigzag(1) + text(b"avro.codec") + text(b"null") + zigzag(0)
    return b"Obj\x01" + head + bytes(16) + zigzag(count) + text(block) + bytes(16)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Any:
    pytest.importorskip("pyiceberg")
    from tests.sources.lake import Lake  # noqa: PLC0415 - the extra may be missing

    made = Lake(tmp_path_factory.mktemp("bombs") / "lake")
    made.table("members", pl.DataFrame({"email": ["a@example.com"]}))
    return made


@pytest.mark.parametrize(
    ("count", "block"),
    [
        (1, bytes([2]) * (5 * MIB)),  # one record that is a list of five million numbers
        (1_000, bytes(10)),  # more records than bytes
    ],
)
def test_a_manifest_is_of_small_blocks(lake: Any, count: int, block: bytes) -> None:
    """Before: a block might be of 64 MiB, whose bytes become objects one by one."""
    path = next(lake.metadata("members").parent.glob("snap-*.avro"))
    good = path.read_bytes()
    access = SourceAccess((lake.folder,), databases={"lake": lake.address})
    asked = {"kind": "iceberg", "database": "lake", "table": "crm.members"}
    try:
        path.write_bytes(avro(count, block))
        with pytest.raises(SourceError) as told:
            read_all(asked, access)
    finally:
        path.write_bytes(good)
    assert told.value.code == "iceberg-unsupported"
    read_all(asked, access)


def test_metadata_of_many_small_things_is_refused(lake: Any) -> None:
    """Before: 32 MiB of `[],` were parsed to 700 MB."""
    path = lake.metadata("members")
    good = path.read_bytes()
    access = SourceAccess((lake.folder,), databases={"lake": lake.address})
    try:
        path.write_bytes(b'{"a": [' + b"[]," * (3 * MIB) + b"0]}")
        with pytest.raises(SourceError) as told:
            open_source({"kind": "iceberg", "database": "lake", "table": "crm.members"}, access)
    finally:
        path.write_bytes(good)
    assert told.value.code == "iceberg-unsupported"


# -- tallies ---------------------------------------------------------------------------------------

GOOD = HashTally(read=5, rows=5).to_json()


@pytest.mark.parametrize(
    "change",
    [
        {"read": 1 << 70, "rows": 1 << 70}, {"read": -1, "rows": -1}, {"read": 5.5}, {"read": True,
        "rows": 1},
        {"read": "5"}, {"skipped": {"x": -5}, "read": 0}, {"skipped": {"a\u0000b": 0}},
        {"rules_version": "\u0000"},
        {"filled": {"EMAIL": 1e400}}, {"refused": {"EMAIL": {"why": 1 << 65}}}, {"refused": {"\u202e": {}}},
        {"skipped": {str(number): 0 for number in range(2_000)}},
    ],
)  # fmt: skip
def test_a_tally_counts_rows(change: dict[str, Any]) -> None:
    """Before: numbers that no column takes, and names that no text takes, went into a run's figures."""
    with pytest.raises(ValueError):
        HashTally.from_json({**GOOD, **change})
    assert HashTally.from_json(json.loads(json.dumps(GOOD))).rows == 5


def test_what_is_honest_is_read(tmp_path: Path) -> None:
    """Wide and of many groups."""
    target = io.BytesIO()
    frame = pl.DataFrame({f"c{number}": ["a", "b"] * 20 for number in range(300)})
    frame.write_parquet(target, row_group_size=4)
    (tmp_path / "wide.parquet").write_bytes(target.getvalue())
    source = open_source(
        {"kind": "file", "url": str(tmp_path / "wide.parquet")}, SourceAccess((tmp_path,))
    )
    assert (source.count(), len(source.attributes())) == (40, 300)
