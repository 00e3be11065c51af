"""What there is to begin with, on the wire: kinds of connection, the consent text, usable connections."""

from typing import Literal

from pydantic import Field

from app.connections.connection_types.kinds import ConnectionKind
from app.http.schemas import OnePage, Output
from app.identifiers import KeyIdentifier


class AvailableConnection(Output):
    """All that a user of a connection sees of it (L11)."""

    id: str
    display_name: str
    type: ConnectionKind
    status: Literal["draft", "ready", "reauthentication_required"] = Field(
        description="a draft is not complete, and nothing can be exported on it"
    )


class AvailableGroup(Output):
    """The usable connections of one type (S44)."""

    type: ConnectionKind
    display_name: str
    connections: list[AvailableConnection]


class AvailableConnections(Output):
    """Types without a usable connection are left out (S45)."""

    items: list[AvailableGroup]
    next_cursor: OnePage = None


class AttributeKeyInfo(Output):
    """A key that may be mapped (S54)."""

    key: str
    friendly_name: str
    description: str
    hashed: bool


class KeyIdentifierInfo(Output):
    """A key identifier to choose (S46), as people are shown it."""

    key_identifier: str = Field(examples=["email"])
    label: str = Field(examples=["Email"])
    tip: str
    default: bool = Field(description="the one to suggest")
    required_keys: list[list[str]] = Field(
        description="keys that must be mapped; of each list one is enough"
    )


class ConnectionTypeInfo(Output):
    """A kind of connection."""

    type: ConnectionKind
    display_name: str
    description: str
    attribute_keys: list[AttributeKeyInfo]
    key_identifiers: list[KeyIdentifier]
    key_identifier_details: list[KeyIdentifierInfo] = Field(
        description="the same with labels, tips and the default"
    )
    default_key_identifier: KeyIdentifier = Field(examples=["email"])


class ConnectionTypes(Output):
    """The catalogue (L8)."""

    items: list[ConnectionTypeInfo]
    next_cursor: OnePage = None


class ConsentText(Output):
    """The data-privacy text in force."""

    version: str
    text: str
    privacy_statement_url: str
