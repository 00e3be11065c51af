"""Reads the numbers that are plainly written straight from their bytes, and leaves all others.

Most numbers are digits, spaces, dots, hyphens and brackets with perhaps a plus before them. What those
become needs no look at a text as a text: which bytes are digits says how many digits a number has,
and eight digits at a time are turned into an integer by three multiplications. A number is decided
here only if it is a possible one and nothing of `phone.py` or of what comes before it could say otherwise.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.identifiers.columns.arrow_c_data import in_a_row
from app.identifiers.phones.arithmetic import Flags, Integers

Octets = NDArray[np.uint8]

_ZERO, _SPACE, _BRACKET, _PLUS, _DOT, _COMMA, _ASTERISK = map(np.uint8, b"0 (+.,*")
_TEN: Final = np.uint8(10)
_LONGEST: Final = 23
"""Bytes; longer texts may be hashes."""

_MOST_DIGITS: Final = 15
_DATE_DIGITS: Final = 8
"""Up to so many digits with signs between them may be a date."""

_MOST_OCTETS: Final = 1 << 31
_AROUND: Final = b"   "
"""Before and behind all texts, so that each has three bytes from its first and to its last one."""

_POWERS: Final = 10 ** np.arange(_MOST_DIGITS, dtype=np.int64)
_WORD: Final = 8
_JOINTS: Final = (
    (np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(2_561), np.uint64(8)),
    (np.uint64(0x00FF00FF00FF00FF), np.uint64(6_553_601), np.uint64(16)),
    (np.uint64(0x0000FFFF0000FFFF), np.uint64(42_949_672_960_001), np.uint64(32)),
)
"""Makes one number of eight digits: neighbours are joined to pairs, pairs to fours, fours to eight."""


_KEPT: Final = np.array(
    [
        [2**64 - 2 ** (64 - 8 * min(max(digits, 0), _WORD)) for digits in (count - _WORD, count)]
        for count in range(_MOST_DIGITS + 1)
    ],
    dtype=np.uint64,
)
"""Keeps the last digits of two words, by their count; a word's first byte is its lowest."""


@dataclass(frozen=True, slots=True, repr=False)
class PlainNumbers:
    """The plainly written ones among some texts: where they are, and what their bytes say.

    `digits` and `count`: all digits as one number, and how many there are. `plus`: one comes first.
    `bracket`: one stands at the beginning. `zeros`: the digits begin with 00, `together`: without a
    sign between.
    """

    places: Integers
    digits: Integers
    count: Integers
    plus: Flags
    bracket: Flags
    zeros: Flags
    together: Flags


def plain_numbers(text: pl.Series) -> PlainNumbers:
    """The texts that are 1 to 15 digits, a few signs between them, and plainly no date."""
    whole, sizes = in_a_row(text)
    octets = np.frombuffer(b"".join([_AROUND, whole, _AROUND]), dtype=np.uint8)
    ends = np.cumsum(sizes) + len(_AROUND)
    starts = ends - sizes
    is_digit: Flags = octets - _ZERO < _TEN
    # 32 bits hold what a frame has, and take a third of the time
    counter = np.int32 if len(octets) < _MOST_OCTETS else np.int64
    running = np.cumsum(is_digit.view(np.uint8), dtype=counter)
    behind = running.take(ends - 1).astype(np.int64)
    count = behind.copy()
    count[1:] -= behind[:-1]
    head = tuple(octets.take(starts + place) for place in range(3))
    plain = (count > 0) & (count <= _MOST_DIGITS) & (sizes <= _LONGEST)
    plain &= (count > _DATE_DIGITS) | (sizes == count)
    plain &= _begins(*head) & _ends(octets, ends)
    plain[_with_other_signs(octets, is_digit, starts, ends)] = False

    places = np.flatnonzero(plain)
    first, second, third = (sign.take(places) for sign in head)
    behind, count = behind.take(places), count.take(places)
    zeros = np.full(2 * _WORD, _ZERO)  # before all digits, so that every number has sixteen
    digits = _values(np.concatenate([zeros, np.compress(is_digit, octets)]), behind, count)
    opened = first == _BRACKET
    return PlainNumbers(
        places=places,
        digits=digits,
        count=count,
        plus=(first == _PLUS) | ((second == _PLUS) & opened),
        bracket=opened | (second == _BRACKET),
        zeros=(digits < _POWERS.take(count - 2)) & (count > 1),
        together=((first == _ZERO) | (opened & (third == _ZERO))) & (second == _ZERO),
    )


def _begins(first: Octets, second: Octets, third: Octets) -> Flags:
    """A digit, or one behind a plus, a bracket, or both."""
    signs = [(sign == _PLUS) | (sign == _BRACKET) for sign in (first, second)]
    digits = [sign - _ZERO < _TEN for sign in (first, second, third)]
    two = signs[1] & digits[2] & ((first != _PLUS) | (second != _PLUS))
    found: Flags = (digits[0] & (second != _PLUS)) | (signs[0] & (digits[1] | two))
    return found


def _ends(octets: Octets, ends: Integers) -> Flags:
    """A digit, and no decimals: those are a spreadsheet's."""
    last, before, earlier = (octets.take(ends - place) for place in (1, 2, 3))
    decimals = (last == _ZERO) & ((before == _DOT) | ((before == _ZERO) & (earlier == _DOT)))
    found: Flags = (last - _ZERO < _TEN) & ~decimals
    return found


def _with_other_signs(
    octets: Octets, is_digit: Flags, starts: Integers, ends: Integers
) -> Integers:
    """The rows with another byte than digits, space and `().-`, or a plus behind the first two."""
    other = ~is_digit & (octets != _SPACE)
    other &= (octets - _BRACKET > _DOT - _BRACKET) | (octets == _ASTERISK) | (octets == _COMMA)
    plus = octets == _PLUS
    plus[starts] = plus[starts + 1] = False
    return np.searchsorted(ends, np.flatnonzero(other | plus), side="right")


def _values(digits: Octets, behind: Integers, count: Integers) -> Integers:
    """The numbers behind sixteen other bytes that end where `behind` says, `count` digits each."""
    # a complex number is two words, which are found in one go
    pairs = np.lib.stride_tricks.as_strided(
        digits[: 2 * _WORD].view("<c16"), (len(digits) - 2 * _WORD + 1,), (1,), writeable=False
    )
    words = pairs[behind].view("<u8").reshape(-1, 2) & _KEPT.take(count, axis=0)
    for kept, factor, bits in _JOINTS:
        words = (words & kept) * factor >> bits
    return (words[:, 0] * np.uint64(10**_WORD) + words[:, 1]).view(np.int64)
