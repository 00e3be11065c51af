"""Rows as records of one fixed width, so that moving or comparing a row is one memory access.

A record is: the cells of the key columns, which of them are missing if any may be, the other cells,
which of those are missing. Everything is zero-padded: two rows are equal exactly if their records are, and
two people exactly if the first `key_bytes` are. Codes are the machine's own numbers; the rest is big-endian,
so that `ordered` has only them to turn over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from app.snapshots.rows.columns import (
    CELL,
    CELL_BYTES,
    CellColumn,
    CodeColumn,
    Column,
    Mask,
    TextColumn,
    Words,
    missing,
)
from app.snapshots.rows.hash_dictionary import HashDictionary

Rows: TypeAlias = npt.NDArray[np.void]

_BUCKET_BITS = 10
BUCKETS = 1 << _BUCKET_BITS

_KEY_NULLS, _NULLS = "key nulls", "nulls"
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


class Form(Enum):
    """How a column stands in a record."""

    CELL = auto()
    CODE = auto()
    TEXT = auto()


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a record; `width` is the padded length of a text, the bytes of a code."""

    name: str
    form: Form
    width: int = CELL_BYTES

    def dtype(self) -> np.dtype[np.void]:
        """The bytes it takes."""
        if self.form is Form.CELL:
            return CELL
        if self.form is Form.CODE:
            return np.dtype(f"u{self.width}")
        return np.dtype([("octets", np.uint8, (self.width,)), ("length", ">u2")])


class Layout:
    """Where each column stands in a record; equal if the fields are."""

    __slots__ = ("dtype", "fields", "has_text", "key_bytes", "keys", "keys_lack", "row")

    def __init__(
        self, keys: Sequence[Field], others: Sequence[Field] = (), *, keys_lack: bool = True
    ) -> None:
        """`keys` are the columns that name a person; they must be hashed.

        `keys_lack`: whether any row may lack one of them. Where none does, a record of an address
        alone is its hash: 32 bytes, which NumPy moves twice as fast as 36.
        """
        self.keys = tuple(keys)
        self.keys_lack = keys_lack
        self.fields = (*keys, *others)
        self.has_text = any(field.form is Form.TEXT for field in self.fields)
        parts: list[tuple[str, np.dtype[Any]]] = [(field.name, field.dtype()) for field in keys]
        if keys_lack:
            parts.append((_KEY_NULLS, np.dtype(">u4")))
        self.key_bytes = np.dtype(parts).itemsize
        if others:
            parts.extend((field.name, field.dtype()) for field in others)
            parts.append((_NULLS, np.dtype(">u4")))
        self.dtype = np.dtype(parts)
        self.row = np.dtype(f"V{self.dtype.itemsize}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Layout) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash(self.fields)


@dataclass(frozen=True, slots=True)
class Packing:
    """Turns columns into records and back; `dictionaries` give the codes of CODE columns."""

    layout: Layout
    dictionaries: Mapping[str, HashDictionary]

    def pack(self, columns: Mapping[str, Column], rows: int) -> Rows:
        """Records of these columns; a column of the layout that is not given is missing."""
        layout = self.layout
        if (hashes := self._bare(columns)) is not None:
            return hashes
        whole = not layout.has_text and all(field.name in columns for field in layout.fields)
        table = (np.empty if whole else np.zeros)(rows, dtype=layout.dtype)
        key_nulls = np.zeros(rows, dtype=np.uint32)
        nulls = np.zeros(rows, dtype=np.uint32)
        for number, field in enumerate(layout.fields):
            absent = self._fill(table, field, columns.get(field.name))
            if absent is not None and number < len(layout.keys):
                key_nulls |= absent.astype(np.uint32) << np.uint32(number)
            elif absent is not None:
                nulls |= absent.astype(np.uint32) << np.uint32(number - len(layout.keys))
        if layout.keys_lack:
            table[_KEY_NULLS] = key_nulls
        if len(layout.fields) > len(layout.keys):
            table[_NULLS] = nulls
        return table.view(layout.row)

    def _fill(
        self, table: npt.NDArray[np.void], field: Field, column: Column | None
    ) -> Mask | None:
        """Write one column of the records; which of them lack it, where no code says so."""
        if field.form is Form.CODE:
            if column is not None:
                table[field.name] = self._codes(field, column)
            return None
        if column is None:
            return np.ones(len(table), dtype=np.bool_)
        if field.form is Form.CELL:
            cells = _cells(column)
            table[field.name] = cells.cells
            return cells.nulls
        assert isinstance(column, TextColumn), field.name
        part = table[field.name]
        part["octets"][:, : column.octets.shape[1]] = column.octets
        part["length"] = column.lengths
        return column.nulls

    def _bare(self, columns: Mapping[str, Column]) -> Rows | None:
        """The hashes themselves, where a record is nothing else."""
        if len(self.layout.fields) > 1 or self.layout.keys_lack:
            return None
        only = columns[self.layout.fields[0].name]
        if not isinstance(only, CellColumn):
            return None
        return np.ascontiguousarray(only.cells).view(self.layout.row)

    def _codes(self, field: Field, column: Column) -> npt.NDArray[np.unsignedinteger]:
        home = self.dictionaries[field.name]
        if isinstance(column, CodeColumn):
            if column.home is home:
                return column.codes
            table = home.column(column.entries[1:])
            assert table is not None, field.name
            return np.concatenate([[np.uint32(0)], table.codes]).take(column.codes)
        assert isinstance(column, CellColumn), field.name
        found = home.column(column.cells, column.nulls)
        assert found is not None, field.name
        return found.codes

    def unpack(self, rows: Rows) -> dict[str, Column]:
        """The columns of these records by name, in the order of the layout."""
        return {field.name: self.column(rows, field.name) for field in self.layout.fields}

    def column(self, rows: Rows, name: str) -> Column:
        """One column of these records."""
        layout = self.layout
        number, field = next(pair for pair in enumerate(layout.fields) if pair[1].name == name)
        table = rows.view(layout.dtype)
        if field.form is Form.CODE:
            home = self.dictionaries[name]
            return CodeColumn(np.ascontiguousarray(table[name]), home.entries, home)
        nulls = self._missing(table, number)
        if field.form is Form.CELL:
            return CellColumn(np.ascontiguousarray(table[name]), nulls)
        part = table[name]
        octets = np.ascontiguousarray(part["octets"])
        return TextColumn(octets, part["length"].astype(np.uint16), nulls)

    def _missing(self, table: npt.NDArray[np.void], number: int) -> Mask | None:
        """Which records lack the column of that number; None if none does."""
        keys = len(self.layout.keys)
        if number < keys and not self.layout.keys_lack:
            return None
        bits = table[_KEY_NULLS if number < keys else _NULLS]
        bit = number if number < keys else number - keys
        absent: Mask = bits.astype(np.uint32) & np.uint32(1 << bit) != 0
        return absent if absent.any() else None

    def prefixes(self, rows: Rows) -> Words:
        """64 bits of each row's key identifier, evenly spread: the beginning of its hash.

        Of several key columns the beginnings are combined, each turned differently so that equal
        first and last names do not cancel out. Equal keys have equal prefixes.
        """
        total = np.zeros(len(rows), dtype=np.uint64)
        for number, field in enumerate(self.layout.keys):
            total ^= _turned(self._firsts(rows, field), 13 * number % 64)
        return total

    def mixes(self, rows: Rows) -> Words:
        """64 bits from the values of all columns; equal rows have equal ones."""
        total = np.zeros(len(rows), dtype=np.uint64)
        for field in self.layout.fields:
            total = _turned((total + self._firsts(rows, field)) * _MULTIPLIER, 29)
        return total

    def ordered(self, rows: Rows) -> Rows:
        """The same records with codes replaced by ranks, so that bytes sort as values do."""
        copy = rows.copy()
        table = copy.view(self.layout.dtype)
        for field in self.layout.fields:
            if field.form is Form.CODE:
                ranks = self.dictionaries[field.name].ranks()[table[field.name]]
                table[field.name] = ranks.astype(f">u{field.width}").view(f"u{field.width}")
        return copy

    def keys_only(self) -> "Packing":
        """The packing of what `keys` gives."""
        layout = Layout(self.layout.keys, keys_lack=self.layout.keys_lack)
        return Packing(layout, self.dictionaries)

    def keys(self, rows: Rows) -> Rows:
        """The first `key_bytes` of each record."""
        return _part(self.layout, rows, 0, f"V{self.layout.key_bytes}")

    def _firsts(self, rows: Rows, field: Field) -> Words:
        """64 bits of each row's value in one column, the same whatever the column's form."""
        assert self.layout.dtype.fields is not None
        offset = self.layout.dtype.fields[field.name][1]
        if field.form is Form.CELL:
            return _part(self.layout, rows, offset, ">u8").astype(np.uint64)
        table = rows.view(self.layout.dtype)
        if field.form is Form.CODE:
            entries = self.dictionaries[field.name].entries
            firsts = entries.view(">u8")[:: CELL_BYTES // 8].astype(np.uint64)
            return firsts.take(table[field.name])
        total = np.zeros(len(rows), dtype=np.uint64)
        for start in range(0, field.width, 8):
            total = (total + _part(self.layout, rows, offset + start, ">u8")) * _MULTIPLIER
        return total


def bucket_of(values: Words) -> npt.NDArray[np.uint16]:
    """The bucket of each prefix (or mix): its highest bits."""
    return (values >> np.uint64(64 - _BUCKET_BITS)).astype(np.uint16)


def _part(layout: Layout, rows: Rows, offset: int, form: str) -> npt.NDArray[Any]:
    spec: Any = {
        "names": ["part"],
        "formats": [form],
        "offsets": [offset],
        "itemsize": layout.row.itemsize,
    }
    part: npt.NDArray[Any] = rows.view(np.dtype(spec))["part"]
    return part


def _turned(values: Words, bits: int) -> Words:
    if bits == 0:
        return values
    return (values << np.uint64(bits)) | (values >> np.uint64(64 - bits))


def _cells(column: Column) -> CellColumn:
    if isinstance(column, CodeColumn):
        return CellColumn(column.entries.take(column.codes), missing(column))
    assert isinstance(column, CellColumn)
    return column
