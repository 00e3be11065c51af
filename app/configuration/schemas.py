"""The configuration as a document: names instead of ids, and no secret."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from app.connections.connection_types.kinds import ConnectionKind
from app.connections.schemas import (
    AllowedAudienceIds,
    AudienceFreedom,
    AudienceFreedomField,
    SharedWith,
)
from app.exports.schemas import ExportCreate
from app.http.metadata import Metadata
from app.http.schemas import Input, Name, Output
from app.schedules.schemas import RefreshScheduleUpdate
from app.segments.schemas import SegmentCreate, SegmentName


class ConfiguredConnection(Input):
    """A connection without its token: it has to be signed in again where it is read in."""

    display_name: Name
    type: ConnectionKind = Field(ConnectionKind.FACEBOOK_ADS_MANAGER, strict=False)
    shared_with: SharedWith = Field(["administrator"])
    ad_account_id: str | None = Field(
        None, max_length=64, description="what it opened; for whoever completes the draft"
    )
    audience_name: str | None = Field(None, max_length=200, description="what it filled; likewise")
    audience_choice: AudienceFreedomField = AudienceFreedom.FIXED
    allowed_audience_ids: AllowedAudienceIds = Field(default_factory=list)
    metadata: Metadata = Field(default_factory=dict)


class ConfiguredSegment(SegmentCreate):
    """A segment; pushed members are not part of a configuration."""

    state: Literal["active", "inactive"] = "active"


_EXPORT: dict[str, Any] = {
    "display_name": "Newsletter to Meta",
    "connection": "Newsletter audience",
    "key_identifier": "email",
    "attributes": {"EMAIL": "email"},
    "segments": ["Newsletter_2026"],
}


def _by_name(schema: dict[str, Any]) -> None:
    # ids are refused: they are those of another deployment
    for name in ("connection_id", "segment_ids"):
        schema["properties"].pop(name, None)
    schema["examples"] = [_EXPORT]


class ConfiguredExport(ExportCreate):
    """An export, whose connection and segments are named; it is disabled where it is read in."""

    model_config = ConfigDict(json_schema_extra=_by_name)

    connection_id: None = Field(None, exclude=True)  # type: ignore[assignment]
    segment_ids: None = Field(None, exclude=True)  # type: ignore[assignment]
    run: Literal[False] = Field(False, exclude=True)
    connection: Name | None = Field(None, description="its display_name; null: detached")
    segments: Annotated[list[SegmentName], Field(min_length=1, max_length=100)]


class Configuration(Input):
    """All that makes a deployment, but for its secrets, its history and its callers."""

    format: Literal[1] = 1
    connections: list[ConfiguredConnection] = Field(default_factory=list, max_length=1_000)
    segments: list[ConfiguredSegment] = Field(default_factory=list, max_length=10_000)
    exports: list[ConfiguredExport] = Field(default_factory=list, max_length=10_000)
    schedule: RefreshScheduleUpdate | None = None


class ImportedItem(Output):
    """What became of one part of the document."""

    kind: Literal["connection", "segment", "export", "schedule"]
    name: str | None
    action: Literal["created", "exists"] = Field(
        description="`exists`: one of that name is here already, and stays as it is"
    )
    id: str | None = Field(description="null in a dry run of what would be made")
    to_do: str | None = Field(description="what is left for an administrator")


class Imported(Output):
    """What was read in, or would be."""

    dry_run: bool
    items: list[ImportedItem]
