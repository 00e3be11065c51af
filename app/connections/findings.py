"""What is found at Meta on behalf of a connection, on the wire: checks, ad accounts, audiences."""

from typing import Any

from pydantic import Field

from app.connections.schemas import Business
from app.http.schemas import Output


class CheckResult(Output):
    """One preflight check."""

    name: str
    ok: bool
    code: str | None
    detail: str | None
    help_url: str | None


class Checks(Output):
    """Every preflight check, now."""

    ok: bool
    checks: list[CheckResult]


class AdAccountChoice(Output):
    """An ad account the token can see (S28)."""

    id: str
    name: str | None
    business: Business | None
    status: int | None
    currency: str | None
    selectable: bool
    reason: str | None = Field(description="why it cannot be chosen")


class AdAccountChoices(Output):
    """Every ad account, all pages of Meta's list."""

    items: list[AdAccountChoice]
    next_cursor: None = None


class AudienceOption(Output):
    """An audience of the ad account (S29, S34)."""

    id: str
    name: str | None
    subtype: str | None
    selectable: bool
    reason: str | None = Field(description="why it cannot be chosen")
    approximate_count_lower_bound: int | None
    approximate_count_upper_bound: int | None
    operation_status: dict[str, Any] | None
    delivery_status: dict[str, Any] | None


class AudienceOptions(Output):
    """Every audience of the ad account, all pages of Meta's list."""

    items: list[AudienceOption]
    next_cursor: None = None
