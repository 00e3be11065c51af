"""Brings numbers as three countries wrote them before their plans changed to the present form.

- Mexico: since August 2019 every number is dialled by its ten digits; the `1` after the calling
  code, and 01, 02, 044, 045 before national numbers are gone (Plan Técnico Fundamental de
  Numeración, https://www.ift.org.mx; libphonenumber dropped them from its plan since).
- Brazil: mobile numbers got a 9 in front of their eight digits, in all areas since November 2016 (Anatel,
  Resolução 553/2010). Eight digits that begin with 7 were trunking radio; libphonenumber still lists
  them, so they stay. A number without its area code is none.
- Argentina: mobile numbers are 9, area and subscriber abroad, and area, 15, subscriber at home;
  libphonenumber rewrites these. 15 without an area is Buenos Aires, the only area with
  subscriber numbers of eight digits.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

import polars as pl

from app.identifiers.cell_values.text import certain
from app.identifiers.phones.kinds import Kind, kinds_of

_MEXICO: Final = 52
_ARGENTINA: Final = 54
_BRAZIL: Final = 55


def present_form(national: pl.Series, code: int, coded: pl.Series) -> pl.Series:
    """National digits as they are dialled today; null where they are no number any more.

    `coded`: the calling code was written. Other numbers, and those of other codes, stay.
    """
    change = _CHANGES.get(code)
    return national if change is None else change(national, coded)


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


_CHANGES: Final = MappingProxyType[int, Callable[[pl.Series, pl.Series], pl.Series]](
    {_MEXICO: _mexico, _ARGENTINA: _argentina, _BRAZIL: _brazil}
)
CHANGED_CODES: Final = tuple(_CHANGES)
"""Calling codes whose numbers may have to be changed."""
