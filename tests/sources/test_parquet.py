"""Parquet: own types, bounded slices, and a clear word about every damaged file."""

import os
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from app.errors import SourceError
from app.sources import Attribute


def members(count: int) -> pl.DataFrame:
    number = pl.int_range(count, eager=True)
    return pl.DataFrame(
        {
            "id": number,
            "email": pl.select(pl.format("{}@m.example", number)).to_series(),
        }
    )


def test_types_are_told_and_kept(folder) -> None:
    frame = pl.DataFrame(
        {
            "a": ["x"],
            "b": [1],
            "c": [1.5],
            "d": [date(1990, 1, 1)],
            "e": [datetime(1990, 1, 1)],  # noqa: DTZ001
            "f": [True],
            "g": [b"x"],
            "h": [[1]],
            "i": [{"x": 1}],
            "j": [Decimal("1.5")],
            "k": pl.Series(["x"], dtype=pl.Categorical),
            "l": pl.Series([None], dtype=pl.Null),
        }
    )
    path = folder.put("m.parquet", frame)
    source = folder.open(path)
    kinds = "string integer number date datetime boolean binary other other number string string"
    assert source.attributes() == [
        Attribute(name, kind) for name, kind in zip("abcdefghijkl", kinds.split(), strict=True)
    ]
    read = folder.read(path, "j", "a", "d", "b")
    assert read.equals(frame.select("j", "a", "d", "b"))


@pytest.mark.parametrize("group", [777, 10_000, 1_000_000])
def test_all_members_in_order_whatever_the_row_groups(folder, monkeypatch, group: int) -> None:
    monkeypatch.setattr("app.sources.file_formats.parquet._CELLS_PER_SLICE", 9_000)
    frame = members(25_000)
    path = folder.put("m.parquet", frame, row_group_size=group)
    frames = list(folder.open(path).chunks(["email", "id"], rows=1_000))
    assert max(part.height for part in frames) <= 1_000
    assert pl.concat(frames).equals(frame.select("email", "id"))
    assert folder.open(path).count() == 25_000


def test_no_rows(folder) -> None:
    path = folder.put("m.parquet", members(0))
    assert folder.open(path).count() == 0
    assert list(folder.open(path).chunks(["email"])) == []


def test_missing_column(folder) -> None:
    error = folder.fault(folder.put("m.parquet", members(3)), "email", "phone")
    assert (error.code, error.members["attributes"]) == ("attribute-missing", ["phone"])


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9, 0.999])
def test_cut_short(folder, keep: float) -> None:
    path = folder.put("sub/m.parquet", members(5_000))
    os.truncate(path, int(path.stat().st_size * keep))
    error = folder.fault(path)
    assert error.code == "parquet-broken"
    assert "sub/m.parquet" in error.detail


def test_damaged_in_the_middle(folder) -> None:
    """Text is told from damage; numbers are not, unless the writer added checksums."""
    path = folder.put("m.parquet", members(50_000).select("email"), row_group_size=10_000)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2_000] = b"\xff" * 2_000
    path.write_bytes(data)
    error = folder.fault(path)
    assert error.code == "parquet-broken"
    assert "@m.example" not in error.detail


def test_something_else_entirely(folder) -> None:
    assert folder.fault(folder.put("m.parquet", "id,email\n1,x\n")).code == "parquet-broken"


def test_cut_short_while_it_is_read(folder) -> None:
    path = folder.put("m.parquet", members(400_000), row_group_size=50_000)
    chunks = folder.open(path).chunks(["id", "email"], rows=10_000)
    next(chunks)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(SourceError) as caught:
        list(chunks)
    assert caught.value.code == "source-changed"


_PEAK = """
import resource, sys
from pathlib import Path
from app.sources import SourceAccess, open_source
path = Path(sys.argv[1])
source = open_source({"kind": "file", "url": str(path)}, SourceAccess((path.parent,)))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = sum(frame.height for frame in source.chunks(sys.argv[2].split(",")))
print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_one_row_group_of_three_million_rows_stays_bounded(folder) -> None:
    """Decoded whole, the two columns take about 170 MB and as much again while decoding."""
    path = folder.put("m.parquet", members(3_000_000), row_group_size=3_000_000)
    ran = subprocess.run(
        [sys.executable, "-c", _PEAK, str(path), "id,email"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    rows, megabytes = map(int, ran.stdout.split())
    assert rows == 3_000_000
    assert megabytes < 130
