"""Takes hashed rows in any order from any thread and leaves distinct rows in files, in one order.

Staging first is what makes the distinct count known, a crash resumable and a mirror possible.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from app.snapshots.errors import SnapshotError
from app.snapshots.groups import GroupWriter, Part
from app.snapshots.manifest import Manifest
from app.snapshots.rows.categories import Categories
from app.snapshots.rows.columns import (
    CELL_BYTES,
    CellColumn,
    Column,
    TextColumn,
    from_series,
    missing,
)
from app.snapshots.rows.comparison import Comparison, Span, in_order, rows_within, within
from app.snapshots.rows.hash_dictionary import HashDictionary
from app.snapshots.rows.records import Field, Form, Layout, Packing, Rows, bucket_of
from app.snapshots.rows.spill import Spill
from app.snapshots.store import SnapshotStore

MEMORY_BYTES = 64 << 20
THREADS = 2
CODE_BYTES = 2
_FEW_ROWS = 1 << 15  # frames smaller than this wait for company
_MANY_ROWS = 1 << 17  # larger ones are cut

_Schema: TypeAlias = tuple[tuple[str, pl.DataType], ...]


class StageWriter:
    """One staging: `add` frames, then `finish` once, or `abort`."""

    def __init__(
        self,
        store: SnapshotStore,
        prefix: str,
        *,
        key_columns: Sequence[str],
        group_by: Sequence[str] = ("EXTERN_ID",),
        columns: Sequence[str] = (),
        memory_bytes: int = MEMORY_BYTES,
        scratch: Path | None = None,
    ) -> None:
        """Write below `prefix` of the store.

        `key_columns` name a person (all hashed). Rows that differ in which of `group_by` they have
        get different schemas. `columns` is the order of the schemas; without it the order of the
        frames, or of the alphabet if frames differ in their columns. `scratch` is a folder on local
        disk for the rows on their way; without it the store's own, or the system's.
        """
        self._store = store
        self._prefix = prefix
        self._keys = tuple(key_columns)
        self._group_by = tuple(group_by)
        self._order = tuple(columns)
        self._memory = memory_bytes
        self._scratch = scratch or store.scratch
        self._spill = Spill(self._scratch)
        self._lock = threading.Lock()
        self._rows = 0
        self._waiting: dict[_Schema, list[pl.DataFrame]] = {}
        self._seen: set[tuple[str, ...]] = set()
        self._keys_lack = False  # whether any row lacks a key
        self._widths: dict[str, int] = {}  # of plain columns
        self._dictionaries = {name: HashDictionary() for name in self._keys}  # of hashed ones
        self._categories: dict[tuple[str, pl.DataType], Categories] = {}

    def add(self, frame: pl.DataFrame) -> None:
        """Stage rows: hashed columns Binary of 32 bytes or Categorical of their hexadecimal digits,
        plain ones String, null where missing.

        Thread-safe; the work is done in the calling thread. Frames of 50,000 to 130,000 rows are
        fastest. Raises `SnapshotError` (`snapshot-rows-unusable`, `snapshot-unreachable`).
        """
        if not set(self._keys).intersection(frame.columns):
            raise SnapshotError(
                f"Rows to stage have no key column ({', '.join(self._keys)}).",
                code="snapshot-rows-unusable",
            )
        with self._lock:
            self._seen.add(tuple(frame.columns))
            self._rows += frame.height
            if frame.height < _FEW_ROWS:
                waiting = self._waiting.setdefault(tuple(frame.schema.items()), [])
                waiting.append(frame)
                if sum(each.height for each in waiting) < _FEW_ROWS:
                    return
                frame = pl.concat(waiting)
                waiting.clear()
        self._set_aside(frame)

    def finish(self) -> Manifest:
        """Write the distinct rows and say what they are; nothing can be added any more.

        The contents depend on the rows added only, not on their order, frames or threads.
        """
        for waiting in self._waiting.values():
            if waiting:
                self._set_aside(pl.concat(waiting))
        self._waiting = {}
        packing = self._packing()
        groups = GroupWriter(
            self._store,
            self._prefix,
            packing,
            columns=self._columns(),
            group_by=self._group_by,
        )
        memory = self._memory // THREADS
        source = _Spilled(self._spill, packing, rows_within(memory, packing))
        comparison = Comparison(packing, source, memory_bytes=memory, scratch=self._scratch)

        def write(numbered: tuple[int, Span]) -> tuple[list[Part], int]:
            parts: list[Part] = []
            keys = 0
            number, span = numbered
            for turn, outcome in enumerate(comparison.resolve(span)):
                parts += groups.write(f"{number:05d}-{turn}", outcome.added)
                keys += outcome.keys
            return parts, keys

        written = list(in_order(write, list(enumerate(comparison.spans())), THREADS))
        self._spill.close()
        parts = [part for parts, _ in written for part in parts]
        staged = sum(part.file.rows for part in parts)
        people = sum(keys for _, keys in written)
        return groups.manifest(parts, duplicates=self._rows - staged, distinct_keys=people)

    def abort(self) -> None:
        """Forget everything, written files too as far as the store can be reached."""
        self._waiting = {}
        self._spill.close()
        with suppress(SnapshotError):
            self._store.delete_prefix(self._prefix)

    def _set_aside(self, frame: pl.DataFrame) -> None:
        plain = [name for name, dtype in frame.schema.items() if dtype == pl.String]
        widest = frame.select(pl.col(plain).str.len_bytes().max().fill_null(0))
        width = len(frame.columns) * CELL_BYTES + (sum(widest.row(0)) if plain else 0)
        most = max(1, min(_MANY_ROWS, self._memory // 2 // width))
        blocks = -(-frame.height // most)
        for piece in frame.iter_slices(-(-frame.height // max(1, blocks)) or 1):
            self._spill_block(piece)

    def _spill_block(self, frame: pl.DataFrame) -> None:
        columns = {
            series.name: self._column(series)
            for series in frame.iter_columns()
            if series.null_count() < frame.height
        }
        packing = Packing(self._layout(columns), self._dictionaries)
        rows = packing.pack(columns, frame.height)
        self._spill.scatter(packing.layout, rows, bucket_of(packing.prefixes(rows)))

    def _column(self, series: pl.Series) -> Column:
        name, dtype = series.name, series.dtype
        if not isinstance(dtype, pl.Categorical):
            return self._coded(name, from_series(series))
        with self._lock:
            known = self._categories.get((name, dtype))
            if known is None:
                dictionary = self._dictionaries.setdefault(name, HashDictionary())
                numbered = None if self._keys == (name,) else dictionary
                known = self._categories[name, dtype] = Categories(series, numbered)
        return known.column(series)

    def _coded(self, name: str, column: CellColumn | TextColumn) -> Column:
        with self._lock:
            plain = isinstance(column, TextColumn)
            if name in (self._dictionaries if plain else self._widths):
                raise SnapshotError(
                    f"Column {name} must be hashed in all rows or in none, and hashed as a key.",
                    code="snapshot-rows-unusable",
                )
            if isinstance(column, TextColumn):
                width = column.octets.shape[1]
                self._widths[name] = max(self._widths.get(name, 0), width)
                return column
            dictionary = self._dictionaries.setdefault(name, HashDictionary())
        if self._keys == (name,):
            return column  # hardly ever repeats
        return dictionary.column(column.cells, column.nulls) or column

    def _layout(self, columns: Mapping[str, Column]) -> Layout:
        others = [name for name in sorted(columns) if name not in self._keys]
        keys = [_field(name, columns.get(name)) for name in self._keys]
        lack = any(name not in columns or missing(columns[name]) is not None for name in self._keys)
        if lack:
            self._keys_lack = True
        return Layout(keys, [_field(name, columns[name]) for name in others], keys_lack=lack)

    def _packing(self) -> Packing:
        """The one layout all blocks fit into; it follows from the values alone."""
        fields = {}
        for name in self._columns():
            if name in self._widths:
                fields[name] = Field(name, Form.TEXT, self._widths[name])
            elif self._keys == (name,) or self._dictionaries[name].full:
                fields[name] = Field(name, Form.CELL)
            else:
                fields[name] = Field(name, Form.CODE, CODE_BYTES)
        keys = [fields.pop(name) for name in self._keys]
        layout = Layout(keys, list(fields.values()), keys_lack=self._keys_lack)
        return Packing(layout, self._dictionaries)

    def _columns(self) -> tuple[str, ...]:
        """The columns that have any value, and the keys, in the order of the schemas."""
        used = {*self._widths, *self._dictionaries}
        order = self._order
        if not order and len(self._seen) == 1:
            (order,) = self._seen
        known = [name for name in order if name in used]
        return (*known, *sorted(used.difference(known)))


class _Spilled:
    """The rows set aside, as the comparison wants them."""

    def __init__(self, spill: Spill, packing: Packing, most_rows: int) -> None:
        self._spill = spill
        self._packing = packing
        self._most_rows = most_rows

    def histogram(self) -> npt.NDArray[np.int64]:
        return self._spill.histogram()

    def read(self, span: Span) -> Iterator[Rows]:
        packing = self._packing
        for layout, rows in self._spill.read(*span.buckets, self._most_rows):
            found = rows
            if layout != packing.layout:
                source = Packing(layout, packing.dictionaries)
                found = packing.pack(source.unpack(rows), len(rows))
            yield within(packing, found, span)


def _field(name: str, column: Column | None) -> Field:
    if isinstance(column, CellColumn):
        return Field(name, Form.CELL)
    if isinstance(column, TextColumn):
        return Field(name, Form.TEXT, column.octets.shape[1])
    return Field(name, Form.CODE, CODE_BYTES)
