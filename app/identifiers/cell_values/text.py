# ruff: noqa: RUF001
"""Brings any column to trimmed, composed text, whatever type the source gave it.

Which characters are space, which are composed and what is lower-case is decided by the tables of
the pinned polars (Unicode as of its Rust standard library), never by the interpreter's; only the
set of characters that are trimmed is spelled out here.
"""

from collections.abc import Callable
from functools import cache
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

_COMPATIBLE: Final = (
    r"[\x{00AA}\x{00B2}\x{00B3}\x{00B9}\x{00BA}\x{0132}\x{0133}\x{013F}\x{0140}\x{0149}\x{017F}\x{01C4}-\x{01CC}"
    r"\x{01F1}-\x{01F3}\x{02B0}-\x{02B8}\x{02E0}-\x{02E4}\x{0587}\x{0675}-\x{0678}\x{0E33}\x{0EB3}\x{0EDC}\x{0EDD}"
    r"\x{1D2C}-\x{1DBF}\x{1E9A}\x{2024}-\x{2026}\x{2070}-\x{209C}\x{2100}-\x{218B}\x{2460}-\x{24FF}\x{2C7C}\x{2C7D}"
    r"\x{3036}\x{309F}\x{30FF}\x{3131}-\x{318E}\x{3192}-\x{319F}\x{3200}-\x{33FF}\x{A69C}\x{A69D}\x{A770}\x{A7F2}-\x{A7F9}"
    r"\x{AB5C}-\x{AB5F}\x{AB69}\x{FB00}-\x{FDFC}\x{FE10}-\x{FE19}\x{FE30}-\x{FE6B}\x{FE70}-\x{FEFC}\x{FF01}-\x{FFEE}"
    r"\x{10780}-\x{107BF}\x{1D400}-\x{1D7FF}\x{1E030}-\x{1E06D}\x{1EE00}-\x{1EEFF}\x{1F100}-\x{1F16F}\x{1FBF0}-\x{1FBF9}]"
)
"""The blocks of width and other compatibility forms; what each stands for is polars' to say."""

_MISREAD: Final = (
    r"[\x{00C2}-\x{00C5}][\x{0080}-\x{00BF}\x{0152}\x{0153}\x{0160}\x{0161}\x{0178}\x{017D}\x{017E}\x{0192}"
    r"\x{02C6}\x{02DC}\x{2013}\x{2014}\x{2018}-\x{201E}\x{2020}-\x{2022}\x{2026}\x{2030}\x{2039}\x{203A}\x{20AC}"
    r"\x{2122}]|[\x{00D0}\x{00D1}\x{00D8}\x{00D9}][\x{0080}-\x{00BF}]|\x{00E2}\x{20AC}"
)
"""Two bytes of one character as two characters: no text has them side by side otherwise."""

_SYMBOL: Final = r"^[\p{So}\p{Sk}\p{Sc}]$"
"""Signs whose plain form would be letters nobody meant: ™ is no TM, and ´ no lost accent."""

_ENDS: Final = SPACE + INVISIBLE
_SIZES: Final = [
    pl.col("text").str.len_bytes().alias("bytes"),
    pl.col("text").str.len_chars().alias("signs"),
]
_INVISIBLE_CLASS: Final = f"[{INVISIBLE}]"


def as_text(column: pl.Series) -> pl.Series:
    """Any column as trimmed text in composed and plain forms; blank cells null.

    Whole numbers lose the `.0` that a float column gives them, and are written as 1.65E+10 where
    the float cannot hold their last digits; dates are ISO, booleans true and
    false, 32 bytes of a binary column are a digest in hex, other bytes UTF-8.
    """
    text = _plain(column).str.strip_chars(_ENDS).alias("text")
    size = text.to_frame().select(_SIZES)
    empty = size["bytes"] == 0
    if empty.any():
        text = text.set(empty, None)
    odd = size["bytes"] != size["signs"]
    return change(text, odd, lambda part: composed(_misread_marked(part)))


def broken(text: pl.Series) -> pl.Series | None:
    """Which cells lost characters before they came here: U+FFFD stands for them. None if none."""
    if not beyond_ascii(text).any():
        return None
    lost = certain(text.str.contains("\N{REPLACEMENT CHARACTER}", literal=True))
    return lost if lost.any() else None


def _misread_marked(text: pl.Series) -> pl.Series:
    """UTF-8 that was read as Latin-1 or Windows-1252 (`SeÃ¡n`) is marked as broken."""
    misread = certain(text.str.contains(_MISREAD))
    return change(text, misread, lambda part: part + "\N{REPLACEMENT CHARACTER}")


def as_given(column: pl.Series) -> pl.Series:
    """Any column as trimmed text that is otherwise left as it is; blank cells are null."""
    return trim(_plain(column))


def trimmed(text: str) -> str:
    """One text without space and invisible characters at both ends."""
    return text.strip(_ENDS)


def trim(text: pl.Series) -> pl.Series:
    """Without space and invisible characters at both ends; null where nothing is left."""
    bare = text.str.strip_chars(_ENDS)
    empty = bare.str.len_bytes() == 0
    return bare.set(empty, None) if empty.any() else bare


def beyond_ascii(text: pl.Series) -> pl.Series:
    """Which cells have a character outside ASCII (false for null)."""
    return certain(text.str.len_bytes() != text.str.len_chars())


def compose(text: pl.Series) -> pl.Series:
    """NFC, paid for only by the cells that could change."""
    could_change = text.str.contains(_NOT_SURELY_COMPOSED)
    return change(text, could_change, lambda part: part.str.normalize("NFC"))


def composed(text: pl.Series) -> pl.Series:
    """NFC, and every width form, ligature and styled letter as the plain one it stands for.

    That is NFKC without what it makes of symbols and spaces; it never brings an end to be trimmed.
    """
    forms = certain(text.str.contains(_COMPATIBLE))
    return compose(change(text, forms, lambda part: part.str.replace_many(*_plain_forms())))


@cache
def _plain_forms() -> tuple[list[str], list[str]]:
    """The characters of `_COMPATIBLE` that have a plain form, and those forms."""
    every = pl.Series("sign", [chr(c) for c in range(0xAA, 0x1FBFA) if not 0xD800 <= c < 0xE000])
    signs = every.filter(every.str.contains(_COMPATIBLE) & ~every.str.contains(_SYMBOL))
    plain = signs.str.normalize("NFKC")
    changed = (plain != signs) & ~plain.str.contains(r"\s")
    return signs.filter(changed).to_list(), plain.filter(changed).to_list()


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
    exact, figures = (2**24, 7) if column.dtype == pl.Float32 else (2**53, 15)
    whole = (column == column.floor()) & (column.abs() <= exact)
    digits = column.cast(pl.Int64, strict=False).cast(pl.String)
    text = digits.zip_with(whole, column.cast(pl.String)).set(column.is_nan(), None)
    # a float this large is one of many numbers: the digits it has, and not those it made up
    rounded = certain(column.abs() > exact) & column.is_finite()
    places = rounded.arg_true()
    if places.is_empty():
        return text
    return text.scatter(places, [f"{cell:.{figures - 1}E}" for cell in column.gather(places)])


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
