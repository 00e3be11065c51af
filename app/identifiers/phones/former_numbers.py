"""Brings numbers as five countries wrote them before their plans changed to the present form.

- Mexico: since August 2019 every number is dialled by its ten digits; the `1` after the calling
  code, and 01, 02, 044, 045 before national numbers are gone (Plan Técnico Fundamental de
  Numeración, https://www.ift.org.mx; libphonenumber dropped them from its plan since).
- Brazil: mobile numbers got a 9 in front of their eight digits, in all areas since November 2016 (Anatel,
  Resolução 553/2010). Eight digits that begin with 7 were trunking radio; libphonenumber still lists
  them, so they stay. A number without its area code is none.
- Argentina: mobile numbers are 9, area and subscriber abroad, and area, 15, subscriber at home;
  libphonenumber rewrites these. 15 without an area is Buenos Aires, the only area with
  subscriber numbers of eight digits.
- Vietnam: mobile numbers of ten national digits (0168…) became numbers of nine (038…) in autumn 2018
  (Ministry of Information and Communications, plan 798/BTTTT-CVT).
- Ukraine: until 2009 the trunk prefix was 8, and a zero of the area followed it: 8 067 …
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.identifiers.cell_values.text import certain
from app.identifiers.phones.arithmetic import Flags, Integers
from app.identifiers.phones.kinds import Kind, kinds_of

_MEXICO: Final = 52
_ARGENTINA: Final = 54
_BRAZIL: Final = 55
_VIETNAM: Final = 84
_UKRAINE: Final = 380


def may_be_former(code: Integers, count: Integers) -> Flags:
    """Which numbers `present_form` may change, by their calling codes and counts of national digits."""
    found: Flags = _LENGTHS.take(code) >> count & 1 == 1
    return found


def present_form(national: pl.Series, code: int, coded: pl.Series) -> pl.Series:
    """National digits as they are dialled today; null where they are no number any more.

    `coded`: the calling code was written. Other numbers, and those of other codes, stay.
    """
    change = _CHANGES.get(code)
    return national if change is None else change.now(national, coded)


def _mexico(national: pl.Series, coded: pl.Series) -> pl.Series:
    # without its calling code, 1 and ten digits may as well be a number of the United States
    digits = national.str.replace(r"^(?:01|02|04[45])([2-9][0-9]{9})$", "$1")
    return digits.str.replace(r"^1([2-9][0-9]{9})$", "$1").zip_with(coded, digits)


def _argentina(national: pl.Series, coded: pl.Series) -> pl.Series:  # noqa: ARG001
    return national.str.replace(r"^9?15([0-9]{8})$", "911$1")


def _brazil(national: pl.Series, coded: pl.Series) -> pl.Series:  # noqa: ARG001
    digits = national.str.replace(r"^([1-9][0-9])([689][0-9]{7})$", "${1}9$2")
    longer = digits.str.len_bytes() > national.str.len_bytes()
    local = digits.str.contains(r"^(?:[2-9][0-9]{7}|9[0-9]{8})$")
    places = certain(longer | local).arg_true()
    assigned = pl.Series(kinds_of(digits.gather(places), _BRAZIL) > Kind.UNASSIGNED)
    return digits.scatter(places.filter(~assigned), None)


_VIETNAM_BEFORE: Final = r"^1(?:2[0-9]|6[2-9]|8[68]|99)[0-9]{7}$"
_VIETNAM_NOW: Final = MappingProxyType({
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78",
    "123": "83", "124": "84", "125": "85", "127": "81", "129": "82",
    "162": "32", "163": "33", "164": "34", "165": "35", "166": "36", "167": "37", "168": "38", "169": "39",
    "186": "56", "188": "58", "199": "59",
})  # fmt: skip


def _vietnam(national: pl.Series, coded: pl.Series) -> pl.Series:  # noqa: ARG001
    before = certain(national.str.contains(_VIETNAM_BEFORE))
    now = national.str.slice(0, 3).replace(_VIETNAM_NOW) + national.str.slice(3)
    return now.zip_with(before, national)


def _ukraine(national: pl.Series, coded: pl.Series) -> pl.Series:
    return national.str.replace(r"^80([3-9][0-9]{8})$", "$1").zip_with(~coded, national)


class _Change(NamedTuple):
    """What numbers become, and how many digits those have that may become another."""

    now: Callable[[pl.Series, pl.Series], pl.Series]
    lengths: tuple[int, ...]


_CHANGES: Final = MappingProxyType(
    {
        _MEXICO: _Change(_mexico, (11, 12, 13)),
        _ARGENTINA: _Change(_argentina, (10, 11)),
        _BRAZIL: _Change(_brazil, (8, 9, 10)),
        _VIETNAM: _Change(_vietnam, (10,)),
        _UKRAINE: _Change(_ukraine, (11,)),
    }
)


def _by_code() -> NDArray[np.int64]:
    lengths = np.zeros(1_000, dtype=np.int64)
    for code, change in _CHANGES.items():
        lengths[code] = sum(1 << length for length in change.lengths)
    return lengths


_LENGTHS: Final = _by_code()
"""For every calling code the lengths, as bits, of numbers that may have to be changed."""
