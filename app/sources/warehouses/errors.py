"""The sentences warehouses fail with, by code. What a server says is never passed on: it quotes values."""

from typing import Any, Final

from app.errors import Culprit, SourceError

_ADDRESS: Final = "Have the operator check its entry in SEGMENT_DATABASES."
_SENTENCES: Final = (
    (
        "account-disabled",
        "the service's account there is disabled or locked",
        "Have the owner of the warehouse enable it.",
        Culprit.SYSTEM,
    ),
    (
        "credentials-expired",
        "the service's token has expired or was revoked",
        "Have the operator put a new one into its file.",
        Culprit.SYSTEM,
    ),
    (
        "credentials-refused",
        "the database refuses this service's credentials",
        _ADDRESS,
        Culprit.SYSTEM,
    ),
    (
        "database-not-found",
        "the server has no database, project or account of that name",
        _ADDRESS,
        Culprit.SYSTEM,
    ),
    (
        "database-permission-denied",
        "the service may not read one of the tables, or may not ask at all",
        "Have the owner of the database grant it the right to read.",
        Culprit.USER,
    ),
    (
        "database-unreachable",
        "the database cannot be reached or ended the connection",
        "Try again; if it stays, have the operator check the address in SEGMENT_DATABASES.",
        Culprit.EXTERNAL,
    ),
    (
        "mfa-required",
        "the account must sign in with a second factor, which a service has not",
        "Have the operator use a key pair (private_key_file) or a token (token_file).",
        Culprit.SYSTEM,
    ),
    (
        "network-policy-refused",
        "a network policy does not let this service in",
        "Have the owner of the warehouse allow the service's address.",
        Culprit.SYSTEM,
    ),
    (
        "query-not-read-only",
        "this is not a single query that only reads",
        "Write one SELECT, without a semicolon; nothing was changed.",
        Culprit.USER,
    ),
    (
        "query-too-expensive",
        "the query would be billed for more bytes than are allowed",
        "Select fewer columns, or have the operator raise maximum_bytes_billed.",
        Culprit.USER,
    ),
    (
        "quota-exceeded",
        "the warehouse has no more quota for this service now",
        "Try again later, or have its owner raise the quota.",
        Culprit.EXTERNAL,
    ),
    (
        "result-expired",
        "the warehouse no longer keeps the result that was being read",
        "Run again; it is read from the start.",
        Culprit.EXTERNAL,
    ),
    (
        "source-not-found",
        "there is no such table or view, or the account may not see it",
        "Check its name, its schema and its region, and that it still exists.",
        Culprit.USER,
    ),
    (
        "statement-timeout",
        "the query took longer than it may",
        "Make it faster, or read from a table prepared beforehand.",
        Culprit.USER,
    ),
    ("tls-refused", "no encrypted connection could be made", _ADDRESS, Culprit.SYSTEM),
    (
        "warehouse-suspended",
        "the warehouse that runs queries is suspended, absent, or may not be used",
        "Have its owner resume it, or name another in SEGMENT_DATABASES.",
        Culprit.EXTERNAL,
    ),
)
_BY_CODE: Final = {row[0]: row[1:] for row in _SENTENCES}


def fault(name: str, code: str) -> SourceError:
    """The error of this code; `name` says which source."""
    why, remedy, culprit = _BY_CODE[code]
    return SourceError(f"{name}: {why}. {remedy}", code=code, culprit=culprit, source=name)


def refused(name: str, number: object, **members: Any) -> SourceError:
    """The server does not take the query, for a reason that only its number tells."""
    return SourceError(
        f"{name}: the database refuses the query with error {number}. "
        "Run it by hand to see the database's own explanation.",
        code="query-failed",
        source=name,
        **members,
    )


def too_expensive(name: str, needed: int, most: int) -> SourceError:
    """It would read more than the operator lets one query be billed for."""
    return SourceError(
        f"{name}: the query would be billed for {needed:,} bytes, and at most {most:,} are allowed. Select "
        "fewer columns or partitions, or have the operator raise maximum_bytes_billed.",
        code="query-too-expensive",
        source=name,
        bytes_needed=needed,
        bytes_allowed=most,
    )
