"""Tells numbers that nobody has although their length is one of their plan's.

A number of an unassigned area passes (Meta's own examples are such), since plans grow. These do not:

- North America: an area or an exchange that begins with 0 or 1; both are dialling prefixes there
  (NXX-NXX-XXXX with N from 2 to 9, https://www.nanpa.com/numbering).
- Fewer than seven national digits, or one digit all along, where the plan has no such number: an area
  code without its subscriber (0171), or what people type who want to give none (1111111).
"""

from typing import Final

import numpy as np
import polars as pl

from app.identifiers.phones.arithmetic import Flags, Integers
from app.identifiers.phones.kinds import Kind, kind_of, kinds_of

_NORTH_AMERICA: Final = 1
_ITS_LENGTH: Final = 10
_LOWEST: Final = 2
_FEWEST: Final = 7
_TEN: Final = 10 ** np.arange(19, dtype=np.int64)
_ONES: Final = (_TEN[1:] - 1) // 9


def has_nobody(national: str, code: int) -> bool:
    """Whether national digits of a possible length are of no number that anybody has."""
    american = code == _NORTH_AMERICA and len(national) == _ITS_LENGTH
    if american and (national[0] in "01" or national[3] in "01"):
        return True
    odd = len(national) < _FEWEST or len(set(national)) == 1
    return odd and kind_of(national, code) <= Kind.UNASSIGNED


def have_nobody(national: Integers, count: Integers, code: Integers) -> Flags:
    """`has_nobody` for a column: national digits as integers, how many there are, their calling codes."""
    found = np.zeros(national.size, dtype=np.bool_)
    american = np.flatnonzero((code == _NORTH_AMERICA) & (count == _ITS_LENGTH))
    number = national.take(american)
    found[american] = (number // _TEN[9] < _LOWEST) | (number // _TEN[6] % 10 < _LOWEST)
    last = national - national // 10 * 10  # % takes three times as long
    alike = national == last * _ONES.take(count.clip(1, _ONES.size) - 1)
    odd = np.flatnonzero(~found & ((count < _FEWEST) | alike))
    for one in np.unique(code[odd]):
        rows = odd[code[odd] == one]
        frame = pl.DataFrame({"digits": national[rows], "count": count[rows]})
        digits = frame.select(pl.col("digits").cast(pl.String).str.zfill("count")).to_series()
        found[rows] = kinds_of(digits, int(one)) <= Kind.UNASSIGNED
    return found
