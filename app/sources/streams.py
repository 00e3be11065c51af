"""Plain UTF-8 from what was delivered: unpacked, byte-order mark removed, encoding changed.

Everything passes in bounded pieces; nothing is unpacked to a disk or as a whole.
"""

import codecs
import gzip
import importlib
import zlib
from typing import IO, Any, cast

from app.errors import SourceError
from app.sources import faults
from app.sources.files import ByteStream
from app.sources.texts import TextFile

UTF8 = "utf-8"
ENCODINGS = frozenset({
    UTF8, "utf-16", "utf-16-le", "utf-16-be", "ascii", "iso-8859-1", "iso-8859-2", "iso-8859-15",
    "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1257",
    "shift_jis", "euc-jp", "euc-kr", "gb18030", "big5",
})  # fmt: skip
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def utf8_stream(raw: ByteStream, text: TextFile, encoding: str = UTF8) -> ByteStream:
    """The text of a file as UTF-8 bytes without a byte-order mark (the bytes are not checked).

    gzip and zstd are known by their first bytes, whatever the file is called. Raises, from here
    or from `read`: `compression-broken`, `…-wrong-encoding`, `source-unreadable`.
    """
    stream = unpacked(raw, text.name)
    if encoding != UTF8:
        return _Recoded(stream, text, encoding)
    plain = _Peeked(stream)
    if plain.head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise text.fault(
            "wrong-encoding",
            1,
            "the text is UTF-16, not UTF-8",
            'Save the file as UTF-8, or set "encoding" to "utf-16".',
        )
    plain.skip(codecs.BOM_UTF8)
    return plain


def unpacked(raw: ByteStream, name: str) -> ByteStream:
    """The stream without the packing its first bytes tell of; `read` raises `compression-broken`."""
    packed = _Peeked(raw)
    if packed.head.startswith(_GZIP):
        return _Unpacked(gzip.GzipFile(fileobj=cast("IO[bytes]", packed)), name)
    if packed.head.startswith(_ZSTD):
        return _Unpacked(_zstd_file(packed, name), name)
    return packed


class _Peeked:
    """A stream whose first bytes can be looked at without losing them."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self.head = b""
        while len(self.head) < 4 and (piece := stream.read(4 - len(self.head))):
            self.head += piece

    def skip(self, prefix: bytes) -> None:
        self.head = self.head.removeprefix(prefix)

    def read(self, size: int = -1, /) -> bytes:
        if self.head:
            size = len(self.head) if size < 0 else size
            first, self.head = self.head[:size], self.head[size:]
            return first
        return self._stream.read(size)


class _Unpacked:
    def __init__(self, stream: ByteStream, name: str) -> None:
        self._stream, self._name = stream, name

    def read(self, size: int, /) -> bytes:
        try:
            return self._stream.read(size)
        except SourceError:
            raise
        except (EOFError, OSError, zlib.error, ValueError) as error:
            raise _packing_broken(self._name) from error
        except Exception as error:
            if type(error).__name__ == "ZstdError":  # of whichever module there is
                raise _packing_broken(self._name) from error
            raise


class _Recoded:
    """Another encoding, turned into UTF-8 piece by piece."""

    def __init__(self, stream: ByteStream, text: TextFile, encoding: str) -> None:
        self._stream, self._text, self._encoding = stream, text, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._line = 1
        self._started = False
        self._left = b""

    def read(self, size: int, /) -> bytes:
        while not self._left:
            piece = self._stream.read(max(size // 2, 1))
            try:
                decoded = self._decoder.decode(piece, final=not piece)
            except UnicodeError:
                raise self._text.fault(
                    "wrong-encoding",
                    self._line,
                    f"at or after this line the text is not {self._encoding}",
                    'Set "encoding" to what the file is written in, or save it as UTF-8.',
                ) from None  # that error holds the text
            if decoded and not self._started:
                self._started, decoded = True, decoded.removeprefix("\ufeff")
            self._line += decoded.count("\n")
            self._left = decoded.encode()
            if not piece:
                break
        first, self._left = self._left[:size], self._left[size:]
        return first


def _zstd_file(stream: ByteStream, name: str) -> ByteStream:
    for module in ("compression.zstd", "backports.zstd"):  # the former from Python 3.14 on
        try:
            zstd: Any = importlib.import_module(module)
        except ImportError:
            continue
        return cast("ByteStream", zstd.ZstdFile(stream))
    raise faults.unreadable(
        name, "it is packed with zstd and this installation cannot unpack that; pack it with gzip"
    )


def _packing_broken(name: str) -> SourceError:
    return faults.broken(
        "compression-broken",
        name,
        None,
        "its compressed data is damaged or cut short",
        "Check that the delivery is complete and deliver the file again.",
    )
