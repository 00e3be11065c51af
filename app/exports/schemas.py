"""What exports look like on the wire.

Its lines are a little more than 300: one resource, one page.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from app.connections.connection_types.kinds import ConnectionKind
from app.connections.schemas import AudienceRef
from app.errors import Culprit
from app.exports.members.mapping import MIN_USABLE_RATIO
from app.exports.members.mapping_schema import AttributeName, Attributes
from app.http.metadata import Metadata, MetadataPatch, MetadataShown
from app.http.schemas import Input, Name, OnePage, Output, Timestamp
from app.identifiers import KeyIdentifier
from app.schedule_times import check_cron, check_zone
from app.segments.source_types import DateFormat, TimeZone


class SyncMode(StrEnum):
    """What a run does to the audience."""

    ADD = "add"
    MIRROR = "mirror"
    REPLACE = "replace"
    REMOVE = "remove"


Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(examples=["DE"])]


class AudienceOverride(Input):
    """An existing audience of the connection's ad account, instead of the connection's own."""

    id: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,32}$")]

    @model_validator(mode="before")
    @classmethod
    def _exists_already(cls, given: Any) -> Any:
        if isinstance(given, dict) and "id" not in given and "name" in given:
            msg = (
                "an export fills an audience that exists: give its id; a new one is made by a "
                "connection, whose audience takes a name"
            )
            raise ValueError(msg)
        return given


class ConsentFilter(Input):
    """Only members whose attribute equals this are exported; the others are skipped and counted."""

    attribute: AttributeName
    equals: Annotated[str, StringConstraints(max_length=200)] | bool | int


class LimitedDataUse(Input):
    """Members of these states are flagged for limited data use."""

    states: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]],
        Field(min_length=1, max_length=60),
    ]
    country: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = "us"


class Schedule(Input):
    """When the export runs of itself; `system`: with every scheduled refresh (S59, L38).

    As part of a merge patch absent fields are kept, so `cron` outlives being switched to `manual` (L42).
    """

    mode: Literal["system", "custom", "manual"] = "system"
    cron: Annotated[str, StringConstraints(max_length=100), AfterValidator(check_cron)] | None = (
        Field(
            None,
            description="five fields: minute, hour, day of month, month, day of week; needed by `custom`",
            examples=["30 5 * * 1-5"],
        )
    )
    time_zone: (
        Annotated[str, StringConstraints(max_length=64), AfterValidator(check_zone)] | None
    ) = Field(
        None,
        description="whose clock `cron` reads; UTC, if absent. A time its daylight saving leaves out "
        "runs once, at the first moment after; one that comes twice runs once, at the first",
        examples=["Europe/Berlin"],
    )


SegmentIds = Annotated[
    list[Annotated[str, StringConstraints(max_length=80)]],
    Field(min_length=1, max_length=100, description="the segments to export, at least one"),
]
Ratio = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        strict=False,
        description="a run below it fails before the first batch; 0 switches that off",
    ),
]


class ExportCreate(Input):
    """A new export. Saving never runs it (S58)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "display_name": "Newsletter to Meta",
                    "connection_id": "con_0193…",
                    "key_identifier": "email",
                    "attributes": {"EMAIL": "EMAIL"},
                    "segment_ids": ["seg_0193…"],
                }
            ]
        }
    )

    display_name: Name
    connection_id: Annotated[str, StringConstraints(max_length=80)]
    key_identifier: KeyIdentifier = Field(strict=False)
    attributes: Attributes
    segment_ids: SegmentIds
    sync_mode: SyncMode = Field(SyncMode.ADD, strict=False)
    audience: AudienceOverride | None = None
    default_country: Country | None = None
    date_format: DateFormat | None = None
    time_zone: TimeZone = "UTC"
    consent: ConsentFilter | None = None
    ldu: LimitedDataUse | None = None
    min_usable_ratio: Ratio | None = Field(None, description=f"null means {MIN_USABLE_RATIO}")
    allow_shrink: bool = Field(
        False,
        description="let a run of `mirror`, `replace` or `remove` take out more than half, or go on "
        "although far fewer members are usable than at the last success; and a `mirror` take "
        "everybody out when the segments are empty",
    )
    schedule: Schedule = Field(default_factory=Schedule)
    enabled: bool = True
    metadata: Metadata = Field(default_factory=dict)
    run: bool = Field(False, description="save and run at once; saving alone never runs")


class ExportPreview(ExportCreate):
    """An export that is not saved yet, as far as it is there."""

    display_name: Name | None = None  # type: ignore[assignment]  # a draft may have no name yet
    connection_id: Annotated[str, StringConstraints(max_length=80)] | None = None  # type: ignore[assignment]
    sample_rows: int = Field(1000, ge=1, le=1000, description="members to look at, at most")


class ExportUpdate(Input):
    """A merge patch: absent keeps, null clears where a field may be empty."""

    display_name: Name | None = None
    connection_id: Annotated[str, StringConstraints(max_length=80)] | None = None
    key_identifier: KeyIdentifier | None = Field(None, strict=False)
    attributes: Attributes | None = None
    segment_ids: SegmentIds | None = None
    sync_mode: SyncMode | None = Field(None, strict=False)
    audience: AudienceOverride | None = None
    default_country: Country | None = None
    date_format: DateFormat | None = None
    time_zone: TimeZone | None = None
    consent: ConsentFilter | None = None
    ldu: LimitedDataUse | None = None
    min_usable_ratio: Ratio | None = None
    allow_shrink: bool | None = None
    schedule: Schedule | None = None
    enabled: bool | None = None
    metadata: MetadataPatch | None = None
    run: bool = Field(False, description="save and run at once")


class ExportDuplicate(Input):
    """What the copy has of its own; whatever is absent is the original's (L26)."""

    display_name: Name | None = Field(None, description="the original's with “(copy)”, if absent")
    connection_id: Annotated[str, StringConstraints(max_length=80)] | None = None
    audience: AudienceOverride | None = Field(
        None,
        description="null: that of the connection; absent: as the original's, on its connection",
    )


class BulkDetach(Input):
    """Exports to take the connection away from, all or none (L31)."""

    export_ids: list[Annotated[str, StringConstraints(max_length=80)]] = Field(
        min_length=1, max_length=200
    )


RunState = Literal[
    "queued",
    "running",
    "succeeded",
    "succeeded_with_warnings",
    "failed",
    "skipped",
    "canceled",
]
LastStatus = Literal["none", RunState]


class LastRunError(Output):
    """Why the newest run failed or was skipped."""

    code: str
    culprit: Culprit = Field(description="whose move it is")
    message: str
    help_url: str | None = None


class LastRun(Output):
    """The newest run of an export."""

    id: str
    status: RunState
    trigger: Literal["on_demand", "scheduled"]
    queued_at: Timestamp
    finished_at: Timestamp | None
    staged: int
    received: int
    skipped: int = Field(description="rows that could not be used")
    invalid: int = Field(description="entries Meta called invalid; approximate")
    error: LastRunError | None


class ExportConnection(Output):
    """The connection of an export, as far as everybody may see it."""

    id: str
    display_name: str
    type: ConnectionKind
    status: Literal["draft", "ready", "reauthentication_required"]


class ExportSegment(Output):
    """A segment of an export."""

    id: str
    display_name: str


class TargetAudience(Output):
    """The audience that the export fills: its own, or else its connection's."""

    id: str | None = Field(description="null until it is made at Meta")
    name: str | None


class Warning(Output):  # noqa: A001 - the field's own word
    """Something to look at; it does not stop a run."""

    code: str
    detail: str


class Export(Output):
    """An export."""

    id: str = Field(examples=["exp_0193…"])
    display_name: str
    connection_id: str | None
    connection: ExportConnection | None
    key_identifier: KeyIdentifier
    attributes: dict[str, str | list[str]]
    segment_ids: list[str]
    segments: list[ExportSegment]
    target_audience: TargetAudience | None
    sync_mode: SyncMode
    audience: AudienceRef | None = Field(description="instead of the connection's")
    default_country: str | None
    date_format: str | None
    time_zone: str
    consent: Annotated[
        dict[str, Any] | None, Field(json_schema_extra={"x-like": "ExportCreate.consent"})
    ]
    ldu: Annotated[dict[str, Any] | None, Field(json_schema_extra={"x-like": "ExportCreate.ldu"})]
    min_usable_ratio: float
    allow_shrink: bool
    schedule: Annotated[
        dict[str, Any], Field(json_schema_extra={"x-like": "ExportCreate.schedule"})
    ]
    enabled: bool
    next_run_at: Timestamp | None = Field(
        description="the next scheduled run; null if there is none to come as things are"
    )
    metadata: MetadataShown
    status: Literal["active", "detached", "disabled"]
    last_run: LastRun | None
    warnings: list[Warning]
    your_permission: Literal["edit", "view"]
    created_at: Timestamp
    created_by: str
    created_by_name: str
    updated_at: Timestamp
    updated_by: str
    updated_by_name: str
    version: int


class BulkDetached(Output):
    """The exports as they are now, in the order asked for."""

    items: list[Export]
    next_cursor: OnePage = None
