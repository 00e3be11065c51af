"""Brings any column to trimmed, composed text, whatever type the source gave it.

Which characters are space, which are composed and what is lower-case is decided by the tables of
the pinned polars (Unicode as of its Rust standard library), never by the interpreter's; only the
set of characters that are trimmed is spelled out here.
"""

from collections.abc import Callable
from typing import Final

import polars as pl

from app.identifiers.keys import DIGEST_BYTES

INVISIBLE: Final = "".join(
    map(
        chr,
        (
            0x00AD,  # soft hyphen
            0x061C,  # Arabic letter mark
            0x180E,  # Mongolian vowel separator
            0x200B,  # zero-width space
            *(0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),  # direction marks
            0x2060,  # word joiner
            0xFEFF,  # byte order mark
        ),
    )
)
"""Characters that show nothing and mean nothing wherever a source puts them.

The joiners U+200C and U+200D are not among them: inside a text they can be part of its spelling.
"""

SPACE: Final = "".join(
    map(
        chr,
        (
            *range(0x09, 0x0E),
            *range(0x1C, 0x21),  # the four separators too, which Unicode's White_Space lacks
            *(0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000),
            *(0x200C, 0x200D),  # joiners that join nothing
        ),
    )
)
"""Every character Python or Unicode calls white space, and joiners at an end."""

_NOT_SURELY_COMPOSED: Final = (
    r"[\p{M}\x{0374}\x{037E}\x{0387}\x{0958}-\x{0F69}\x{1100}-\x{11FF}\x{1F71}-\x{1FFD}"
    r"\x{2000}\x{2001}\x{2126}\x{212A}\x{212B}\x{2329}\x{232A}\x{2ADC}\x{F900}-\x{FAFF}"
    r"\x{FB1D}-\x{FB4E}\x{1D15E}-\x{1D1C0}\x{2F800}-\x{2FA1D}]"
)
"""Every character whose NFC quick check is not Yes, in wider ranges: a text without is NFC."""

_ENDS: Final = SPACE + INVISIBLE
_SIZES: Final = [
    pl.col("text").str.len_bytes().alias("bytes"),
    pl.col("text").str.len_chars().alias("signs"),
]
_INVISIBLE_CLASS: Final = f"[{INVISIBLE}]"


def as_text(column: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """Any column as trimmed NFC text, blank cells null; and which cells are broken, if any.

    Whole numbers lose the `.0` that a float column gives them, dates are ISO, booleans true and
    false, 32 bytes of a binary column are a digest in hex, other bytes UTF-8. A cell is broken
    where characters were lost before it came here: U+FFFD stands for them.
    """
    text = _plain(column).str.strip_chars(_ENDS).alias("text")
    size = text.to_frame().select(_SIZES)
    empty = size["bytes"] == 0
    if empty.any():
        text = text.set(empty, None)
    odd = size["bytes"] != size["signs"]
    if not odd.any():
        return text, None
    broken = text.str.contains("\N{REPLACEMENT CHARACTER}", literal=True)
    return change(text, odd, compose), broken if broken.any() else None


def as_given(column: pl.Series) -> pl.Series:
    """Any column as trimmed text that is otherwise left as it is; blank cells are null."""
    return trim(_plain(column))


def trim(text: pl.Series) -> pl.Series:
    """Without space and invisible characters at both ends; null where nothing is left."""
    trimmed = text.str.strip_chars(_ENDS)
    blank = trimmed.str.len_bytes() == 0
    return trimmed.set(blank, None) if blank.any() else trimmed


def beyond_ascii(text: pl.Series) -> pl.Series:
    """Which cells have a character outside ASCII (false for null)."""
    return certain(text.str.len_bytes() != text.str.len_chars())


def compose(text: pl.Series) -> pl.Series:
    """NFC, paid for only by the cells that could change."""
    could_change = text.str.contains(_NOT_SURELY_COMPOSED)
    return change(text, could_change, lambda part: part.str.normalize("NFC"))


def without_invisible(text: pl.Series) -> pl.Series:
    """Without invisible characters anywhere."""
    found = beyond_ascii(text)
    return change(text, found, lambda part: part.str.replace_all(_INVISIBLE_CLASS, ""))


def change(text: pl.Series, where: pl.Series, how: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """`text` with the cells of `where` put through `how`; most rules concern few cells."""
    if not where.any():
        return text
    cells = where.arg_true()
    if cells.len() == text.len():
        return how(text)
    return text.clone().scatter(cells, how(text.gather(cells)))


def blank(like: pl.Series) -> pl.Series:
    """A column of nulls, as long as `like`."""
    return pl.Series([None], dtype=pl.String).new_from_index(0, like.len())


def certain(mask: pl.Series) -> pl.Series:
    """`mask` with false where it is null."""
    return mask.fill_null(value=False) if mask.null_count() else mask


def _plain(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if kind.is_float():
        return _floats(column)
    if kind.is_decimal():
        text = column.cast(pl.String)
        return text.str.replace(r"\.0+$|(\.[0-9]*[1-9])0+$", "$1")
    if kind in (pl.Date, pl.Datetime):
        return column.dt.to_string("iso:strict")
    if kind == pl.Binary:
        return _bytes(column)
    if kind.is_temporal():
        return column.dt.to_string("iso")
    return column if kind == pl.String else column.cast(pl.String)


def _floats(column: pl.Series) -> pl.Series:
    whole = (column == column.floor()) & (column.abs() < 2**63)
    digits = column.cast(pl.Int64, strict=False).cast(pl.String)
    text = digits.zip_with(whole, column.cast(pl.String))
    return text.set(column.is_nan(), None)


def _bytes(column: pl.Series) -> pl.Series:
    digest = column.bin.size() == DIGEST_BYTES
    other = column.set(digest, None)
    try:
        text = other.cast(pl.String)
    except pl.exceptions.ComputeError:  # not UTF-8 somewhere: U+FFFD marks those cells as broken
        text = pl.Series(column.name, [_decoded(cell) for cell in other], dtype=pl.String)
    return column.bin.encode("hex").zip_with(digest, text)


def _decoded(cell: bytes | None) -> str | None:
    return None if cell is None else cell.decode(errors="replace")
