"""The structure of CSV text, looked at before polars parses it.

polars takes NUL for text, ignores surplus fields and loses its way after a misplaced quote; a segment
read that way would silently be another one. So the positions of delimiters, quotes and line ends are
looked at first (numpy, no Python object per record), by the strict rules of RFC 4180, section 2
(https://www.rfc-editor.org/rfc/rfc4180). Text that breaks them goes to `app.sources.text.csv_repair`.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from app.sources.text.csv_repair import Dialect, Mender
from app.sources.text.errors import is_clean, uncleanness
from app.sources.text.line_blocks import MAX_RECORD_BYTES, Block, Malformed, Scan, first_too_long

_NEWLINE, _RETURN = 0x0A, 0x0D
_NOTHING = b' \t\r\n"'

Positions = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Marks:
    """Positions of the delimiters and line ends that count, and of the quotes around them."""

    positions: Positions
    is_end: Flags
    quotes: Positions


@dataclass(frozen=True)
class Scanner:
    """Finds where records and fields end, in text that starts with the start of a record.

    `fields` is how many names the header has, once that is known.
    """

    dialect: Dialect
    fields: int | None = None

    @cached_property
    def _mender(self) -> Mender:
        return Mender(self.dialect, self.fields)

    def __call__(self, data: bytes, *, stuck: bool = False) -> Scan[Marks]:
        """Look at all of the text; what follows the last whole record is left out."""
        scanned = self._marks(data)
        if not stuck and (scanned.too_long is not None or self._is_regular(data, scanned)):
            return scanned
        mended = self._mender.mend(data, stuck=stuck)
        again = self._marks(mended.text)
        return Scan(mended.end, again.records, again.found, mended.text, mended.malformed)

    def _marks(self, data: bytes) -> Scan[Marks]:
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
        positions, is_end = positions[:whole], is_end[:whole]
        too_long = first_too_long(positions[is_end]) if end > MAX_RECORD_BYTES else None
        return Scan(end, records, Marks(positions, is_end, quotes), too_long=too_long)

    def _is_regular(self, data: bytes, scanned: Scan[Marks]) -> bool:
        """Quotes stand where they may, and no record of several lines has a wrong number of fields."""
        if self.dialect.quote is None or not len(scanned.found.quotes):
            return True
        if not _well_quoted(data, scanned.found.quotes, self.dialect):
            return False
        if self.fields is None or data.count(b"\n", 0, scanned.end) == scanned.records:
            return True
        ends = np.flatnonzero(scanned.found.is_end)
        wrong = np.flatnonzero(np.diff(ends, prepend=-1) != self.fields)
        places = scanned.found.positions[ends]
        return not any(
            data.count(b"\n", int(places[at - 1]) + 1 if at else 0, int(places[at])) for at in wrong
        )


def _well_quoted(data: bytes, quotes: Positions, dialect: Dialect) -> bool:
    """A quote opens at the start of a field and closes at its end; within it is doubled."""
    letters = np.frombuffer(data, np.uint8)
    opening, closing = quotes[0::2], quotes[1::2]  # even in number: the last record ends outside
    before, after = letters[opening - 1], letters[closing + 1]
    opens, closes = opening == 0, after == _RETURN
    closes[closes] = letters[closing[closes] + 2] == _NEWLINE
    for edge in (ord(dialect.quote or ""), ord(dialect.delimiter), _NEWLINE):
        opens |= before == edge
        closes |= after == edge
    return bool(opens.all() and closes.all())


@dataclass(frozen=True, slots=True)
class Checked:
    """The members of a block, as text of whole records; some may be `short`, and end in empty fields."""

    data: bytes
    line: int
    members: int
    malformed: Malformed | None
    short: bool


@dataclass(slots=True)
class _Sorting:
    """The records of a block being told apart."""

    block: Block[Marks]
    dialect: Dialect
    keep: Flags = field(init=False)
    cuts: list[tuple[int, int]] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keep = np.ones(self.block.records, np.bool_)

    def kept(self, places: Positions) -> bytes:
        """The text of the records that are members, without surplus fields."""
        if not self.cuts and self.keep.all():
            return self.block.data
        letters = np.frombuffer(self.block.data, np.uint8)
        mask = np.repeat(self.keep, np.diff(places, prepend=-1))
        for start, end in self.cuts:
            mask[start:end] = False
        return letters[: len(mask)][mask].tobytes()

    def drop(self, at: int, code: str) -> None:
        """The record cannot be read."""
        if self.keep[at]:
            self.keep[at] = False
            self.faults[at] = code


def check_records(
    block: Block[Marks], dialect: Dialect, fields: int, *, last: bool = False
) -> Checked:
    """Tell members from blank lines, lines below a report and rows that cannot be read.

    Missing fields at the end of a row are empty ones, and surplus ones that are empty are nothing.
    """
    marks = block.found
    clean = is_clean(block.data)
    # as many marks as there should be, and every n-th of them ends a record
    regular = len(marks.is_end) == block.records * fields
    regular = regular and bool(marks.is_end[fields - 1 :: fields].all())
    if regular and fields > 1 and clean:
        return Checked(block.data, block.line, block.records, block.malformed, short=False)
    sorting = _Sorting(block, dialect)
    ends = np.flatnonzero(marks.is_end)
    places = marks.positions[ends]
    counts = np.diff(ends, prepend=-1)
    blank = _blank(block, places)
    sorting.keep &= ~blank
    for at in np.flatnonzero((counts > fields) & ~blank).tolist():
        surplus = int(marks.positions[(ends[at - 1] + 1 if at else 0) + fields - 1])
        if block.data[surplus : places[at]].strip(_NOTHING + dialect.delimiter.encode()):
            sorting.drop(at, "ragged-rows")
        else:
            sorting.cuts.append((surplus, int(places[at])))
    if last and fields >= _TABLE_FIELDS:
        for at in _below_a_report(counts, blank):
            sorting.drop(at, "report-lines")
    if not clean:
        _drop_unclean(sorting, places)
    short = bool((counts[sorting.keep] < fields).any())
    malformed = block.malformed
    if sorting.faults:
        first = min(sorting.faults)
        start = int(places[first - 1]) + 1 if first else 0
        line = block.line + block.data.count(b"\n", 0, start)
        before = 0 if malformed is None else malformed.rows
        if malformed is None or line < malformed.line:
            malformed = Malformed(0, line, sorting.faults[first])
        malformed = Malformed(before + len(sorting.faults), malformed.line, malformed.code)
    members = int(np.count_nonzero(sorting.keep))
    return Checked(sorting.kept(places), block.line, members, malformed, short)


_TABLE_FIELDS = 3


def _below_a_report(counts: Positions, blank: Flags) -> list[int]:
    """The lines of words that reports have below their table, after a blank line, to the end."""
    others = np.flatnonzero((counts > 1) & ~blank)
    start = int(others[-1]) + 1 if len(others) else 0
    after = np.flatnonzero(blank[start:])
    if not start or not len(after):
        return []
    first = start + int(after[0])
    return [first + int(at) for at in np.flatnonzero(~blank[first:])]


def _drop_unclean(sorting: _Sorting, places: Positions) -> None:
    start = 0
    for at, end in enumerate(places.tolist()):
        record = sorting.block.data[start:end]
        start = end + 1
        if not record.isascii() or b"\0" in record:
            code = uncleanness(record)
            if code is not None:
                sorting.drop(at, code)


def _blank(block: Block[Marks], ends: Positions) -> Flags:
    """Which of the records that end there are nothing but a line end."""
    lengths = np.diff(ends, prepend=-1) - 1
    letters = np.frombuffer(block.data, np.uint8)
    blank: Flags = (lengths == 0) | ((lengths == 1) & (letters[ends - 1] == _RETURN))
    return blank
