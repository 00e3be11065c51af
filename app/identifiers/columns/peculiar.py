"""Finds the cells that are no text to normalize: hashes, and signs that there is nothing.

Only lengths that such a cell can have are looked at, so that nearly all cells cost one comparison.
"""

from typing import Final

import polars as pl

from app.identifiers.columns.text import blank

OWN: Final = "sha256"
"""What a cell is that is already what Meta wants."""

_HASHES: Final = (
    (OWN, (64,), "^[0-9a-fA-F]{64}$"),
    ("digest_md5", (32,), "^[0-9a-fA-F]{32}$"),
    ("digest_unsupported", (40, 56, 96, 128), "^[0-9a-fA-F]+$"),
    ("digest_base64", (44,), "^[0-9A-Za-z+/_-]{43}=$"),
    ("digest_base64", (28,), "^[0-9A-Za-z+/_-]{27}=$"),
    ("digest_base64", (24,), "^[0-9A-Za-z+/_-]{22}==$"),
)
"""Kind or reason, lengths in bytes, and shape: SHA-256, MD5, SHA-1/224/384/512, base64 of some."""

_PLACEHOLDERS: Final = (
    *("n/a", "n.a.", "\\n", "<null>", "(null)", "[null]", "<na>"),
    *("#n/a", "#n/d", "#nv", "#ref!", "#value!", "#wert!", "#name?", "#div/0!", "#num!", "#null!"),
)
"""What spreadsheets and databases write for nothing; bare words (null, none) can be names."""

_LENGTHS: Final = sorted(
    {length for _, lengths, _ in _HASHES for length in lengths}
    | {len(one) for one in _PLACEHOLDERS}
)


def kinds(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """For each cell `OWN` or the reason to refuse it, and SHA-256 digests in lower-case hex.

    Both String and null for every ordinary text.
    """
    own = kind = blank(text)
    places = text.alias("text").to_frame().select(_suspects()).to_series()
    if places.is_empty():
        return kind, own
    part = text.gather(places).alias("text").to_frame()
    found = part.select(pl.coalesce(*map(_hash, _HASHES), _placeholder())).to_series()
    if found.null_count() == found.len():
        return kind, own
    digests = part["text"].str.to_lowercase().set(found.ne_missing(OWN), None)
    return kind.clone().scatter(places, found), own.clone().scatter(places, digests)


def _suspects() -> pl.Expr:
    return pl.col("text").str.len_bytes().is_in(_LENGTHS).arg_true()


def _hash(form: tuple[str, tuple[int, ...], str]) -> pl.Expr:
    name, lengths, shape = form
    text = pl.col("text")
    fits = text.str.len_bytes().is_in(lengths) & text.str.contains(shape)
    return pl.when(fits).then(pl.lit(name))


def _placeholder() -> pl.Expr:
    lower = pl.col("text").str.to_lowercase()
    return pl.when(lower.is_in(_PLACEHOLDERS)).then(pl.lit("placeholder"))
