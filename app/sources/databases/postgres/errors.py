"""What a database refused, as an error of a source: by SQLSTATE, never with the server's words.

The server quotes values in its messages ("invalid input syntax for type integer: …"), so only the
code is passed on: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from typing import Final

import asyncpg  # type: ignore[import-untyped]

from app.errors import SourceError
from app.sources.databases.refusals import (
    CREDENTIALS,
    NO_DATABASE,
    NO_TABLE,
    NO_TLS,
    NOT_READ_ONLY,
    PERMISSION,
    TIMEOUT,
    UNREACHABLE,
    Refusal,
    refused,
)
from app.sources.databases.segment_databases import address_invalid
from app.sources.databases.tls_errors import is_about_encryption

# the driver's words where a server speaks no TLS
_SPEAKS_NO_TLS: Final = "rejected SSL upgrade"
# by the longest prefix of SQLSTATE that is listed; "" is an error before there was any answer
_BY_STATE: dict[str, Refusal] = {
    "": UNREACHABLE,
    "08": UNREACHABLE,
    "53": UNREACHABLE,
    "57P": UNREACHABLE,
    "3D000": NO_DATABASE,
    "28": CREDENTIALS,
    "57014": TIMEOUT,
    "25006": NOT_READ_ONLY,
    "0A000": NOT_READ_ONLY,
    "42P01": NO_TABLE,
    "42501": PERMISSION,
}


def database_fault(name: str, error: Exception) -> SourceError:
    """The error to raise for what asyncpg raised; `name` says which source."""
    if isinstance(error, asyncpg.exceptions.ClientConfigurationError):
        return address_invalid(name, "is not understood")
    if is_about_encryption(error) or _SPEAKS_NO_TLS in str(error):
        return refused(name, NO_TLS)
    state = str(getattr(error, "sqlstate", None) or "")
    known = next((_BY_STATE[state[:n]] for n in (5, 3, 2) if state[:n] in _BY_STATE), None)
    if known:
        return refused(name, known)
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
    return refused(name, NOT_READ_ONLY)
