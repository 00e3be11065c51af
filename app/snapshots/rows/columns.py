"""Columns of staged rows as NumPy arrays, because no Python object may be made per member.

A hashed column is either cells (32 bytes each) or, where few values repeat, codes into a table of
cells; a plain column is text padded to one width. Polars frames enter and leave here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
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


@dataclass(frozen=True, slots=True)
class DigitColumn:
    """Hashes that are to be written as hexadecimal digits; `missing` marks rows without a value, if any.

    They are `cells`, one a row; or, where there is a `table`, which has the digits of each code, `codes`.
    """

    cells: Cells
    missing: Mask | None = None
    codes: Codes | None = None
    table: npt.NDArray[np.void] | None = None

    def digits(self, places: npt.NDArray[np.int64] | None = None) -> npt.NDArray[np.void]:
        """Of these rows, or of all: 64 lower-case digits, `V64`; of a missing value anything."""
        if self.codes is not None and self.table is not None:
            return self.table.take(self.codes if places is None else self.codes.take(places))
        return hexadecimal(self.cells if places is None else self.cells.take(places))


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


def part(column: Column | pl.DataType, start: int, stop: int) -> Column | pl.DataType:
    """Rows `start` to `stop` of a column; nothing is copied, and a type is a type."""
    if isinstance(column, pl.DataType):
        return column
    if isinstance(column, CodeColumn):
        return CodeColumn(column.codes[start:stop], column.entries, column.home)
    nulls = None if column.nulls is None else column.nulls[start:stop]
    if isinstance(column, CellColumn):
        return CellColumn(column.cells[start:stop], nulls)
    return TextColumn(column.octets[start:stop], column.lengths[start:stop], nulls)


def hexadecimal(cells: Cells) -> npt.NDArray[np.void]:
    """The 64 digits of each cell, as `V64`: two bytes of it at a time are looked up."""
    pairs = np.ascontiguousarray(cells).view("<u2")
    return _four_digits().take(pairs).view(f"V{2 * CELL_BYTES}")


@cache
def _four_digits() -> npt.NDArray[np.uint32]:
    """The four digits of every two bytes, as they lie in memory."""
    numbers = np.arange(1 << 16, dtype="<u2").view(np.uint8)
    digits = np.frombuffer(numbers.tobytes().hex().encode(), dtype=np.uint32)
    return np.ascontiguousarray(digits)


def table_of(column: CodeColumn, *, hexadecimal: bool = False) -> pl.Series:
    """What each code of the column stands for, as `to_frame` takes it: made once for many parts."""
    octets = pl.Series("table", _octets(column.entries)).to_frame()
    table = octets.select(_binary("table", hexadecimal=hexadecimal)).to_series()
    return table.set(pl.arange(len(table), eager=True) == 0, None)


def to_frame(
    columns: Mapping[str, Column | pl.DataType],
    rows: int,
    *,
    hexadecimal: bool = False,
    tables: Mapping[str, pl.Series] | None = None,
) -> pl.DataFrame:
    """The columns as Polars has them: Binary (or its lower-case hexadecimal text), or String.

    A column of nothing but missing values is given as its type; `tables` are those of `table_of`.
    One query for all columns: over the few rows of a batch, each costs as much as its rows.
    """
    given: dict[str, pl.Series] = {}
    wanted: list[pl.Expr] = []
    for name, column in columns.items():
        if isinstance(column, CodeColumn):
            table = (tables or {}).get(name)
            if table is None:
                table = table_of(column, hexadecimal=hexadecimal)
            given[name] = pl.Series(column.codes.astype(np.uint32, copy=False))
            wanted.append(pl.lit(table).gather(pl.col(name)).alias(name))
            continue
        if isinstance(column, pl.DataType):
            wanted.append(pl.repeat(None, rows, dtype=column).alias(name))
            continue
        if isinstance(column, CellColumn):
            given[name] = pl.Series(_octets(column.cells))
            value = _binary(name, hexadecimal=hexadecimal)
        else:
            width = column.octets.shape[1]
            given[name] = pl.Series(np.arange(0, rows * width, width, dtype=np.int64))
            given[f"\0size {name}"] = pl.Series(column.lengths)
            whole = pl.lit(column.octets.tobytes()).bin
            value = whole.slice(pl.col(name), pl.col(f"\0size {name}")).cast(pl.String)
        if column.nulls is not None:
            given[f"\0null {name}"] = pl.Series(column.nulls)
            value = pl.when(~pl.col(f"\0null {name}")).then(value)
        wanted.append(value.alias(name))
    return pl.DataFrame(given).select_seq(wanted)


def _octets(cells: Cells) -> Octets:
    return np.ascontiguousarray(cells).view(np.uint8).reshape(-1, CELL_BYTES)


def _binary(name: str, *, hexadecimal: bool) -> pl.Expr:
    # of all ways into a Binary column the one without a copy per cell
    value = pl.col(name).cast(pl.List(pl.UInt8)).cast(pl.Binary)
    return value.bin.encode("hex") if hexadecimal else value


def _unusable(name: str, problem: str, culprit: Culprit = Culprit.SYSTEM) -> SnapshotError:
    return SnapshotError(
        f"Column {name} {problem}.", code="snapshot-rows-unusable", culprit=culprit
    )
