"""Makes countries.tsv: what people call each country, in the languages of CLDR.

Sources: Unicode CLDR (Unicode License v3) as kept by the package `babel` (BSD-3-Clause); ISO 3166-1
as kept by `pycountry` (LGPL-2.1, data of Debian's iso-codes).
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl
import pycountry
from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.localedata import locale_identifiers

from app.identifiers.texts.names import letters
from tables.writing import read_table, write_table

COMMENT: Final = """
Countries and their names. Made by `make tables`: alpha-2, alpha-3 and numeric codes of ISO 3166-1
as kept by pycountry (LGPL-2.1), names of Unicode CLDR in all its languages as kept by babel
(Unicode License v3). Names are lower-case letters with Latin accents folded, without space.
A name that means several countries is in none. Other names: country_aliases.tsv.
"""

FIRST_LANGUAGES: Final = (
    *(
        "de",
        "fr",
        "es",
        "it",
        "pt",
        "nl",
        "sv",
        "da",
        "nb",
        "nn",
        "fi",
        "is",
        "pl",
        "cs",
        "sk",
        "hu",
    ),
    *(
        "ro",
        "bg",
        "hr",
        "sr",
        "sl",
        "bs",
        "mk",
        "sq",
        "el",
        "tr",
        "ru",
        "uk",
        "be",
        "lt",
        "lv",
        "et",
    ),
    *(
        "ga",
        "mt",
        "ca",
        "eu",
        "gl",
        "ja",
        "zh",
        "zh_Hant",
        "ko",
        "ar",
        "he",
        "fa",
        "hi",
        "th",
        "vi",
    ),
    *("id", "ms"),
)
"""Where a name of another language means another country, these languages' meaning is taken."""

KOSOVO: Final = ("XK", "XKX", "")
"""Codes ISO 3166-1 leaves to its users, taken for Kosovo by CLDR, libphonenumber and the EU."""


def written(names: list[str]) -> list[str]:
    """Names as they are looked up, in the same order."""
    small = pl.Series(names, dtype=pl.String).str.normalize("NFKC").str.to_lowercase()
    return letters(small.str.normalize("NFC")).to_list()


def _of_language(name: str) -> dict[str, str]:
    try:
        return dict(Locale.parse(name).territories)
    except (UnknownLocaleError, ValueError):
        return {}


def _official() -> Iterator[tuple[str, str]]:
    for country in pycountry.countries:
        for kind in ("name", "official_name", "common_name"):
            name = getattr(country, kind, None)
            if name:
                yield country.alpha_2, name
                yield country.alpha_2, " ".join(reversed(name.split(", ", 1)))


def _ranks() -> Iterator[tuple[int, str, str]]:
    """(rank, alpha-2 or another territory of CLDR, name); a lower rank decides over higher ones."""
    for code, name in _official():
        yield 0, code, name
    for code, name in _of_language("en").items():
        yield 0, code, name
    for code, name in read_table("country_aliases.tsv"):
        for alias in name.split():
            yield 0, code.upper(), alias
    own = {
        (territory, language)
        for territory, languages in get_global("territory_languages").items()
        for language, facts in languages.items()
        if facts.get("official_status")
    }
    for language in sorted(locale_identifiers()):
        rank = 1 if language in FIRST_LANGUAGES else 2
        for code, name in _of_language(language).items():
            yield (1 if (code, language) in own else rank), code, name


def rows() -> list[tuple[str, ...]]:
    """One row for each country of ISO 3166-1, and one for Kosovo."""
    found = [(rank, code, name) for rank, code, name in _ranks() if re.fullmatch("[A-Z]{2}", code)]
    spelled = written([name for _, _, name in found])
    meant: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for (rank, code, _), name in zip(found, spelled, strict=True):
        if len(name) > 3 or not name.isascii():  # shorter ones are codes or nothing
            meant[name][rank].add(code)
    names = defaultdict(list)
    for name, ranks in meant.items():
        best = ranks[min(ranks)]
        if len(best) == 1:
            names[next(iter(best))].append(name)
    aliases = {tuple(row) for row in read_table("country_aliases.tsv")}
    listed = {(code, name) for code, text in aliases for name in text.split()}
    codes = [(one.alpha_2, one.alpha_3, one.numeric) for one in pycountry.countries]
    return [
        (
            *(alpha_2.lower(), alpha_3.lower(), numeric),
            " ".join(
                name for name in sorted(names[alpha_2]) if (alpha_2.lower(), name) not in listed
            ),
        )
        for alpha_2, alpha_3, numeric in sorted([*codes, KOSOVO])
    ]


def write() -> Path:
    """Make the file."""
    return write_table("countries.tsv", COMMENT, ("alpha_2", "alpha_3", "numeric", "names"), rows())
