"""Makes subdivisions.tsv: states, provinces and regions by their codes of ISO 3166-2.

Source: the package `pycountry` (LGPL-2.1, data of Debian's iso-codes).
"""

import re
from pathlib import Path
from typing import Final

import pycountry

from tables.writing import write_table

COMMENT: Final = """
Subdivisions of countries. Made by `make tables` from ISO 3166-2 as kept by pycountry (LGPL-2.1).
country: ISO 3166-1 alpha-2. code: the part of the code after the country's. name: local name.
"""

FORMER: Final = [("fr", "75", "Paris")]
"""Codes that ISO 3166-2 gave up and that are in everybody's use."""

_BESIDE: Final = r"\s*[\[(].*[\])]|\*$"
_INVERTED: Final = r"^([^,]+), (?!.*\b(?:and|y)\b)[^,]+$"
"""`Praha, Hlavní město`, not `San Andrés, Providencia y Santa Catalina`."""


def rows() -> list[tuple[str, ...]]:
    """One row for each subdivision."""
    known = [
        (
            *(one.country_code.lower(), one.code.partition("-")[2].lower()),
            re.sub(_INVERTED, r"\1", re.sub(_BESIDE, "", one.name)),
        )
        for one in pycountry.subdivisions
        if not one.code.startswith("NL-BQ")  # countries of their own
    ]
    return sorted([*known, *FORMER])


def write() -> Path:
    """Make the file."""
    return write_table("subdivisions.tsv", COMMENT, ("country", "code", "name"), rows())
