"""What segments look like on the wire."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Field, StringConstraints, WithJsonSchema

from app.errors import Culprit
from app.http.metadata import Metadata, MetadataPatch, MetadataShown
from app.http.schemas import Input, Name, OnePage, Output, Timestamp
from app.segments.source_types import Source

SegmentName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", min_length=1, max_length=100),
    Field(description="unique; a letter, then letters, digits and _", examples=["Newsletter_2026"]),
]


class SegmentCreate(Input):
    """A new segment."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "newsletter_readers", "source": {"kind": "upload"}}]
        }
    )

    name: SegmentName
    display_name: Name | None = Field(None, description="the name, if absent")
    source: Source
    metadata: Metadata = Field(default_factory=dict)


class SegmentUpdate(Input):
    """A merge patch: absent keeps."""

    display_name: Name | None = None
    source: Source | None = None
    metadata: MetadataPatch | None = None
    state: Literal["active", "inactive"] | None = Field(
        None, description="an inactive segment exports nothing"
    )


class SegmentFailure(Output):
    """Why a segment could not be read."""

    code: str = Field(examples=["source-not-found"])
    culprit: Culprit = Field(description="whose move it is")
    message: str


class LastFailure(SegmentFailure):
    """Why a segment could not be read when it was last looked at."""

    at: Timestamp


class Segment(Output):
    """A segment."""

    id: str = Field(examples=["seg_0193…"])
    name: str
    display_name: str
    source: Annotated[dict[str, Any], Field(json_schema_extra={"x-like": "SegmentCreate.source"})]
    state: Literal["active", "inactive"]
    member_count: int | None = Field(
        description="members at evaluated_at; null where only reading all would tell"
    )
    evaluated_at: Timestamp | None = Field(description="when the count was last read")
    last_error: LastFailure | None = Field(description="null if the last look at it went well")
    metadata: MetadataShown
    created_at: Timestamp
    created_by: str
    created_by_name: str
    updated_at: Timestamp
    updated_by: str
    updated_by_name: str
    version: int


class PushWarning(Output):
    """A key of whose values more cannot be used than is usual."""

    code: str = Field(examples=["values-refused"])
    detail: str
    key: str
    reason: str = Field(description="the most frequent one", examples=["phone_impossible"])
    share: float = Field(description="of the given values, 0 to 1")


class SegmentMembers(Segment):
    """A segment after its members were replaced."""

    refused_values: dict[str, dict[str, int]] = Field(
        description="key → reason → values that cannot be used; their members are kept without them",
        examples=[{"EMAIL": {"email_invalid": 12}}],
    )
    skipped_reasons: dict[str, int] = Field(
        description="reason → rows that are no members", examples=[{"row_malformed": 2}]
    )
    ignored_columns: list[str] = Field(
        description="columns of Meta's template that are no keys", examples=[["age", "uid"]]
    )
    warnings: list[PushWarning] = Field(
        description="keys of whose values more cannot be used than is usual"
    )


_DATA_TYPES = (
    *("string", "integer", "number", "date", "datetime", "boolean"),
    *("binary", "list", "json", "other"),
)
DataType: TypeAlias = Annotated[str, WithJsonSchema({"type": "string", "enum": list(_DATA_TYPES)})]


class SegmentAttribute(Output):
    """A column of the members."""

    name: str
    data_type: DataType = Field(
        description="`list` is one of texts; `other` has values of several parts and cannot be mapped"
    )
    suggested_key: str | None = Field(description="Meta's key that the name suggests")


class DetectedShape(Output):
    """How a text file is written: given with the source, or guessed when it was saved."""

    encoding: str = Field(examples=["utf-8", "windows-1252", "utf-16"])
    delimiter: str | None = Field(description="null where lines are JSON", examples=[";"])
    quote: str | None
    header: bool | None = Field(description="whether the first row names the columns; it must")


class ReadingCost(Output):
    """What reading all columns once would be billed for; a run reads those that are mapped."""

    bytes: int = Field(examples=[52_428_800])
    maximum: int = Field(description="what one query may be billed for; beyond it none is run")


class SegmentAttributes(Output):
    """The columns of the members, in the source's own order."""

    items: list[SegmentAttribute]
    detected: DetectedShape | None = Field(
        description="null for sources that are no text; another `source` overrides it"
    )
    cost: ReadingCost | None = Field(
        description="null where reading is not billed by bytes (all but BigQuery)"
    )
    next_cursor: OnePage = None


class RefreshedSegment(Segment):
    """A segment that was just looked at."""

    attributes: list[SegmentAttribute] = Field(description="in the source's own order")


class SegmentEvaluation(Output):
    """One look at a segment: by a person, or by a run that read it."""

    id: str
    at: Timestamp
    member_count: int | None
    error: SegmentFailure | None


class SegmentExport(Output):
    """An export that sends the segment."""

    id: str
    display_name: str


class SegmentExports(Output):
    """The exports that send the segment (L76)."""

    items: list[SegmentExport]
    next_cursor: OnePage = None
