"""Reads the digits of all scripts as 0 to 9: the rest of the rules speak ASCII digits only."""

from typing import Final

import polars as pl

from app.identifiers.cell_values.text import beyond_ascii, change

_ZEROS: Final = (
    *(0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6),
    *(0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0),
    *(0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0),
    *(0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x11066, 0x1E950),
)
"""The zero of every script whose digits people type; one to nine follow it."""

DIGITS: Final = {chr(zero + digit): str(digit) for zero in _ZEROS for digit in range(10)}


def in_ascii_digits(text: pl.Series) -> pl.Series:
    """`text` with the digits of other scripts as ASCII."""
    return change(text, beyond_ascii(text), lambda part: part.str.replace_many(DIGITS))
