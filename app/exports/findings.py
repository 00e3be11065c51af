"""What is found out about an export's members without sending them, on the wire."""

from pydantic import Field

from app.exports.schemas import Warning as ExportWarning
from app.http.schemas import Output


class KeyReport(Output):
    """One of Meta's keys over all members."""

    key: str
    filled: int = Field(description="members that have any text for it")
    fill_rate: float
    valid: int
    refused: dict[str, int] = Field(description="reason → values that cannot be used")


class Preview(Output):
    """What a run would send; numbers only."""

    read: int
    expanded: int
    duplicates: int
    skipped: int
    skipped_reasons: dict[str, int]
    staged: int
    distinct_members: int
    usable_ratio: float
    keys: list[KeyReport]
    batches: int
    estimated_requests: int
    time_zone: str = Field(
        description="whose dates columns of instants were given; change it with the export's `time_zone`"
    )
    warnings: list[ExportWarning] = Field(description="what a run would stumble over")
