"""CSV and its relatives: always text, so that `0150` stays `0150`."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from app.sources import faults
from app.sources.blocks import Block, blocks
from app.sources.files import OpenedFile
from app.sources.port import Attribute
from app.sources.records import Dialect, Flags, Marks, Scanner, check_quotes, check_records
from app.sources.streams import UTF8, utf8_stream
from app.sources.texts import TextFile, check_text


@dataclass(frozen=True, slots=True)
class _Table:
    """A file whose header has been read: its columns, and its rows block by block."""

    header: list[str]
    blocks: Iterator[Block[Marks]]


@dataclass(frozen=True, slots=True)
class DelimitedFormat:
    """Delimited text with a header line; see `app.sources.formats.Format`."""

    dialect: Dialect
    encoding: str = UTF8
    fixed_columns: ClassVar[bool] = True

    def attributes(self, file: OpenedFile, name: str) -> list[Attribute]:
        """The header's names, all of them `string`; a column without a name is left out."""
        table = self._table(file, TextFile(name, "csv"), rows=1)
        return [Attribute(column, "string") for column in table.header if column]

    def count(self, file: OpenedFile, name: str) -> int:
        """Reads and checks everything, keeps nothing."""
        text = TextFile(name, "csv")
        table = self._table(file, text, rows=100_000)
        return sum(
            block.records if keep is None else int(keep.sum())
            for block, keep in self._checked(table, text)
        )

    def chunks(
        self, file: OpenedFile, name: str, columns: Sequence[str], rows: int
    ) -> Iterator[pl.DataFrame]:
        """String frames; empty fields, quoted or not, are null; blank lines are no members."""
        text = TextFile(name, "csv")
        table = self._table(file, text, rows=rows)
        missing = [column for column in columns if column not in table.header]
        if missing:
            hint = (
                " The header holds a single column: if its names are separated by another "
                'character, set "delimiter".'
            )
            raise faults.attribute_missing(name, missing, hint if len(table.header) == 1 else "")
        places = [table.header.index(column) for column in columns]
        for block, keep in self._checked(table, text):
            yield from parse(block, keep, text, self.dialect, columns, places).iter_slices(rows)

    def _table(self, file: OpenedFile, text: TextFile, *, rows: int) -> _Table:
        stream = utf8_stream(file.stream(), text, self.encoding)
        found = blocks(stream, text, Scanner(self.dialect), rows=rows)
        first = next(found, None)
        if first is None:
            raise faults.empty(text.name, "the file has no header line")
        check_text(first.data, text, first.line)
        check_quotes(first, text, self.dialect)
        end = int(first.found.positions[first.found.is_end.argmax()]) + 1
        header = self._header(first.data[:end].decode(), text)
        rest, line = first.data[end:], first.line + first.data.count(b"\n", 0, end)
        scan = Scanner(self.dialect)(rest)
        return _Table(header, _chain(Block(rest, line, scan.records, scan.found), found))

    def _header(self, line: str, text: TextFile) -> list[str]:
        quote = self.dialect.quote
        line = line.removesuffix("\n").removesuffix("\r")
        if "\r" in line and not (quote and quote in line):
            raise text.fault(
                "line-ends",
                1,
                "lines end with a carriage return only",
                "Save the file with line feeds (Unix) or both (Windows).",
            )
        header = next(
            csv.reader(
                [line],
                delimiter=self.dialect.delimiter,
                quotechar=quote,
                quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
            ),
            [],
        )
        # a name is not repeated in an error: without a header line it would be a member's value
        if not any(header) or any("@" in name for name in header):
            raise text.fault(
                "header-missing",
                1,
                "the first line is not a header (it is blank, or holds an e-mail address)",
                "Put the names of the columns into the first line.",
            )
        for place, name in enumerate(header):
            if name and (before := header.index(name)) < place:
                raise text.fault(
                    "duplicate-columns",
                    1,
                    f"columns {before + 1} and {place + 1} of the header have the same name",
                    "Give every column a name of its own.",
                )
        return header

    def _checked(
        self, table: _Table, text: TextFile
    ) -> Iterator[tuple[Block[Marks], Flags | None]]:
        for block in table.blocks:
            check_text(block.data, text, block.line)
            yield block, check_records(block, text, self.dialect, len(table.header))


def parse(
    block: Block[Marks],
    keep: Flags | None,
    text: TextFile,
    dialect: Dialect,
    columns: Sequence[str],
    places: Sequence[int],
) -> pl.DataFrame:
    """The fields at these places of a checked block, as text with `""` as null.

    `keep` is a mask of the records that count. Raises `…-malformed` if polars disagrees.
    """
    data = block.data if keep is None else _without(block, keep)
    records = block.records if keep is None else int(keep.sum())
    if not records:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    in_file = sorted(places)
    try:
        frame = pl.read_csv(
            data,
            has_header=False,
            columns=in_file,
            separator=dialect.delimiter,
            quote_char=dialect.quote,
            infer_schema=False,
        )
    except pl.exceptions.PolarsError:
        frame = pl.DataFrame()  # the message quotes the value polars stumbled over
    if frame.shape != (records, len(places)):
        raise text.fault(
            "malformed",
            block.line,
            "the text from here on cannot be told apart into rows and fields",
            'Check "delimiter" and "quote", and that the file is CSV (RFC 4180).',
        )
    read = dict(zip(in_file, frame.columns, strict=True))
    named = [
        pl.col(read[place]).alias(column) for place, column in zip(places, columns, strict=True)
    ]
    if dialect.quote and _has_pair(data, ord(dialect.quote)):
        named = [pl.when(value != "").then(value) for value in named]
    return frame.select(named)


def _chain(first: Block[Marks], others: Iterator[Block[Marks]]) -> Iterator[Block[Marks]]:
    if first.records:
        yield first
    yield from others


def _without(block: Block[Marks], keep: Flags) -> bytes:
    """The block's text without the records that are not kept."""
    ends = block.found.positions[block.found.is_end]
    letters = np.frombuffer(block.data, np.uint8)
    return letters[np.repeat(keep, np.diff(ends, prepend=-1))].tobytes()


def _has_pair(data: bytes, letter: int) -> bool:
    """Whether the letter stands twice in a row (a search in bytes is slow where it is frequent)."""
    found = np.frombuffer(data, np.uint8) == letter
    return bool((found[1:] & found[:-1]).any())
