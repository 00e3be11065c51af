"""Makes calendar_words.tsv: months and days of the week, in the languages dates are written in.

Source: Unicode CLDR (Unicode License v3) as kept by the package `babel` (BSD-3-Clause).
"""

from collections import defaultdict
from pathlib import Path
from typing import Final

import polars as pl
from babel import Locale

from app.identifiers.texts.names import letters, lower
from tables.writing import DATES, write_table

LANGUAGES: Final = (
    "af ar bg bs ca cs da de el en es et fa fi fr he hi hr hu id is it ja ko lt lv mk ms nb nl nn "
    "pl pt ro ru sk sl sq sr sv th tr uk vi zh"
)
ALSO: Final = (
    ("month", 1, "ژانویهٔ"),
    ("month", 2, "فوریهٔ"),
    ("month", 5, "مهٔ"),
    ("month", 7, "ژوئیهٔ"),
    *(("day", 2, "tues"), ("day", 3, "weds"), ("day", 4, "thur"), ("day", 4, "thurs")),
)
"""Spellings of older editions of CLDR, and usual English ones."""

COMMENT: Final = """
Months and days of the week. Made by `make tables` from Unicode CLDR (Unicode License v3) as kept by
babel, full and short names. Names are lower-case letters with Latin accents folded. A name of two
months (listopad: October in Croatian, November in Polish) is in none; a short name of two
days is in both. number: 1 is January, 1 is Monday.
"""


def _meanings(kind: str) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for language in LANGUAGES.split():
        names = getattr(Locale.parse(language), "months" if kind == "month" else "days")
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in names.get(context, {}).get(width, {}).items():
                    if not any(map(str.isdigit, name)):
                        found[name].add(number if kind == "month" else number + 1)
    for its_kind, number, name in ALSO:
        if its_kind == kind:
            found[name].add(number)
    meanings: dict[str, set[int]] = defaultdict(set)
    for name, word in zip(found, letters(lower(pl.Series([*found]))), strict=True):
        if len(word) > 1 or not word.isascii():
            meanings[word] |= found[name]
    return meanings


def rows() -> list[tuple[str, str, str]]:
    """One row for each month and day."""
    table = []
    for kind, last in (("month", 12), ("day", 7)):
        meanings = _meanings(kind)
        for number in range(1, last + 1):
            words = [
                word
                for word, numbers in meanings.items()
                if number in numbers and (kind == "day" or len(numbers) == 1)
            ]
            table.append((kind, str(number), " ".join(sorted(words))))
    return table


def write() -> Path:
    """Make the file."""
    return write_table(
        "calendar_words.tsv", COMMENT, ("kind", "number", "names"), rows(), folder=DATES
    )
