"""How large a Parquet file is once it is unpacked, told before anything of it is unpacked.

The footer says how many bytes each column has in each group of rows, and the head of each page says
how many it will take (https://github.com/apache/parquet-format). A file of some kilobytes may claim
gigabytes: a reader that believes it has no memory left. So both are looked at first.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from app.errors import SourceError
from app.sources.cancellation import check_wanted
from app.sources.limits.thrift import MOST_VALUES, BadThrift, Reader, Struct, TooManyValues
from app.sources.storage.file import OpenedFile

_MAGIC = b"PAR1"
_TAIL_BYTES = 8
_MAX_FOOTER_BYTES = 16 << 20
_MAX_COLUMNS = 5_000
_HEAD_BYTES = 1 << 10
_MAX_HEAD_BYTES = 1 << 20  # it may hold a smallest and a largest value
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """Bounds of what is unpacked, in bytes: of one value, of one page, and how much of a stored byte.

    `ratio` is asked of what is larger than `page` only: little data may be very regular.
    """

    cell: int = 4 << 20
    page: int = 64 << 20
    ratio: float = 200.0

    def allows(self, unpacked: int, stored: int) -> bool:
        """Whether so many bytes may come of so many."""
        return unpacked <= max(4 * self.page, self.ratio * stored)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A column in one group of rows."""

    start: int
    stored: int
    values: int


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are stored together; chunks by the name of their top column."""

    rows: int
    chunks: dict[str, list[_Chunk]]


def read_groups(file: OpenedFile, name: str, limits: UnpackLimits) -> list[Group]:
    """The groups of rows a file says it has. Raises `parquet-broken`, `parquet-too-large-unpacked`."""
    try:
        return _groups(_footer(file, name), name, limits, file.size)
    except (BadThrift, KeyError, TypeError, AttributeError, ValueError, IndexError):
        raise broken(name, "its footer") from None


def _footer(file: OpenedFile, name: str) -> Struct:
    tail = file.part(max(file.size - _TAIL_BYTES, 0), _TAIL_BYTES)
    length = int.from_bytes(tail[:4], "little")
    if len(tail) < _TAIL_BYTES or tail[4:] != _MAGIC or length > file.size - _TAIL_BYTES:
        raise BadThrift
    if length > _MAX_FOOTER_BYTES:
        raise too_large(name, "its footer", f"more than {_MAX_FOOTER_BYTES >> 20} MiB")
    try:
        return Reader(file.part(file.size - _TAIL_BYTES - length, length)).struct()
    except TooManyValues:
        raise too_large(name, "its footer", f"more than {MOST_VALUES:,} values") from None


def _groups(footer: Struct, name: str, limits: UnpackLimits, size: int) -> list[Group]:
    groups = []
    rows = held = 0
    for described in footer[4]:
        chunks: dict[str, list[_Chunk]] = {}
        if len(described[1]) > _MAX_COLUMNS:
            raise too_large(name, "its schema", f"more than {_MAX_COLUMNS:,} columns")
        for column in described[1]:
            meta: Struct = column[3]
            unpacked, stored, values = meta[6], meta[7], meta[5]
            if min(unpacked, stored, values, described[3]) < 0:
                raise BadThrift
            if not limits.allows(unpacked, stored) or unpacked > limits.cell * max(values, 1):
                raise too_large(name, "a column", "more than may come of so little")
            start = min(meta[9], meta.get(11, meta[9]) or meta[9])
            top = meta[3][0].decode()
            chunks.setdefault(top, []).append(_Chunk(start, stored, values))
            held += stored
        rows += described[3]
        # a row costs a byte, though it may be stored in none: many nulls are a run of a few bits
        if not limits.allows(rows, size):
            raise too_large(name, "it", f"{rows:,} rows of {size:,} bytes")
        # chunks that lie upon one another would be looked at again and again
        if held > 2 * size:
            raise BadThrift
        groups.append(Group(described[3], chunks))
    return groups


def column_numbers(file: OpenedFile, name: str) -> dict[int, str]:
    """The numbers (`field_id`) that top columns have, and their names; columns without one are left out.

    Raises `parquet-broken`, `parquet-too-large-unpacked`.
    """
    found: dict[int, str] = {}
    inside = 0
    try:
        for element in _footer(file, name)[2][1:]:
            if inside == 0 and 9 in element:
                found[element[9]] = element[4].decode()
            # a group's children follow it at once, and count as long as it does
            inside = max(inside - 1, 0) + element.get(5, 0)
    except (BadThrift, KeyError, TypeError, AttributeError, ValueError, IndexError):
        raise broken(name, "its footer") from None
    return found


def unpacked_sizes(
    file: OpenedFile, name: str, group: Group, columns: Sequence[str], limits: UnpackLimits
) -> int:
    """How many bytes these columns of a group take, by the heads of their pages.

    Raises `parquet-broken`, `parquet-too-large-unpacked` for a page that takes more than it may.
    """
    chunks = [chunk for column in columns for chunk in group.chunks.get(column, ())]

    def of_one(chunk: _Chunk) -> int:
        return sum(_pages(file, name, chunk, limits))

    try:
        if isinstance(file.scannable(), str) and len(chunks) > 1:
            with ThreadPoolExecutor(_AT_ONCE) as threads:
                return sum(threads.map(of_one, chunks))
        return sum(map(of_one, chunks))
    except (BadThrift, KeyError, TypeError, AttributeError):
        raise broken(name, "a page") from None


def _pages(file: OpenedFile, name: str, chunk: _Chunk, limits: UnpackLimits) -> Iterator[int]:
    place, end, total = chunk.start, chunk.start + chunk.stored, 0
    while place < end:
        check_wanted()
        head, length = _head(file, place)
        unpacked, stored = head[2], head[3]
        if unpacked < 0 or stored < 0:
            raise BadThrift
        inner: dict[int, Any] = head.get(5) or head.get(8) or head.get(7) or {}
        values = inner.get(1, 1)
        total += unpacked
        if (
            unpacked > limits.page
            or unpacked > limits.cell * max(values, 1)
            or not limits.allows(total, chunk.stored)
        ):
            raise too_large(name, "a page", f"{unpacked:,} bytes in {values:,} values")
        yield unpacked
        place += length + stored


def _head(file: OpenedFile, place: int) -> tuple[Struct, int]:
    size = _HEAD_BYTES
    while True:
        data = file.part(place, size)
        reader = Reader(data)
        try:
            return reader.struct(), reader.place
        except BadThrift:
            if len(data) < size or size >= _MAX_HEAD_BYTES:
                raise
            size *= 32


def broken(name: str, where: str) -> SourceError:
    """The bytes are no Parquet."""
    return SourceError(
        f"{name}: {where} cannot be decoded: the file is damaged, cut short or no Parquet file. "
        "Check that the delivery is complete and deliver the file again.",
        code="parquet-broken",
        source=name,
        line=None,
    )


def too_large(name: str, what: str, how: str) -> SourceError:
    """Less was stored than would have to be unpacked into memory."""
    return SourceError(
        f"{name}: {what} would take too much memory unpacked ({how}). Write smaller pages and groups of "
        "rows, values of at most 4 MiB, or have the operator raise SOURCE_MAX_PAGE_BYTES or "
        "SOURCE_MAX_UNPACK_RATIO.",
        code="parquet-too-large-unpacked",
        source=name,
    )
