"""Staged rows back as frames: the same slice of a manifest always holds the same rows."""

import hashlib
import threading
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import accumulate
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from app.snapshots import file_format
from app.snapshots.encryption import FileKey
from app.snapshots.errors import SnapshotError
from app.snapshots.file_format import StagedRows
from app.snapshots.groups import has_text
from app.snapshots.manifest import BatchSlice, Group, Manifest, StagedFile
from app.snapshots.rows.columns import (
    CellColumn,
    CodeColumn,
    DigitColumn,
    hexadecimal,
    missing,
    part,
    table_of,
    to_frame,
)
from app.snapshots.store import SnapshotStore

_FILES_KEPT = 2  # a batch may begin in one and end in the next

_Schema: TypeAlias = Mapping[str, pl.DataType]


def key_of(store: SnapshotStore, manifest: Manifest) -> FileKey | None:
    """The key of the manifest's sealed columns; None if it has none. Raises what `FileKey.opened` raises."""
    if manifest.sealed_key is None:
        return None
    return FileKey.opened(store.sealing, manifest.prefix, manifest.sealed_key)


def open_file(store: SnapshotStore, file: StagedFile, key: FileKey | None = None) -> StagedRows:
    """Load one staged file whole and check it against its size and digest; `key` is its manifest's.

    Raises `SnapshotError`: `snapshot-missing`, `snapshot-corrupt`, `snapshot-unreachable`.
    """
    data = store.read(file.name)
    if len(data) != file.bytes or hashlib.sha256(data).hexdigest() != file.digest:
        raise SnapshotError(
            f"The staged file {file.name} in {store.label} is not what was written; stage the rows "
            "again if none of them was sent.",
            code="snapshot-corrupt",
        )
    try:
        return file_format.decode(data, None if key is None else key.of(file.name))
    except ValueError:
        raise SnapshotError(
            f"The staged file {file.name} in {store.label} was written by another version of this "
            "service; stage the rows again.",
            code="snapshot-corrupt",
        ) from None


def verify(store: SnapshotStore, manifest: Manifest) -> None:
    """Check every file of a manifest, one at a time, and its key; raises as `open_file` does."""
    key_of(store, manifest)
    for group in manifest.groups:
        for file in group.files:
            open_file(store, file)


class BatchReader:
    """Reads slices of a manifest; thread-safe, fastest in the order of the rows.

    Frames have the columns of the group's schema: hashed ones Binary (32 bytes), plain ones String,
    null where missing. With `hexadecimal` hashed columns are lower-case hexadecimal String instead,
    which costs less than encoding them later, as repeated values are encoded once.
    """

    def __init__(
        self, store: SnapshotStore, manifest: Manifest, *, hexadecimal: bool = False
    ) -> None:
        """Nothing is read yet. Raises `SnapshotError` (`snapshot-corrupt`) for a key that does not open."""
        self._store = store
        self._manifest = manifest
        self._hexadecimal = hexadecimal
        self._lock = threading.Lock()
        self._open: dict[str, _OpenFile] = {}
        self._key = key_of(store, manifest)
        self._ends = [
            list(accumulate(file.rows for file in group.files)) for group in manifest.groups
        ]

    def read(self, batch: BatchSlice) -> pl.DataFrame:
        """The rows of a slice.

        Raises `SnapshotError` (`snapshot-missing`, `snapshot-corrupt`, `snapshot-unreachable`), and
        `IndexError` for a slice that is not one of this manifest.
        """
        pieces = [file.frame(start, rows) for file, start, rows in self._pieces(batch)]
        if not pieces:
            return pl.DataFrame(schema=self._schema(self._manifest.groups[batch.group]))
        return pl.concat(pieces)

    def digits(
        self, batch: BatchSlice
    ) -> list[tuple[int, Mapping[str, DigitColumn | None]]] | None:
        """The rows of a slice as hexadecimal digits, piece by piece, each with its number of rows.

        A column without a value in a file is None. No list where a column is no hash. Raises as
        `read` does.
        """
        if has_text(self._manifest.groups[batch.group]):
            return None
        return [(rows, file.digits(start, rows)) for file, start, rows in self._pieces(batch)]

    def _pieces(self, batch: BatchSlice) -> Iterator[tuple["_OpenFile", int, int]]:
        """The files of a slice, each with its first row and its rows of the slice."""
        group = self._manifest.groups[batch.group]
        if not 0 <= batch.offset <= batch.offset + batch.rows <= group.rows:
            raise IndexError(f"Batch {batch.sequence} is outside its group of {group.rows} rows.")
        ends = self._ends[batch.group]
        at, left = batch.offset, batch.rows
        while left:
            number = bisect_right(ends, at)
            file = self._file(group, group.files[number])
            start = at - (ends[number] - file.rows)
            rows = min(left, file.rows - start)
            yield file, start, rows
            at, left = at + rows, left - rows

    def _file(self, group: Group, file: StagedFile) -> "_OpenFile":
        with self._lock:
            found = self._open.get(file.name)
            if found is None:
                while len(self._open) >= _FILES_KEPT:
                    del self._open[next(iter(self._open))]
                staged = open_file(self._store, file, self._key)
                found = _OpenFile(staged, self._schema(group), hexadecimal=self._hexadecimal)
                self._open[file.name] = found
            return found

    def _schema(self, group: Group) -> _Schema:
        hashed = pl.String() if self._hexadecimal else pl.Binary()
        return {
            name: pl.String() if form.startswith("text") else hashed
            for name, form in zip(group.schema, group.forms, strict=True)
        }


class _OpenFile:
    """A file whose frames are made piece by piece: a batch costs its own rows and no others."""

    def __init__(self, staged: StagedRows, schema: _Schema, *, hexadecimal: bool) -> None:
        self.rows = staged.rows
        self._hexadecimal = hexadecimal
        self._columns = {name: staged.column(name) or schema[name] for name in schema}

    def frame(self, start: int, rows: int) -> pl.DataFrame:
        """That many rows from `start` on."""
        parts = {name: part(each, start, start + rows) for name, each in self._columns.items()}
        return to_frame(parts, rows, hexadecimal=self._hexadecimal, tables=self._tables)

    def digits(self, start: int, rows: int) -> dict[str, DigitColumn | None]:
        """That many rows from `start` on; all columns are hashes."""
        found: dict[str, DigitColumn | None] = {}
        for name, whole in self._columns.items():
            column = part(whole, start, start + rows)
            if isinstance(column, CellColumn):
                found[name] = DigitColumn(column.cells, column.nulls)
            elif isinstance(column, CodeColumn):
                table = self._digits[name]
                found[name] = DigitColumn(column.entries, missing(column), column.codes, table)
            else:
                found[name] = None
        return found

    @cached_property
    def _tables(self) -> dict[str, pl.Series]:
        return {
            name: table_of(column, hexadecimal=self._hexadecimal) for name, column in self._coded()
        }

    @cached_property
    def _digits(self) -> dict[str, npt.NDArray[np.void]]:
        return {name: hexadecimal(column.entries) for name, column in self._coded()}

    def _coded(self) -> list[tuple[str, CodeColumn]]:
        """The columns with few values: what those become is made once for all batches of the file."""
        return [
            (name, column)
            for name, column in self._columns.items()
            if isinstance(column, CodeColumn)
        ]
