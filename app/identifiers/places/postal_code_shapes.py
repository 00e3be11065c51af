"""Knows the postal codes of each country: their shape, and what is written before them."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from app.identifiers.columns.table_lookup import Lookup
from app.identifiers.tsv_tables import read_table

US_TERRITORIES: Final = frozenset({"pr", "vi", "gu", "as", "mp", "um", "fm", "mh", "pw"})
"""Countries of ISO 3166-1 that the United States' state and ZIP codes cover."""

AMERICAN: Final = frozenset({"us", *US_TERRITORIES})
"""Countries with five digits and four that are cut off."""


@dataclass(frozen=True, slots=True)
class PostalCodes:
    """One country's codes: small letters and digits without space and hyphens.

    `shape` matches a whole code. `digits`: how many there are where all codes have only digits and as
    many of them, else 0; `zeros`: how many of them a column of numbers may have lost.
    `signs`: what is written before a code for the country.
    """

    country: str
    shape: str
    digits: int
    zeros: int
    signs: tuple[str, ...]


@cache
def postal_codes() -> dict[str, PostalCodes]:
    """Alpha-2 to its codes; countries without codes are missing."""
    return {
        code: PostalCodes(
            code, f"^(?:{shape})$", int(digits or 0), int(zeros or 0), tuple(signs.split())
        )
        for code, shape, digits, zeros, signs in read_table(__package__, "postal_codes.tsv")
    }


@cache
def lengths() -> Lookup:
    """Alpha-2 to the number of digits, 0 where it differs or there are letters."""
    return Lookup({code: known.digits for code, known in postal_codes().items()})


@cache
def lost_zeros() -> Lookup:
    """Alpha-2 to how many zeros a code may have lost."""
    return Lookup({code: known.zeros for code, known in postal_codes().items()})


@cache
def plain_lengths() -> Lookup:
    """Alpha-2 to the number of digits, where every such number but zero has the shape of a code."""
    plain = {code: known for code, known in postal_codes().items() if _is_plain(known.shape)}
    return Lookup({code: known.digits for code, known in plain.items() if known.digits})


@cache
def literal_prefixes() -> Lookup:
    """Alpha-2 to itself where all codes begin with it (AD500), which people leave out."""
    own = [code for code, known in postal_codes().items() if known.shape.startswith(f"^(?:{code}")]
    return Lookup({code: code for code in own})


@cache
def signs_of_countries() -> Lookup:
    """Alpha-2, a space and a sign (`de d`), for every country's own signs."""
    return Lookup(
        {f"{code} {sign}": code for code, known in postal_codes().items() for sign in known.signs}
    )


@cache
def countries_of_signs() -> Lookup:
    """Sign to its country; alpha-2 goes before signs of vehicles."""
    known = postal_codes()
    other = {sign: code for code, codes in known.items() for sign in codes.signs}
    return Lookup(other | {code: code for code in known})


def _is_plain(shape: str) -> bool:
    return not re.sub(r"\[0-9\]\{[0-9]\}|\(\?:|\)|\^|\$", "", shape)
