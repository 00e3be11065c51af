"""Normalizes what is spelled in letters: names, initials, cities and words for a gender."""

from functools import cache
from typing import Final

import polars as pl

from app.identifiers.cell_values.rule import Outcome, Steps, outcome
from app.identifiers.cell_values.text import beyond_ascii, certain, change, compose
from app.identifiers.columns.table_lookup import Lookup
from app.identifiers.texts.gender_words import GENDER_OF
from app.identifiers.texts.latin import fold

_APOSTROPHES: Final = r"\x{02B9}-\x{02BF}\x{02C8}\x{02CA}-\x{02CD}\x{02EE}\x{A78B}\x{A78C}"
"""Letters by category that are typed for an apostrophe or accent."""

_SELECTORS: Final = r"\x{FE00}-\x{FE0F}\x{E0100}-\x{E01EF}\p{Me}"
"""Marks that belong to a symbol that is gone."""

_NOT_SPELLING: Final = rf"[\p{{P}}\p{{S}}\p{{Z}}\p{{Cc}}\p{{Cf}}\p{{Co}}{_APOSTROPHES}{_SELECTORS}]"
_NOT_LETTERS: Final = rf"[^\p{{L}}\p{{M}}]|[{_APOSTROPHES}{_SELECTORS}]"
_TWO_PARTS: Final = r"^([\p{L}\p{M}\p{N}]+)\s*[-\x{2013}/|:=(]\s*([\p{L}\p{M}\p{N}]+)\s*\)?$"
_HAS_LETTER: Final = r"\p{L}"
_NO_NAME: Final = (
    r"[@|;=<>{}\[\]\n]|://|\p{L}:\s*[(\x{FF08}]?\p{L}|%[0-9A-Fa-f]{2}|\\[xu][0-9A-Fa-f]{2}|\\[tnr]"
)
"""Signs of a text that is more than a name, or another thing: an address, several names, a label."""


def lower(text: pl.Series) -> pl.Series:
    """Lower-case, and composed again where that took a letter apart."""
    return compose(text.str.to_lowercase())


def spelled(text: pl.Series) -> pl.Series:
    """Lower-case text without punctuation, symbols and space; letters, marks and digits stay."""
    odd = text.str.contains("[^a-z0-9]")
    return change(text, odd, lambda part: compose(part.str.replace_all(_NOT_SPELLING, "")))


def letters(text: pl.Series) -> pl.Series:
    """Lower-case text as letters only, the Latin ones folded to a-z."""
    odd = text.str.contains("[^a-z]")
    return change(text, odd, _letters)


def _letters(text: pl.Series) -> pl.Series:
    bare = compose(text.str.replace_all(_NOT_LETTERS, ""))
    return change(bare, beyond_ascii(bare), fold)


def _with_letter(text: pl.Series) -> pl.Series:
    found = text.str.contains(_HAS_LETTER)
    return text if found.all() else text.set(~found, None)


def _name(given: pl.Series, steps: Steps) -> pl.Series:
    small = lower(given)
    steps.note("lower-case", small)
    bare = spelled(small)
    steps.note("punctuation, symbols and space out", bare)
    return _with_letter(bare)


def _checked(given: pl.Series, text: pl.Series, key: str, lacking: str | None = None) -> Outcome:
    """`text` of the cells that are a name: `…_invalid` for others, else `…_without_letters`."""
    found = outcome(given, text, lacking or f"{key}_without_letters")
    more = certain(given.str.contains(_NO_NAME))
    if not more.any():
        return found
    return Outcome(found.text.set(more, None), found.reason.set(more, f"{key}_invalid"))


def first_name(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """FN: lower-case letters of any script; `fn_without_letters` if there is none.

    `fn_invalid` for what is more than a name: an address, several names, a label before one.

    Meta allows UTF-8 here and publishes hashes for `valéry` and `정`
    (https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters).
    """
    return _checked(frame["text"], _name(frame["text"], steps), "fn")


def last_name(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """LN: as FN; `ln_without_letters` if there is none, `ln_invalid` as there."""
    return _checked(frame["text"], _name(frame["text"], steps), "ln")


def first_initial(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """FI: the first letter of the name as a-z; `fi_not_latin` if it is none of them, `fi_invalid` as FN."""
    first = _name(frame["text"], steps).str.slice(0, 1)
    steps.note("first letter", first)
    folded = fold(first).str.extract("^([a-z])")
    steps.note("accents folded", folded)
    return _checked(frame["text"], folded, "fi", "fi_not_latin")


def gender(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """GEN: m or f for the words and codes of the table; `gen_unknown` for anything else."""
    small = lower(frame["text"])
    word = _folded(small)
    steps.note("lower-case, punctuation and accents out", word)
    code = _genders()(word)
    places = (code.is_null() & word.is_not_null()).arg_true()
    if not places.is_empty():
        code = code.scatter(places, _of_two_parts(small.gather(places)))
    steps.note("looked up", code)
    return outcome(frame["text"], code, "gen_unknown")


def _of_two_parts(text: pl.Series) -> pl.Series:
    """The gender of a code with its label (`F - Female`, `Male (M)`), where both say the same."""
    first, second = (_genders()(_folded(text.str.extract(_TWO_PARTS, part))) for part in (1, 2))
    return first.set(~certain(first == second), None)


def _folded(small: pl.Series) -> pl.Series:
    bare = spelled(small)
    return change(bare, beyond_ascii(bare), fold)


def city(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """CT: lower-case letters, Latin accents folded; `ct_without_letters`, `ct_invalid` as FN."""
    small = lower(frame["text"])
    steps.note("lower-case", small)
    bare = letters(small)
    steps.note("only letters, Latin accents folded", bare)
    return _checked(frame["text"], _with_letter(bare), "ct")


@cache
def _genders() -> Lookup:
    return Lookup(GENDER_OF)
