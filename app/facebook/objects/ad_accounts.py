"""Who signed in, with which token, and the ad accounts they may use: Meta's answers as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.facebook.objects import json_fields

_ESSENTIAL = "id,account_id,name,account_status"
_OWN = f"{_ESSENTIAL},disable_reason,currency,timezone_name,is_personal,tos_accepted,user_tasks"
ACCOUNT_READS = (f"{_OWN},business{{id,name}}", _OWN, _ESSENTIAL)
"""The fields of an ad account; where Meta refuses a read for what it asks, the next asks for less.

`business` needs a permission of its own, business_management
(https://developers.facebook.com/docs/marketing-api/reference/ad-account).
"""

# https://developers.facebook.com/docs/marketing-api/reference/ad-account, account_status
STATUS_NAMES = {
    1: "active",
    2: "disabled",
    3: "unsettled",
    7: "pending_risk_review",
    8: "pending_settlement",
    9: "in_grace_period",
    100: "pending_closure",
    101: "closed",
    201: "active",
    202: "closed",
}
_USABLE = (1, 9, 201)
_CUSTOMER_LIST_TERMS = "custom_audience_tos"


@dataclass(frozen=True, slots=True)
class Person:
    """The user or system user behind a token."""

    id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token fresh from Meta; without `expires_at` Meta named no end, but debug_token knows it."""

    access_token: str = field(repr=False)
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What Meta knows about a token. `kind`: user, system_user, page or app; None ends never come.

    https://developers.facebook.com/docs/graph-api/reference/debug_token
    """

    is_valid: bool
    kind: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    data_access_expires_at: datetime | None
    user_id: str | None
    app_id: str | None
    error_code: int | None = None
    error_subcode: int | None = None

    @classmethod
    def parse(cls, data: Mapping[str, object]) -> "TokenInfo":
        """From the `data` of debug_token."""
        error = json_fields.part(data, "error")
        return cls(
            # a token that Meta says nothing against is used; the calls themselves decide
            is_valid=json_fields.flag(data, "is_valid") is not False and "error" not in data,
            kind=(json_fields.text(data, "type") or "user").lower(),
            scopes=json_fields.words(data, "scopes") or (),
            expires_at=json_fields.moment(data, "expires_at"),
            data_access_expires_at=json_fields.moment(data, "data_access_expires_at"),
            user_id=json_fields.text(data, "user_id"),
            app_id=json_fields.text(data, "app_id"),
            error_code=json_fields.number(error, "code"),
            error_subcode=json_fields.number(error, "subcode"),
        )


@dataclass(frozen=True, slots=True)
class Business:
    """The business that owns an ad account."""

    id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class AdAccount:
    """An ad account; `id` is `act_` + `account_id`.

    What Meta does not say is None: that is no answer, and no refusal.
    """

    id: str
    account_id: str
    name: str | None
    status: int | None
    disable_reason: int | None
    currency: str | None
    time_zone: str | None
    business: Business | None
    is_personal: bool | None
    tos_accepted: Mapping[str, int] | None
    user_tasks: tuple[str, ...] | None
    version_warning: str | None = None

    @classmethod
    def parse(
        cls, source: Mapping[str, object], *, version_warning: str | None = None
    ) -> "AdAccount":
        """From a node read with one of ACCOUNT_READS."""
        number = json_fields.text(source, "account_id")
        number = number or (json_fields.text(source, "id") or "").removeprefix("act_")
        owner = json_fields.part(source, "business")
        owner_id = json_fields.text(owner, "id")
        accepted = json_fields.part(source, "tos_accepted")
        return cls(
            id=f"act_{number}",
            account_id=number,
            name=json_fields.text(source, "name"),
            status=json_fields.number(source, "account_status"),
            disable_reason=json_fields.number(source, "disable_reason"),
            currency=json_fields.text(source, "currency"),
            time_zone=json_fields.text(source, "timezone_name"),
            business=Business(owner_id, json_fields.text(owner, "name")) if owner_id else None,
            is_personal=json_fields.flag(source, "is_personal"),
            # an empty map may come as an empty list
            tos_accepted={key: json_fields.number(accepted, key) or 0 for key in accepted}
            if isinstance(source.get("tos_accepted"), Mapping | list)
            else None,
            user_tasks=json_fields.words(source, "user_tasks"),
            version_warning=version_warning,
        )

    @property
    def status_name(self) -> str:
        """Meta's status in a word."""
        return STATUS_NAMES.get(self.status or 0, "unknown")

    @property
    def usable(self) -> bool:
        """Whether the account is active; one in its grace period still is."""
        return self.status is None or self.status in _USABLE

    @property
    def customer_list_terms(self) -> bool | None:
        """Whether the Custom Audience Terms are accepted; None when Meta does not say.

        https://developers.facebook.com/docs/marketing-api/audiences/reference/custom-audience-terms-of-service
        """
        if self.tos_accepted is None:
            return None
        return self.tos_accepted.get(_CUSTOMER_LIST_TERMS, 0) == 1
