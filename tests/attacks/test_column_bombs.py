"""Small files that claim to be huge: refused before they are unpacked, in whatever form they come."""

import functools
import gzip
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

_MIB = 1 << 20
# what reading costs at most, above the process's own size
BOUND = 200

_READ = """
import sys, time
from pathlib import Path
from app.errors import AppError
from app.sources import BodyLimits, Losses, SourceAccess, members_of_body, open_source

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024

path, way = Path(sys.argv[1]), sys.argv[2]
import polars as pl
pl.DataFrame({"a": ["x"]}).write_parquet("/dev/null")
before, started, code, rows = peak(), time.monotonic(), "read", 0
try:
    if way == "push":
        kind = "parquet" if path.suffix == ".parquet" else "csv"
        limits = BodyLimits(1 << 33, 1 << 28)
        with path.open("rb") as body:
            frames = members_of_body(body, {"format": kind}, ["EMAIL"], limits, Losses()).frames
            for frame in frames:
                rows += frame.select(pl.col("EMAIL").cast(pl.String).str.to_lowercase()).height
    else:
        source = open_source({"kind": "file", "url": str(path)}, SourceAccess((path.parent,)))
        source.attributes()
        source.count()
        for frame in source.chunks(["EMAIL"]):
            rows += frame.select(pl.col("EMAIL").cast(pl.String).str.to_lowercase()).height
except AppError as error:
    code = error.code
print(code, rows, peak() - before, round(time.monotonic() - started, 2))
"""


def _cells(path: Path) -> None:
    """12 values of 50 MB in 2.6 KB."""
    value = "x" * 50_000_000
    pl.DataFrame({"EMAIL": [value] * 12}).write_parquet(path, compression="zstd")


def _plain_cells(path: Path) -> None:
    """Without a dictionary: a page of zeros."""
    frame = pl.DataFrame({"EMAIL": ["x" * 3_000_000 + str(n) for n in range(100)]})
    frame.write_parquet(path, compression="zstd", data_page_size=1 << 30, row_group_size=100)


def _repeated(path: Path) -> None:
    """One value of nearly 4 MiB, named by 20,000 rows: 80 GB once each has its own."""
    value = pl.Series("EMAIL", ["y" * (4 * _MIB - 10)], dtype=pl.Categorical)
    value.new_from_index(0, 20_000).to_frame().write_parquet(path)


def _liar(path: Path) -> None:
    """The footer says a few bytes, the heads of the pages say what they take."""
    _plain_cells(path)
    data = path.read_bytes()
    length = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - length : -8]
    honest = _zigzag(300_000_000, footer)
    path.write_bytes(
        data[: -8 - length] + footer.replace(honest, _varint(2_000, len(honest))) + data[-8:]
    )


def _varint(value: int, width: int) -> bytes:
    """The zigzag varint of a number, padded to a width."""
    value <<= 1
    out = bytearray()
    for place in range(width):
        out.append((value & 127) | (128 if place < width - 1 else 0))
        value >>= 7
    return bytes(out)


def _zigzag(about: int, data: bytes) -> bytes:
    """The varint in the data that is that number, give or take a hundredth."""
    for place in range(len(data) - 5):
        width = next(n for n in range(1, 11) if data[place + n - 1] < 128)
        value = sum((byte & 127) << 7 * n for n, byte in enumerate(data[place : place + width]))
        if abs(value / 2 - about) < about / 100:
            return data[place : place + width]
    raise AssertionError


def _packed(path: Path) -> None:
    """8 MB of gzip that hold 4 GB of addresses."""
    line = gzip.compress(b"a@x.example\n" * 4_000_000, 9)
    path.write_bytes(gzip.compress(b"EMAIL\n") + line * 84)


BOMBS: dict[str, tuple[str, Callable[[Path], None], set[str]]] = {
    "cells of 50 MB": ("b.parquet", _cells, {"parquet-too-large-unpacked"}),
    "a page of 300 MB": ("b.parquet", _plain_cells, {"parquet-too-large-unpacked"}),
    "a value named 20,000 times": ("b.parquet", _repeated, {"parquet-too-large-unpacked"}),
    "a footer that lies": ("b.parquet", _liar, {"parquet-too-large-unpacked"}),
    "4 GB of gzip": ("b.csv", _packed, {"csv-compression-ratio", "compression-ratio"}),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The file of a bomb, which takes longer to make than to refuse."""

    @functools.cache
    def make(bomb: str) -> Path:
        name, write, _ = BOMBS[bomb]
        path = tmp_path_factory.mktemp("bomb") / name
        write(path)
        return path

    return make


@pytest.mark.parametrize("way", ["file", "push"])
@pytest.mark.parametrize("bomb", BOMBS)
def test_it_is_refused_and_costs_little(
    made: Callable[[str], Path], bomb: str, way: str, figures: Callable[..., None]
) -> None:
    codes = BOMBS[bomb][2]
    ran = subprocess.run(
        [sys.executable, "-c", _READ, str(made(bomb)), way],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    code, _, megabytes, seconds = ran.stdout.split()
    assert code in codes, ran.stdout
    assert int(megabytes) < BOUND
    assert float(seconds) < 10
    figures(f"{bomb}, {way}", megabytes=int(megabytes), seconds=float(seconds))


def test_what_is_only_large_is_read(tmp_path: Path) -> None:
    """Values of 3 MiB, and columns that are very regular: nobody's attack."""
    from app.sources import SourceAccess, open_source  # noqa: PLC0415

    target = io.BytesIO()
    frame = pl.DataFrame({"EMAIL": ["z" * 3 * _MIB, "a@x.example"], "C": ["DE", "DE"]})
    frame.write_parquet(target)
    (tmp_path / "large.parquet").write_bytes(target.getvalue())
    regular = pl.DataFrame({"EMAIL": ["a@x.example"]}).select(pl.all().repeat_by(500_000).explode())
    regular.write_parquet(tmp_path / "regular.parquet")
    for name, rows in (("large", 2), ("regular", 500_000)):
        access = SourceAccess((tmp_path,))
        source = open_source({"kind": "file", "url": str(tmp_path / f"{name}.parquet")}, access)
        assert sum(part.height for part in source.chunks(["EMAIL"])) == rows == source.count()
