"""What a problem document holds (RFC 9457), as the API document describes it; `problems` writes them.

Beside what each of them has, some codes have members of their own: what a program needs to go on.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.errors import Culprit
from app.http.schemas import Output

MEDIA_TYPE = "application/problem+json"


class InvalidField(BaseModel):
    """One thing wrong with the request; where it stands and what is expected, never what was sent."""

    pointer: str | None = Field(
        None, description="JSON pointer into the body", examples=["/display_name"]
    )
    parameter: str | None = Field(None, description="name of a query, path or header parameter")
    code: str = Field(description="what kind of rule it broke", examples=["missing"])
    detail: str = Field(description="what is expected", examples=["Field required"])


class GraphRef(Output):
    """Meta's own words for a failure, for its support."""

    code: int | None = None
    subcode: int | None = None
    fbtrace_id: str | None = None


class DependentExport(BaseModel):
    """An export that stands in the way."""

    id: str
    display_name: str


def _own(of: str, *, or_null: bool = False) -> Any:
    """A member that some documents have; where it is not, it is absent."""

    def described(schema: dict[str, Any]) -> None:
        schema.pop("default", None)
        if not or_null:
            schema.update(next(way for way in schema.pop("anyOf") if way != {"type": "null"}))

    return Field(None, description=of, json_schema_extra=described)


class Problem(BaseModel):
    """What went wrong and what to do (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        description="stable address of this kind of problem, which explains it",
        examples=["/problems/not-found"],
    )
    title: str = Field(examples=["Nothing under this address"])
    status: int = Field(examples=[404])
    detail: str = Field(description="what happened here and what to do")
    instance: str = Field(description="the path that was called", examples=["/v1/runs/run_…"])
    code: str = Field(description="the last part of `type`", examples=["not-found"])
    culprit: Culprit = Field(description="whose move it is")
    request_id: str | None = Field(
        description="the same value as in X-Request-ID and in every log line"
    )
    help_url: str | None = Field(None, description="where Meta or this service explains more")
    errors: list[InvalidField] | None = _own("each invalid field of the request")

    retry_after: float | None = _own("seconds to wait; the header Retry-After has them too")
    run_id: str | None = _own("of `run-already-active`: the run that is", or_null=True)
    run_status: str | None = _own("of `run-finished`: how it ended")
    export_id: str | None = _own("the export it is about")
    export_display_name: str | None = _own("of `audience-already-targeted`: the other export's")
    export_sync_mode: str | None = _own("of `audience-already-targeted`: the other export's")
    sync_mode: str | None = _own("of `audience-already-targeted`: this export's")
    exports: list[DependentExport] | None = _own(
        "of `connection-in-use` and `segment-in-use`: who uses it"
    )
    connection_id: str | None = _own("the connection it is about")
    missing: list[str] | None = _own("of `connection-draft`: what the connection lacks")
    segment_id: str | None = _own("the segment it is about")
    audience_id: str | None = _own("of `audience-name-taken`: the audience that has the name")
    audience_choice: str | None = _own("of `audience-not-allowed`: the connection's")
    role: str | None = _own("of `forbidden`: the caller's")
    required_roles: list[str] | None = _own("of `forbidden`: one of them is needed")
    graph: GraphRef | None = _own("where Meta refused: its own numbers")
    source: str | None = _own("the file, table or query that could not be read")
    line: int | None = _own("of text files: where, counted from 1", or_null=True)
    column: int | None = _own("of pushed members: which column, counted from 1")
    attribute: str | None = _own("of `attribute-missing`: what is not there")
    attributes: list[str] | None = _own("the columns it is about")
    malformed_rows: int | None = _own("how many rows could not be read")
    sqlstate: str | None = _own("of `query-failed`: Postgres' own code")
    error_number: int | None = _own("of `query-failed`: the database's own number")
    reason: str | None = _own("of `query-failed`: BigQuery's own word")
    bytes_needed: int | None = _own("of `query-too-expensive`: what would be billed")
    bytes_allowed: int | None = _own("of `query-too-expensive`: the most that may be")
    extra: str | None = _own("of `extra-missing`: the extra of this installation that is")
