"""Just enough of Thrift's compact protocol to read what Parquet says of itself, in bounded work.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md. Byte strings stay
bytes; what is deeper, longer than the data, or of too many values is refused: a byte of a list may
become a hundred in memory.
"""

from typing import Any

_DEEPEST = 16
MOST_VALUES = 1_000_000
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12

Struct = dict[int, Any]


class BadThrift(Exception):
    """The bytes are no such structure, or end within it."""


class TooManyValues(BadThrift):
    """There are more than `MOST_VALUES` of them."""


class Reader:
    """Reads one structure; `place` is where the next byte is."""

    def __init__(self, data: bytes, place: int = 0) -> None:
        self.data, self.place = data, place
        self._left = MOST_VALUES

    def struct(self, depth: int = 0) -> Struct:
        """Field number → value: int, bool, float, bytes, list or another structure."""
        if depth > _DEEPEST:
            raise BadThrift
        found: Struct = {}
        field = 0
        while kind := self._byte():
            step, kind = kind >> 4, kind & 15
            field = field + step if step else self._zigzag()
            if kind in {_TRUE, _FALSE}:
                self._count()
                found[field] = kind == _TRUE
            else:
                found[field] = self._value(kind, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        self._count()
        if kind in {4, 5, 6}:
            return self._zigzag()
        if kind == _BINARY:
            return self._take(self._varint())
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in {_LIST, _SET}:
            return self._list(depth + 1)
        if kind in {_BYTE, _TRUE, _FALSE}:  # the latter within lists
            return self._byte()
        if kind == _DOUBLE:
            return self._take(8)
        raise BadThrift

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooManyValues

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        size, kind = head >> 4, head & 15
        if size == 15:
            size = self._varint()
        # each item has a byte at least
        if depth > _DEEPEST or size > len(self.data) - self.place:
            raise BadThrift
        return [self._value(kind, depth) for _ in range(size)]

    def _take(self, size: int) -> bytes:
        start, self.place = self.place, self.place + size
        if self.place > len(self.data):
            raise BadThrift
        return self.data[start : self.place]

    def _byte(self) -> int:
        self.place += 1
        try:
            return self.data[self.place - 1]
        except IndexError:
            raise BadThrift from None

    def _varint(self) -> int:
        value = shift = 0
        while shift < 64:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
        raise BadThrift

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
