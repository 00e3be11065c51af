"""Lays libphonenumber's numbering plans out as arrays, so that millions of numbers can ask at once.

Everything is derived from the metadata of the installed `phonenumbers`; nothing is copied, so a
new version of the library brings its new plans along.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import phonenumbers
from numpy.typing import NDArray
from phonenumbers import PhoneMetadata, PhoneNumberDesc

from app.identifiers.phones.digit_patterns import DigitPattern

LONGEST: Final = 17
"""Longer numbers are none (libphonenumber stops at 17 national digits)."""

UNKNOWN: Final = -1
BEGINNING: Final = 3
"""So many first digits of a number say what its prefixes are, or that they do not say it."""

_BEGINNINGS: Final = np.arange(10**BEGINNING)


@dataclass(frozen=True, slots=True)
class Territory:
    """One plan, a region's or that of a calling code without region, as libphonenumber has it.

    `prefix` is what may stand before a national number, `dials_trunk` whether one has to.
    `mobile`, `fixed` and `services` are patterns of the numbers that are assigned to each.
    """

    region: str
    calling_code: int
    idd: str
    prefix: str
    transform: str
    general: str
    lengths: tuple[int, ...]
    local_lengths: tuple[int, ...]
    dials_trunk: bool
    mobile: str
    fixed: str
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plans:
    """All plans by position; every array has one entry a territory unless said otherwise.

    `number` finds a region's position. `main` is the position of the plan that stands for a
    calling code; `of_code` finds it by the first three digits of an international number
    (UNKNOWN if they begin with no calling code). `possible` and `local` are bits by length.
    `idd` / `idd_digits` and `trunk` / `trunk_digits` are prefixes that are plain digits
    (their number and count; count 0 where there is none or it is no plain one).
    `zeros_abroad` (territory, digit): 00 before this digit can only mean international.

    By territory and first three digits: `code_begins`, whether they begin with the calling code;
    `idd_begins`, whether a dialling prefix may begin so, `idd_maybe`, one that is not `idd`;
    `trunk_maybe`, where another trunk prefix may begin, or only the whole number tells; elsewhere
    `trunk_goes` has the lengths, as bits, of the numbers that lose `trunk`.
    """

    territories: tuple[Territory, ...]
    number: dict[str, int]
    main: NDArray[np.int64]
    of_code: NDArray[np.int64]
    code: NDArray[np.int64]
    code_digits: NDArray[np.int64]
    possible: NDArray[np.int64]
    local: NDArray[np.int64]
    longest: NDArray[np.int64]
    elsewhere: NDArray[np.int64]
    idd: NDArray[np.int64]
    idd_digits: NDArray[np.int64]
    idd_begins: NDArray[np.bool_]
    idd_maybe: NDArray[np.bool_]
    trunk: NDArray[np.int64]
    trunk_digits: NDArray[np.int64]
    trunk_maybe: NDArray[np.bool_]
    trunk_goes: NDArray[np.int32]
    code_begins: NDArray[np.bool_]
    zeros_abroad: NDArray[np.bool_]


@cache
def plans() -> Plans:
    """The plans of every region and calling code; read once a process (about half a second)."""
    by_code = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    nowhere = (phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY,)
    regions = sorted(phonenumbers.SUPPORTED_REGIONS)
    codes = sorted(code for code, members in by_code.items() if members == nowhere)
    places = tuple(
        _territory(data)
        for data in (
            *(PhoneMetadata.metadata_for_region(region, None) for region in regions),
            *(PhoneMetadata.metadata_for_nongeo_region(code, None) for code in codes),
        )
    )
    number = {region: position for position, region in enumerate(regions)}
    main_of = {code: number[members[0]] for code, members in by_code.items() if members != nowhere}
    main_of |= {code: len(regions) + position for position, code in enumerate(codes)}
    lengths: dict[int, int] = {}
    for place in places:
        lengths[place.calling_code] = lengths.get(place.calling_code, 0) | _bits(place.lengths)
    idd_begins = np.array([_beginnings(place.idd) for place in places])
    trunk_maybe = np.array([_trunk_maybe(place) for place in places])
    return Plans(
        territories=places,
        number=number,
        of_code=_by_first_digits(main_of),
        main=_array(main_of[place.calling_code] for place in places),
        code=_array(place.calling_code for place in places),
        code_digits=_array(len(str(place.calling_code)) for place in places),
        possible=_array(_bits(place.lengths) for place in places),
        local=_array(_bits(place.local_lengths) for place in places),
        longest=_array(place.lengths[-1] for place in places),
        elsewhere=_array(lengths[place.calling_code] & ~_bits(place.lengths) for place in places),
        idd=_array(int(_plain(place.idd) or 0) for place in places),
        idd_digits=_array(len(_plain(place.idd)) for place in places),
        idd_begins=idd_begins,
        idd_maybe=idd_begins & np.array([[not _plain(place.idd)] for place in places]),
        trunk=_array(int(_trunk(place) or 0) for place in places),
        trunk_digits=_array(len(_trunk(place)) for place in places),
        trunk_maybe=trunk_maybe,
        trunk_goes=np.where(trunk_maybe, 0, [_trunk_goes(place) for place in places]).astype(
            np.int32
        ),
        code_begins=np.array([_beginnings(str(place.calling_code)) for place in places]),
        zeros_abroad=np.array([_zeros_abroad(place) for place in places]),
    )


def dials_trunk(region: str) -> bool:
    """Whether national numbers of the region are dialled with a trunk prefix."""
    known = plans()
    return known.territories[known.number[region]].dials_trunk


def _territory(data: PhoneMetadata | None) -> Territory:
    if data is None or data.general_desc is None or data.country_code is None:
        raise ValueError("libphonenumber has no numbering plan for one of its own regions")
    return Territory(
        region=data.id or "",
        calling_code=data.country_code,
        idd=data.international_prefix or "",
        prefix=data.national_prefix_for_parsing or "",
        transform=data.national_prefix_transform_rule or "",
        general=data.general_desc.national_number_pattern or "",
        lengths=tuple(data.general_desc.possible_length),
        local_lengths=tuple(data.general_desc.possible_length_local_only),
        dials_trunk=bool(data.national_prefix),
        mobile=_pattern(data.mobile),
        fixed=_pattern(data.fixed_line),
        services=tuple(
            _pattern(kind)
            for kind in (
                *(data.toll_free, data.premium_rate, data.shared_cost, data.personal_number),
                *(data.voip, data.pager, data.uan, data.voicemail),
            )
        ),
    )


def _pattern(kind: PhoneNumberDesc | None) -> str:
    return "" if kind is None else kind.national_number_pattern or ""


def _plain(pattern: str) -> str:
    """The pattern if it is nothing but digits that the first three of a number can tell."""
    return pattern if pattern.isdigit() and len(pattern) <= BEGINNING else ""


def _trunk(territory: Territory) -> str:
    """The alternative of the trunk prefix that is plain digits."""
    return next(filter(_plain, _alternatives(territory.prefix)), "")


def _trunk_maybe(territory: Territory) -> NDArray[np.bool_]:
    """Where the rest of the trunk prefix may begin, and where stripping depends on the number."""
    trunk = _trunk(territory)
    others = [other for other in _alternatives(territory.prefix) if other != trunk]
    maybe = _beginnings("|".join(others))
    if trunk and DigitPattern(territory.general).may_begin(trunk[0]):
        maybe |= _beginnings(territory.general) & _beginnings(trunk[0])
    return maybe


def _trunk_goes(territory: Territory) -> NDArray[np.int64]:
    """For every three digits the lengths of numbers whose trunk prefix goes if they begin so.

    What remains has to have a length of the plan, or to be too long for all of them.
    """
    trunk, longest = _trunk(territory), territory.lengths[-1]
    bare = _bits(territory.lengths)
    bare |= _bits(tuple(range(longest + 1, LONGEST + 1))) & ~_bits(territory.local_lengths)
    return _beginnings(trunk) * (bare << len(trunk))


def _alternatives(pattern: str) -> list[str]:
    """The pattern cut at the bars that are in no group."""
    depth, parts = 0, [""]
    for sign in pattern:
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def _zeros_abroad(territory: Territory) -> list[bool]:
    """For each digit after 00 whether they can only mean international: 00 is the dialling
    prefix, or neither a prefix nor a national number begins so, with or without a trunk zero.
    """
    if territory.idd == "00":
        return [True] * 10
    own = [territory.general, *_alternatives(territory.prefix), territory.idd]
    patterns = [DigitPattern(pattern) for pattern in own if pattern != "0"]
    general = DigitPattern(territory.general)
    return [
        not any(pattern.may_begin(f"00{digit}") for pattern in patterns)
        and not general.may_begin(f"0{digit}")
        for digit in range(10)
    ]


def _beginnings(pattern: str) -> NDArray[np.bool_]:
    """For every three digits whether the pattern could match a number that begins with them."""
    if not _plain(pattern):
        return np.array(DigitPattern(pattern).beginnings(BEGINNING))
    found: NDArray[np.bool_] = _BEGINNINGS // 10 ** (BEGINNING - len(pattern)) == int(pattern)
    return found


def _by_first_digits(main_of: dict[int, int]) -> NDArray[np.int64]:
    found = np.full(1_000, UNKNOWN)
    for code, position in main_of.items():
        width = 10 ** (3 - len(str(code)))
        found[code * width : (code + 1) * width] = position
    return found


def _bits(lengths: tuple[int, ...]) -> int:
    bits = 0
    for length in lengths:
        bits |= 1 << length if length > 0 else 0
    return bits


def _array(numbers: Iterable[int]) -> NDArray[np.int64]:
    return np.array(list(numbers), dtype=np.int64)
