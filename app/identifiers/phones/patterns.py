"""Decides by a plan's patterns the numbers that its lengths and first digits leave open.

The same steps as `phonenumbers.parse` and calling_codes.py, on the digits of one plan at a time. The
patterns are libphonenumber's own; digits, classes and groups mean the same to polars' regex engine.
"""

import re
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.identifiers.phones.calling_codes import HAS_CODE
from app.identifiers.phones.former_numbers import present_form
from app.identifiers.phones.kinds import kinds_of
from app.identifiers.phones.numbering_plans import Plans, Territory

_TEMPLATE: Final = re.compile(r"(\d*)\\(\d)")


def national_digits(digits: pl.Series, position: int, plans: Plans, *, dialled: bool) -> pl.Series:
    """National digits of numbers (String, at least three digits) that follow one plan.

    `dialled`: as typed in the region, perhaps with its own calling code in front.
    """
    number = digits
    elsewhere = digits.is_null()
    if dialled:
        territory = plans.territories[position]
        code = str(territory.calling_code)
        own = digits.str.starts_with(code)
        rest = _without_trunk(digits.str.strip_prefix(code), territory)
        better = ~_is_national(digits, territory) & _is_national(rest, territory)
        coded = own & (better | _too_long(digits, position, plans))
        coded = _with_code(digits, rest, own & ~coded, position, plans) | coded
        number = rest.zip_with(coded, digits)
        elsewhere = coded if position != plans.main[position] else elsewhere
    found = _stripped(number, position, plans)
    if elsewhere.any():
        found = _stripped(number, int(plans.main[position]), plans).zip_with(elsewhere, found)
    return found


def _with_code(
    digits: pl.Series, rest: pl.Series, where: pl.Series, position: int, plans: Plans
) -> pl.Series:
    """Which of the numbers `where` are a calling code and `rest`, by the kinds of both readings."""
    places = where.arg_true()
    found = where.new_from_index(0, where.len()) & False
    if places.is_empty():
        return found
    territory = plans.territories[position]
    has_code = HAS_CODE[int(territory.dials_trunk)]
    after = _kinds(rest.gather(places), int(plans.main[position]), plans, coded=True)
    answer = has_code.all(axis=0)[after]
    # only where it matters what the national reading is
    asked = np.flatnonzero(has_code.any(axis=0)[after] & ~answer)
    if asked.size:
        national = _kinds(digits.gather(places.gather(asked)), position, plans, coded=False)
        answer[asked] = has_code[national, after[asked]]
    return found.scatter(places, pl.Series(answer))


def _kinds(number: pl.Series, position: int, plans: Plans, *, coded: bool) -> NDArray[np.int8]:
    code = plans.territories[position].calling_code
    national = _stripped(number, position, plans)
    told = pl.Series([coded]).new_from_index(0, national.len())
    return kinds_of(present_form(national, code, told).fill_null(""), code)


def _stripped(number: pl.Series, position: int, plans: Plans) -> pl.Series:
    """Without the trunk prefix, unless what remains would have no length of the plan."""
    bare = _without_trunk(number, plans.territories[position])
    fits = _has_bit(int(plans.possible[position]), bare) | _too_long(bare, position, plans)
    return bare.zip_with(fits, number)


def _without_trunk(number: pl.Series, territory: Territory) -> pl.Series:
    """Without the trunk prefix or as its rule rewrites the number, if that is as good a number."""
    prefix = territory.prefix
    if not prefix:
        return number
    matched = number.str.extract(f"^({prefix})", 1)
    width = matched.str.len_bytes().fill_null(0)
    frame = pl.DataFrame([number.alias("number"), width.alias("width")])
    rest = frame.select(pl.col("number").str.slice(pl.col("width"))).to_series()
    groups = re.compile(prefix).groups
    template = _TEMPLATE.fullmatch(territory.transform)
    if groups and template:
        last = number.str.extract(f"^({prefix})", groups + 1)
        kept = number.str.extract(f"^({prefix})", int(template[2]) + 1).fill_null("")
        rewritten = pl.Series([template[1]]).new_from_index(0, number.len()) + kept + rest
        rest = rewritten.zip_with(last.is_not_null(), rest)
    worse = _is_national(number, territory) & ~_is_national(rest, territory)
    return number.zip_with(worse, rest)


def _is_national(number: pl.Series, territory: Territory) -> pl.Series:
    return number.str.contains(f"^(?:{territory.general})$")


def _too_long(number: pl.Series, position: int, plans: Plans) -> pl.Series:
    local = _has_bit(int(plans.local[position]), number)
    return (number.str.len_bytes() > int(plans.longest[position])) & ~local


def _has_bit(bits: int, number: pl.Series) -> pl.Series:
    return number.str.len_bytes().is_in([n for n in range(bits.bit_length()) if bits >> n & 1])
