"""Finds the cells that are no text to normalize: hashes, and signs that there is nothing.

Only cells as long as a hash, or as short as a word for nothing, are looked at.
"""

from typing import Final

import polars as pl

from app.identifiers.cell_values.placeholders import placeholders
from app.identifiers.cell_values.text import blank
from app.identifiers.keys import DIGEST_BYTES

HEX_DIGITS: Final = 2 * DIGEST_BYTES

OWN: Final = "sha256"
"""What a cell is that is already what Meta wants."""

_LABEL: Final = r"(?:\\x|\\\\x|0x|\{?sha-?256\}?[:=_$ ]?\s?)?"
"""How databases and programs mark a hash that they write in hexadecimal digits."""

_IN_PAIRS: Final = r"^(?:[0-9a-fA-F]{2}[: -]){31}[0-9a-fA-F]{2}$"
_HASHES: Final = (
    (OWN, rf"^(?i:{_LABEL})[0-9a-fA-F]{{64}}$"),
    (OWN, _IN_PAIRS),
    (OWN, r"^[xX]'[0-9a-fA-F]{64}'?$"),
    ("digest_md5", r"^(?i:\\x|0x|\{?md5\}?[:=$ ]?)?[0-9a-fA-F]{32}$"),
    ("digest_unsupported", r"^(?i:\\x|0x|\{?sha-?[0-9]{1,3}\}?[:=$ ])?[0-9a-fA-F]{40,}$"),
    ("digest_unsupported", r"^\$(?:2[abxy]|5|6|argon2[a-z]*|pbkdf2[a-z0-9-]*|scrypt)\$"),
    ("digest_base64", "^[0-9A-Za-z+/_-]{43}=$"),
    ("digest_base64", "^[0-9A-Za-z+/_-]{27}=$"),
    ("digest_base64", "^[0-9A-Za-z+/_-]{22}==$"),
    ("not_text", r"^\\x(?:[0-9a-fA-F]{2})*$"),
)
"""Kind or reason, and shape: SHA-256, MD5, SHA-1/224/384/512 and pieces, password hashes, base64 of
some, other bytes as Postgres writes them."""

_BASE64_OF_32_BYTES: Final = "^[0-9A-Za-z+/_-]{43}$"

_SHORTEST: Final = 24
"""No hash is written in fewer bytes."""


def kinds(text: pl.Series, key: str) -> tuple[pl.Series, pl.Series]:
    """For each cell `OWN` or the reason to refuse it, and SHA-256 digests in lower-case hex.

    Both String and null for every ordinary text of `key`.
    """
    own, kind = blank(text), placeholders(text, key)
    places = text.alias("text").to_frame().select(_suspects()).to_series()
    if places.is_empty():
        return kind, own
    part = text.gather(places).alias("text").to_frame()
    found = part.select(pl.coalesce(*map(_hash, _HASHES), _unpadded())).to_series()
    if found.null_count() == found.len():
        return kind, own
    bare = part["text"].str.to_lowercase().str.replace_all("[: '-]", "")
    digests = bare.str.slice(-HEX_DIGITS).set(found.ne_missing(OWN), None)
    named = found.fill_null(kind.gather(places))
    return kind.clone().scatter(places, named), own.clone().scatter(places, digests)


def _suspects() -> pl.Expr:
    text = pl.col("text")
    return ((text.str.len_bytes() >= _SHORTEST) | text.str.starts_with("\\x")).arg_true()


def _hash(form: tuple[str, str]) -> pl.Expr:
    name, shape = form
    return pl.when(pl.col("text").str.contains(shape)).then(pl.lit(name))


def _unpadded() -> pl.Expr:
    """Base64 of a SHA-256 without its `=`: as long, and mixed as no word or label is."""
    text = pl.col("text")
    mixed = text.str.contains(_BASE64_OF_32_BYTES) & text.str.contains("[a-z0-9][A-Z]")
    return pl.when(mixed).then(pl.lit("digest_base64"))
