"""Staged rows back as frames: the same slice of a manifest always holds the same rows."""

import hashlib
import threading
from bisect import bisect_right
from itertools import accumulate

import polars as pl

from app.snapshots import files
from app.snapshots.columns import to_series
from app.snapshots.errors import SnapshotError
from app.snapshots.files import StagedRows
from app.snapshots.manifest import BatchSlice, Group, Manifest, StagedFile
from app.snapshots.store import SnapshotStore

_FILES_KEPT = 2  # a batch may begin in one and end in the next


def open_file(store: SnapshotStore, file: StagedFile) -> StagedRows:
    """Load one staged file whole and check it against its size and digest.

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
        return files.decode(data)
    except ValueError:
        raise SnapshotError(
            f"The staged file {file.name} in {store.label} was written by another version of this "
            "service; stage the rows again.",
            code="snapshot-corrupt",
        ) from None


def verify(store: SnapshotStore, manifest: Manifest) -> None:
    """Check every file of a manifest, one at a time; raises as `open_file` does."""
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
        """Nothing is read yet."""
        self._store = store
        self._manifest = manifest
        self._hexadecimal = hexadecimal
        self._lock = threading.Lock()
        self._frames: dict[str, pl.DataFrame] = {}
        self._ends = [
            list(accumulate(file.rows for file in group.files)) for group in manifest.groups
        ]

    def read(self, batch: BatchSlice) -> pl.DataFrame:
        """The rows of a slice.

        Raises `SnapshotError` (`snapshot-missing`, `snapshot-corrupt`, `snapshot-unreachable`), and
        `IndexError` for a slice that is not one of this manifest.
        """
        group = self._manifest.groups[batch.group]
        if not 0 <= batch.offset <= batch.offset + batch.rows <= group.rows:
            raise IndexError(f"Batch {batch.sequence} is outside its group of {group.rows} rows.")
        ends = self._ends[batch.group]
        pieces: list[pl.DataFrame] = []
        at, left = batch.offset, batch.rows
        while left:
            number = bisect_right(ends, at)
            frame = self._frame(group, group.files[number])
            piece = frame.slice(at - (ends[number] - frame.height), left)
            pieces.append(piece)
            at, left = at + piece.height, left - piece.height
        return pl.concat(pieces) if pieces else self._empty(group)

    def _frame(self, group: Group, file: StagedFile) -> pl.DataFrame:
        with self._lock:
            frame = self._frames.get(file.name)
            if frame is None:
                while len(self._frames) >= _FILES_KEPT:
                    del self._frames[next(iter(self._frames))]
                frame = self._frames[file.name] = self._load(group, file)
            return frame

    def _load(self, group: Group, file: StagedFile) -> pl.DataFrame:
        staged = open_file(self._store, file)
        columns = []
        for name, dtype in self._empty(group).schema.items():
            column = staged.column(name)
            if column is None:
                columns.append(pl.Series(name, [None], dtype=dtype).new_from_index(0, file.rows))
            else:
                columns.append(to_series(name, column, hexadecimal=self._hexadecimal))
        return pl.DataFrame(columns)

    def _empty(self, group: Group) -> pl.DataFrame:
        hashed = pl.String if self._hexadecimal else pl.Binary
        return pl.DataFrame(
            schema={
                name: pl.String if form.startswith("text") else hashed
                for name, form in zip(group.schema, group.forms, strict=True)
            }
        )
