"""What ClickHouse refused, as an error of a source: by number, never with the server's words.

https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
"""

import re
from typing import Final

from app.errors import SourceError
from app.sources import errors
from app.sources.warehouses.errors import fault, refused

SYNTAX: Final = 62
READ_ONLY: Final = 164
_TWO_NAMES: Final = frozenset({15, 179, 352})
_CODES: Final = {
    **dict.fromkeys((192, 193, 194, 195, 516, 492), "credentials-refused"),
    **dict.fromkeys((3, 202, 209, 210, 236, 241, 745), "database-unreachable"),
    **dict.fromkeys((READ_ONLY, 481, 392), "query-not-read-only"),
    **dict.fromkeys((159, 160, 394), "statement-timeout"),
    **dict.fromkeys((291, 497), "database-permission-denied"),
    60: "source-not-found",
    81: "database-not-found",
    201: "quota-exceeded",
}
_NUMBER: Final = re.compile(rb"Code: ([0-9]{1,6})[.,]")


def clickhouse_fault(name: str, number: int) -> SourceError:
    """The error to raise for what the server refuses; 0 is no answer of ClickHouse at all."""
    if number in _TWO_NAMES:
        return errors.invalid(f"{name} has two columns of one name; rename one with AS.")
    if number in _CODES:
        return fault(name, _CODES[number])
    return (
        refused(name, number, error_number=number)
        if number
        else fault(name, "database-unreachable")
    )


def number_in(body: bytes) -> int:
    """The number in a message of the server; 0 without one."""
    found = _NUMBER.search(body)
    return int(found.group(1)) if found else 0


# what an attempt to write may be refused with: by the session, by rights, for want of a database
REFUSALS: Final = frozenset({READ_ONLY, 497, 81, 291})
