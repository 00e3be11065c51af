"""What the world of the sandbox is made of: tokens, ad accounts, audiences and upload sessions.

They are mutable on purpose: the control endpoint changes any attribute by name, because tests need
every state Meta can put an object into.
"""

from dataclasses import dataclass, field, fields
from typing import Any, Literal

from sandbox.membership.members import Members

Operation = Literal["add", "remove", "replace"]


@dataclass(slots=True, kw_only=True)
class Token:
    """An access token; `expires_at` None means never. Times are unix seconds."""

    token: str = field(repr=False)
    kind: Literal["user", "system_user"] = "user"
    user_id: str
    user_name: str
    scopes: list[str]
    declined: list[str] = field(default_factory=list)
    issued_at: float
    expires_at: float | None
    data_access_expires_at: float | None = None
    long_lived: bool = True
    client_business_id: str | None = None
    refused_with: int | None = None
    """Subcode of the 190 that every use gets: 458, 459, 460, 463, 464, 467, 492; 0 for none."""


@dataclass(slots=True, kw_only=True)
class AdAccount:
    """An ad account; `role` None means the token's user may not see it."""

    id: str
    name: str
    account_status: int = 1
    disable_reason: int = 0
    currency: str = "EUR"
    timezone_id: int = 57
    timezone_name: str = "Europe/Berlin"
    timezone_offset_hours_utc: int = 1
    business: dict[str, str] | None = None
    owner: str
    capabilities: list[str] = field(default_factory=lambda: ["CAN_CREATE_CUSTOM_AUDIENCE"])
    user_tasks: list[str] = field(default_factory=lambda: ["ADVERTISE", "ANALYZE", "MANAGE"])
    tos_accepted: bool = True
    linked: bool = True
    """Whether it hangs under a business, shown in `business` or not; else it takes no lists."""
    hidden_fields: list[str] = field(default_factory=list)
    """Fields that reads leave out."""
    refused_fields: list[str] = field(default_factory=list)
    """Fields for which a whole read is refused with (#200)."""
    role: str | None = "ADMIN"
    created_time: str = "2024-01-15T09:00:00+0100"

    @property
    def account_id(self) -> str:
        """The digits, without `act_`."""
        return self.id.removeprefix("act_")


@dataclass(slots=True, kw_only=True)
class Session:
    """One upload session of one audience; Meta counts in it cumulatively."""

    id: int
    operation: Operation
    started_at: float
    received: int = 0
    invalid: int = 0
    estimated: int | None = None
    keys: tuple[str, ...] = ()
    finished: bool = False
    timed_out: bool = False


@dataclass(slots=True, kw_only=True)
class Audience:
    """A custom audience; `account_id` without `act_`, times in unix seconds."""

    id: str
    account_id: str
    name: str
    description: str = ""
    subtype: str = "CUSTOM"
    customer_file_source: str | None = "USER_PROVIDED_ONLY"
    data_source_type: str = "UNKNOWN"
    data_source_sub_type: str = "ANYTHING"
    operation_status: int = 410
    delivery_status: int | None = None
    """None: 300 below 100 members, else 200."""
    can_edit: bool = True
    retention_days: int = 0
    is_value_based: bool = False
    time_created: int
    time_updated: int
    time_content_updated: int = 0
    delete_time: int = 0
    fields_violating_integrity_policy: list[str] = field(default_factory=list)
    lookalike_audience_ids: list[str] = field(default_factory=list)
    lookalike_spec: dict[str, Any] | None = None
    audience_labels: list[str] = field(default_factory=list)
    opt_out_link: str | None = None
    pixel_id: str | None = None
    rule: str | None = None
    foreign_source: bool = False
    """Whether uploads are refused for its data source, whatever that is."""
    hidden_fields: list[str] = field(default_factory=list)
    """Fields that reads leave out."""
    refused_fields: list[str] = field(default_factory=list)
    """Fields for which a whole read is refused with (#200)."""
    approximate_count: int | None = None
    """Instead of the members really held, for audiences of other kinds and very large ones."""
    settles_at: float | None = None
    """When Meta will have finished populating or replacing."""
    users_calls: int = 0
    rows_added: int = 0
    rows_removed: int = 0
    empty_hashes: int = 0
    replace_session: int | None = None
    members: Members = field(default_factory=Members, repr=False)
    sessions: dict[int, Session] = field(default_factory=dict, repr=False)


_UNTOUCHABLE = frozenset(("members", "sessions"))


def change(entity: Token | AdAccount | Audience, changes: dict[str, Any]) -> None:
    """Set attributes by name; raises KeyError for one that does not exist."""
    names = {one.name for one in fields(entity)} - _UNTOUCHABLE
    for name, value in changes.items():
        if name not in names:
            raise KeyError(name)
        setattr(entity, name, value)
