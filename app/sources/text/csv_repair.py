"""Delimited text that breaks the strict rules of quoting, record by record.

Only what can mean one thing is mended: quotes escaped by a backslash (as MySQL and many scripts write
them), blanks around a quoted field, quotes within a field that has none around it. Everything else
costs its line and no other. The expressions never go back: each step is possessive.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.sources.text.line_blocks import Malformed


@dataclass(frozen=True, slots=True)
class Dialect:
    """How fields are separated and quoted; without `quote`, quotes are ordinary letters."""

    delimiter: str = ","
    quote: str | None = '"'


@dataclass(frozen=True, slots=True)
class Mended:
    """Strict text with as many lines as what it stands for, which ends at `end`."""

    text: bytes
    end: int
    malformed: Malformed | None


class Mender:
    """For one dialect; `fields` is how many names the header has, if that is known."""

    def __init__(self, dialect: Dialect, fields: int | None) -> None:
        self._fields = fields
        self._delimiter = dialect.delimiter.encode()
        self._quote = (dialect.quote or "\0").encode()
        d, q = re.escape(self._delimiter), re.escape(self._quote)
        blanks = b"[ \t]*+" if self._delimiter not in b" \t" else b""
        doubled, escaped = q + q, rb"\\[\s\S]"
        inner = rb"(?:[^%b]++|%b)*+" % (q, doubled)
        inner_escaped = rb"(?:[^%b\\]++|%b|%b)*+" % (q, doubled, escaped)
        bare = rb"[^%b%b\n]*+" % (q, d)
        one_line = rb"(?:%b(?:[^%b\n]++|%b)*+%b|%b)" % (q, q, doubled, q, bare)
        strict = rb"(?:%b%b%b|%b)" % (q, inner, q, bare)
        backslashed = rb"(?:%b%b%b|%b)" % (q, inner_escaped, q, bare)
        spaced = rb"(?:%b%b%b%b%b|(?!%b%b)[^%b\n]*+)" % (blanks, q, inner, q, blanks, blanks, q, d)
        self._run = _record(one_line, d, many=True)
        self._strict = _record(strict, d)
        self._lenient = [(_record(field, d), _field(field, d)) for field in (backslashed, spaced)]
        self._open = [
            re.compile(rb"(?:%b%b)*+%b%b%b%b?\r?\Z" % (field, d, blanks, q, within, q))
            for field, within in ((spaced, inner), (backslashed, inner_escaped))
        ]

    def mend(self, data: bytes, *, stuck: bool) -> Mended:
        """As much of the text as is whole; with `stuck`, a first record without end costs its line."""
        out, place, bad = bytearray(), 0, 0
        first: tuple[int, str] | None = None
        while place < len(data):
            found = self._run.match(data, place)
            if found:
                out += found.group()
                place = found.end()
                continue
            line_end = data.find(b"\n", place)
            if line_end < 0:
                break
            record = self._record(data, place)
            if record is not None:
                text, place = record
                out += text
                continue
            is_open = any(shape.match(data, place) for shape in self._open)
            if is_open and not (stuck and place == 0):
                break
            bad += 1
            code = "open-quote" if is_open else "stray-quote"
            first = first or (data.count(b"\n", 0, place), code)
            out += b"\n"
            place = line_end + 1
        malformed = None if first is None else Malformed(bad, *first)
        return Mended(bytes(out), place, malformed)

    def first(self, data: bytes) -> tuple[list[bytes], int] | None:
        """The values of the record at the start, and where it ends; None if it has no end."""
        found = self._record(data, 0)
        if found is None:
            return None
        return list(self._values(_without_end(found[0]), self._lenient[1][1])), found[1]

    def _record(self, data: bytes, place: int) -> tuple[bytes, int] | None:
        """The record that starts there as strict text, and where it ends."""
        found = self._strict.match(data, place)
        if found:
            return (found.group(), found.end()) if self._fits(found.group()) else None
        for shape, field in self._lenient:
            found = shape.match(data, place)
            if found:
                text = self._rewritten(found.group(), field)
                if text.count(b"\n") == 1 or self._fits(text):
                    return text, found.end()
        return None

    def _fits(self, text: bytes) -> bool:
        """Whether a strict record of several lines is one: else a quote swallowed other rows."""
        if self._fields is None:
            return True
        values = list(self._values(_without_end(text), self._lenient[1][1]))
        return len(values) >= self._fields and not any(values[self._fields :])

    def _rewritten(self, record: bytes, field: re.Pattern[bytes]) -> bytes:
        quote = self._quote
        values = [
            quote + value.replace(quote, quote * 2) + quote
            for value in self._values(_without_end(record), field)
        ]
        return self._delimiter.join(values) + b"\n"

    def _values(self, record: bytes, field: re.Pattern[bytes]) -> Iterator[bytes]:
        escaped = field is self._lenient[0][1]
        place = 0
        while True:
            found = field.match(record, place)
            if found is None:
                return
            value, bare = found.group(), found.group().strip(b" \t")
            if bare.startswith(self._quote):
                value = bare[1:-1]
                if escaped:
                    value = _ESCAPED.sub(rb"\1", value)
                value = value.replace(self._quote * 2, self._quote)
            yield value
            if found.end() >= len(record):
                return
            place = found.end() + 1


_ESCAPED = re.compile(rb"\\([\s\S])")


def _record(field: bytes, delimiter: bytes, *, many: bool = False) -> re.Pattern[bytes]:
    record = rb"%b(?:%b%b)*+\r?\n" % (field, delimiter, field)
    return re.compile(rb"(?:%b)++" % record if many else record)


def _field(field: bytes, delimiter: bytes) -> re.Pattern[bytes]:
    return re.compile(field + rb"(?=%b|\Z)" % delimiter)


def _without_end(record: bytes) -> bytes:
    return record.removesuffix(b"\n").removesuffix(b"\r")
