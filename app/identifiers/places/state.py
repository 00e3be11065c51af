"""Normalizes ST: codes in the three countries whose codes Meta expects, names elsewhere."""

from functools import cache
from typing import Final

import polars as pl

from app.identifiers.cell_values.rule import Outcome, Steps, outcome
from app.identifiers.cell_values.text import beyond_ascii, blank, certain, change
from app.identifiers.columns.table_lookup import Lookup
from app.identifiers.places.country_names import by_code, by_name
from app.identifiers.places.postal_code_shapes import US_TERRITORIES
from app.identifiers.places.state_names import (
    CODED,
    codes_with_country_anywhere,
    foreign_codes,
    states_anywhere,
    states_of,
    subdivisions,
)
from app.identifiers.texts.latin import fold
from app.identifiers.texts.names import letters, lower, spelled

_PERHAPS_NO_NAME: Final = r"[0-9()\[\]{}:|/]|^.{1,3}$|^[a-z]{2}[-_.][a-z]{1,3}$|\s\p{Pd}+\s|, "
_PARTED: Final = r"[a-z][^\p{L}\p{N}]+[a-z]"
_OWNED_CODE: Final = r"^([a-z]{2})(?:\s*[-:_./|]+\s*([a-z0-9]{1,3})|([0-9]{1,3}))$"
_CODE: Final = r"^([a-z0-9]{1,3})$"
_WORDLIKE_CODE: Final = "^[a-z]{2,3}$"
_TWO_PARTS: Final = (
    r"^(.+?)\s*[(\[{]\s*(.+?)\s*[)\]}]$",  # São Paulo (SP)
    r"^(.+?)(?:\s+\p{Pd}+\s+|\s*[:|/,]\s*)(.+)$",  # BY - Bayern, Lazio, Italia
)
_HALF_LABEL: Final = r".[(\[{:|]"


def state(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """ST: the code of a state of the US, Canada or Australia; elsewhere the name without gaps.

    `st_unknown` where the country is one of those three and the text is none of its states, and
    elsewhere for codes that ISO 3166-2 does not know
    (https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences).
    Where the country is not known, full names of states are understood all the same.
    """
    given, region = frame["text"], frame["region"]
    small = lower(given)
    bare = spelled(small)
    steps.note("lower-case, punctuation and space out", bare)
    key = change(bare, beyond_ascii(bare), fold)
    code = blank(given)
    coded = certain(region.is_in([*CODED]))
    for country in CODED:
        here = certain(region == country)
        if here.any():
            code = code.fill_null(_states(country)(key.set(~here, None)))
    unsure = region.is_null() | region.is_in([*US_TERRITORIES])
    if unsure.any():
        code = code.fill_null(_states("")(key.set(~unsure, None)))
        parted = unsure & certain(small.str.contains(_PARTED))
        if parted.any():
            code = code.fill_null(_codes()(key.set(~parted, None)))
    text = code.fill_null(bare.set(coded, None))
    odd = certain(~coded & code.is_null() & small.str.contains(_PERHAPS_NO_NAME)).arg_true()
    if not odd.is_empty():
        text = text.scatter(odd, _read_closely(small.gather(odd), region.gather(odd)))
    steps.note("looked up", text)
    found = outcome(given, text, "st_unknown")
    return Outcome(found.text, found.reason.set(bare.str.len_bytes() == 0, "st_without_letters"))


def _read_closely(small: pl.Series, region: pl.Series) -> pl.Series:
    """States outside the three countries that could be codes, or names with codes beside them."""
    name, coded = _of_code(small, region)
    for shape in _TWO_PARTS:
        parts = [small.str.extract(shape, group) for group in (1, 2)]
        for part, other in (parts, parts[::-1]):
            beside = _is_code_of(other, region) | _is_country(other, region)
            name = name.fill_null(spelled(part.set(~beside | coded, None)))
        coded = coded | name.is_not_null()
    half = certain(small.str.contains(_HALF_LABEL))
    return name.fill_null(spelled(small).set(coded | half, None))


def _of_code(small: pl.Series, region: pl.Series) -> tuple[pl.Series, pl.Series]:
    """What codes mean, and which of the texts are codes whether they mean anything or not.

    Codes of two or three letters are what people write, and stay; others become names.
    """
    owner = by_code()(small.str.extract(_OWNED_CODE, 1))
    code = small.str.extract(_OWNED_CODE, 2).fill_null(small.str.extract(_OWNED_CODE, 3))
    code = code.set(owner.is_null(), None).fill_null(small.str.extract(_CODE))
    home = region.fill_null(owner)
    local = _subdivisions()(home + "-" + code)
    wordlike = certain(code.str.contains(_WORDLIKE_CODE))
    meaning = spelled(lower(local)).zip_with(~wordlike | local.is_null(), code)
    abroad = certain(owner != region)
    foreign = region.is_not_null() & certain(code.is_in([*foreign_codes()]))
    foreign &= ~certain(region.is_in([*US_TERRITORIES]))
    is_code = owner.is_not_null() | foreign
    is_code |= home.is_not_null() & code.is_not_null() & ~wordlike & certain(_has_codes(home))
    return meaning.set(abroad, None), is_code | local.is_not_null()


def _is_code_of(part: pl.Series, region: pl.Series) -> pl.Series:
    meaning, _ = _of_code(part, region)
    return certain(meaning.is_not_null() & _subdivisions_know(part, region))


def _subdivisions_know(part: pl.Series, region: pl.Series) -> pl.Series:
    own = part.str.extract(_OWNED_CODE, 1)
    code = part.str.extract(_OWNED_CODE, 2).fill_null(part.str.extract(_OWNED_CODE, 3))
    home = region.fill_null(by_code()(own))
    return _subdivisions()(home + "-" + code.fill_null(part)).is_not_null()


def _is_country(part: pl.Series, region: pl.Series) -> pl.Series:
    country = by_code()(part).fill_null(by_name()(letters(part)))
    return certain(country.is_not_null() & ((country == region) | region.is_null()))


def _has_codes(home: pl.Series) -> pl.Series:
    return home.is_in(sorted({code[:2] for code in subdivisions()}))


@cache
def _states(country: str) -> Lookup:
    """The states of a country, or the names that are understood without one."""
    return Lookup(states_of(country) if country else states_anywhere())


@cache
def _codes() -> Lookup:
    return Lookup(codes_with_country_anywhere())


@cache
def _subdivisions() -> Lookup:
    return Lookup(subdivisions())
