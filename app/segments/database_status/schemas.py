"""What the databases of segments look like on the wire."""

from pydantic import Field

from app.http.schemas import OnePage, Output


class SegmentSource(Output):
    """A database that segments may name."""

    name: str = Field(description="what segments name as `database`", examples=["crm"])
    kind: str | None = Field(
        description="the `kind` of segments that read it; null for an address that nothing here reads",
        examples=["postgres"],
    )
    answers: bool = Field(description="whether it was reached and let the service in, just now")
    code: str | None = Field(description="what is wrong, if anything is")
    detail: str | None


class SegmentSources(Output):
    """All databases that segments may name."""

    items: list[SegmentSource]
    next_cursor: OnePage = None


class SegmentSourceCheck(Output):
    """One thing that was looked at."""

    name: str = Field(
        description="`reachable`, `signed_in`, `may_read`, or `may_not_write`: an attempt was refused"
    )
    ok: bool | None = Field(description="null if a check before it failed")
    code: str | None
    detail: str | None
    warning: bool = Field(description="it is as it must be, and could be better")


class SegmentSourceChecks(Output):
    """A database that was looked at, now."""

    name: str
    kind: str | None
    ok: bool
    checks: list[SegmentSourceCheck]
    seconds: float = Field(description="that it took", examples=[0.042])
