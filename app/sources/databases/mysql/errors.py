"""What MySQL or MariaDB refused, as an error of a source: by number, never with the server's words.

Servers quote values in their messages, so only the number is passed on:
https://mariadb.com/kb/en/mariadb-error-code-reference/
"""

from app.errors import SourceError
from app.sources import errors
from app.sources.databases.refusals import (
    CREDENTIALS,
    DISABLED,
    EXPIRED,
    NO_DATABASE,
    NO_TABLE,
    NO_TLS,
    NOT_READ_ONLY,
    PERMISSION,
    QUOTA,
    TIMEOUT,
    UNREACHABLE,
    Refusal,
    refused,
)
from app.sources.databases.tls_errors import is_about_encryption

_TLS = 2026
_BY_NUMBER: dict[int, Refusal] = {
    **dict.fromkeys((1044, 1045, 1130, 1251, 1698), CREDENTIALS),
    **dict.fromkeys((0, 1040, 1053, 1129, 1927, 2002, 2003, 2006, 2013), UNREACHABLE),
    **dict.fromkeys((1290, 1295, 1792, 1336), NOT_READ_ONLY),
    **dict.fromkeys((1820, 1862), EXPIRED),
    **dict.fromkeys((3118, 4151), DISABLED),
    **dict.fromkeys((1203, 1226), QUOTA),
    **dict.fromkeys((1317, 1969, 3024), TIMEOUT),
    **dict.fromkeys((1142, 1143, 1227, 1370), PERMISSION),
    1049: NO_DATABASE,
    1146: NO_TABLE,
    **dict.fromkeys((_TLS, 3159), NO_TLS),  # also one that takes none without encryption
}
_SYNTAX, _TWO_NAMES = 1064, 1060
# what an attempt to write may be refused with: by the session, by rights, for want of a database
_REFUSALS = frozenset({1044, 1046, 1142, 1290, 1792, 1836})


def database_fault(name: str, error: Exception) -> SourceError:
    """The error to raise for what the driver raised; `name` says which source."""
    number = _TLS if is_about_encryption(error) else _number(error)
    if number == _TWO_NAMES:
        return errors.invalid(f"{name} has two columns of one name; rename one with AS.")
    known = _BY_NUMBER.get(number)
    if known is not None:
        return refused(name, known)
    return SourceError(
        f"{name}: the database refuses the query with error {number}. "
        "Run it by hand to see the database's own explanation.",
        code="query-failed",
        source=name,
        error_number=number,
    )


def not_a_query(name: str, error: Exception) -> SourceError:
    """What is a statement alone, and no query that can be read from."""
    if _number(error) != _SYNTAX:
        return database_fault(name, error)
    return refused(name, NOT_READ_ONLY)


def is_refusal(error: Exception) -> bool:
    """Whether an attempt to write was refused."""
    return _number(error) in _REFUSALS


def _number(error: Exception) -> int:
    """The server's number; 0 for a connection that broke."""
    given = error.args[0] if error.args else 0
    return given if isinstance(given, int) and not isinstance(error, OSError) else 0
