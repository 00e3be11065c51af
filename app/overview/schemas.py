"""What the overview looks like on the wire."""

from typing import Literal

from pydantic import Field

from app.errors import Culprit
from app.exports.schemas import ExportConnection
from app.http.schemas import Output, Timestamp
from app.runs.schemas import Run
from app.runs.states import RunStatus


class Broken(Output):
    """Something that does not do its work until somebody moves."""

    kind: Literal["connection", "export", "webhook"]
    id: str
    display_name: str
    since: Timestamp | None
    code: str = Field(examples=["reauthentication-required"])
    culprit: Culprit = Field(description="whose move it is")
    message: str
    help_url: str | None
    run_id: str | None = Field(description="the run that says so")
    connection_id: str | None
    exports: int = Field(description="exports that wait for a connection")


class NamedExport(Output):
    """An export by its name."""

    id: str
    display_name: str


class Upcoming(Output):
    """A run that a schedule will start, as things are."""

    at: Timestamp
    export: NamedExport


class TokenEnding(Output):
    """A token that ends within two weeks, or has ended, and what depends on it."""

    connection: ExportConnection
    ends_at: Timestamp
    exports: list[NamedExport]


class RunsOfHour(Output):
    """The runs asked for within an hour."""

    hour: Timestamp = Field(description="its beginning, in UTC")
    total: int
    by_status: dict[RunStatus, int] = Field(description="every status is there")


class Totals(Output):
    """How much there is; what is missing is the next step of the first hour."""

    connections: int = Field(description="those the caller may use")
    segments: int
    exports: int


class Overview(Output):
    """What somebody wants to know first."""

    at: Timestamp
    broken: list[Broken]
    running: list[Run] = Field(description="the newest 50 that are queued or running")
    upcoming: list[Upcoming] = Field(description="each export's next run within 24 hours")
    tokens_ending: list[TokenEnding] = Field(description="of connections the caller may use")
    workers: int = Field(description="workers that live")
    runs_by_hour: list[RunsOfHour] = Field(description="the last 24 hours, oldest first")
    totals: Totals
