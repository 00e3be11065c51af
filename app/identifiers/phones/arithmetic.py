"""Does libphonenumber's parsing on whole columns of digits, as arithmetic on integers.

A number is its digits as one integer and their count, so that leading zeros are kept by the
count and a prefix goes by a subtraction. What depends on more than the length and the first
three digits is left to the plan's patterns, what is odd altogether to the library.

A frame has a hundred thousand numbers, and every step takes its time for each of them. So what few
numbers need is done on their rows alone, two-dimensional tables are read by their flat index, and
where about half of the rows differ, a flag is multiplied: `np.where` jumps with every change.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.identifiers.phones.numbering_plans import BEGINNING, LONGEST, UNKNOWN, Plans

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

SHORTEST: Final = 4
_TEN: Final = 10 ** np.arange(19, dtype=np.int64)
_BEGINNINGS: Final = 10**BEGINNING
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
    """A column of numbers: national digits and their count, and the position of the plan they follow.

    `verdict` PATTERN: a trunk prefix may still be in front of them, and where `dialled` the region's
    own calling code. `coded`: a calling code was written, and is known to be one.
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
    odd = (count < SHORTEST) | (count > LONGEST)
    n = count.clip(SHORTEST, LONGEST)
    v = np.where(count > LONGEST, 0, digits)
    first = beginning(v, n)

    # the dialling prefix of the region makes a number international
    national = ~plus & (region != UNKNOWN)
    rows = np.flatnonzero(national & plans.idd_begins.take(region * _BEGINNINGS + first))
    if rows.size:
        at = region.take(rows)
        rest = n.take(rows) - plans.idd_digits.take(at)
        follows = v.take(rows) - plans.idd.take(at) * _TEN.take(rest)
        prefixed = ~plans.idd_maybe.take(at * _BEGINNINGS + first.take(rows))
        odd[rows] |= ~prefixed
        prefixed &= follows >= _TEN.take(np.maximum(rest - 1, 0))
        rows, rest, follows = rows[prefixed], rest[prefixed], follows[prefixed]
        odd[rows] |= rest < SHORTEST
        national[rows] = False
        n[rows], v[rows], first[rows] = rest, follows, beginning(follows, rest)

    # no country: refused unless it can only be a full North American number
    short = ~plus & (region == UNKNOWN)
    if short.any():
        short &= ~_is_american(v, n)
        odd |= short & (n >= _FULL_LENGTH) & (v >= _TEN.take(n - 1))

    # the calling code, by the first digits or by being the region's own
    plan = plans.of_code.take(first)
    plan += (region - plan) * national
    odd |= ~short & (plan == UNKNOWN)
    coded = plans.code_begins.take(plan * _BEGINNINGS + first)
    rest = n - plans.code_digits.take(plan)
    odd |= (coded | ~national) & (rest < BEGINNING)
    dialled = national & coded
    rows = np.flatnonzero(dialled)
    if rows.size:
        own = plan.take(rows)
        sure = _has_code(v.take(rows), n.take(rows), own, plans)
        dialled[rows] = ~sure
        plan[rows] = np.where(sure, plans.main.take(own), own)
    coded &= ~dialled
    n = n - plans.code_digits.take(plan) * coded
    v = v - plans.code.take(plan) * coded * _TEN.take(n)

    # the trunk prefix goes unless what remains would have no length of the plan
    at = plan * _BEGINNINGS + beginning(v, n)
    undecided = dialled | plans.trunk_maybe.take(at)
    gone = (plans.trunk_goes.take(at) >> n & 1) * ~undecided
    n = n - plans.trunk_digits.take(plan) * gone
    v = v - plans.trunk.take(plan) * gone * _TEN.take(n)

    main = plans.main.take(plan)
    possible = plans.possible.take(main) >> n & 1 == 1
    odd |= ~undecided & ((v == 0) | (plans.elsewhere.take(main) >> n & 1 == 1))
    verdict = np.where(possible, Verdict.POSSIBLE, Verdict.IMPOSSIBLE).astype(np.int8)
    verdict[undecided] = Verdict.PATTERN
    verdict[odd] = Verdict.LIBRARY
    verdict[short & ~odd] = Verdict.WITHOUT_COUNTRY
    return Numbers(v, n, plan, dialled, coded, verdict)


def in_full(numbers: Numbers, plans: Plans) -> Integers:
    """E.164 digits of the numbers that are possible."""
    full: Integers = plans.code.take(numbers.plan) * _TEN.take(numbers.count) + numbers.digits
    return full


def beginning(v: Integers, n: Integers) -> Integers:
    """The first three digits of numbers of `n` digits, 0 where there are not so many."""
    first: Integers = v // _TEN.take(n - BEGINNING)
    return first


def _is_american(v: Integers, n: Integers) -> Flags:
    """Whether digits can only be a North American number with its calling code."""
    area, exchange = v // _TEN[9] % 10, v // _TEN[6] % 10
    valid = (area >= _HIGHEST_SECOND) & (exchange >= _HIGHEST_SECOND)
    found: Flags = valid & (n == _FULL_LENGTH) & (v // _TEN[10] == 1)
    return found


def _has_code(v: Integers, n: Integers, plan: Integers, plans: Plans) -> Flags:
    """Whether the calling code that digits of a plan begin with is one without doubt.

    They have to be too long for a national number, and no trunk prefix may follow.
    """
    too_long = (n > plans.longest.take(plan)) & (plans.local.take(plan) >> n & 1 == 0)
    bare = n - plans.code_digits.take(plan)
    follows = v - plans.code.take(plan) * _TEN.take(bare)
    at = plan * _BEGINNINGS + beginning(follows, bare)
    found: Flags = too_long & (plans.trunk_goes.take(at) == 0) & ~plans.trunk_maybe.take(at)
    return found
