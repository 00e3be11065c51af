"""One JSON object a line; values become text whatever their type, because types may be mixed.

polars reads the plain lines. Those on which readers of JSON differ are rewritten first, one by one,
by the rules of `app.sources.text.json_line`: so a line means the same wherever in the file it stands.
"""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import ClassVar, Self

import numpy as np
import orjson
import polars as pl

from app.sources.limits.parquet_footer import UnpackLimits
from app.sources.malformed_rows import Losses
from app.sources.member_source import Attribute
from app.sources.storage.file import OpenedFile
from app.sources.text.csv_dialect import SAMPLE_BYTES, Shape, guess_encoding, settled_encoding
from app.sources.text.decoding import UTF8, Peeked, unpacked, utf8_stream
from app.sources.text.errors import TextFile, is_clean, uncleanness
from app.sources.text.json_line import parsed, rewritten
from app.sources.text.line_blocks import (
    MAX_RECORD_BYTES,
    Block,
    Malformed,
    Scan,
    blocks,
    first_too_long,
)

_SAMPLE_ROWS = 1_000
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number"}
# halves of emoji, NUL, and keys whose plain letters are escaped
_DOUBTFUL = re.compile(
    rb'\\u[dD][89a-fA-F]|\\u0000|\\u00[2-7][0-9a-fA-F][^"\\]*+(?:\\.[^"\\]*+)*+"\s*+:'
)


@dataclass(frozen=True, slots=True)
class NdjsonFormat:
    """Lines of JSON objects; see `app.sources.file_formats.by_extension.Format`."""

    encoding: str | None = None
    known: Shape | None = None
    limits: UnpackLimits = field(default_factory=UnpackLimits)
    fixed_columns: ClassVar[bool] = False

    def like(self, shape: Shape | None) -> Self:
        """For files that must be as one that was seen."""
        return self if self.known else replace(self, known=shape)

    def shape(self, file: OpenedFile, name: str) -> Shape:
        """How the file is written."""
        raw = Peeked(unpacked(file.stream(), name, self.limits), SAMPLE_BYTES)
        return Shape(self._encoding(raw, TextFile(name, "ndjson")))

    def attributes(self, file: OpenedFile, name: str) -> list[Attribute]:
        """Keys and types of the first 1,000 lines; a key of several types is a `string`."""
        text = TextFile(name, "ndjson")
        seen: dict[str, set[str]] = {}
        losses = Losses()
        for block in islice(self._blocks(file, text, _SAMPLE_ROWS), 1):
            rows = block.data.split(b"\n")[:_SAMPLE_ROWS]
            for at, line in enumerate(rows):
                code = uncleanness(line)
                values = None if code else parsed(line)
                if values is None:
                    losses.note(0, 1, text.fault(code or "bad-line", block.line + at))
                    continue
                losses.note(bool(values), 0, None)
                for key, value in values.items():
                    types = seen.setdefault(key, set())
                    if value is not None:
                        types.add(_type_of(value))
        losses.settle()
        return [Attribute(key, _common(types)) for key, types in seen.items()]

    def count(self, file: OpenedFile, name: str, losses: Losses) -> int:
        """Parses everything, keeps nothing."""
        return sum(frame.height for frame in self.chunks(file, name, [""], 100_000, losses))

    def chunks(
        self, file: OpenedFile, name: str, columns: Sequence[str], rows: int, losses: Losses
    ) -> Iterator[pl.DataFrame]:
        """String frames: numbers as written by JSON, nested values as JSON text, `""` as null.

        A value that readers of JSON disagree on (half an emoji, a key given twice with two values, NaN)
        holds U+FFFD, which is no letter.
        """
        text = TextFile(name, "ndjson")
        for block in self._blocks(file, text, rows):
            frame, bad = _frame(block, columns)
            losses.note(
                frame.height,
                bad.rows if bad else 0,
                text.fault(bad.code, bad.line) if bad else None,
            )
            yield from frame.select(pl.when(pl.all() != "").then(pl.all())).iter_slices(rows)

    def _encoding(self, raw: Peeked, text: TextFile) -> str:
        """JSON is UTF-8 (RFC 8259, section 8.1), or UTF-16 where a spreadsheet program had it."""
        if self.encoding is None and not (guess_encoding(raw.head) or "").startswith("utf-16"):
            return self.known.encoding if self.known else UTF8
        return settled_encoding(raw.head, text, self.encoding, self.known)

    def _blocks(self, file: OpenedFile, text: TextFile, rows: int) -> Iterator[Block[None]]:
        raw = Peeked(unpacked(file.stream(), text.name, self.limits), SAMPLE_BYTES)
        stream = utf8_stream(raw, text, self._encoding(raw, text))
        return blocks(stream, text, _scan_lines, rows=rows)


def _scan_lines(data: bytes, *, stuck: bool = False) -> Scan[None]:  # noqa: ARG001 - a line just ends
    end, too_long = data.rfind(b"\n") + 1, None
    if end > MAX_RECORD_BYTES:
        too_long = first_too_long(np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")))
    return Scan(end, data.count(b"\n"), None, too_long=too_long)


def _frame(block: Block[None], columns: Sequence[str]) -> tuple[pl.DataFrame, Malformed | None]:
    """The block's members, and what of it are none."""
    plain = is_clean(block.data)
    frame = _read(block.data, columns) if plain else None
    if frame is not None and not _DOUBTFUL.search(block.data):
        lines = _to_rewrite(block.data, frame, columns)
        if not lines:
            return frame, None
    else:
        lines = None
    return _rewritten_frame(block, columns, lines, polars_could=frame is not None)


def _rewritten_frame(
    block: Block[None], columns: Sequence[str], chosen: set[int] | None, *, polars_could: bool
) -> tuple[pl.DataFrame, Malformed | None]:
    """With the chosen lines rewritten; None are those that are doubtful by themselves."""
    lines = block.data.split(b"\n")
    bad: dict[int, str] = {}
    for at, line in enumerate(lines):
        if not line.strip():
            continue
        code = uncleanness(line) if chosen is None else None
        if code is None and _must_rewrite(at, line, chosen, polars_could=polars_could):
            own = rewritten(line, columns)
            code, lines[at] = ("bad-line", b"") if own is None else (None, own)
        if code is not None:
            bad[at], lines[at] = code, b""
    data = b"\n".join(lines)
    frame = _read(data, columns)
    if chosen is None:
        more = set(range(len(lines))) if frame is None else _to_rewrite(data, frame, columns)
        if more:
            again = Block(data, block.line, block.records, None)
            frame, _ = _rewritten_frame(again, columns, more, polars_could=False)
    if frame is None:  # what is rewritten can be read
        frame = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        bad |= {at: "bad-line" for at, line in enumerate(lines) if line.strip()}
    first = min(bad, default=None)
    if first is None:
        return frame, None
    return frame, Malformed(len(bad), block.line + first, bad[first])


def _must_rewrite(at: int, line: bytes, chosen: set[int] | None, *, polars_could: bool) -> bool:
    if chosen is not None:
        return at in chosen
    return bool(_DOUBTFUL.search(line)) or not (polars_could or _is_plain(line))


def _to_rewrite(data: bytes, frame: pl.DataFrame, columns: Sequence[str]) -> set[int]:
    """The lines that polars read, but may have read otherwise than we mean."""
    found: set[int] = set()
    lines: list[bytes] | None = None
    escaped = b"\\u" in data
    for column in columns:
        if not column:
            continue  # asked for by who only counts
        cells = frame[column]
        token = orjson.dumps(column)
        if data.count(token) != frame.height - cells.null_count():
            # a null, the name of something inside, or a key that comes twice
            lines = lines or data.split(b"\n")
            found.update(at for at, line in enumerate(lines) if line.count(token) > 1)
        if escaped and not column.isascii():
            lines = lines or data.split(b"\n")
            found.update(at for at, line in enumerate(lines) if b"\\u" in line)
        nested = (cells.str.starts_with("[") | cells.str.starts_with("{")).arg_true()
        if len(nested):
            lines = lines or data.split(b"\n")
            rows = [at for at, line in enumerate(lines) if line.strip()]
            found.update(rows[row] for row in nested)
    return found


def _is_plain(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _read(data: bytes, columns: Sequence[str]) -> pl.DataFrame | None:
    """What polars makes of the lines; None if it refuses one, for its message quotes it."""
    try:
        return pl.read_ndjson(io.BytesIO(data), schema=dict.fromkeys(columns, pl.String))
    except pl.exceptions.PolarsError:
        return None


def _type_of(value: object) -> str:
    if isinstance(value, list) and all(type(item) is str for item in value):
        return "list"
    return _TYPES.get(type(value), "other")


def _common(types: set[str]) -> str:
    if len(types) == 1:
        return next(iter(types))
    return "number" if types == {"integer", "number"} else "string"
