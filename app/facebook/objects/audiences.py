"""Which audiences accept our uploads, and the refusals in words.

A listing shows audiences of every type (S34), but only customer lists take hashed identifiers
(S12, S33), and an audience keeps the kind of data it was first built from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.facebook.objects import json_fields

_ESSENTIAL = "id,account_id,name,subtype,operation_status,time_created"
_ALL = (
    f"{_ESSENTIAL},description,customer_file_source,data_source,"
    "approximate_count_lower_bound,approximate_count_upper_bound,delivery_status,"
    "permission_for_actions,is_value_based,retention_days,delete_time,"
    "fields_violating_integrity_policy,time_updated,time_content_updated"
)
AUDIENCE_READS = (_ALL, _ESSENTIAL)
"""The fields of an audience; where Meta refuses a read for what it asks, the next asks for less."""

# https://developers.facebook.com/docs/marketing-api/reference/custom-audience, operation_status
NORMAL = 200
EXPIRING = 100
REPLACING = 414
REPLACE_FAILED = 415
FLAGGED = 471
REPLACE_LIMIT = 100_000_000

CUSTOMER_LIST = "CUSTOM"

# Meta's own words to such an upload: "created from data source …, which does not support data source …"
# (2650, github.com/facebook/facebook-python-business-sdk/issues/433); of no other pair is it known
_IMPOSSIBLE_SOURCES = frozenset({"HASHES_OR_USER_IDS"})
# what our own uploads make, and what a list without an upload has
_KNOWN_SOURCES = frozenset({"MULTI_HASHES", "ANYTHING"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an audience takes no uploads: a stable code and a sentence for people."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Status:
    """A status of Meta: its number and its words."""

    code: int
    description: str | None

    @classmethod
    def parse(cls, source: Mapping[str, object]) -> "Status | None":
        """From `{"code", "description"}`; Meta's own samples also write `status` for `code`."""
        code = json_fields.number(source, "code")
        code = json_fields.number(source, "status") if code is None else code
        return None if code is None else cls(code, json_fields.text(source, "description"))


@dataclass(frozen=True, slots=True)
class Audience:
    """A custom audience as Meta describes it; `account_id` has no `act_`.

    What Meta does not say is None: that is no answer, and no refusal.
    """

    id: str
    account_id: str | None
    name: str | None
    description: str | None
    subtype: str | None
    customer_file_source: str | None
    data_source_type: str | None
    data_source_sub_type: str | None
    lower_bound: int | None
    upper_bound: int | None
    operation_status: Status | None
    delivery_status: Status | None
    can_edit: bool | None
    is_value_based: bool | None
    retention_days: int | None
    delete_time: datetime | None
    fields_violating_integrity_policy: tuple[str, ...]
    time_created: datetime | None
    time_updated: datetime | None
    time_content_updated: datetime | None
    version_warning: str | None = None

    @classmethod
    def parse(
        cls, source: Mapping[str, object], *, version_warning: str | None = None
    ) -> "Audience":
        """From a node read with one of AUDIENCE_READS."""
        data_source = json_fields.part(source, "data_source")
        allowed = json_fields.part(source, "permission_for_actions")
        return cls(
            id=json_fields.text(source, "id") or "",
            account_id=(json_fields.text(source, "account_id") or "").removeprefix("act_") or None,
            name=json_fields.text(source, "name"),
            description=json_fields.text(source, "description"),
            subtype=json_fields.text(source, "subtype"),
            customer_file_source=json_fields.text(source, "customer_file_source"),
            data_source_type=json_fields.text(data_source, "type"),
            data_source_sub_type=json_fields.text(data_source, "sub_type"),
            lower_bound=json_fields.number(source, "approximate_count_lower_bound"),
            upper_bound=json_fields.number(source, "approximate_count_upper_bound"),
            operation_status=Status.parse(json_fields.part(source, "operation_status")),
            delivery_status=Status.parse(json_fields.part(source, "delivery_status")),
            can_edit=json_fields.flag(allowed, "can_edit"),
            is_value_based=json_fields.flag(source, "is_value_based"),
            retention_days=json_fields.number(source, "retention_days"),
            delete_time=json_fields.moment(source, "delete_time"),
            fields_violating_integrity_policy=(
                json_fields.words(source, "fields_violating_integrity_policy") or ()
            ),
            time_created=json_fields.moment(source, "time_created"),
            time_updated=json_fields.moment(source, "time_updated"),
            time_content_updated=json_fields.moment(source, "time_content_updated"),
            version_warning=version_warning,
        )

    @property
    def refusal(self) -> Refusal | None:
        """Why this audience takes no uploads of ours, or None; the lasting reasons only."""
        return wrong_type(self) or wrong_data_source(self) or not_editable(self) or flagged(self)

    @property
    def selectable(self) -> bool:
        """Whether the audience may be chosen as a target."""
        return self.refusal is None

    @property
    def reason(self) -> str | None:
        """Why it may not be chosen, as a sentence."""
        return None if self.refusal is None else self.refusal.sentence

    @property
    def operation(self) -> int:
        """The code of the operation status, 0 when Meta does not say."""
        return self.operation_status.code if self.operation_status else 0


def wrong_type(audience: Audience) -> Refusal | None:
    """S12, S33, S35: anything but a customer list."""
    if audience.subtype == CUSTOMER_LIST:
        return None
    kind = (audience.subtype or "unknown").lower().replace("_", " ")
    return Refusal(
        "audience-not-customer-list",
        f"The audience is of type {kind}; only audiences of type customer list can be filled:"
        " choose one of those or create a new audience.",
    )


def wrong_data_source(audience: Audience) -> Refusal | None:
    """A customer list built from data of which Meta says that it takes no lists of several keys."""
    if audience.data_source_sub_type not in _IMPOSSIBLE_SOURCES:
        return None
    return Refusal(
        "audience-data-source",
        "The audience was built from another kind of data and takes no lists of hashed"
        " identifiers: choose another audience or create a new one.",
    )


def data_source_known(audience: Audience) -> bool:
    """Whether it is known that the audience's kind of data goes with our uploads."""
    return audience.data_source_sub_type in _KNOWN_SOURCES


def not_editable(audience: Audience) -> Refusal | None:
    """Shared audiences, for instance, can be used but not changed."""
    if audience.can_edit is not False:
        return None
    return Refusal(
        "audience-not-editable",
        "This sign-in may use the audience but not change it: choose one that belongs to the ad"
        " account, or ask for a role that may edit it.",
    )


def flagged(audience: Audience) -> Refusal | None:
    """Uploads into flagged audiences fail since 2026-01-06 (error 100/1713230)."""
    if audience.operation != FLAGGED:
        return None
    fields = ", ".join(audience.fields_violating_integrity_policy) or "name, description or rule"
    return Refusal(
        "audience-flagged",
        f"Meta flagged the audience for its {fields} and blocks uploads: change that or appeal in"
        " Audience Manager, or choose another audience.",
    )
