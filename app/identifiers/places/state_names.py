"""Tells states and provinces by their names and codes, from the tables beside this module.

Written forms are lower-case letters and digits with accents folded. Three countries' states are known
by everything people write, because Meta expects their codes; the others' by ISO 3166-2.
"""

from functools import cache
from itertools import permutations
from typing import Final

from app.identifiers.tsv_tables import read_table

_STATES: Final = read_table(__package__, "states.tsv")
CODED: Final = ("us", "ca", "au")
"""Countries whose states are sent as codes."""

_COUNTRY_NAMES: Final = {
    "us": ("us", "usa", "unitedstates", "unitedstatesofamerica"),
    "ca": ("ca", "can", "canada"),
    "au": ("au", "aus", "australia"),
}


def _of(country: str) -> list[tuple[str, list[str], list[str]]]:
    return [
        (code, names.split(), short.split())
        for home, code, names, short in _STATES
        if home == country
    ]


def _labels(country: str) -> dict[str, str]:
    """A state's name with its code or its country's: `California (CA)`, `US - California`."""
    labels: dict[str, str] = {}
    for code, names, _ in _of(country):
        for name in names:
            for other in (code, *(own + code for own in _COUNTRY_NAMES[country])):
                labels |= dict.fromkeys(map("".join, permutations((name, other))), code)
            for own in _COUNTRY_NAMES[country]:
                labels |= dict.fromkeys(map("".join, permutations((name, own))), code)
    return labels


def _codes_with_country(country: str) -> dict[str, str]:
    """`US-CA`, `US:CA`, `CA, USA`."""
    return {
        "".join(pair): code
        for code, _, _ in _of(country)
        for own in _COUNTRY_NAMES[country]
        for pair in permutations((own, code))
    }


def _names(country: str) -> dict[str, str]:
    return {name: code for code, names, _ in _of(country) for name in names}


@cache
def states_of(country: str) -> dict[str, str]:
    """Written form to code, of one of `CODED`; a form that is not in it is no state of it.

    Names, abbreviations, codes, labels, and codes with the country's.
    """
    short = {word: code for code, _, words in _of(country) for word in words}
    codes = {code: code for code, _, _ in _of(country)}
    return _labels(country) | _codes_with_country(country) | _names(country) | short | codes


@cache
def states_anywhere() -> dict[str, str]:
    """Full names and labels that mean one state wherever the country is not known."""
    labels = _labels("au") | _labels("ca") | _labels("us")
    return labels | _names("au") | _names("ca") | _names("us")


@cache
def codes_with_country_anywhere() -> dict[str, str]:
    """Codes beside their country's, to the code."""
    return _codes_with_country("au") | _codes_with_country("ca") | _codes_with_country("us")


@cache
def foreign_codes() -> frozenset[str]:
    """Codes of the states of `CODED`, that mean nothing in a country that has no such code."""
    return frozenset(code for _, code, *_ in _STATES)


@cache
def subdivisions() -> dict[str, str]:
    """ISO 3166-2 code (`jp-13`) to local name."""
    return {
        f"{home}-{code}": name for home, code, name in read_table(__package__, "subdivisions.tsv")
    }
