"""How large an Avro file is once it is unpacked, told before a reader unpacks it whole.

https://avro.apache.org/docs/1.12.0/specification/#object-container-files: a head with the name of the
codec, then blocks of a count, a size and as many bytes. Some kilobytes may claim gigabytes.
"""

import importlib
import zlib
from typing import Any, Final

_MAGIC: Final = b"Obj\x01"
# writers end a block after some ten kilobytes; a byte of a list becomes an object when it is read
_MAX_BLOCK_BYTES: Final = 4 << 20
_SYNC_BYTES: Final = 16


class BadAvro(ValueError):
    """The bytes are no such file, end within it, or are packed in a way that is not read here."""


class TooLarge(ValueError):
    """More would come of it than may."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, len(_MAGIC)

    @property
    def left(self) -> bool:
        return self.place < len(self.data)

    def long(self) -> int:
        value = shift = 0
        while shift < 64 and self.left:
            byte = self.data[self.place]
            self.place += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return (value >> 1) ^ -(value & 1)
            shift += 7
        raise BadAvro

    def take(self, size: int) -> bytes:
        start, self.place = self.place, self.place + size
        if size < 0 or self.place > len(self.data):
            raise BadAvro
        return self.data[start : self.place]


def check_unpacked(data: bytes, most: int) -> None:
    """Raises `TooLarge` if its blocks unpack to more than `most` bytes together, `BadAvro`."""
    if not data.startswith(_MAGIC):
        raise BadAvro
    reader = _Reader(data)
    codec = _codec(reader)
    reader.take(_SYNC_BYTES)
    left = most
    while reader.left:
        # a record takes a byte at least; more of them than bytes are a bomb of another kind
        count, block = reader.long(), reader.take(reader.long())
        size = _unpacked(block, codec, min(left, _MAX_BLOCK_BYTES))
        left -= size
        if left < 0 or size > _MAX_BLOCK_BYTES or count > size:
            raise TooLarge
        reader.take(_SYNC_BYTES)


def _codec(reader: _Reader) -> str:
    codec = "deflate"  # what Iceberg's writers use where they name none
    while count := reader.long():
        if count < 0:
            reader.long()
        for _ in range(abs(count)):
            name, value = reader.take(reader.long()), reader.take(reader.long())
            if name == b"avro.codec":
                codec = value.decode("ascii", "replace")
    return codec


def _unpacked(block: bytes, codec: str, most: int) -> int:
    """How many bytes come of it; more than `most` are not counted."""
    if codec == "null":
        return len(block)
    if codec == "deflate":
        try:
            return len(zlib.decompressobj(-15).decompress(block, most + 1))
        except zlib.error:
            raise BadAvro from None
    if codec == "zstandard":
        library: Any = importlib.import_module("zstandard")
        try:
            return len(library.ZstdDecompressor().stream_reader(block).read(most + 1))
        except library.ZstdError:
            raise BadAvro from None
    raise BadAvro
