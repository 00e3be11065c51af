"""Whole lines out of a stream of text, in blocks whose size does not depend on the file.

A block holds about as many records as a frame shall have rows, but never more bytes than a
bound, and a record that does not end within a bound is refused before it fills the memory.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.errors import SourceError
from app.sources.files import ByteStream
from app.sources.texts import TextFile, nul_byte

MAX_RECORD_BYTES = 4 << 20
_FIRST_BLOCK_BYTES = 1 << 20
_MIN_BLOCK_BYTES = 64 << 10
_MAX_BLOCK_BYTES = 8 << 20

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Scan(Generic[Found]):
    """What a look at some text found: where its last whole record ends, how many there are."""

    end: int
    records: int
    found: Found


@dataclass(frozen=True, slots=True)
class Block(Generic[Found]):
    """Whole records, each with its line end; `line` is the number of the first line, from 1."""

    data: bytes
    line: int
    records: int
    found: Found


def blocks(
    stream: ByteStream,
    text: TextFile,
    scan: Callable[[bytes], Scan[Found]],
    *,
    rows: int,
    left: bytes = b"",
    line: int = 1,
) -> Iterator[Block[Found]]:
    """Cut the stream into blocks of about `rows` records; a missing last line end is added.

    `left` is what was read before, `line` the number of its first line. Raises `line-too-long`
    for a record of more than MAX_RECORD_BYTES, `open-quote` for one that never ends.
    """
    size = _FIRST_BLOCK_BYTES
    while True:
        piece = stream.read(size)
        if not piece and not left:
            return
        data = left + (piece or b"\n")
        scanned = scan(data)
        if scanned.end:
            block = data[: scanned.end]
            yield Block(block, line, scanned.records, scanned.found)
            line += block.count(b"\n")
            # a little less, so that a block of longer records is not one frame and a crumb
            wanted = len(block) * rows // scanned.records * 49 // 50
            size = min(max(wanted, _MIN_BLOCK_BYTES), _MAX_BLOCK_BYTES)
        left = data[scanned.end :]
        if len(left) > MAX_RECORD_BYTES or (left and not piece):
            raise _unending(left, text, line)
        if not piece:
            return


def _unending(data: bytes, text: TextFile, line: int) -> SourceError:
    if b"\0" in data:
        return nul_byte(data, text, line)
    if b"\n" in data:
        return text.fault(
            "open-quote",
            line,
            "a quote opened in this row is not closed",
            'Close it, double quotes that belong to the value, or set "quote" to null if quotes '
            "have no meaning in this file.",
        )
    return text.fault(
        "line-too-long",
        line,
        f"the line is longer than {MAX_RECORD_BYTES >> 20} MiB",
        "Check that the file has line ends and is the file you mean.",
    )
