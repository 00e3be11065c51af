"""What API keys, callers and audit events look like on the wire."""

from typing import Any

from pydantic import Field

from app.access.callers import Role
from app.http.schemas import Input, Moment, Name, Output, Timestamp


class ApiKeyCreate(Input):
    """A new key."""

    display_name: Name = Field(examples=["nightly scheduler"])
    role: Role = Field(strict=False)
    expires_at: Moment | None = Field(None, description="never, if absent")


class ApiKey(Output):
    """A key, without the key."""

    id: str = Field(examples=["key_0193…"])
    display_name: str
    role: Role
    last4: str
    expires_at: Timestamp | None
    last_used_at: Timestamp | None
    created_at: Timestamp
    created_by: str


class ApiKeyCreated(ApiKey):
    """A key just made: the only time it is shown."""

    key: str = Field(
        description="send as `Authorization: Bearer …`; it is not stored and not shown again"
    )


class Me(Output):
    """The caller."""

    id: str
    role: Role
    display_name: str


class AuditEvent(Output):
    """One change or action."""

    id: str
    at: Timestamp
    actor: str
    actor_name: str
    role: str
    action: str = Field(examples=["connection.created"])
    resource_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None
