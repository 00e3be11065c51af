"""What is found at Meta on behalf of a connection, on the wire: checks, ad accounts, audiences."""

from typing import Literal

from pydantic import Field

from app.connections.schemas import AudienceStatus, Business
from app.http.schemas import OnePage, Output

Outcome = Literal["passed", "warning", "unknown", "refused"]


class CheckResult(Output):
    """One preflight check."""

    name: str
    ok: bool
    code: str | None
    detail: str | None
    help_url: str | None
    outcome: Outcome = Field(
        description="`unknown`: Meta did not say, the run is tried and the upload's answer decides"
    )


class Unknown(Output):
    """What Meta did not say; it refuses nothing."""

    code: str | None
    detail: str | None


class CheckReport(Output):
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
    help_url: str | None = Field(description="where Meta explains the reason")
    warnings: list[Unknown] = Field(description="what Meta does not say of it")


class AdAccountChoices(Output):
    """Every ad account, all pages of Meta's list."""

    items: list[AdAccountChoice]
    next_cursor: OnePage = None
    reason: str | None = Field(None, description="why there is none to choose")
    help_url: str | None = Field(None, description="where Meta explains the reason")


class AudienceOption(Output):
    """An audience of the ad account (S29, S34)."""

    id: str
    name: str | None
    subtype: str | None
    selectable: bool
    reason: str | None = Field(description="why it cannot be chosen")
    help_url: str | None = Field(description="where Meta explains the reason")
    approximate_count_lower_bound: int | None
    approximate_count_upper_bound: int | None
    operation_status: AudienceStatus | None
    delivery_status: AudienceStatus | None
    warnings: list[Unknown] = Field(description="what Meta does not say of it")


class AudienceOptions(Output):
    """Every audience of the ad account, all pages of Meta's list."""

    items: list[AudienceOption]
    next_cursor: OnePage = None
