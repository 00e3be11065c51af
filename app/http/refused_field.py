"""Which field of a body a refusal is about: forms show it there.

What is wrong with one value is often found out long after the body was read: by a database, by Meta, by a
name that is taken. Its code says what it is about; the field is the first of those that was sent.
"""

from collections.abc import Container, Mapping
from typing import Any, Final

from app.codes import CODES
from app.errors import AppError

_AUDIENCE = ("/audience", "/connection_id")
_ACCOUNT = ("/ad_account_id", "/connection_id", "/ad_account_ids")
_TOKEN = ("/access_token", *_ACCOUNT)
_SOURCE = (
    *("/source/query", "/source/table", "/source/url", "/source/database"),
    # an export's, or its draft's: it names the segments that are read
    "/segment_ids",
)
_DATABASE = ("/source/database", *_SOURCE)

_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "segment-name-taken": ("/name",),
    "segment-unknown": ("/segment_ids", "/segment_id"),
    "segment-without-members": ("/segment_ids", "/state"),
    "connection-unknown": ("/connection_id",),
    "connection-draft": ("/connection_id",),
    "consent-version-outdated": ("/consent",),
    "webhook-address-refused": ("/url",),
    "webhook-host-unknown": ("/url",),
    "no-ad-account": _TOKEN,
    "permission-missing": _TOKEN,
    "terms-not-accepted": _ACCOUNT,
    **dict.fromkeys(
        (
            *("database-unknown", "database-kind-mismatch", "database-unsupported"),
            *("database-unreachable", "database-not-found", "database-writable"),
            *("account-may-write", "address-invalid", "extra-missing", "tls-refused"),
            *("credentials-refused", "credentials-expired", "mfa-required", "account-disabled"),
            *("network-policy-refused", "warehouse-suspended", "quota-exceeded"),
        ),
        _DATABASE,
    ),
}
_BY_BEGINNING: Final[Mapping[str, tuple[str, ...]]] = {
    "audience-": _AUDIENCE,
    "ad-account-": _ACCOUNT,
    "token-": _TOKEN,
}


def refused_field(error: AppError, body: Any) -> str | None:
    """The pointer to what `error` is about in this body; None where that is no one field of it."""
    if error.code == "validation-failed" and isinstance(body, Mapping):
        return named_field(error.detail, body)
    for pointer in _candidates(error.code):
        inside = body
        for name in pointer.split("/")[1:]:
            inside = inside.get(name) if isinstance(inside, Mapping) else None
        if inside is not None:
            return pointer
    return None


def named_field(detail: str, known: Container[str]) -> str | None:
    """The pointer to the field that the sentence begins with, as in "days: a weekly schedule has one"."""
    name = detail.split(maxsplit=1)[0].rstrip(":")
    return f"/{name}" if name in known else None


def _candidates(code: str) -> tuple[str, ...]:
    if code in _FIELDS:
        return _FIELDS[code]
    if code in CODES and CODES[code].family == "source":
        return _SOURCE
    beginnings = (fields for begin, fields in _BY_BEGINNING.items() if code.startswith(begin))
    return next(beginnings, ())
