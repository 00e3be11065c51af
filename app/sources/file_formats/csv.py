"""CSV and its relatives: always text, so that `0150` stays `0150`.

What is not told of a file (encoding, delimiter) is guessed from its start; `known` is what was guessed
when the source was first looked at, and a file of another shape is refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import polars as pl

from app.sources import errors
from app.sources.limits.parquet_footer import UnpackLimits
from app.sources.malformed_rows import Losses
from app.sources.member_source import Attribute
from app.sources.storage.file import OpenedFile
from app.sources.text.csv_dialect import (
    SAMPLE_BYTES,
    Shape,
    guess_delimiter,
    other_shape,
    separator_line,
    settled_encoding,
)
from app.sources.text.csv_header import read_header
from app.sources.text.csv_records import Checked, Marks, Scanner, check_records
from app.sources.text.csv_repair import Dialect
from app.sources.text.decoding import Peeked, unpacked, utf8_stream
from app.sources.text.errors import TextFile
from app.sources.text.line_blocks import Block, blocks


@dataclass(frozen=True, slots=True)
class _Table:
    """A file whose header has been read: its shape, its columns, and its rows block by block."""

    dialect: Dialect
    encoding: str
    header: list[str]
    blocks: Iterator[Block[Marks]]


@dataclass(frozen=True, slots=True)
class DelimitedFormat:
    """Delimited text with a header line; see `app.sources.file_formats.by_extension.Format`.

    `delimiter` and `encoding` are guessed if None, the former with `usual` where nothing is plain.
    """

    delimiter: str | None = None
    quote: str | None = '"'
    encoding: str | None = None
    usual: str = ","
    known: Shape | None = None
    limits: UnpackLimits = field(default_factory=UnpackLimits)
    fixed_columns: ClassVar[bool] = True

    def like(self, shape: Shape | None) -> "DelimitedFormat":
        """For files that must be as one that was seen."""
        return self if self.known else replace(self, known=shape)

    def shape(self, file: OpenedFile, name: str) -> Shape:
        """How the file is written."""
        table = self._table(file, TextFile(name, "csv"), rows=1)
        return Shape(table.encoding, table.dialect.delimiter, table.dialect.quote, header=True)

    def attributes(self, file: OpenedFile, name: str) -> list[Attribute]:
        """The header's names, all of them `string`; a column without a name is left out."""
        table = self._table(file, TextFile(name, "csv"), rows=1)
        return [Attribute(column, "string") for column in table.header if column]

    def count(self, file: OpenedFile, name: str, losses: Losses) -> int:
        """Reads and checks everything, keeps nothing."""
        text = TextFile(name, "csv")
        table = self._table(file, text, rows=100_000)
        return sum(checked.members for checked in _checked(table, text, losses))

    def chunks(
        self, file: OpenedFile, name: str, columns: Sequence[str], rows: int, losses: Losses
    ) -> Iterator[pl.DataFrame]:
        """String frames; empty fields, quoted or not, are null; blank lines are no members."""
        text = TextFile(name, "csv")
        table = self._table(file, text, rows=rows)
        there = {column: place for place, column in enumerate(table.header)}
        missing = [column for column in columns if column not in there]
        if missing:
            hint = (
                " The header holds a single column: if its names are separated by another "
                'character, set "delimiter".'
            )
            raise errors.attribute_missing(name, missing, hint if len(table.header) == 1 else "")
        places = [there[column] for column in columns]
        for checked in _checked(table, text, losses):
            yield from parse(
                checked, text, table.dialect, columns, places, len(table.header)
            ).iter_slices(rows)

    def _table(self, file: OpenedFile, text: TextFile, *, rows: int) -> _Table:
        raw = Peeked(unpacked(file.stream(), text.name, self.limits), SAMPLE_BYTES)
        encoding = settled_encoding(raw.head, text, self.encoding, self.known)
        stream = Peeked(utf8_stream(raw, text, encoding), SAMPLE_BYTES)
        if not stream.head:
            raise errors.empty(text.name, "the file has no header line")
        told, line = separator_line(stream.head), 1
        if told:
            stream.head, line = stream.head[told[1] :], 2
        delimiter = self.delimiter or (told and told[0]) or self._delimiter(stream.head, text)
        dialect = Dialect(delimiter, None if self.quote == delimiter else self.quote)
        header, end, lines = read_header(stream.head, text, dialect, line, ended=stream.ended)
        stream.head = stream.head[end:]
        scanner = Scanner(dialect, len(header))
        found = blocks(stream, text, scanner, rows=rows, line=line + lines)
        return _Table(dialect, encoding, header, found)

    def _delimiter(self, sample: bytes, text: TextFile) -> str:
        known = self.known and self.known.delimiter
        guessed = guess_delimiter(sample, known or self.usual, self.quote)
        if known and guessed != known:
            raise other_shape(text, "delimiter", known)
        return guessed


def _checked(table: _Table, text: TextFile, losses: Losses) -> Iterator[Checked]:
    """Every block with its members told apart; one is held back to know the last."""
    held = next(table.blocks, None)
    while held is not None:
        following = next(table.blocks, None)
        if table.dialect.quote != '"' and _has_quoted_cell(held.data, table.dialect.delimiter):
            raise text.fault("quoted-cells", held.line)
        checked = check_records(held, table.dialect, len(table.header), last=following is None)
        bad = checked.malformed
        losses.note(
            checked.members,
            bad.rows if bad else 0,
            text.fault(bad.code, bad.line) if bad else None,
        )
        yield checked
        held = following


def _has_quoted_cell(data: bytes, delimiter: str) -> bool:
    """Whether a field begins and ends with a double quote though these have no meaning."""
    if b'"' not in data:
        return False
    letters = np.frombuffer(b"\n" + data.replace(b"\r\n", b"\n") + b"\n", np.uint8)
    edges = np.flatnonzero((letters == ord("\n")) | (letters == ord(delimiter)))
    first, last = letters[edges[:-1] + 1], letters[edges[1:] - 1]
    quoted = (first == ord('"')) & (last == ord('"')) & (np.diff(edges) > 2)
    return bool(quoted.any())


def parse(
    checked: Checked,
    text: TextFile,
    dialect: Dialect,
    columns: Sequence[str],
    places: Sequence[int],
    fields: int,
) -> pl.DataFrame:
    """The fields at these places of a checked block, as text with `""` as null.

    `fields` is how many each record has. Raises `…-malformed` if polars disagrees.
    """
    data, records = checked.data, checked.members
    if not records:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    in_file = sorted(places)
    # polars takes the number of columns from the first row
    rule = (dialect.delimiter * (fields - 1) + "\n").encode() if checked.short else b""
    try:
        frame = pl.read_csv(
            rule + data,
            has_header=False,
            columns=in_file,
            separator=dialect.delimiter,
            quote_char=dialect.quote,
            infer_schema=False,
        )[len(rule[:1]) :]
    except pl.exceptions.PolarsError:
        frame = pl.DataFrame()  # the message quotes the value polars stumbled over
    if frame.shape != (records, len(places)):
        raise text.fault("malformed", checked.line)
    read = dict(zip(in_file, frame.columns, strict=True))
    named = [
        pl.col(read[place]).alias(column) for place, column in zip(places, columns, strict=True)
    ]
    if dialect.quote and _has_pair(data, ord(dialect.quote)):
        named = [pl.when(value != "").then(value) for value in named]
    return frame.select(named)


def _has_pair(data: bytes, letter: int) -> bool:
    """Whether the letter stands twice in a row (a search in bytes is slow where it is frequent)."""
    found = np.frombuffer(data, np.uint8) == letter
    return bool((found[1:] & found[:-1]).any())
