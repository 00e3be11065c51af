"""What servers of any protocol refuse, in our words: code, reason, remedy, and whose move it is."""

from typing import Final

from app.errors import Culprit, SourceError

Refusal = tuple[str, str, str, Culprit]

_ADDRESS = "Have the operator check the address in SEGMENT_DATABASES."

NOT_READ_ONLY: Final[Refusal] = (
    "query-not-read-only",
    "this is not a single query that only reads",
    "Write one SELECT, without a semicolon; nothing was changed.",
    Culprit.USER,
)
UNREACHABLE: Final[Refusal] = (
    "database-unreachable",
    "the database cannot be reached or ended the connection",
    "Try again; if it stays, have the operator check the address in SEGMENT_DATABASES.",
    Culprit.EXTERNAL,
)
CREDENTIALS: Final[Refusal] = (
    "credentials-refused",
    "the database refuses this service's credentials",
    _ADDRESS,
    Culprit.SYSTEM,
)
EXPIRED: Final[Refusal] = (
    "credentials-expired",
    "the password of this service has expired",
    "Have the owner of the database set a new one.",
    Culprit.SYSTEM,
)
DISABLED: Final[Refusal] = (
    "account-disabled",
    "the service's account there is disabled or locked",
    "Have the owner of the database enable it.",
    Culprit.SYSTEM,
)
QUOTA: Final[Refusal] = (
    "quota-exceeded",
    "the service's account has used up what it may ask or connect now",
    "Try again later, or have the owner of the database raise its limits.",
    Culprit.EXTERNAL,
)
TIMEOUT: Final[Refusal] = (
    "statement-timeout",
    "the query took longer than it may",
    "Make it faster (an index, fewer joins), or read from a table prepared beforehand.",
    Culprit.USER,
)
PERMISSION: Final[Refusal] = (
    "database-permission-denied",
    "the service may not read one of the tables",
    "Have the owner of the database grant SELECT on it.",
    Culprit.USER,
)
NO_DATABASE: Final[Refusal] = (
    "database-not-found",
    "the server has no database of that name",
    _ADDRESS,
    Culprit.SYSTEM,
)
NO_TABLE: Final[Refusal] = (
    "source-not-found",
    "there is no such table or view",
    "Check its name and schema, and that it still exists.",
    Culprit.USER,
)
NO_TLS: Final[Refusal] = (
    "tls-refused",
    "no encrypted connection could be made",
    _ADDRESS,
    Culprit.SYSTEM,
)


def refused(name: str, refusal: Refusal) -> SourceError:
    """The error to raise; `name` says which source."""
    code, why, remedy, culprit = refusal
    return SourceError(f"{name}: {why}. {remedy}", code=code, culprit=culprit, source=name)
