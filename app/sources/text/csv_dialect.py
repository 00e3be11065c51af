"""How delimited text is written, told from its start: encoding, delimiter, what stands before the header.

Only what is plain is told; where two readings are possible and would give different values, whoever
delivers the file is asked. ISO and Windows encodings have no mark: Windows-1252 is taken where every
letter beyond ASCII is one that western European words have where it stands.
"""

import codecs
import contextlib
import re
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from app.errors import SourceError
from app.sources.text.csv_repair import Dialect
from app.sources.text.decoding import UTF8
from app.sources.text.errors import TextFile

SAMPLE_BYTES: Final = 1 << 20
DELIMITERS: Final = (",", ";", "\t", "|")
_MARKS: Final = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF32_LE, None),  # which nobody writes; its mark begins as that of UTF-16
    (codecs.BOM_UTF32_BE, None),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_ROWS: Final = 200
_DELIMITER_BYTES: Final = 256 << 10
_WIDE_MARK_BYTES: Final = 200

_LOWER = "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœßðþšž"
_UPPER = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŒÐÞŠŽŸ"
_SIGNS = "\u2018\u2019\u201c\u201d\u201e\u201a\u2013\u2014\u2026\u20ac\xa0«»°ºª·\xb4¡¿£§®©™&½¼²"
_NOT_WESTERN = re.compile(
    # signs within a word: letters of another code page
    rf"[A-Za-z{_LOWER}{_UPPER}][\u201a\u201c\u201d\u201e\u2026\u20ac\xa0«»°·\xb4¡¿£§®©™½¼²ºª](?=[a-z{_LOWER}])"
    rf"|[£§¥][A-Za-z{_LOWER}{_UPPER}]"
    # a capital after a small letter, or three letters beyond ASCII in a row
    rf"|[a-z{_LOWER}][{_UPPER}]|[{_LOWER}{_UPPER}]{{3}}"
)
_ODD_WORD = re.compile(
    # what one word of a western language does not have, but another code page makes of its letters:
    "(?=.*[øØ]).*[áíýúèìùÁÍÝÚÈÌÙžšŽŠ]"  # Czech (Windows-1250)
    "|(?=.*[õÕ]).*[áéíóúöüÁÉÍÓÚÖÜ]|.*[õÕ]$"  # Hungarian
    "|.*[œŒ](?![uiesUIES])"  # Polish
    "|(?=.*[þÞðÐ]).*[üçâîûãÜÇÂÎÛÃ]"  # Turkish, Romanian, Latvian
)
_WORD = re.compile(rf"[A-Za-z{_LOWER}{_UPPER}]+")
_ICELANDIC = (set("þÞðÐýÝ"), set("áæóíéúöÁÆÓÍÉÚÖ"))


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file is written, as it was found or told; `header` is true: without one it is refused."""

    encoding: str
    delimiter: str | None = None
    quote: str | None = None
    header: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """For the API and the database."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Shape":
        """What `as_json` gave."""
        return cls(**{name: kept.get(name) for name in cls.__dataclass_fields__})  # type: ignore[arg-type]


def settled_encoding(sample: bytes, text: TextFile, given: str | None, known: Shape | None) -> str:
    """The encoding to read with: the given one, the one that was seen before, or what is guessed.

    Raises `wrong-encoding` if it cannot be told, `source-shape-changed` if it is another than before.
    """
    if given:
        return given
    guessed, before = guess_encoding(sample), known and known.encoding
    if guessed is None:
        raise text.fault(
            "wrong-encoding",
            None,
            "the text is not UTF-8, and what else it is cannot be told for certain",
            'Save the file as UTF-8, or set "encoding" to what it is written in, such as '
            '"windows-1250" or "shift_jis".',
        )
    if before and guessed != before and not (sample.isascii() and not before.startswith("utf-16")):
        raise other_shape(text, "encoding", before)
    return before or guessed


def other_shape(text: TextFile, what: str, before: str) -> SourceError:
    """The file is written in another way than when its source was looked at."""
    shown = {"\t": "a tab"}.get(before, f'"{before}"')
    return SourceError(
        f"{text.name}: the {what} is not {shown}, as it was when the segment was saved. Deliver the "
        'file as before, or save the segment\'s "source" again to have the file looked at anew.',
        code="source-shape-changed",
        source=text.name,
    )


def guess_encoding(sample: bytes) -> str | None:
    """The encoding of text that starts so, None if it cannot be told."""
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    if wide := _wide(sample[:_WIDE_MARK_BYTES]):
        return wide
    with contextlib.suppress(UnicodeDecodeError):
        codecs.getincrementaldecoder(UTF8)().decode(sample)
        return UTF8
    text = codecs.getincrementaldecoder(UTF8)("surrogateescape").decode(sample)
    wrong = sum("\udc80" <= letter <= "\udcff" for letter in text)
    right = sum(letter > "\x7f" for letter in text) - wrong
    if wrong <= right:
        return UTF8  # rows with bytes that are not are counted one by one
    return "windows-1252" if _is_western(sample) else None


def _wide(start: bytes) -> str | None:
    """UTF-16 without its mark: every other byte of Latin text is zero."""
    even, odd = start[0::2], start[1::2]
    for mine, other, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if len(mine) > 1 and mine.count(0) * 10 >= len(mine) * 7 and other.count(0) == 0:
            return name
    return None


def _is_western(sample: bytes) -> bool:
    try:
        text = sample.decode("windows-1252")
    except UnicodeDecodeError:
        return False
    beyond = {letter for letter in text if letter > "\x7f"}
    if not beyond <= set(_LOWER + _UPPER + _SIGNS) or _NOT_WESTERN.search(text):
        return False
    if any(not word.isascii() and _ODD_WORD.match(word) for word in _WORD.findall(text)):
        return False
    return not beyond & _ICELANDIC[0] or bool(beyond & _ICELANDIC[1])


_SEPARATOR_LINE = re.compile(rb'"?sep=(.)"?[ \t]*\r?\n', re.IGNORECASE)


def separator_line(start: bytes) -> tuple[str, int] | None:
    """The delimiter a first line `sep=;` tells spreadsheets, and how many bytes that line has."""
    found = _SEPARATOR_LINE.match(start)
    return (found.group(1).decode("latin-1"), found.end()) if found else None


def guess_delimiter(sample: bytes, default: str, quote: str | None) -> str:
    """What most rows have as often as the first one, at least once; `default` if nothing is.

    Of delimiters that do equally well, the default, and then the one of more fields.
    """
    best, found = (0.0, 0.0, False, 0), default
    sample = sample[:_DELIMITER_BYTES]
    for delimiter in dict.fromkeys((default, *DELIMITERS)):
        counts = field_counts(sample, Dialect(delimiter, None if quote == delimiter else quote))
        if not counts:
            continue
        usual, rows = Counter(counts).most_common(1)[0]
        # words of a report may stand above the header
        like_first = counts.count(counts[0]) / len(counts) if counts[0] > 1 else 0.0
        score = (like_first, rows / len(counts), delimiter == default, usual)
        if max(usual, counts[0]) > 1 and score > best:
            best, found = score, delimiter
    return found


def field_counts(sample: bytes, dialect: Dialect, *, tails: bool = True) -> list[int]:
    """How many fields the first rows have, empty rows left out; without `tails`, up to the last value."""
    letters = np.frombuffer(sample, np.uint8)
    inside = np.zeros(len(letters), np.bool_)
    if dialect.quote:
        inside = (np.cumsum(letters == ord(dialect.quote)) & 1).astype(np.bool_)
    ends = np.flatnonzero((letters == ord("\n")) & ~inside)[:_SAMPLE_ROWS].tolist()
    counts = []
    start, nothing = 0, (dialect.delimiter + '\r\n \t"').encode()
    for end in ends or [len(letters)]:
        filled = sample[start:end].rstrip(nothing)
        if filled:
            stop = end if tails else start + len(filled)
            marks = (letters[start:stop] == ord(dialect.delimiter)) & ~inside[start:stop]
            counts.append(int(np.count_nonzero(marks)) + 1)
        start = end + 1
    return counts
