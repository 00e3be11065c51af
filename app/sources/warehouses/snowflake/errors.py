"""What Snowflake refused, as an error of a source: by number, never with the server's words.

https://docs.snowflake.com/en/developer-guide/sql-api/handling-errors and the numbers its drivers know.
"""

from collections.abc import Mapping
from typing import Any, Final

from app.errors import SourceError
from app.sources import errors
from app.sources.warehouses.errors import fault, refused

SYNTAX: Final = 1003
NO_RIGHT: Final = 3001
_TWO_NAMES: Final = frozenset({2025, 2028})
_CODES: Final = {
    **dict.fromkeys((390100, 390144, 390186, 390189, 390195, 394304), "credentials-refused"),
    **dict.fromkeys((390112, 390114, 390302, 390303, 390318, 394400), "credentials-expired"),
    **dict.fromkeys((390101, 390102, 390106, 390111), "account-disabled"),
    **dict.fromkeys((390197, 390127, 394507, 394508), "mfa-required"),
    **dict.fromkeys((390420, 390422, 390432), "network-policy-refused"),
    **dict.fromkeys((606, 90073, 90064, 90082), "warehouse-suspended"),
    **dict.fromkeys((604, 630), "statement-timeout"),
    **dict.fromkeys((390201, 390202), "database-not-found"),
    **dict.fromkeys((2003, 2043), "source-not-found"),
    709: "result-expired",
    NO_RIGHT: "database-permission-denied",
}
_STATUSES: Final = {
    401: "credentials-refused",
    403: "database-permission-denied",
    404: "database-not-found",
    408: "statement-timeout",
    429: "quota-exceeded",
}


def number_of(document: Any) -> int:
    """The number an answer tells; 0 without one."""
    told = str(document.get("code", "")) if isinstance(document, Mapping) else ""
    return int(told) if told.isdecimal() else 0


def snowflake_fault(name: str, status: int, document: Any) -> SourceError:
    """The error to raise for what the server answers."""
    number = number_of(document)
    if number in _TWO_NAMES:
        return errors.invalid(f"{name} has two columns of one name; rename one with AS.")
    if number in {2003, 2043} and "Database" in str(document.get("message", ""))[:80]:
        return fault(name, "database-not-found")
    code = _CODES.get(number) or (_STATUSES.get(status) if status != 422 else None)
    if code is not None:
        return fault(name, code)
    if number and status < 500:
        return refused(name, number, error_number=number)
    return fault(name, "database-unreachable")
