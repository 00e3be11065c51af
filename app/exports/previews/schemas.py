"""What is found out about an export's members without sending them, on the wire."""

from pydantic import Field

from app.exports.schemas import Warning as ExportWarning
from app.http.schemas import Output
from app.segments.schemas import ReadingCost


class KeyReport(Output):
    """One of Meta's keys over all members."""

    key: str
    filled: int = Field(description="members that have any text for it")
    fill_rate: float
    valid: int
    refused: dict[str, int] = Field(description="reason → values that cannot be used")


class PreviewWarning(ExportWarning):
    """Something to look at; the last three are those of `values-refused` only."""

    key: str | None = None
    reason: str | None = Field(None, description="the most frequent one")
    share: float | None = Field(None, description="of the given values, 0 to 1")


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
    warnings: list[PreviewWarning] = Field(description="what a run would stumble over")
    cost: ReadingCost | None = Field(
        description="null where reading is not billed by bytes (all but BigQuery)"
    )


class MaskedStep(Output):
    """A rule, and the form of the text after it."""

    rule: str
    text: str


class MaskedCell(Output):
    """A value's form: letters and digits are masked, capitals, blanks and signs stay."""

    text: str = Field(examples=["␠Xxxx@Xxxxxxx.xxx"])
    steps: list[MaskedStep]
    result: str | None = Field(description="the form of what is hashed; null if nothing is sent")
    reason: str | None = Field(description="why nothing is sent", examples=["email_invalid"])


class SampledKey(KeyReport):
    """One of Meta's keys over the sampled members."""

    usable_rate: float = Field(description="of the sampled members, those with a usable value")
    samples: list[MaskedCell] = Field(description="up to twenty, refused ones among them")


class MappingAdvice(Output):
    """An attribute that could be mapped, too; Meta finds more people by more identifiers."""

    key: str = Field(examples=["PHONE"])
    attribute: str
    share: float = Field(description="of the sampled members, those that have it")


class DraftPreview(Output):
    """What would become of the first members of a draft's segments; nothing is stored or sent."""

    read: int = Field(description="members sampled")
    complete: bool = Field(description="these are all members")
    expanded: int
    duplicates: int = Field(description="among the sampled members")
    skipped: int
    skipped_reasons: dict[str, int]
    staged: int = Field(description="distinct rows of the sampled members")
    usable_ratio: float
    keys: list[SampledKey]
    advice: list[MappingAdvice]
    warnings: list[PreviewWarning]
    cost: ReadingCost | None = Field(
        description="null where reading is not billed by bytes (all but BigQuery); also a sample reads all"
    )
