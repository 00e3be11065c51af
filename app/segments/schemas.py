"""What segments look like on the wire."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.errors import Culprit
from app.http.metadata import Metadata, MetadataPatch, MetadataShown
from app.http.schemas import Input, Name, Output, Timestamp
from app.moments import check_zone

SegmentName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", min_length=1, max_length=100),
    Field(description="unique; a letter, then letters, digits and _", examples=["Newsletter_2026"]),
]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(examples=["DE"])]
DateFormat = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z%:./, '-]{2,40}$"),
    Field(
        description="for dates that could be read in two ways; YY says that years have two digits, then the "
        "century is the one that makes a person 13 to 100",
        examples=["DD/MM/YYYY", "MM/DD/YY"],
    ),
]
TimeZone = Annotated[
    str,
    StringConstraints(max_length=64),
    AfterValidator(check_zone),
    Field(
        description="an IANA name: where columns of instants (a `timestamptz` of Postgres) have their dates",
        examples=["Europe/Berlin"],
    ),
]


Hashed = Annotated[
    bool | None,
    Field(
        description="members are hashed already: columns named by Meta's keys, or mapped to them, hold "
        "SHA-256 in hexadecimal or as 32 bytes; no rule is applied, what is no hash is refused"
    ),
]


class FileSource(Input):
    """Members in files: Parquet, CSV or NDJSON; one file, a folder or a glob."""

    kind: Literal["file"]
    url: Annotated[str, StringConstraints(min_length=1, max_length=2000)] = Field(
        description="a path under SEGMENT_ROOTS, or an address of object storage",
        examples=["/data/segments/newsletter.csv"],
    )
    format: Literal["csv", "tsv", "parquet", "ndjson", "jsonl"] | None = Field(
        None, description="by the name's ending, if absent; jsonl is another name for ndjson"
    )
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None = Field(
        None, description="guessed if absent"
    )
    quote: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None = Field(
        None, description='`"` if absent; null where quotes have no meaning'
    )
    encoding: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = Field(
        None, description="guessed if absent", examples=["windows-1252"]
    )
    hashed: Hashed = None


class _DatabaseSource(Input):
    database: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    table: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    query: Annotated[str, StringConstraints(min_length=1, max_length=20_000)] | None = None
    hashed: Hashed = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.table is None) == (self.query is None):
            msg = "give exactly one of table and query"
            raise ValueError(msg)
        return self


class PostgresSource(_DatabaseSource):
    """Members in a Postgres database of SEGMENT_DATABASES; a table or a read-only query."""

    kind: Literal["postgres"]


class MysqlSource(_DatabaseSource):
    """Members in a MySQL or MariaDB database of SEGMENT_DATABASES; a table or a read-only query."""

    kind: Literal["mysql"]


class ClickhouseSource(_DatabaseSource):
    """Members in a ClickHouse database of SEGMENT_DATABASES; a table or a read-only query."""

    kind: Literal["clickhouse"]


class DeltaSource(Input):
    """Members in a Delta Lake table."""

    kind: Literal["delta"]
    url: Annotated[str, StringConstraints(min_length=1, max_length=2000)] = Field(
        description="the table's folder: a path under SEGMENT_ROOTS, or an address of object storage",
        examples=["s3://exports/customers"],
    )
    version: Annotated[int, Field(ge=0, lt=2**63)] | None = Field(
        None, description="the newest of each run, if absent"
    )
    hashed: Hashed = None


class IcebergSource(Input):
    """Members in an Iceberg table of a catalog of SEGMENT_DATABASES."""

    kind: Literal["iceberg"]
    database: Annotated[str, StringConstraints(min_length=1, max_length=100)] = Field(
        description="the catalog's name in SEGMENT_DATABASES"
    )
    table: Annotated[str, StringConstraints(min_length=1, max_length=1000)] = Field(
        description="namespace.name; names with dots in double quotes", examples=["crm.members"]
    )
    snapshot: Annotated[int, Field(ge=0, lt=2**63)] | None = Field(
        None, description="the newest of each run, if absent"
    )
    hashed: Hashed = None


class UploadSource(Input):
    """Members that are pushed with PUT …/members; only their hashes are kept."""

    kind: Literal["upload"]
    default_country: Country | None = Field(
        None, description="for national phone numbers and missing countries, on arrival"
    )
    date_format: DateFormat | None = None
    time_zone: TimeZone | None = Field(
        None, description="where columns of instants have their dates; UTC, if absent"
    )


_AnySource = (
    FileSource
    | DeltaSource
    | PostgresSource
    | MysqlSource
    | ClickhouseSource
    | IcebergSource
    | UploadSource
)
Source = Annotated[_AnySource, Field(discriminator="kind")]


def source_fields(source: _AnySource) -> dict[str, Any]:
    """What is kept of a source: the fields that were given; null means something only for `quote`."""
    given = source.model_dump(mode="json", exclude_unset=True)
    return {name: value for name, value in given.items() if value is not None or name == "quote"}


class SegmentCreate(Input):
    """A new segment."""

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
    updated_at: Timestamp
    updated_by: str
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


class SegmentAttribute(Output):
    """A column of the members."""

    name: str
    data_type: str = Field(
        description="`string`, `integer`, `number`, `date`, `datetime`, `boolean`, `binary`, `list` of "
        "texts, `json`, or `other`: values of several parts, which cannot be mapped"
    )
    suggested_key: str | None = Field(description="Meta's key that the name suggests")


class DetectedShape(Output):
    """How a text file is written: given with the source, or guessed when it was saved."""

    encoding: str = Field(examples=["utf-8", "windows-1252", "utf-16"])
    delimiter: str | None = Field(description="null where lines are JSON", examples=[";"])
    quote: str | None
    header: bool | None = Field(description="whether the first row names the columns; it must")


class SegmentAttributes(Output):
    """The columns of the members, in the source's own order."""

    items: list[SegmentAttribute]
    detected: DetectedShape | None = Field(
        description="null for sources that are no text; another `source` overrides it"
    )
    next_cursor: None = None


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
    next_cursor: None = None
