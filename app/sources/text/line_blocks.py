"""Whole lines out of a stream of text, in blocks whose size does not depend on the file.

A block holds about as many records as a frame shall have rows, but never more bytes than a
bound, and a record that does not end within a bound is refused before it fills the memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from app.sources.cancellation import check_wanted
from app.sources.storage.file import ByteStream
from app.sources.text.errors import TextFile

MAX_RECORD_BYTES = 4 << 20
_FIRST_BLOCK_BYTES = 1 << 20
_MIN_BLOCK_BYTES = 64 << 10
_MAX_BLOCK_BYTES = 8 << 20

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Malformed:
    """Records that were taken out of a block: how many, and the first one's line and fault."""

    rows: int
    line: int
    code: str


@dataclass(frozen=True, slots=True)
class Scan(Generic[Found]):
    """What a look at some text found: where its last whole record ends, how many there are.

    `text` is what to read in place of it where that differs; it has as many lines. `malformed` counts
    its lines from 0.
    """

    end: int
    records: int
    found: Found
    text: bytes | None = None
    malformed: Malformed | None = None
    # where the first record starts that is longer than MAX_RECORD_BYTES
    too_long: int | None = None


def first_too_long(ends: npt.NDArray[np.intp]) -> int | None:
    """Where the first too long record starts, by the places of all line ends that end one."""
    if not len(ends) or ends[-1] < MAX_RECORD_BYTES:
        return None
    found = np.flatnonzero(np.diff(ends, prepend=-1) > MAX_RECORD_BYTES)
    if not len(found):
        return None
    return int(ends[found[0] - 1]) + 1 if found[0] else 0


@dataclass(frozen=True, slots=True)
class Block(Generic[Found]):
    """Whole records, each with its line end; `line` is the number of the first line, from 1."""

    data: bytes
    line: int
    records: int
    found: Found
    malformed: Malformed | None = None


class Scanning(Protocol[Found]):
    """Looks at text that starts with the start of a record.

    `stuck` says that no more text will come, or fit, though the record at its start has not ended.
    """

    def __call__(self, data: bytes, *, stuck: bool = False) -> Scan[Found]:
        """Where its whole records end."""
        ...


def blocks(
    stream: ByteStream, text: TextFile, scan: Scanning[Found], *, rows: int, line: int = 1
) -> Iterator[Block[Found]]:
    """Cut the stream into blocks of about `rows` records; a missing last line end is added.

    `line` is the number of the stream's first line. Raises `line-too-long` for a record of more than
    MAX_RECORD_BYTES.
    """
    size, left = _FIRST_BLOCK_BYTES, b""
    while True:
        check_wanted()
        piece = stream.read(size)
        if not piece and not left:
            return
        data = left + (piece or b"\n")
        stuck = False
        while True:
            scanned = scan(data, stuck=stuck)
            if scanned.too_long is not None:
                raise text.fault("line-too-long", line + data.count(b"\n", 0, scanned.too_long))
            if scanned.end:
                raw = data[: scanned.end]
                yield _block(scanned, raw, line)
                line += raw.count(b"\n")
                # a little less, so that a block of longer records is not one frame and a crumb
                wanted = len(raw) * rows // max(scanned.records, 1) * 49 // 50
                size = min(max(wanted, _MIN_BLOCK_BYTES), _MAX_BLOCK_BYTES)
            elif stuck:
                raise text.fault("line-too-long", line)
            data = data[scanned.end :]
            stuck = len(data) > MAX_RECORD_BYTES or bool(data and not piece)
            if not stuck:
                break
        left = data
        if not piece:
            return


def _block(scanned: Scan[Found], raw: bytes, line: int) -> Block[Found]:
    bad = scanned.malformed
    return Block(
        raw if scanned.text is None else scanned.text,
        line,
        scanned.records,
        scanned.found,
        None if bad is None else Malformed(bad.rows, line + bad.line, bad.code),
    )
