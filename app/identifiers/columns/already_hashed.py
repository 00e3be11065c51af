"""Takes the cells of members that were hashed when they arrived, and trusts none of them blindly."""

import polars as pl

from app.identifiers.cell_values.rule import Steps
from app.identifiers.cell_values.text import as_given, blank
from app.identifiers.cell_values.to_text import read_texts
from app.identifiers.columns.apply_rule import Cells
from app.identifiers.columns.digest import EMPTY_DIGEST, equals, from_hex
from app.identifiers.keys import DIGEST_BYTES, HASHED_KEYS

_BYTES = r"\x"
"""How Postgres begins bytes that are written as text."""


def stored_cells(column: pl.Series, key: str) -> Cells:
    """Cells of 32 bytes or 64 hex characters as they are; `digest_invalid` for any other."""
    if key not in HASHED_KEYS:
        text = as_given(column)
        return Cells(text, text, blank(text), text.len() - text.null_count())
    if column.dtype == pl.Binary:
        given = column.is_not_null()
        value = column.set(column.bin.size() != DIGEST_BYTES, None)
    else:
        text = column.str.strip_prefix(_BYTES) if column.dtype == pl.String else column
        read = read_texts(text, key, Steps())
        given = read.text.is_not_null()
        value = from_hex(read.digest)
    nothing = equals(value, EMPTY_DIGEST)
    none = blank(column)
    reason = none.set(given & value.is_null(), "digest_invalid").set(nothing, "digest_of_nothing")
    return Cells(value.set(nothing, None), none, reason, int(given.sum()))
