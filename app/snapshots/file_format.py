"""The bytes of a staged file: our own format, because it is written once and read many versions on.

A file is a magic word, the length of a JSON header, the header, and the buffers it names, each
starting at a multiple of 8. It depends on no library's internals, and the same rows give the same
bytes. Per column one of five forms: `cells` (32 bytes a row), `codes` (1 or 2 bytes a row, before
them their distinct cells in order; 0 is missing), `text` (lengths of 2 bytes, then UTF-8), `none`;
and `sealed`: a `text` whose buffers are one encrypted message. New files have no `text` in plain.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.snapshots.encryption import ColumnKey, unreadable
from app.snapshots.rows.columns import (
    CELL,
    ORDERED,
    CellColumn,
    Cells,
    CodeColumn,
    Codes,
    Column,
    Mask,
    TextColumn,
    missing,
    padded,
)
from app.snapshots.rows.hash_dictionary import CAPACITY, HashDictionary
from app.snapshots.store import Buffer

SEALED = "sealed"
_MAGIC = b"AXROWS01"
_ALIGN = 8


def encode(
    columns: Mapping[str, Column], rows: int, key: ColumnKey
) -> tuple[list[Buffer], frozenset[str]]:
    """The file of these columns, as buffers in a row, and the columns that have a value at all.

    Text is sealed with the key, since it is no hash.
    """
    described: list[dict[str, Any]] = []
    body: list[Buffer] = []
    at = 0
    for name, column in columns.items():
        form, arrays = _encoded(column, rows)
        sealed: dict[str, Any] = {}
        if form.startswith("text"):
            sealed = {"inner": form, "sizes": [array.nbytes for array in arrays]}
            plain = b"".join(np.ascontiguousarray(array).data.cast("B") for array in arrays)
            form = SEALED
            arrays = [np.frombuffer(key.seal(name, plain), dtype=np.uint8)]
        spans = []
        for array in arrays:
            spans.append([at, array.nbytes])
            body.append(np.ascontiguousarray(array).view(np.uint8).reshape(-1).data)
            body.append(bytes(-array.nbytes % _ALIGN))
            at += array.nbytes + -array.nbytes % _ALIGN
        described.append({"name": name, "form": form, "at": spans, **sealed})
    header = json.dumps({"rows": rows, "columns": described}, separators=(",", ":")).encode()
    header += b" " * (-len(header) % _ALIGN)
    present = frozenset(entry["name"] for entry in described if entry["form"] != "none")
    return [_MAGIC, len(header).to_bytes(8, "little"), header, *body], present


def decode(data: bytes, key: ColumnKey | None) -> "StagedRows":
    """The rows in a file; raises `ValueError` if it is not one (callers check its digest first).

    Without the key sealed columns cannot be read.
    """
    if data[:8] != _MAGIC:
        raise ValueError("not a file of staged rows")
    start = 16 + int.from_bytes(data[8:16], "little")
    header = json.loads(data[16:start])
    return StagedRows(data, start, header["rows"], {c["name"]: c for c in header["columns"]}, key)


@dataclass(frozen=True, slots=True)
class StagedRows:
    """An open file: `rows` rows, whose columns are views of its bytes."""

    data: bytes
    start: int
    rows: int
    described: Mapping[str, Any]
    key: ColumnKey | None = None

    def column(self, name: str) -> Column | None:
        """One column; None if no row of this file has a value in it.

        Raises `SnapshotError` (`snapshot-corrupt`) for a sealed one that does not open.
        """
        described = self.described.get(name)
        if described is None or described["form"] == "none":
            return None
        arrays = [self._array(*span) for span in described["at"]]
        form = described["form"]
        if form == SEALED:
            arrays, form = self._opened(name, described, arrays[0]), described["inner"]
        if form == "codes":
            entries, codes = arrays
            blank = np.zeros(1, dtype=CELL)
            width = codes.nbytes // self.rows
            return CodeColumn(codes.view(f"<u{width}"), np.concatenate([blank, entries.view(CELL)]))
        nulls = arrays.pop().view(np.bool_) if form.endswith("?") else None
        if form.startswith("cells"):
            return CellColumn(arrays[0].view(CELL), nulls)
        lengths, octets = arrays[0].view("<u2"), arrays[1]
        width = padded(int(lengths.max(initial=1)))
        table = np.zeros((self.rows, width), dtype=np.uint8)
        table[_filled(lengths, width)] = octets
        return TextColumn(table, lengths, nulls)

    def _opened(
        self, name: str, described: Mapping[str, Any], sealed: npt.NDArray[np.uint8]
    ) -> list[npt.NDArray[np.uint8]]:
        if self.key is None:
            raise unreadable(f"Column {name} of a staged file is sealed, and its key is gone.")
        plain = np.frombuffer(self.key.open(name, sealed.tobytes()), dtype=np.uint8)
        return np.split(plain, np.cumsum(described["sizes"])[:-1])

    def _array(self, at: int, size: int) -> npt.NDArray[np.uint8]:
        return np.frombuffer(self.data, dtype=np.uint8, count=size, offset=self.start + at)


def _encoded(column: Column, rows: int) -> tuple[str, Sequence[npt.NDArray[Any]]]:
    absent = missing(column)
    if absent is not None and absent.all():
        return "none", []
    if isinstance(column, CodeColumn):
        codes, entries = _tightened(column)
        if len(entries) * 2 <= rows and len(entries) <= CAPACITY:
            return "codes", [entries, codes]
        column = CellColumn(column.entries.take(column.codes), absent)
    marks = [] if absent is None else [absent]
    suffix = "" if absent is None else "?"
    if isinstance(column, CellColumn):
        return f"cells{suffix}", [column.cells, *marks]
    lengths = column.lengths.astype("<u2")
    octets = column.octets[_filled(lengths, column.octets.shape[1])]
    return f"text{suffix}", [lengths, octets, *marks]


def _tightened(column: CodeColumn) -> tuple[Codes, Cells]:
    """Only the entries these rows use, in the order of their values, and the codes that fit."""
    order = _order(column)
    used = np.bincount(column.codes, minlength=len(column.entries))
    places = order[used[order] != 0]
    width = 1 if len(places) < 256 else 2 if len(places) <= CAPACITY else 4
    table = np.zeros(len(column.entries), dtype=f"<u{width}")
    table[places] = np.arange(1, len(places) + 1)
    return table.take(column.codes), column.entries.take(places)


def _order(column: CodeColumn) -> npt.NDArray[np.integer[Any]]:
    """The codes of the entries in the order of their values, which a dictionary knows already."""
    if isinstance(column.home, HashDictionary):
        order = column.home.order
        # it may have learned more since the column was made
        return order if len(order) < len(column.entries) else order[order < len(column.entries)]
    return np.argsort(column.entries[1:].view(ORDERED)) + 1


def _filled(lengths: npt.NDArray[np.uint16], width: int) -> Mask:
    mask: Mask = np.arange(width, dtype=np.uint16) < lengths[:, None]
    return mask
