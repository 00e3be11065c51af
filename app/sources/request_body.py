"""Members that arrive as the body of a request: read once, in bounded memory, never put on a disk.

Parquet keeps its directory at the end, so such a body is held in memory, up to a bound.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import IO, Any

import polars as pl

from app.errors import ContentTooLarge, SourceError
from app.sources.file_formats.by_extension import format_of
from app.sources.limits.parquet_footer import UnpackLimits
from app.sources.malformed_rows import Losses
from app.sources.storage.file import ByteStream, OpenedFile
from app.sources.text.decoding import unpacked

NAME = "The body"
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bounds of a body in bytes: as received and unpacked, and of one that is Parquet."""

    max_bytes: int
    max_parquet_bytes: int
    unpacking: UnpackLimits = field(default_factory=UnpackLimits)


@dataclass(frozen=True, slots=True)
class MembersOfBody:
    """What a body brings: frames of members, and which of Meta's keys their columns are.

    `columns`: the frames' columns by key; a key may have several, as Meta's own template has three for
    e-mail addresses. `told`: the keys the body's start has. `ignored`: columns of that template that are
    no keys.
    """

    columns: Mapping[str, Sequence[str]]
    told: frozenset[str]
    frames: Iterator[pl.DataFrame]
    ignored: Sequence[str]


def members_of_body(
    raw: ByteStream,
    options: Mapping[str, Any],
    known: Sequence[str],
    limits: BodyLimits,
    losses: Losses,
    *,
    rows: int = 100_000,
) -> MembersOfBody:
    """The columns the body tells of at its start, and frames of its members.

    `options` as those of a file source: `format`, `encoding`. All columns must be among the `known`
    keys, in either case, or in Meta's template; one that may have several values may come several times.
    Frames of NDJSON have all known columns, since a later line may bring another one.
    Rows that cannot be read are left out and counted in `losses`; its owner settles it at the end.

    Raises `SourceError` (`attribute-unknown`, the codes of the formats) and `ContentTooLarge`
    (`content-too-large`, `parquet-too-large`), from here or from the frames.
    """
    reader = format_of(options, (), limits.unpacking)
    limited = _Limited(raw, limits.max_bytes)
    body: OpenedFile
    if options["format"] == "parquet":
        body = _Held(_whole(limited, limits.max_parquet_bytes))
    else:
        body = _Replayed(_Limited(unpacked(limited, NAME, limits.unpacking), limits.max_bytes))
    names = [attribute.name for attribute in reader.attributes(body, NAME)]
    columns: dict[str, list[str]] = {}
    ignored = []
    for number, name in enumerate(names, 1):
        key = _key_of(name, known)
        if name.lower() in _TEMPLATE_ONLY:
            ignored.append(name)
        elif key is None or (key in columns and key not in _SEVERAL):
            raise _unknown(number, name if key is None else "", known)
        else:
            columns.setdefault(key, []).append(name)
    told = frozenset(columns)
    if not reader.fixed_columns:
        columns |= {key: [key] for key in known if key not in columns}
    wanted = [name for several in columns.values() for name in several]
    return MembersOfBody(columns, told, reader.chunks(body, NAME, wanted, rows, losses), ignored)


# https://www.facebook.com/business/help/606443329504150 (the template of customer lists)
_TEMPLATE_NAMES = {"VALUE": "LOOKALIKE_VALUE"}
_TEMPLATE_ONLY = frozenset({"age", "uid"})
_SEVERAL = frozenset({"EMAIL", "PHONE"})
_LETTERS = re.compile(r"[^A-Z_]+")


def _key_of(name: str, known: Sequence[str]) -> str | None:
    written = name.strip().upper()
    base, _, number = written.rpartition("_")
    for candidate in (written, base if number.isdigit() and base in _SEVERAL else ""):
        key = _TEMPLATE_NAMES.get(candidate, candidate)
        if key in known:
            return key
    return None


def _unknown(number: int, name: str, known: Sequence[str]) -> SourceError:
    # its name is not repeated: where a header is missing it is a member's value
    near = get_close_matches(_LETTERS.sub("", name.upper()), known, 1, 0.6)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return SourceError(
        f"{NAME}: column {number} has a name that is none of Meta's keys{hint}, or that of another column. "
        f"Call the columns {', '.join(known)}, and leave out what is none of these.",
        code="attribute-unknown",
        column=number,
    )


class _Limited:
    """Ends with an error where the bound is."""

    def __init__(self, stream: ByteStream, most: int) -> None:
        self._stream, self._most, self._seen = stream, most, 0

    def read(self, size: int, /) -> bytes:
        piece = self._stream.read(size)
        self._seen += len(piece)
        if self._seen > self._most:
            raise ContentTooLarge(
                f"The members may take at most {self._most:,} bytes (unpacked); push fewer, or have "
                "the operator raise UPLOAD_MAX_BYTES."
            )
        return piece


class _Replayed:
    """A stream as a file that can be begun twice: to look at its columns, and to read it."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._seen = bytearray()
        self._looked = False

    def stream(self) -> ByteStream:
        if not self._looked:
            self._looked = True
            return _Noting(self._stream, self._seen)
        return _Chained(io.BytesIO(self._seen), self._stream)

    size = 0  # text only

    def part(self, start: int, size: int) -> bytes:
        raise NotImplementedError

    def scannable(self) -> IO[bytes]:
        raise NotImplementedError

    def verify(self) -> None:
        """Nobody can change what arrives once."""


@dataclass(frozen=True, slots=True)
class _Noting:
    source: ByteStream
    seen: bytearray

    def read(self, size: int, /) -> bytes:
        piece = self.source.read(size)
        self.seen.extend(piece)
        return piece


@dataclass(frozen=True, slots=True)
class _Chained:
    first: io.BytesIO
    then: ByteStream

    def read(self, size: int, /) -> bytes:
        return self.first.read(size) or self.then.read(size)


@dataclass(frozen=True, slots=True)
class _Held:
    """A body in memory."""

    data: io.BytesIO

    def stream(self) -> ByteStream:
        self.data.seek(0)
        return self.data

    @property
    def size(self) -> int:
        return self.data.getbuffer().nbytes

    def part(self, start: int, size: int) -> bytes:
        return bytes(self.data.getbuffer()[start : start + size])

    def scannable(self) -> IO[bytes]:
        self.data.seek(0)
        return self.data

    def verify(self) -> None:
        """Nobody can change what arrived."""


def _whole(stream: ByteStream, most: int) -> io.BytesIO:
    data = io.BytesIO()
    while piece := stream.read(_PIECE_BYTES):
        if data.tell() + len(piece) > most:
            raise ContentTooLarge(
                f"A Parquet body may have at most {most:,} bytes, since it is held in memory. Push "
                "more members as CSV or NDJSON, which may be packed with gzip or zstd.",
                code="parquet-too-large",
            )
        data.write(piece)
    return data
