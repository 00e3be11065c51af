"""What the source of a segment may be on the wire: one shape for each kind."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.http.schemas import Input
from app.schedule_times import check_zone

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


class BigquerySource(_DatabaseSource):
    """Members in a BigQuery project of SEGMENT_DATABASES; a table or a read-only query."""

    kind: Literal["bigquery"]


class SnowflakeSource(_DatabaseSource):
    """Members in a Snowflake account of SEGMENT_DATABASES; a table or a read-only query."""

    kind: Literal["snowflake"]


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
    | BigquerySource
    | SnowflakeSource
    | IcebergSource
    | UploadSource
)
Source = Annotated[_AnySource, Field(discriminator="kind")]


def source_fields(source: _AnySource) -> dict[str, Any]:
    """What is kept of a source: the fields that were given; null means something only for `quote`."""
    given = source.model_dump(mode="json", exclude_unset=True)
    return {name: value for name, value in given.items() if value is not None or name == "quote"}
