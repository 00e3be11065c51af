"""What BigQuery refused, as an error of a source: by reason, never with the server's words.

https://cloud.google.com/bigquery/docs/error-messages
"""

from collections.abc import Mapping
from typing import Any, Final

from app.errors import SourceError
from app.sources import errors
from app.sources.warehouses.errors import fault, refused

INVALID: Final = frozenset({"invalidQuery", "invalid", "badRequest"})
_REASONS: Final = {
    **dict.fromkeys(("accessDenied", "forbidden", "insufficientPermissions"), "database-permission-denied"),
    **dict.fromkeys(("authError", "unauthorized", "required"), "credentials-expired"),
    **dict.fromkeys(("quotaExceeded", "rateLimitExceeded", "resourcesExceeded"), "quota-exceeded"),
    **dict.fromkeys(
        ("billingNotEnabled", "accessNotConfigured", "billingTierLimitExceeded", "SERVICE_DISABLED"),
        "warehouse-suspended",
    ),
    **dict.fromkeys(("stopped", "timeout", "jobTimeout"), "statement-timeout"),
    **dict.fromkeys(
        ("backendError", "internalError", "jobBackendError", "jobInternalError", "tableUnavailable"),
        "database-unreachable",
    ),
    "bytesBilledLimitExceeded": "query-too-expensive",
    "userDisabled": "account-disabled",
    "policyViolation": "network-policy-refused",
    "vpcServiceControls": "network-policy-refused",
}  # fmt: skip
_STATUSES: Final = {401: "credentials-expired", 403: "database-permission-denied"}
_RETRIED: Final = frozenset(
    {"backendError", "internalError", "jobBackendError", "rateLimitExceeded", "tableUnavailable"}
)


def reason_of(document: Any) -> tuple[str, str]:
    """Reason and message of an answer's error, or of a job's; empty if it says none."""
    error = document.get("error") if isinstance(document, Mapping) else None
    if not isinstance(error, Mapping):
        return "", ""
    first: Any = next(iter(error.get("errors") or ()), {})
    message = str(error.get("message", ""))
    reason = str(first.get("reason") or error.get("status") or "")
    if "VPC Service Controls" in message:
        reason = "vpcServiceControls"
    return reason, message


def bigquery_fault(name: str, status: int, document: Any) -> SourceError:
    """The error to raise for what the server answers."""
    reason, message = reason_of(document)
    if reason in INVALID and "uplicate column name" in message:
        return errors.invalid(f"{name} has two columns of one name; rename one with AS.")
    code = _REASONS.get(reason)
    if reason in {"notFound", "NOT_FOUND"}:
        code = "database-not-found" if "Project" in message[:30] else "source-not-found"
    elif code is None and status in _STATUSES:
        code = _STATUSES[status]
    elif code is None and (status >= 500 or not reason):
        code = "database-unreachable"
    return refused(name, reason, reason=reason) if code is None else fault(name, code)


def is_passing(status: int, document: Any) -> bool:
    """Whether the same request may be answered a moment later."""
    return status in {429, 500, 502, 503, 504} or reason_of(document)[0] in _RETRIED
