"""Rewrites phone numbers in the signs of ASCII, as far as they stand for the same thing."""

from typing import Final

import polars as pl

from app.identifiers.cell_values.text import beyond_ascii, certain, change, without_invisible
from app.identifiers.texts.script_digits import DIGITS

_FULL_WIDTH: Final = range(0xFF01, 0xFF5F)
_FULL_WIDTH_OFFSET: Final = 0xFEE0
_SPACES: Final = (0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
_DASHES: Final = (*range(0x2010, 0x2016), 0x2043, 0x2212, 0x30FC, 0xFE58, 0xFE63)

_SIGNS: Final = (
    DIGITS
    | {chr(sign): chr(sign - _FULL_WIDTH_OFFSET) for sign in _FULL_WIDTH}
    | {chr(space): " " for space in _SPACES}
    | {chr(dash): "-" for dash in _DASHES}
)
_SPREADSHEET: Final = r"^(\+?[0-9]{5,})\.0+$"
_LABEL: Final = r"^(?:[pP]|[tT][eE][lL]) ?[:.] ?([+(\[0-9][0-9 ()\[\]./+-]*)$"
"""`p:` as Meta's own export of leads writes it before numbers, and `tel:`."""


def in_ascii(text: pl.Series) -> pl.Series:
    """Digits of any script, full-width signs, spaces and dashes as ASCII; no invisible signs.

    A number that a spreadsheet or a float column wrote as `16505551212.0` loses its decimals, one
    after `p:` or `tel:` that label.
    """
    plain = change(text, beyond_ascii(text), _translated)
    labelled = certain(plain.str.contains("^[pPtT]"))
    plain = change(plain, labelled, lambda part: part.str.replace(_LABEL, "$1"))
    decimals = plain.str.ends_with(".0") | plain.str.ends_with(".00")
    return change(plain, decimals, lambda part: part.str.replace(_SPREADSHEET, "$1"))


def _translated(text: pl.Series) -> pl.Series:
    return without_invisible(text).str.replace_many(_SIGNS)
