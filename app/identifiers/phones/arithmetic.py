"""Does libphonenumber's parsing on whole columns of digits, as arithmetic on integers.

A number is its digits as one integer and their count, so that leading zeros are kept by the
count and cutting a prefix off is a division. What depends on more than the length and the first
three digits is left to the plan's patterns, what is odd altogether to the library.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.identifiers.phones.numbering_plans import LONGEST, UNKNOWN, Plans

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

SHORTEST: Final = 4
_TEN: Final = 10 ** np.arange(19, dtype=np.int64)
_FULL_LENGTH: Final = 11
_HIGHEST_SECOND: Final = 2


class Verdict(IntEnum):
    """What is known of a number; LIBRARY and PATTERN mean: not decided here."""

    LIBRARY = 0
    POSSIBLE = 1
    IMPOSSIBLE = 2
    WITHOUT_COUNTRY = 3
    PATTERN = 4


@dataclass(frozen=True, slots=True, repr=False)
class Numbers:
    """A column of numbers: digits and count of digits, and the position of the plan they follow.

    `verdict` POSSIBLE: the whole E.164 number, `count` counts its national digits. PATTERN: national
    digits of `plan`; where `dialled` the region's own calling code may still be in front of them.
    `coded`: a calling code was written, and is known to be one.
    """

    digits: Integers
    count: Integers
    plan: Integers
    dialled: Flags
    coded: Flags
    verdict: NDArray[np.int8]


def read_digits(
    digits: Integers, count: Integers, plus: Flags, region: Integers, plans: Plans
) -> Numbers:
    """Read numbers by their digits alone; `plus` is written before them or is what `00` meant.

    `region`: positions in `plans`, UNKNOWN where the country is not known. The steps and their
    order are those of `phonenumbers.parse` and `is_possible_number_with_reason`.
    """
    verdict = np.full(digits.size, Verdict.IMPOSSIBLE, dtype=np.int8)
    odd = (count < SHORTEST) | (count > LONGEST)
    n = count.clip(SHORTEST, LONGEST)
    v = digits % _TEN[n]

    # the dialling prefix of the region makes a number international
    national = ~plus & (region != UNKNOWN)
    width = plans.idd_digits[region]
    prefixed = national & (width > 0) & (v // _TEN[n - width] == plans.idd[region])
    prefixed &= (v % _TEN[n - width]) >= _TEN[np.maximum(n - width - 1, 0)]
    odd |= national & plans.idd_maybe[region, v // _TEN[n - 3]]
    n = np.where(prefixed, n - width, n)
    odd |= n < SHORTEST
    n = n.clip(SHORTEST)
    v = v % _TEN[n]
    national &= ~prefixed

    # no country: refused unless it can only be a full North American number
    nowhere = ~plus & (region == UNKNOWN)
    short = nowhere
    if nowhere.any():
        american = (n == _FULL_LENGTH) & (v // _TEN[10] == 1)
        american &= (v // _TEN[9] % 10 >= _HIGHEST_SECOND) & (v // _TEN[6] % 10 >= _HIGHEST_SECOND)
        odd |= nowhere & ~american & (n >= _FULL_LENGTH) & (v >= _TEN[n - 1])
        short = nowhere & ~american

    # the calling code, by the first digits or by being the region's own
    plan = np.where(national, region, plans.of_code[v // _TEN[n - 3]])
    odd |= ~short & (plan == UNKNOWN)
    width = plans.code_digits[plan]
    own = national & (v // _TEN[n - width] == plans.code[plan])
    odd |= (own | ~national) & (n - width < 3)
    rest = np.maximum(n - width, 3)
    follows = v % _TEN[rest]
    dialled = own & ~_too_long(n, plan, plans)
    dialled |= own & (_may_have_trunk(follows, rest, plan, plans))
    cut = ~national | (own & ~dialled)
    n = np.where(cut, rest, n)
    v = np.where(cut, follows, v)
    plan = np.where(cut, plans.main[plan], plan)

    # the trunk prefix goes unless what remains would have no length of the plan
    bare = n - plans.trunk_digits[plan]
    gone = _has_trunk(v, n, plan, plans) & _may_lose(bare, plan, plans)
    undecided = dialled | plans.trunk_maybe[plan, v // _TEN[n - 3]]
    n = np.where(gone & ~undecided, bare, n)
    v = v % _TEN[n]

    main = plans.main[plan]
    verdict[plans.possible[main] >> n & 1 == 1] = Verdict.POSSIBLE
    verdict[undecided] = Verdict.PATTERN
    odd |= ~undecided & ((v == 0) | (plans.elsewhere[main] >> n & 1 == 1))
    verdict[odd] = Verdict.LIBRARY
    verdict[short & ~odd] = Verdict.WITHOUT_COUNTRY
    whole = np.where(verdict == Verdict.POSSIBLE, plans.code[plan] * _TEN[n] + v, v)
    return Numbers(whole, n, plan, dialled, cut, verdict)


def _too_long(n: Integers, plan: Integers, plans: Plans) -> Flags:
    found: Flags = np.logical_and(n > plans.longest[plan], plans.local[plan] >> n & 1 == 0)
    return found


def _has_trunk(v: Integers, n: Integers, plan: Integers, plans: Plans) -> Flags:
    width = plans.trunk_digits[plan]
    begins = v // _TEN[n - width] == plans.trunk[plan]
    found: Flags = np.logical_and(begins, (width > 0) & (n > width))
    return found


def _may_have_trunk(v: Integers, n: Integers, plan: Integers, plans: Plans) -> Flags:
    maybe = plans.trunk_maybe[plan, v // _TEN[n - 3]]
    found: Flags = np.logical_or(_has_trunk(v, n, plan, plans), maybe)
    return found


def _may_lose(n: Integers, plan: Integers, plans: Plans) -> Flags:
    """Whether a number of this length may be what remains after the trunk prefix."""
    found: Flags = np.logical_or(plans.possible[plan] >> n & 1 == 1, _too_long(n, plan, plans))
    return found
