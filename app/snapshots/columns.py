"""Columns of staged rows as NumPy arrays, because no Python object may be made per member.

A hashed column is either cells (32 bytes each) or, where few values repeat, codes into a table of
cells; a plain column is text padded to one width. Polars frames enter and leave here.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from app.errors import Culprit
from app.snapshots.errors import SnapshotError

CELL_BYTES = 32
TEXT_LIMIT = 1024  # bytes; wider values would make every row of their block as wide
CELL = np.dtype(f"V{CELL_BYTES}")
ORDERED = np.dtype(f"S{CELL_BYTES}")  # the same bytes; this type can be searched and sorted fast

Cells: TypeAlias = npt.NDArray[np.void]
Codes: TypeAlias = npt.NDArray[np.unsignedinteger]
Mask: TypeAlias = npt.NDArray[np.bool_]
Words: TypeAlias = npt.NDArray[np.uint64]
Octets: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class CellColumn:
    """Hashes as they are; a missing one is zeros, and set in `nulls`."""

    cells: Cells
    nulls: Mask | None = None


@dataclass(frozen=True, slots=True)
class CodeColumn:
    """Hashes as places in `entries`; place 0 is a missing value.

    `home` is the dictionary whose codes these are, if they are one's (see `dictionary.py`).
    """

    codes: Codes
    entries: Cells
    home: object = None


@dataclass(frozen=True, slots=True)
class TextColumn:
    """UTF-8 padded with zeros to one width, shape (rows, width), and the true lengths."""

    octets: Octets
    lengths: npt.NDArray[np.uint16]
    nulls: Mask | None = None


Column: TypeAlias = CellColumn | CodeColumn | TextColumn


def words(cells: Cells) -> Words:
    """The four machine words of each cell, shape (rows, 4); a view if the cells are contiguous."""
    return np.ascontiguousarray(cells).view(np.uint64).reshape(-1, 4)


def blank_cells(rows: int) -> Cells:
    """`rows` cells of zeros."""
    return np.zeros(rows, dtype=CELL)


def missing(column: Column) -> Mask | None:
    """Which rows have no value; None if all have one."""
    if isinstance(column, CodeColumn):
        absent = column.codes == 0
        return absent if absent.any() else None
    return column.nulls


def from_series(series: pl.Series) -> CellColumn | TextColumn:
    """A column of a frame: Binary holds hashes of 32 bytes, String plain text.

    Raises `SnapshotError` (`snapshot-rows-unusable`) for anything else, naming the column only.
    """
    nulls = series.is_null().to_numpy() if series.null_count() else None
    if series.dtype == pl.Binary:
        return _cells(series, nulls)
    if series.dtype == pl.String:
        return _text(series, nulls)
    raise _unusable(series.name, f"is {series.dtype}; hashed columns are Binary, plain ones String")


def _cells(series: pl.Series, nulls: Mask | None) -> CellColumn:
    filled = series if nulls is None else series.fill_null(bytes(CELL_BYTES))
    shape = pl.Array(pl.UInt8, CELL_BYTES)
    shaped = filled.bin.reinterpret(dtype=shape, endianness="little")
    if shaped.null_count():
        raise _unusable(series.name, f"holds a value that is not {CELL_BYTES} bytes long")
    return CellColumn(_rows_of(shaped).view(CELL).ravel(), nulls)


def _text(series: pl.Series, nulls: Mask | None) -> TextColumn:
    filled = series if nulls is None else series.fill_null("")
    sizes = filled.str.len_bytes()
    longest = int(sizes.to_numpy().max(initial=1))
    if longest > TEXT_LIMIT:
        raise _unusable(
            series.name, f"holds a text of more than {TEXT_LIMIT} bytes; shorten it", Culprit.USER
        )
    width = padded(longest)
    if (sizes == filled.str.len_chars()).all():
        ascii_text, factor = filled.str.pad_end(width, "\0"), 1
    else:
        # padding counts characters, so texts beyond ASCII are padded as hexadecimal digits
        ascii_text, factor = filled.cast(pl.Binary).bin.encode("hex").str.pad_end(width * 2, "0"), 2
    shape = pl.Array(pl.UInt8, width * factor)
    shaped = ascii_text.cast(pl.Binary).bin.reinterpret(dtype=shape, endianness="little")
    octets: Octets = _rows_of(shaped)
    if factor == 2:
        zero, ten = np.uint8(ord("0")), np.uint8(ord("a") - 10)
        digits: Octets = octets - np.where(octets > ord("9"), ten, zero)
        octets = (digits[:, ::2] << np.uint8(4)) | digits[:, 1::2]
    return TextColumn(octets, sizes.to_numpy().astype(np.uint16), nulls)


def _rows_of(shaped: pl.Series) -> Octets:
    return np.ascontiguousarray(shaped.to_numpy(), dtype=np.uint8)


def padded(length: int) -> int:
    """The width kept for texts of that length: whole words, so that few widths occur."""
    return max(8, -(-length // 8) * 8)


def to_series(name: str, column: Column, *, hexadecimal: bool = False) -> pl.Series:
    """The column as Polars has it: Binary (or its lower-case hexadecimal text), or String."""
    if isinstance(column, CodeColumn):
        table = _binary(name, column.entries, hexadecimal=hexadecimal)
        # an index that is null gathers a null, which is what place 0 stands for
        places = pl.Series(column.codes.astype(np.uint32, copy=False))
        absent = missing(column)
        return table.gather(places if absent is None else _without(places, absent))
    if isinstance(column, CellColumn):
        return _without(_binary(name, column.cells, hexadecimal=hexadecimal), column.nulls)
    rows, width = column.octets.shape
    where = pl.DataFrame(
        {"at": np.arange(0, rows * width, width, dtype=np.int64), "size": column.lengths}
    )
    whole = pl.lit(column.octets.tobytes()).bin
    text = where.select(whole.slice(pl.col("at"), pl.col("size")).cast(pl.String).alias(name))
    return _without(text.get_column(name), column.nulls)


def _binary(name: str, cells: Cells, *, hexadecimal: bool) -> pl.Series:
    octets = np.ascontiguousarray(cells).view(np.uint8).reshape(-1, CELL_BYTES)
    # of all ways into a Binary column the one without a copy per cell
    series = pl.Series(name, octets).cast(pl.List(pl.UInt8)).cast(pl.Binary)
    return series.bin.encode("hex") if hexadecimal else series


def _without(series: pl.Series, nulls: Mask | None) -> pl.Series:
    if nulls is None:
        return series
    frame = pl.DataFrame({series.name: series, "\0absent": nulls})
    kept = pl.when(~pl.col("\0absent")).then(pl.col(series.name)).alias(series.name)
    return frame.select(kept).get_column(series.name)


def _unusable(name: str, problem: str, culprit: Culprit = Culprit.SYSTEM) -> SnapshotError:
    return SnapshotError(
        f"Column {name} {problem}.", code="snapshot-rows-unusable", culprit=culprit
    )
