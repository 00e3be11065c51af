"""What a database refused, as an error of a source: by SQLSTATE, never with the server's words.

The server quotes values in its messages ("invalid input syntax for type integer: …"), so only the
code is passed on: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from typing import Final

import asyncpg  # type: ignore[import-untyped]

from app.errors import Culprit, SourceError
from app.sources.databases.segment_databases import address_invalid
from app.sources.databases.tls_errors import is_about_encryption

_Known = tuple[str, str, str, Culprit]

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
_TLS: _Known = (
    "tls-refused",
    "no encrypted connection could be made",
    "Have the operator check the address in SEGMENT_DATABASES.",
    Culprit.SYSTEM,
)
# the driver's words where a server speaks no TLS
_NO_TLS: Final = "rejected SSL upgrade"
# by the longest prefix of SQLSTATE that is listed; "" is an error before there was any answer
_BY_STATE: dict[str, _Known] = {
    "": _UNREACHABLE,
    "08": _UNREACHABLE,
    "53": _UNREACHABLE,
    "57P": _UNREACHABLE,
    "3D000": (
        "database-not-found",
        "the server has no database of that name",
        "Have the operator check the address in SEGMENT_DATABASES.",
        Culprit.SYSTEM,
    ),
    "28": (
        "credentials-refused",
        "the database refuses this service's credentials",
        "Have the operator check the address in SEGMENT_DATABASES.",
        Culprit.SYSTEM,
    ),
    "57014": (
        "statement-timeout",
        "the query took longer than it may",
        "Make it faster (an index, fewer joins), or read from a table prepared beforehand.",
        Culprit.USER,
    ),
    "25006": _NOT_READ_ONLY,
    "0A000": _NOT_READ_ONLY,
    "42P01": (
        "source-not-found",
        "there is no such table or view",
        "Check its name and schema, and that it still exists.",
        Culprit.USER,
    ),
    "42501": (
        "database-permission-denied",
        "the service may not read one of the tables",
        "Have the owner of the database grant SELECT on it.",
        Culprit.USER,
    ),
}


def database_fault(name: str, error: Exception) -> SourceError:
    """The error to raise for what asyncpg raised; `name` says which source."""
    if isinstance(error, asyncpg.exceptions.ClientConfigurationError):
        return address_invalid(name, "is not understood")
    if is_about_encryption(error) or _NO_TLS in str(error):
        return _fault(name, _TLS)
    state = str(getattr(error, "sqlstate", None) or "")
    known = next((_BY_STATE[state[:n]] for n in (5, 3, 2) if state[:n] in _BY_STATE), None)
    if known:
        return _fault(name, known)
    at = getattr(error, "position", None)
    place = f" at character {at}" if at and state.startswith("42") else ""
    return SourceError(
        f"{name}: the database refuses the query with SQLSTATE {state}{place}. "
        "Run it by hand to see the database's own explanation.",
        code="query-failed",
        source=name,
        sqlstate=state,
    )


def not_read_only(name: str) -> SourceError:
    """A statement that writes, or is no query at all."""
    return _fault(name, _NOT_READ_ONLY)


def _fault(name: str, known: _Known) -> SourceError:
    code, why, remedy, culprit = known
    return SourceError(f"{name}: {why}. {remedy}", code=code, culprit=culprit, source=name)
