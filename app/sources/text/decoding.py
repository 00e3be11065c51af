"""Plain UTF-8 from what was delivered: unpacked, byte-order mark removed, encoding changed.

Everything passes in bounded pieces; nothing is unpacked to a disk or as a whole.
"""

import codecs
import gzip
import importlib
import zlib
from typing import IO, Any, cast

from app.errors import SourceError
from app.sources import errors
from app.sources.limits.parquet_footer import UnpackLimits
from app.sources.storage.file import ByteStream
from app.sources.text.errors import TextFile

UTF8 = "utf-8"
ENCODINGS = frozenset({
    UTF8, "utf-16", "utf-16-le", "utf-16-be", "ascii", "iso-8859-1", "iso-8859-2", "iso-8859-15",
    "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1257",
    "shift_jis", "euc-jp", "euc-kr", "gb18030", "big5",
})  # fmt: skip
# what people deliver under the name of a text, by the first bytes
_OTHER_KINDS = {
    b"PK\x03\x04": "a ZIP archive, which an Excel workbook (.xlsx) is, too",
    b"\xd0\xcf\x11\xe0": "an Excel workbook (.xls)",
    b"%PDF-": "a PDF",
    b"PAR1\x15": "a Parquet file",
    b"Obj\x01": "an Avro file",
    b"BZh91AY": "packed by bzip2",
    b"\xfd7zXZ": "packed by xz",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!\x1a": "a RAR archive",
    b"{\\rtf1": "a document of a word processor (RTF)",
    b"SQLite format 3": "an SQLite database",
}
_LONGEST_MAGIC = max(map(len, _OTHER_KINDS))
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def utf8_stream(raw: ByteStream, text: TextFile, encoding: str) -> ByteStream:
    """The text as UTF-8 bytes without a byte-order mark; the bytes of UTF-8 itself are not checked.

    What cannot be read in another encoding becomes bytes that are no UTF-8 either.
    """
    if encoding == "utf-16":
        marked = Peeked(raw, len(codecs.BOM_UTF16_LE))
        # without its mark, as Windows writes it
        has_mark = marked.head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        return _Recoded(marked, encoding if has_mark else "utf-16-le")
    if encoding != UTF8:
        return _Recoded(raw, encoding)
    plain = Peeked(raw, len(codecs.BOM_UTF16_LE) + 1)
    if plain.head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise text.fault(
            "wrong-encoding",
            1,
            "the text is UTF-16, not UTF-8",
            'Leave "encoding" out, or set it to "utf-16".',
        )
    plain.skip(codecs.BOM_UTF8)
    return plain


def unpacked(raw: ByteStream, name: str, limits: UnpackLimits) -> ByteStream:
    """The stream without the packing its first bytes tell of.

    `read` raises `compression-broken`, and `compression-ratio` where more comes out than may.
    """
    counted = _Counted(raw)
    packed = Peeked(counted, _LONGEST_MAGIC)
    for magic, kind in _OTHER_KINDS.items():
        if packed.head.startswith(magic):
            raise errors.other_kind(name, kind)
    if packed.head.startswith(_GZIP):
        return _Unpacked(gzip.GzipFile(fileobj=cast("IO[bytes]", packed)), name, counted, limits)
    if packed.head.startswith(_ZSTD):
        return _Unpacked(_zstd_file(packed, name), name, counted, limits)
    return packed


class Peeked:
    """A stream whose first bytes can be looked at without losing them; `ended` if they are all."""

    def __init__(self, stream: ByteStream, size: int = 4) -> None:
        self._stream = stream
        pieces: list[bytes] = []
        held = 0
        while held < size and (piece := stream.read(size - held)):
            pieces.append(piece)
            held += len(piece)
        self.head = b"".join(pieces)
        self.ended = held < size

    def skip(self, prefix: bytes) -> None:
        """Leave these bytes out if they come first."""
        self.head = self.head.removeprefix(prefix)

    def read(self, size: int = -1, /) -> bytes:
        """As `ByteStream`."""
        if self.head:
            size = len(self.head) if size < 0 else size
            first, self.head = self.head[:size], self.head[size:]
            return first
        return self._stream.read(size)


class _Counted:
    """How many bytes were read."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream, self.taken = stream, 0

    def read(self, size: int, /) -> bytes:
        piece = self._stream.read(size)
        self.taken += len(piece)
        return piece


class _Unpacked:
    def __init__(
        self, stream: ByteStream, name: str, packed: _Counted, limits: UnpackLimits
    ) -> None:
        self._stream, self._name = stream, name
        self._packed, self._limits, self._given = packed, limits, 0

    def read(self, size: int, /) -> bytes:
        piece = self._read(size)
        self._given += len(piece)
        if not self._limits.allows(self._given, self._packed.taken):
            raise errors.broken(
                "compression-ratio",
                self._name,
                None,
                f"more than {self._limits.ratio:g} bytes come out of each packed one",
                "Deliver it unpacked, or have the operator raise SOURCE_MAX_UNPACK_RATIO.",
            )
        return piece

    def _read(self, size: int) -> bytes:
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

    def __init__(self, stream: ByteStream, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(_UNREADABLE)
        self._started = False
        self._left = b""

    def read(self, size: int, /) -> bytes:
        while not self._left:
            piece = self._stream.read(max(size // 2, 1))
            decoded = self._decoder.decode(piece, final=not piece)
            if decoded and not self._started:
                self._started, decoded = True, decoded.removeprefix("\ufeff")
            self._left = decoded.encode(errors="surrogateescape")
            if not piece:
                break
        first, self._left = self._left[:size], self._left[size:]
        return first


def _unreadable(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end  # the byte FF once encoded, which UTF-8 has not


_UNREADABLE = "audience-export-unreadable"
codecs.register_error(_UNREADABLE, _unreadable)


def _zstd_file(stream: ByteStream, name: str) -> ByteStream:
    for module in ("compression.zstd", "backports.zstd"):  # the former from Python 3.14 on
        try:
            zstd: Any = importlib.import_module(module)
        except ImportError:
            continue
        return cast("ByteStream", zstd.ZstdFile(stream))
    raise errors.unreadable(
        name, "it is packed with zstd and this installation cannot unpack that; pack it with gzip"
    )


def _packing_broken(name: str) -> SourceError:
    return errors.broken(
        "compression-broken",
        name,
        None,
        "its compressed data is damaged or cut short",
        "Check that the delivery is complete and deliver the file again.",
    )
