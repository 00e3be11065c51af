"""Rows on their way to distinct files: one anonymous file on local disk that dies with the process.

It never has a name, so a killed worker leaves nothing behind; rows with text, which is no hash, are
covered with a key that only this process has. Each block in it is sorted by bucket;
reading a range of buckets is one read per block.
"""

import errno
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from app.snapshots.encryption import ScratchKey
from app.snapshots.errors import SnapshotError
from app.snapshots.rows.records import BUCKETS, Layout, Rows
from app.snapshots.store import WRITE_BYTES


@dataclass(frozen=True, slots=True)
class _Block:
    layout: Layout
    offset: int  # bytes into the file
    starts: npt.NDArray[np.int64]  # the row where each bucket begins, and the end


class Spill:
    """Records of possibly several layouts by bucket; `scatter` may be called by several threads."""

    def __init__(self, folder: Path | None) -> None:
        """`folder` is on the disk to use; None is the system's folder for temporary files."""
        self._lock = threading.Lock()
        self._blocks: list[_Block] = []
        self._end = 0
        self._key = ScratchKey()
        with _explained("made"):
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115

    def scatter(self, layout: Layout, rows: Rows, buckets: npt.NDArray[np.uint16]) -> None:
        """Keep rows; `buckets` says where each belongs."""
        order = np.argsort(buckets, kind="stable")
        starts = np.searchsorted(buckets.take(order), np.arange(BUCKETS + 1, dtype=np.uint16))
        with self._lock:
            offset = self._end
            self._end += rows.nbytes
        view: memoryview = rows.take(order).view(np.uint8).data
        if layout.has_text:
            view = memoryview(self._key.covered(view, offset))
        at = offset
        with _explained("written"):
            while view:
                written = os.pwrite(self._file.fileno(), view[:WRITE_BYTES], at)
                view, at = view[written:], at + written
        with self._lock:
            self._blocks.append(_Block(layout, offset, starts))

    def histogram(self) -> npt.NDArray[np.int64]:
        """Rows per bucket."""
        total = np.zeros(BUCKETS, dtype=np.int64)
        for block in self._blocks:
            total += np.diff(block.starts)
        return total

    def read(self, first: int, last: int, most_rows: int) -> Iterator[tuple[Layout, Rows]]:
        """All rows of buckets `first` to `last`, in pieces of about `most_rows` at most."""
        waiting: list[_Block] = []
        rows = 0
        for block in self._blocks:
            here = int(block.starts[last + 1] - block.starts[first])
            if waiting and (waiting[0].layout != block.layout or rows + here > most_rows):
                yield waiting[0].layout, self._load(waiting, first, last, rows)
                waiting, rows = [], 0
            if here:
                waiting.append(block)
                rows += here
        if waiting:
            yield waiting[0].layout, self._load(waiting, first, last, rows)

    def _load(self, blocks: list[_Block], first: int, last: int, rows: int) -> Rows:
        loaded = np.empty(rows, dtype=blocks[0].layout.row)
        view = loaded.view(np.uint8).data
        width = blocks[0].layout.row.itemsize
        for block in blocks:
            begin, end = int(block.starts[first]), int(block.starts[last + 1])
            size = (end - begin) * width
            at = block.offset + begin * width
            with _explained("read back"):
                if os.preadv(self._file.fileno(), [view[:size]], at) != size:
                    raise OSError(errno.EIO, "it is shorter than what was written")
            if blocks[0].layout.has_text:
                view[:size] = self._key.covered(view[:size], at)
            view = view[size:]
        return loaded

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the disk space."""
        self._file.close()


@contextmanager
def _explained(action: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SnapshotError(
            f"The temporary file for staging could not be {action}: {error.strerror or 'failed'}. "
            "Check the free space and permissions of the folder for snapshots or temporary files."
        ) from error
