"""Understands the date format that an export names: the order of its parts, and years of two digits."""

import re
from dataclasses import dataclass
from typing import Final

ORDERS: Final = ("DMY", "MDY", "YMD")
_TIME: Final = re.compile(r"[T ,]*\(?%?H.*$")
_SIGNS: Final = frozenset("DMY%-/., '")


@dataclass(frozen=True, slots=True)
class DateFormat:
    """`order` is one of ORDERS; `short_year`: a year of two digits is one of the last hundred."""

    order: str
    short_year: bool


def parse_date_format(written: str) -> DateFormat | None:
    """`DD/MM/YYYY`, `MM/DD/YY`, `DD-MON-RR`, `%d.%m.%y` …; None if it names no order of the three.

    A time behind (`DD/MM/YYYY HH:MM`) says nothing of the date. `%y`, `YY` and
    Oracle's `RR` are two digits.
    """
    upper = _TIME.sub("", written.upper()).replace("MON", "MMM").replace("RR", "YY")
    if not set(upper) <= _SIGNS:
        return None
    order = "".join(dict.fromkeys(letter for letter in upper if letter in "DMY"))
    short = "%y" in written or re.search(r"(?<!Y)YY(?!Y)", upper) is not None
    return DateFormat(order, short) if order in ORDERS else None
