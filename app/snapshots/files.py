"""The bytes of a staged file: our own format, because it is written once and read many versions on.

A file is a magic word, the length of a JSON header, the header, and the buffers it names, each
starting at a multiple of 8. It depends on no library's internals, and the same rows give the same
bytes. Per column one of four forms: `cells` (32 bytes a row), `codes` (1 or 2 bytes a row, before
them their distinct cells in order; 0 is missing), `text` (lengths of 2 bytes, then UTF-8), `none`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.snapshots.columns import (
    CELL,
    ORDERED,
    CellColumn,
    Cells,
    CodeColumn,
    Column,
    Mask,
    TextColumn,
    missing,
    padded,
)
from app.snapshots.dictionary import CAPACITY
from app.snapshots.store import Buffer

_MAGIC = b"AXROWS01"
_ALIGN = 8


def encode(columns: Mapping[str, Column], rows: int) -> tuple[list[Buffer], frozenset[str]]:
    """The file of these columns, as buffers in a row, and the columns that have a value at all."""
    described: list[dict[str, Any]] = []
    body: list[Buffer] = []
    at = 0
    for name, column in columns.items():
        form, arrays = _encoded(column, rows)
        spans = []
        for array in arrays:
            spans.append([at, array.nbytes])
            body.append(np.ascontiguousarray(array).view(np.uint8).reshape(-1).data)
            body.append(bytes(-array.nbytes % _ALIGN))
            at += array.nbytes + -array.nbytes % _ALIGN
        described.append({"name": name, "form": form, "at": spans})
    header = json.dumps({"rows": rows, "columns": described}, separators=(",", ":")).encode()
    header += b" " * (-len(header) % _ALIGN)
    present = frozenset(entry["name"] for entry in described if entry["form"] != "none")
    return [_MAGIC, len(header).to_bytes(8, "little"), header, *body], present


def decode(data: bytes) -> "StagedRows":
    """The rows in a file; raises `ValueError` if it is not one (callers check its digest first)."""
    if data[:8] != _MAGIC:
        raise ValueError("not a file of staged rows")
    start = 16 + int.from_bytes(data[8:16], "little")
    header = json.loads(data[16:start])
    return StagedRows(data, start, header["rows"], {c["name"]: c for c in header["columns"]})


@dataclass(frozen=True, slots=True)
class StagedRows:
    """An open file: `rows` rows, whose columns are views of its bytes."""

    data: bytes
    start: int
    rows: int
    described: Mapping[str, Any]

    def column(self, name: str) -> Column | None:
        """One column; None if no row of this file has a value in it."""
        described = self.described.get(name)
        if described is None or described["form"] == "none":
            return None
        arrays = [self._array(*span) for span in described["at"]]
        if described["form"] == "codes":
            entries, codes = arrays
            blank = np.zeros(1, dtype=CELL)
            width = codes.nbytes // self.rows
            return CodeColumn(codes.view(f"<u{width}"), np.concatenate([blank, entries.view(CELL)]))
        nulls = arrays.pop().view(np.bool_) if described["form"].endswith("?") else None
        if described["form"].startswith("cells"):
            return CellColumn(arrays[0].view(CELL), nulls)
        lengths, octets = arrays[0].view("<u2"), arrays[1]
        width = padded(int(lengths.max(initial=1)))
        table = np.zeros((self.rows, width), dtype=np.uint8)
        table[_filled(lengths, width)] = octets
        return TextColumn(table, lengths, nulls)

    def _array(self, at: int, size: int) -> npt.NDArray[np.uint8]:
        return np.frombuffer(self.data, dtype=np.uint8, count=size, offset=self.start + at)


def _encoded(column: Column, rows: int) -> tuple[str, Sequence[npt.NDArray[Any]]]:
    absent = missing(column)
    if absent is not None and absent.all():
        return "none", []
    if isinstance(column, CodeColumn):
        codes, entries = _tightened(column)
        if len(entries) * 2 <= rows and len(entries) <= CAPACITY:
            return "codes", [entries, codes.astype("<u1" if len(entries) < 256 else "<u2")]
        column = CellColumn(column.entries[column.codes], absent)
    marks = [] if absent is None else [absent]
    suffix = "" if absent is None else "?"
    if isinstance(column, CellColumn):
        return f"cells{suffix}", [column.cells, *marks]
    lengths = column.lengths.astype("<u2")
    octets = column.octets[_filled(lengths, column.octets.shape[1])]
    return f"text{suffix}", [lengths, octets, *marks]


def _tightened(column: CodeColumn) -> tuple[npt.NDArray[np.uint32], Cells]:
    """Only the entries these rows use, in the order of their values, and the codes that fit."""
    used = np.zeros(len(column.entries), dtype=np.bool_)
    used[column.codes] = True
    used[0] = False
    places = np.flatnonzero(used)
    places = places[np.argsort(column.entries[places].view(ORDERED))]
    table = np.zeros(len(column.entries), dtype=np.uint32)
    table[places] = np.arange(1, len(places) + 1, dtype=np.uint32)
    return table[column.codes], column.entries[places]


def _filled(lengths: npt.NDArray[np.uint16], width: int) -> Mask:
    mask: Mask = np.arange(width, dtype=np.uint16) < lengths[:, None]
    return mask
