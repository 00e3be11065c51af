"""What MySQL or MariaDB refused, as an error of a source: by number, never with the server's words.

Servers quote values in their messages, so only the number is passed on:
https://mariadb.com/kb/en/mariadb-error-code-reference/
"""

from app.errors import Culprit, SourceError
from app.sources import errors
from app.sources.databases.tls_errors import is_about_encryption

_Known = tuple[str, str, str, Culprit]

_ADDRESS = "Have the operator check the address in SEGMENT_DATABASES."
_NOT_READ_ONLY: _Known = (
    "query-not-read-only",
    "this is not a single query that only reads",
    "Write one SELECT, without a semicolon; nothing was changed.",
    Culprit.USER,
)
_UNREACHABLE: _Known = (
    "database-unreachable",
    "the database cannot be reached or ended the connection",
    "Try again; if it stays, have the operator check the address in SEGMENT_DATABASES.",
    Culprit.EXTERNAL,
)
_CREDENTIALS: _Known = (
    "credentials-refused",
    "the database refuses this service's credentials",
    _ADDRESS,
    Culprit.SYSTEM,
)
_TIMEOUT: _Known = (
    "statement-timeout",
    "the query took longer than it may",
    "Make it faster (an index, fewer joins), or read from a table prepared beforehand.",
    Culprit.USER,
)
_PERMISSION: _Known = (
    "database-permission-denied",
    "the service may not read one of the tables",
    "Have the owner of the database grant SELECT on it.",
    Culprit.USER,
)
_TLS = 2026
_BY_NUMBER: dict[int, _Known] = {
    **dict.fromkeys((1044, 1045, 1130, 1251, 1698), _CREDENTIALS),
    **dict.fromkeys((0, 1040, 1053, 1129, 1927, 2002, 2003, 2006, 2013), _UNREACHABLE),
    **dict.fromkeys((1290, 1295, 1792, 1336), _NOT_READ_ONLY),
    **dict.fromkeys((1317, 1969, 3024), _TIMEOUT),
    **dict.fromkeys((1142, 1143, 1227, 1370), _PERMISSION),
    1049: (
        "database-not-found",
        "the server has no database of that name",
        _ADDRESS,
        Culprit.SYSTEM,
    ),
    1146: (
        "source-not-found",
        "there is no such table or view",
        "Check its name and schema, and that it still exists.",
        Culprit.USER,
    ),
    _TLS: ("tls-refused", "no encrypted connection could be made", _ADDRESS, Culprit.SYSTEM),
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
        code, why, remedy, culprit = known
        return SourceError(f"{name}: {why}. {remedy}", code=code, culprit=culprit, source=name)
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
    code, why, remedy, culprit = _NOT_READ_ONLY
    return SourceError(f"{name}: {why}. {remedy}", code=code, culprit=culprit, source=name)


def is_refusal(error: Exception) -> bool:
    """Whether an attempt to write was refused."""
    return _number(error) in _REFUSALS


def _number(error: Exception) -> int:
    """The server's number; 0 for a connection that broke."""
    given = error.args[0] if error.args else 0
    return given if isinstance(given, int) and not isinstance(error, OSError) else 0
