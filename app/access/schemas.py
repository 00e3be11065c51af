"""What API keys, callers and audit events look like on the wire."""

from typing import Annotated, TypeAlias, Union

from pydantic import ConfigDict, Field, RootModel, WithJsonSchema

from app.access.audit import ACTIONS
from app.access.callers import Role
from app.http.schemas import Input, Moment, Name, Output, Timestamp


class ApiKeyCreate(Input):
    """A new key."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"display_name": "nightly scheduler", "role": "viewer"}]}
    )

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
    created_by_name: str


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


# rows of an older release may name what this one does not, and are shown all the same
AuditAction: TypeAlias = Annotated[str, WithJsonSchema({"type": "string", "enum": list(ACTIONS)})]
AuditRole: TypeAlias = Annotated[str, WithJsonSchema({"type": "string", "enum": list(Role)})]
_Plain: TypeAlias = Union[str, bool, int, float, "AuditedFields", None]


class AuditedFields(RootModel[dict[str, _Plain | list[_Plain]]]):
    """Fields as they were recorded, by the names they have in the API; never a secret or a member's value."""


class AuditEvent(Output):
    """One change or action."""

    id: str
    at: Timestamp
    actor: str
    actor_name: str
    role: AuditRole
    action: AuditAction = Field(
        description="what was done to what; later releases may name more",
        examples=["connection.created"],
    )
    resource_id: str | None
    before: AuditedFields | None = Field(
        description="what a change, a removal or a detachment found",
        examples=[{"display_name": "Newsletter"}],
    )
    after: AuditedFields | None = Field(
        description="what it left, or the facts of an action that changes nothing",
        examples=[{"display_name": "Newsletter, weekly"}],
    )
    request_id: str | None
