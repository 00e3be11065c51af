"""Tells countries by their codes and by what people call them, from the tables beside this module."""

from functools import cache
from typing import Final

from app.identifiers.columns.table_lookup import Lookup
from app.identifiers.tsv_tables import read_table

_COUNTRIES: Final = read_table(__package__, "countries.tsv")

ALPHA_2: Final = frozenset(code for code, *_ in _COUNTRIES)
"""Every officially assigned alpha-2 code, lower-case, and XK: Kosovo's, by the use of everybody."""

OTHER_CODES: Final = {"uk": "gb", "el": "gr"}
"""Two letters in wide use that ISO 3166-1 reserves for the same country."""

_SPELLED_CODES: Final = {"us": "us", "usa": "us", "uk": "gb", "gb": "gb"}
"""The few codes that people write with dots."""

_REGIONAL_INDICATOR_A: Final = 0x1F1E6


def names_of_countries() -> dict[str, str]:
    """Names and aliases, as lower-case letters with Latin accents folded, to alpha-2."""
    tables = [(code, names) for code, _, _, names in _COUNTRIES]
    tables += [(code, names) for code, names in read_table(__package__, "country_aliases.tsv")]
    return {name: code for code, names in tables for name in names.split()} | _SPELLED_CODES


def codes_of_countries() -> dict[str, str]:
    """Alpha-2, alpha-3 and numeric codes, and flags, as they are written, to alpha-2.

    Numbers count with all three digits only: 36 could be Australia that lost its zero, Hungary's
    calling code or a number of the source's own.
    """
    known = {three: code for code, three, _, _ in _COUNTRIES}
    known |= {numeric: code for code, _, numeric, _ in _COUNTRIES if numeric}
    known |= {_flag(code): code for code in ALPHA_2} | {code: code for code in ALPHA_2}
    return known | OTHER_CODES


@cache
def by_code() -> Lookup:
    """Codes, which count as written only: N/A is no Namibia."""
    return Lookup(codes_of_countries())


@cache
def by_name() -> Lookup:
    """Names by their letters."""
    return Lookup(names_of_countries())


def _flag(code: str) -> str:
    return "".join(chr(_REGIONAL_INDICATOR_A + ord(letter) - ord("a")) for letter in code)
