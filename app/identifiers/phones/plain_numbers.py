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
_WORD: Final = 8
_JOINTS: Final = (
    (np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(2_561), np.uint64(8)),
    (np.uint64(0x00FF00FF00FF00FF), np.uint64(6_553_601), np.uint64(16)),
    (np.uint64(0x0000FFFF0000FFFF), np.uint64(42_949_672_960_001), np.uint64(32)),
)
"""Makes one number of eight digits: neighbours are joined to pairs, pairs to fours, fours to eight."""


_KEPT: Final = np.array([0, *(2**64 - 2 ** (64 - 8 * kept) for kept in range(1, 9))], np.uint64)
"""Keeps so many of eight digits, the last ones; a word's first byte is its lowest."""


@dataclass(frozen=True, slots=True, repr=False)
class PlainNumbers:
    """The plainly written ones among some texts: where they are, and what their bytes say.

    `digits` and `count`: all digits as one number, and how many there are. `plus`: one comes first.
    `bracket`: one stands at the beginning. `zeros`: the digits begin with 00, `together`: without a
    sign between. `third`: the digit behind the first two, 0 if there is none.
    """

    places: Integers
    digits: Integers
    count: Integers
    plus: Flags
    bracket: Flags
    zeros: Flags
    together: Flags
    third: Integers


def plain_numbers(text: pl.Series) -> PlainNumbers:
    """The texts that are 1 to 15 digits, a few signs between them, and plainly no date."""
    sizes = text.str.len_bytes().fill_null(0).to_numpy().astype(np.int64)
    whole: bytes = pl.select(text.str.join("").cast(pl.Binary)).item() or b""
    octets = np.frombuffer(whole + b"\0\0\0", dtype=np.uint8)  # every text has three
    ends = np.cumsum(sizes)
    starts = ends - sizes
    is_digit: Flags = octets - _ZERO < _TEN
    # 32 bits hold what a frame has, and take a third of the time
    counter = np.int32 if len(octets) < _MOST_OCTETS else np.int64
    running = np.cumsum(is_digit.view(np.uint8), dtype=counter)
    behind = np.where(ends > 0, running.take(ends - 1, mode="wrap"), 0).astype(np.int64)
    count = np.diff(behind, prepend=0)
    head = tuple(octets.take(starts + place) for place in range(3))
    plain = (count > 0) & (count <= _MOST_DIGITS) & (sizes <= _LONGEST)
    plain &= (count > _DATE_DIGITS) | (sizes == count)
    plain &= _begins(*head) & _ends(octets, ends)
    plain[_with_other_signs(octets, is_digit, starts, ends)] = False

    places = np.flatnonzero(plain)
    first, second, third = (sign.take(places) for sign in head)
    behind, count = behind.take(places), count.take(places)
    zeros = np.full(2 * _WORD, _ZERO)  # before all digits, so that every number has sixteen
    digits = np.concatenate([zeros, np.compress(is_digit, octets), zeros[:2]])
    begin = behind - count + 2 * _WORD
    opened = first == _BRACKET
    return PlainNumbers(
        places=places,
        digits=_values(digits, behind, count),
        count=count,
        plus=(first == _PLUS) | ((second == _PLUS) & opened),
        bracket=opened | (second == _BRACKET),
        zeros=(digits.take(begin) == _ZERO) & (digits.take(begin + 1) == _ZERO) & (count > 1),
        together=(np.where(opened, third, first) == _ZERO) & (second == _ZERO),
        third=np.where(count > 2, digits.take(begin + 2) - _ZERO, 0).astype(np.int64),
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
    last, before, earlier = (octets.take(ends - place, mode="wrap") for place in (1, 2, 3))
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
    return np.searchsorted(ends, np.flatnonzero((other | plus)[:-3]), side="right")


def _values(digits: Octets, behind: Integers, count: Integers) -> Integers:
    """The numbers that end where `behind` says, of at most sixteen digits."""
    words = np.lib.stride_tricks.as_strided(
        digits[:_WORD].view("<u8"), (len(digits) - _WORD + 1,), (1,), writeable=False
    )
    last = _number(words[behind + _WORD] & _KEPT[count.clip(0, _WORD)])
    if not (count > _WORD).any():
        return last.view(np.int64)
    high = _number(words[behind] & _KEPT[(count - _WORD).clip(0, _WORD)])
    return (high * np.uint64(10**_WORD) + last).view(np.int64)


def _number(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    for kept, factor, bits in _JOINTS:
        word = (word & kept) * factor >> bits
    return word
