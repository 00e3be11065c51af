"""What connections look like on the wire; its lines are many, since each state of one is a field."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from app.connections.connection_types.kinds import ConnectionKind
from app.http.metadata import Metadata, MetadataPatch, MetadataShown
from app.http.schemas import Input, Line, MadeAnew, Name, OnePage, Output, Timestamp


class CustomerFileSource(StrEnum):
    """Meta's word for where the list comes from."""

    USER_PROVIDED_ONLY = "USER_PROVIDED_ONLY"
    PARTNER_PROVIDED_ONLY = "PARTNER_PROVIDED_ONLY"
    BOTH_USER_AND_PARTNER_PROVIDED = "BOTH_USER_AND_PARTNER_PROVIDED"


def _distinct(roles: list[str]) -> list[str]:
    if len(set(roles)) != len(roles):
        msg = "must not repeat a role"
        raise ValueError(msg)
    # administrators use every connection, named or not (L20)
    return ["administrator", *(role for role in roles if role != "administrator")]


SharedWith = Annotated[
    list[Literal["administrator", "contributor"]],
    Field(min_length=1, max_length=2, description="who may use the connection"),
    AfterValidator(_distinct),
]

AccessToken = Annotated[
    str,
    StringConstraints(min_length=8, max_length=4096, pattern=r"^[\x21-\x7e]+$"),
    Field(
        description="a user or system-user token with ads_management; write-only",
        json_schema_extra={"writeOnly": True},
    ),
]

AdAccountId = Annotated[
    str, StringConstraints(pattern=r"^act_[0-9]{1,32}$"), Field(examples=["act_1001"])
]
AudienceId = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{1,32}$"), Field(examples=["23849000000000001"])
]


_DUPLICATE = "make the new audience although the ad account has one of this name"


class AudienceChoice(Input):
    """An existing audience by id, or the name of a new one; exactly one (S29, S30)."""

    id: AudienceId | None = None
    name: Annotated[Name, Field(max_length=200)] | None = None
    description: Line | None = None
    customer_file_source: CustomerFileSource | None = Field(None, strict=False)
    retention_days: Annotated[int, Field(ge=1, le=180)] | None = Field(
        None, description="forever, if absent"
    )
    is_value_based: bool | None = Field(None, description="for exports that map LOOKALIKE_VALUE")
    allow_duplicate_name: bool | None = Field(None, description=_DUPLICATE)

    @model_validator(mode="after")
    def _exactly_one(self) -> "AudienceChoice":
        if (self.id is None) == (self.name is None):
            msg = "give exactly one of id and name"
            raise ValueError(msg)
        extras = (
            self.description,
            self.customer_file_source,
            self.retention_days,
            self.is_value_based,
            self.allow_duplicate_name,
        )
        if self.id is not None and any(extra is not None for extra in extras):
            msg = "an existing audience takes nothing but its id"
            raise ValueError(msg)
        return self


class AudienceFreedom(StrEnum):
    """Which audiences contributors may aim their exports at (L5)."""

    FIXED = "fixed"
    LISTED = "listed"
    ANY = "any"


AudienceFreedomField = Annotated[
    AudienceFreedom,
    Field(
        strict=False,
        description="which audiences contributors may aim exports at: `fixed`, the connection's own; "
        "`listed`, those of allowed_audience_ids too; `any`, every customer list of the ad account. "
        "Administrators may always choose",
    ),
]
AllowedAudienceIds = Annotated[
    list[AudienceId],
    Field(max_length=1000, description="read where audience_choice is `listed`"),
    AfterValidator(lambda ids: list(dict.fromkeys(ids))),
]


class ConsentGiven(Input):
    """Agreement to the text of `GET /v1/consent` (S37)."""

    accepted: Literal[True]
    version: Annotated[str, StringConstraints(max_length=40)]


class ConnectionCreate(Input, MadeAnew):
    """A new connection; whatever is left out makes it a draft."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "display_name": "Newsletter audience",
                    "type": "facebook_ads_manager",
                    "access_token": "sandbox-system-token",
                    "ad_account_id": "act_1001",
                    "audience": {"name": "Newsletter readers"},
                    "consent": {"accepted": True, "version": "2026-11-01"},
                }
            ]
        }
    )

    display_name: Name = Field(description="a name that explains purpose and target")
    type: ConnectionKind = Field(ConnectionKind.FACEBOOK_ADS_MANAGER, strict=False)
    shared_with: SharedWith = Field(["administrator"])
    access_token: AccessToken | None = None
    ad_account_id: AdAccountId | None = None
    audience: AudienceChoice | None = None
    audience_choice: AudienceFreedomField = AudienceFreedom.FIXED
    allowed_audience_ids: AllowedAudienceIds = Field(default_factory=list)
    allow_duplicate_name: bool = Field(False, description=_DUPLICATE)
    consent: ConsentGiven | None = None
    metadata: Metadata = Field(default_factory=dict)

    @classmethod
    def anew(cls, body: dict[str, Any], reading: Mapping[str, Any]) -> dict[str, Any]:
        """Of a connection that was read: its ad account and audience come along where a token does."""
        account, audience = reading.get("ad_account"), reading.get("audience")
        if body.get("access_token") is None and body.get("ad_account_id") is None:
            if audience is not None and body.get("audience") == {"id": audience["id"]}:
                return {name: value for name, value in body.items() if name != "audience"}
        elif account is not None:
            return {"ad_account_id": account["id"], **body}
        return body


class ConnectionUpdate(Input):
    """A merge patch: absent keeps, null clears."""

    display_name: Name = ""
    shared_with: SharedWith = Field(default_factory=list)
    access_token: AccessToken | None = None
    ad_account_id: AdAccountId | None = None
    audience: AudienceChoice | None = None
    audience_choice: AudienceFreedomField = AudienceFreedom.FIXED
    allowed_audience_ids: AllowedAudienceIds = Field(default_factory=list)
    allow_duplicate_name: bool = Field(False, description=_DUPLICATE)
    consent: ConsentGiven | None = None
    metadata: MetadataPatch | None = None


class Business(Output):
    """The business an ad account belongs to (S6)."""

    id: str
    name: str | None = None


class AdAccountRef(Output):
    """An ad account."""

    id: str
    name: str | None
    business: Business | None


class AudienceRef(Output):
    """The audience at Meta; `id` is null until a new one is created."""

    id: str | None
    name: str | None
    subtype: str | None


class AudienceStatus(Output):
    """A status of Meta: its number and its words."""

    code: int
    description: str | None


class AudienceReading(Output):
    """The size of an audience at one look."""

    looked_at: Timestamp
    lower_bound: int | None
    upper_bound: int | None


class AudienceState(Output):
    """What Meta said of the audience some time after a run: members take up to a day to match."""

    operation_status: AudienceStatus | None = Field(description="200 is normal")
    delivery_status: AudienceStatus | None = Field(description="200 is ready; 300 is too small")
    lower_bound: int | None = Field(description="Meta's own estimate of the audience's size")
    upper_bound: int | None
    error: str | None = Field(description="why the audience could not be looked at")
    looked_at: Timestamp
    readings: list[AudienceReading] = Field(
        default_factory=list,
        description="every look since the run's end, oldest first",
    )


class Blocked(Output):
    """Meta keeps the ad account from any action for now; `POST …/resume` tries again at once."""

    reason: str
    code: str = Field(examples=["blocked-by-meta"])
    help_url: str | None
    since: Timestamp
    until: Timestamp = Field(description="when runs try again of themselves")


class AccountThrottle(Output):
    """Whether Meta asks this service to slow down on an ad account, as all its workers know it."""

    ad_account_id: str | None = Field(description="null while none is chosen")
    throttled_until: Timestamp | None = Field(
        description="no call is made until then; null: calls go"
    )


class Token(Output):
    """What may be known of the stored token."""

    kind: str | None = Field(examples=["user", "system_user"])
    last4: str | None
    expires_at: Timestamp | None = Field(description="null: never")
    data_access_expires_at: Timestamp | None
    scopes: list[str]
    expires_soon: bool = Field(
        description="it ends within TOKEN_EXPIRY_WARNING_DAYS, or has ended; sign in again in time"
    )


class ConsentRecord(Output):
    """Who agreed to which text, when."""

    version: str
    accepted_at: Timestamp
    accepted_by: str
    accepted_by_name: str


MissingPart = Literal["access_token", "ad_account_id", "audience", "consent"]


class Connection(Output):
    """A connection, without its secret."""

    id: str = Field(examples=["con_0193…"])
    type: ConnectionKind
    display_name: str
    shared_with: list[Literal["administrator", "contributor"]]
    status: Literal["draft", "ready", "reauthentication_required"]
    missing: list[MissingPart] = Field(
        description="what a draft still lacks", examples=[["audience", "consent"]]
    )
    ad_account: AdAccountRef | None
    audience: AudienceRef | None
    audience_choice: AudienceFreedom
    allowed_audience_ids: list[str]
    audience_state: AudienceState | None = Field(
        description="what Meta last said of the audience, after the last run that filled it"
    )
    blocked: Blocked | None = Field(description="null unless Meta blocks the ad account now")
    token: Token | None
    sign_in_problem: str | None = Field(
        description="why the last sign-in gave no token; null once one did",
        examples=["permission-declined"],
    )
    consent: ConsentRecord | None
    metadata: MetadataShown
    created_at: Timestamp
    created_by: str
    created_by_name: str
    updated_at: Timestamp
    updated_by: str
    updated_by_name: str
    version: int


class Dependents(Output):
    """The exports that use a connection (L30)."""

    items: list["Dependent"]
    next_cursor: OnePage = None


class Dependent(Output):
    """An export, by id and name."""

    id: str
    display_name: str
