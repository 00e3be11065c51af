"""Normalizes where somebody lives: country, state and postal code, each by the country's habits."""

from functools import cache
from typing import Final

import polars as pl

from app.identifiers.columns.cells import Cells
from app.identifiers.columns.digest import in_bytes, sha256
from app.identifiers.columns.lookup import Lookup
from app.identifiers.columns.rule import Outcome, Steps, outcome
from app.identifiers.columns.text import beyond_ascii, blank, certain, change
from app.identifiers.places.country_names import NAMES, OTHER_CODES
from app.identifiers.places.states import STATE_ANYWHERE, STATE_OF, US_TERRITORIES
from app.identifiers.texts.latin import fold
from app.identifiers.texts.names import letters, lower, spelled
from app.identifiers.texts.script_digits import in_ascii_digits

_ARTICLE: Final = "^the|the$"
_DECIMALS: Final = r"^([0-9]+)\.0+$"
_NOT_CODE: Final = r"[^\p{L}\p{N}\p{M}]"
POSTAL_CODE_READY: Final = (
    r"^(?:[1-9][0-9]{4}|0[1-9][0-9]{3}|00[1-9][0-9][0-9]|000[1-9][0-9]|0000[1-9])$"
)
"""Five digits stay as they are in every country; only five zeros are no place."""

_ZIP_PLUS_FOUR: Final = r"^([0-9]{5})-[0-9]{4}$"
_BEFORE_HYPHEN: Final = r"^[^\p{L}\p{N}-]*(?:usa?|[a-z]{2})?[-\s]*([[0-9]\s]{3,})(?:[-].*)?$"
_DASHES: Final = r"\p{Pd}|\x{2212}"
_NO_PLACE: Final = r"^0+$"
_US: Final = frozenset({"us", *US_TERRITORIES})


def country(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """COUNTRY: alpha-2, lower-case, from codes, names and aliases; else `country_unknown`.

    Names are compared by their letters, so that `Côte d'Ivoire` and `COTE D IVOIRE` are one
    (https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences).
    """
    given = frame["text"]
    small = lower(given)
    code = _codes()(small)
    word = letters(small)
    steps.note("only letters, lower-case, accents folded", word)
    names = _names()
    code = code.fill_null(names(word))
    bare = word.set(code.is_not_null(), None).str.replace(_ARTICLE, "")
    code = code.fill_null(names(bare))
    steps.note("looked up", code)
    return outcome(given, code, "country_unknown")


def state(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """ST: the code of a state of the US, Canada or Australia; elsewhere the name without gaps.

    `st_unknown` where the country is one of those three and the text is none of its states
    (https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences).
    Where the country is not known, full names of states are understood all the same.
    """
    given, region = frame["text"], frame["region"]
    bare = spelled(lower(given))
    steps.note("lower-case, punctuation and space out", bare)
    key = change(bare, beyond_ascii(bare), fold)
    code = blank(given)
    coded = pl.select(pl.repeat(value=False, n=given.len(), dtype=pl.Boolean)).to_series()
    for country_code in STATE_OF:
        here = certain(region == country_code)
        if here.any():
            coded = coded | here
            code = code.fill_null(_states(country_code)(key.set(~here, None)))
    unsure = region.is_null() | region.is_in([*US_TERRITORIES])
    if unsure.any():
        code = code.fill_null(_states("")(key.set(~unsure, None)))
    text = code.fill_null(bare.set(coded, None))
    steps.note("looked up", text)
    found = outcome(given, text, "st_unknown")
    return Outcome(found.text, found.reason.set(bare.str.len_bytes() == 0, "st_without_letters"))


def postal_code(frame: pl.DataFrame, steps: Steps) -> Outcome:
    """ZIP: lower-case letters and digits; in the US its first five digits, `zip_invalid` if none.

    Leading zeros that a number column lost are restored in the US. Where the country is not
    known, only `12345-6789` is read as a US code
    (https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences).
    """
    given, region = frame["text"], frame["region"]
    small = change(lower(given), beyond_ascii(given), _in_ascii)
    decimal = small.str.ends_with(".0")
    whole = change(small, decimal, lambda part: part.str.replace(_DECIMALS, "$1"))
    steps.note("lower-case", whole)
    odd = certain(whole.str.contains("[^a-z0-9]"))
    bare = change(whole, odd, lambda part: part.str.replace_all(_NOT_CODE, ""))
    steps.note("space, hyphens and punctuation out", bare)
    american = certain(region.is_in([*_US])) & ~_is_five_digits(bare, odd)
    text = change(whole, american, _five_digits).zip_with(american, bare)
    plus_four = region.is_null() & odd
    text = text.zip_with(~plus_four, change(whole, plus_four, _plus_four_cut))
    steps.note("first five digits", text)
    return outcome(given, text, "zip_invalid")


def _is_five_digits(bare: pl.Series, odd: pl.Series) -> pl.Series:
    return certain(~odd & bare.str.contains(POSTAL_CODE_READY))


def _five_digits(text: pl.Series) -> pl.Series:
    """US codes as five digits; null for anything else, and for all zeros."""
    head = text.str.extract(_BEFORE_HYPHEN).str.replace_all(r"\s", "")
    length = head.str.len_bytes()
    five = head.set(~length.is_between(3, 5), None).str.zfill(5)
    nine = head.set(~length.is_between(7, 9), None).str.zfill(9)
    found = five.fill_null(nine.str.slice(0, 5))
    return found.set(found.str.contains(_NO_PLACE), None)


def _plus_four_cut(text: pl.Series) -> pl.Series:
    first = text.str.replace_all(r"\s", "").str.extract(_ZIP_PLUS_FOUR)
    return first.fill_null(text.str.replace_all(_NOT_CODE, ""))


def _in_ascii(text: pl.Series) -> pl.Series:
    dashed = in_ascii_digits(text).str.replace_all(_DASHES, "-")
    return dashed.str.normalize("NFKC").str.to_lowercase()


@cache
def _states(country_code: str) -> Lookup:
    """The states of a country, or the names that are understood without one."""
    return Lookup(STATE_OF.get(country_code, STATE_ANYWHERE))


@cache
def _codes() -> Lookup:
    """Alpha-2 and alpha-3 codes, which count as written only: N/A is no Namibia."""
    three = {names.split()[0]: code for code, names in NAMES.items()}
    return Lookup(three | {code: code for code in NAMES} | OTHER_CODES)


@cache
def _names() -> Lookup:
    """Names and aliases by their letters, among them the few codes that people write with dots."""
    names = {name: code for code, words in NAMES.items() for name in words.split()[1:]}
    return Lookup(names | {"us": "us", "usa": "us", "uk": "gb", "gb": "gb"})


def country_of(cells: Cells) -> pl.Series:
    """Alpha-2 of COUNTRY cells, also of those that came hashed; null where it is not known."""
    unread = cells.text.is_null() & cells.value.is_not_null()
    if not unread.any():
        return cells.text
    codes = pl.Series("code", sorted(NAMES))
    known = pl.DataFrame([sha256(codes).alias("value"), codes])
    frame = in_bytes(cells.value).alias("value").to_frame()
    found = frame.join(known, on="value", how="left", maintain_order="left")["code"]
    return cells.text.fill_null(found)
