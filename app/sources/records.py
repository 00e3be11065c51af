"""The structure of CSV text, checked before polars parses it.

polars fills short rows with nulls, takes NUL for text and ignores surplus fields of columns it
does not project; a segment read that way would silently be another one. So the positions of
delimiters, quotes and line ends are looked at first (numpy, no Python object per record), by the
strict rules of RFC 4180, section 2 (https://www.rfc-editor.org/rfc/rfc4180).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.sources.blocks import Block, Scan
from app.sources.texts import TextFile

_NEWLINE, _RETURN = 0x0A, 0x0D

Positions = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How fields are separated and quoted; without `quote`, quotes are ordinary letters."""

    delimiter: str = ","
    quote: str | None = '"'


@dataclass(frozen=True, slots=True)
class Marks:
    """Positions of the delimiters and line ends that count, and of the quotes around them."""

    positions: Positions
    is_end: Flags
    quotes: Positions


@dataclass(frozen=True, slots=True)
class Scanner:
    """Finds where records and fields end, in text that starts with the start of a record."""

    dialect: Dialect

    def __call__(self, data: bytes) -> Scan[Marks]:
        """Look at all of the text; what follows the last whole record is left out."""
        letters = np.frombuffer(data, np.uint8)
        quote = self.dialect.quote.encode() if self.dialect.quote else None
        special = letters == _NEWLINE
        special |= letters == ord(self.dialect.delimiter)
        quotes: Positions = np.empty(0, np.intp)
        if quote is None or quote not in data:
            positions = np.flatnonzero(special)
            kinds = letters[positions]
        else:
            special |= letters == quote[0]
            positions = np.flatnonzero(special)
            kinds = letters[positions]
            is_quote = kinds == quote[0]
            quotes = positions[is_quote]
            # within quotes after an odd number of them (a doubled one changes nothing)
            inside = np.cumsum(is_quote, dtype=np.uint8) & 1
            counts = ~(is_quote | inside.view(np.bool_))
            positions, kinds = positions[counts], kinds[counts]
        is_end = kinds == _NEWLINE
        records = int(np.count_nonzero(is_end))
        if not records:
            return Scan(0, 0, Marks(positions[:0], is_end[:0], quotes[:0]))
        whole = len(is_end) - int(is_end[::-1].argmax())
        end = int(positions[whole - 1]) + 1
        quotes = quotes[: np.searchsorted(quotes, end)]
        return Scan(end, records, Marks(positions[:whole], is_end[:whole], quotes))


def check_records(
    block: Block[Marks], text: TextFile, dialect: Dialect, fields: int
) -> Flags | None:
    """Refuse misplaced quotes, and records of another number of fields than the header.

    Returns None, or a mask of the records to keep if there are blank lines (which are no members).
    """
    marks = block.found
    check_quotes(block, text, dialect)
    # as many marks as there should be, and every n-th of them ends a record
    regular = len(marks.is_end) == block.records * fields
    regular = regular and bool(marks.is_end[fields - 1 :: fields].all())
    if regular and fields > 1:
        return None
    ends = np.flatnonzero(marks.is_end)
    counts = np.diff(ends, prepend=-1)
    blank = _blank(block, marks.positions[ends])
    wrong = np.flatnonzero((counts != fields) & ~blank)
    if len(wrong):
        first = int(wrong[0])
        start = int(marks.positions[ends[first - 1]]) + 1 if first else 0
        raise text.fault(
            "ragged-rows",
            block.line + block.data.count(b"\n", 0, start),
            f"the row has {counts[first]} fields where the header has {fields}",
            "Put quotes around values that hold the delimiter, or correct the row.",
        )
    return ~blank if blank.any() else None


def _blank(block: Block[Marks], ends: Positions) -> Flags:
    """Which of the records that end there are nothing but a line end."""
    lengths = np.diff(ends, prepend=-1) - 1
    letters = np.frombuffer(block.data, np.uint8)
    blank: Flags = (lengths == 0) | ((lengths == 1) & (letters[ends - 1] == _RETURN))
    return blank


def check_quotes(block: Block[Marks], text: TextFile, dialect: Dialect) -> None:
    """A quote opens at the start of a field and closes at its end; within it is doubled."""
    quotes = block.found.quotes
    if dialect.quote is None or not len(quotes):
        return
    letters = np.frombuffer(block.data, np.uint8)
    opening, closing = quotes[0::2], quotes[1::2]  # even in number: the block ends outside
    before, after = letters[opening - 1], letters[closing + 1]
    opens, closes = opening == 0, after == _RETURN
    closes[closes] = letters[closing[closes] + 2] == _NEWLINE
    for edge in (ord(dialect.quote), ord(dialect.delimiter), _NEWLINE):
        opens |= before == edge
        closes |= after == edge
    if opens.all() and closes.all():
        return
    at = min(int(place) for place in [*opening[~opens][:1], *closing[~closes][:1]])
    raise text.fault(
        "stray-quote",
        block.line + block.data.count(b"\n", 0, at),
        "a quote stands inside a field",
        'Put quotes around the whole field and double the inner ones, or set "quote" to null if '
        "quotes have no meaning in this file.",
    )
