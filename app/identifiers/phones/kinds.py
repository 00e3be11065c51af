"""Says what kind of number the numbering plan of a calling code takes national digits for.

The patterns are libphonenumber's. A calling code that several regions share (1, 7, 44 …) has one
judgement: what any of its regions assigns is assigned.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.identifiers.phones.numbering_plans import plans


class Kind(IntEnum):
    """In the order in which a customer's own number is likely to be one."""

    IMPOSSIBLE = 0
    """No number of the plan has this length."""
    UNASSIGNED = 1
    """Possible by its length alone."""
    SERVICE = 2
    """Toll-free, premium rate, shared cost, pager, company-wide and the like."""
    FIXED = 3
    MOBILE = 4
    """Also what may be either, as in North America."""


@dataclass(frozen=True, slots=True)
class KindPatterns:
    """What the numbers of a calling code look like; `lengths` as bits."""

    lengths: int
    general: re.Pattern[str]
    by_kind: tuple[tuple[Kind, re.Pattern[str]], ...]


@cache
def kind_patterns(code: int) -> KindPatterns:
    """The patterns of all territories with this calling code, the likeliest kind first."""
    known = plans()
    places = [place for place in known.territories if place.calling_code == code]
    main = int(known.main[known.territories.index(places[0])])
    return KindPatterns(
        int(known.possible[main]),
        _any(place.general for place in places),
        (
            (Kind.MOBILE, _any(place.mobile for place in places)),
            (Kind.FIXED, _any(place.fixed for place in places)),
            (Kind.SERVICE, _any(one for place in places for one in place.services)),
        ),
    )


def kind_of(national: str, code: int) -> Kind:
    """The kind of one number by its national digits."""
    patterns = kind_patterns(code)
    if not patterns.lengths >> len(national) & 1:
        return Kind.IMPOSSIBLE
    if patterns.general.search(national):
        for kind, pattern in patterns.by_kind:
            if pattern.search(national):
                return kind
    return Kind.UNASSIGNED


def kinds_of(national: pl.Series, code: int) -> NDArray[np.int8]:
    """`kind_of` for a column; each pattern sees only what none before it has decided."""
    patterns = kind_patterns(code)
    length = national.str.len_bytes().cast(pl.Int64).to_numpy()
    found = np.where(patterns.lengths >> length & 1 == 1, Kind.UNASSIGNED, Kind.IMPOSSIBLE)
    found = found.astype(np.int8)
    waiting = np.flatnonzero(found == Kind.UNASSIGNED)
    for kind, pattern in ((None, patterns.general), *patterns.by_kind):
        if not waiting.size:
            break
        fits = national.gather(waiting).str.contains(pattern.pattern).to_numpy()
        if kind is None:
            waiting = waiting[fits]
        else:
            found[waiting[fits]] = kind
            waiting = waiting[~fits]
    return found


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    distinct = dict.fromkeys(filter(None, patterns))
    # what no number can match, where the plan has no such kind
    return re.compile(f"^(?:{'|'.join(distinct)})$" if distinct else "^[^0-9]$")
