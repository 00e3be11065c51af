"""One JSON object a line; values become text whatever their type, because types may be mixed."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

import orjson
import polars as pl

from app.errors import SourceError
from app.sources.blocks import Block, Scan, blocks
from app.sources.files import OpenedFile
from app.sources.port import Attribute
from app.sources.streams import UTF8, utf8_stream
from app.sources.texts import TextFile, check_text

_SAMPLE_ROWS = 1_000
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number"}


@dataclass(frozen=True, slots=True)
class NdjsonFormat:
    """Lines of JSON objects; see `app.sources.formats.Format`."""

    encoding: str = UTF8
    fixed_columns: ClassVar[bool] = False

    def attributes(self, file: OpenedFile, name: str) -> list[Attribute]:
        """Keys and types of the first 1,000 lines; a key of several types is a `string`."""
        text = TextFile(name, "ndjson")
        seen: dict[str, set[str]] = {}
        for block in islice(self._blocks(file, text, _SAMPLE_ROWS), 1):
            for at, line in enumerate(block.data.splitlines()[:_SAMPLE_ROWS]):
                for key, value in _object(line, text, block.line + at).items():
                    types = seen.setdefault(key, set())
                    if value is not None:
                        types.add(_TYPES.get(type(value), "other"))
        return [Attribute(key, _common(types)) for key, types in seen.items()]

    def count(self, file: OpenedFile, name: str) -> int:
        """Parses everything, keeps nothing."""
        return sum(frame.height for frame in self.chunks(file, name, [""], 100_000))

    def chunks(
        self, file: OpenedFile, name: str, columns: Sequence[str], rows: int
    ) -> Iterator[pl.DataFrame]:
        """String frames: numbers as written by JSON, nested values as JSON text, `""` as null."""
        text = TextFile(name, "ndjson")
        schema = dict.fromkeys(columns, pl.String)
        for block in self._blocks(file, text, rows):
            try:
                frame = pl.read_ndjson(io.BytesIO(block.data), schema=schema)
            except pl.exceptions.PolarsError:
                raise _bad_line(block, text) from None  # polars quotes the text it stumbled over
            yield from frame.select(pl.when(pl.all() != "").then(pl.all())).iter_slices(rows)

    def _blocks(self, file: OpenedFile, text: TextFile, rows: int) -> Iterator[Block[None]]:
        stream = utf8_stream(file.stream(), text, self.encoding)
        for block in blocks(stream, text, _scan_lines, rows=rows):
            check_text(block.data, text, block.line)
            yield block


def _scan_lines(data: bytes) -> Scan[None]:
    return Scan(data.rfind(b"\n") + 1, data.count(b"\n"), None)


def _object(line: bytes, text: TextFile, number: int) -> dict[str, object]:
    if not line.strip():
        return {}
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise _refusal(text, number) from None
    return value


def _bad_line(block: Block[None], text: TextFile) -> SourceError:
    """Look for the line that polars refused; it says neither which nor without its content."""
    for at, line in enumerate(block.data.split(b"\n")):
        try:
            _object(line, text, block.line + at)
        except SourceError as error:
            return error
    return _refusal(text, block.line)


def _refusal(text: TextFile, line: int) -> SourceError:
    return text.fault(
        "bad-line",
        line,
        "the line is not one JSON object",
        "Write every member as one object on one line.",
    )


def _common(types: set[str]) -> str:
    if len(types) == 1:
        return next(iter(types))
    return "number" if types == {"integer", "number"} else "string"
