"""What erasures look like on the wire."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from app.http.schemas import Input, Name, Output, Timestamp

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Texts = Annotated[list[Text], Field(min_length=1, max_length=10)]
Identifiers = Annotated[Text | Texts | None, Field(repr=False)]
AdAccountId = Annotated[
    str, StringConstraints(pattern=r"^act_[0-9]{1,32}$"), Field(examples=["act_1001"])
]


class Person(Input):
    """Somebody to be forgotten: whatever identifiers are known, one or several of each kind."""

    EMAIL: Identifiers = None
    PHONE: Identifiers = None
    EXTERN_ID: Identifiers = None
    MADID: Identifiers = None

    @model_validator(mode="after")
    def _someone(self) -> "Person":
        if not self.given():
            msg = "give at least one of EMAIL, PHONE, EXTERN_ID and MADID"
            raise ValueError(msg)
        return self

    def given(self) -> dict[str, list[str]]:
        """The identifiers as lists, by key."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name: [value] if isinstance(value, str) else list(value)
            for name, value in values.items()
            if value is not None
        }


class ErasureCreate(Input):
    """People to be taken out of every managed audience, and kept out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"people": [{"EMAIL": "somebody@example.com", "PHONE": ["+14155550100"]}]}]
        }
    )

    people: list[Person] = Field(min_length=1, max_length=1_000, repr=False)
    ad_account_ids: list[AdAccountId] | None = Field(
        None, min_length=1, max_length=100, description="those of all ready connections, if absent"
    )
    default_country: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2}$")] | None = Field(
        None, description="ISO alpha-2, for national phone numbers", examples=["US"]
    )


class ErasureLift(Input):
    """Why the people may be exported again."""

    reason: Name = Field(
        description="kept with the record and in the audit trail",
        examples=["asked for by mistake, ticket 4711"],
    )


class ErasureError(Output):
    """Why an erasure is not complete."""

    code: str
    message: str


class ErasureStepError(ErasureError):
    """Why a step was not done when it was last tried."""

    at: Timestamp


class ErasureAudience(Output):
    """A managed audience, and what became of the people there."""

    model_config = ConfigDict(extra="allow")

    outcome: Literal["removed", "kept", "unavailable"]


class AdAccountErasure(Output):
    """The removal from the audiences of an ad account."""

    kind: Literal["ad_account"]
    ad_account_id: str
    status: Literal["pending", "waiting", "done"]
    connection_id: str | None = None
    method: str | None = Field(None, description="by which call of Meta")
    requests: int = 0
    trace_ids: list[str] = Field(default_factory=list)
    audiences: list[ErasureAudience] = Field(default_factory=list)
    waiting_for: list[str] = Field(default_factory=list, description="runs that have to end first")
    error: ErasureStepError | None = None
    removed_at: Timestamp | None = None


class SnapshotErasure(Output):
    """The removal from what an export keeps of its last delivery."""

    kind: Literal["snapshot"]
    export_id: str
    status: Literal["pending", "swapped", "done"]
    rows: int | None = Field(None, description="rows taken out")
    error: ErasureStepError | None = None
    swapped_at: Timestamp | None = None


class PushedErasureLeft(Output):
    """What still has to be deleted."""

    replaced_pushes: int


class PushedErasure(Output):
    """The removal from pushed members."""

    kind: Literal["pushed_members"]
    source: Literal["upload"]
    status: Literal["pending", "done"]
    rows: int | None = Field(None, description="rows taken out")
    left: PushedErasureLeft | None = None
    error: ErasureStepError | None = None
    at: Timestamp | None = None


ErasureResult = Annotated[
    AdAccountErasure | SnapshotErasure | PushedErasure, Field(discriminator="kind")
]


ErasureStatus = Literal["queued", "running", "done", "failed", "lifted"]


class Erasure(Output):
    """The record of an erasure; it proves what was done and names nobody."""

    id: str = Field(examples=["era_0193…"])
    status: ErasureStatus
    people: int
    ad_account_ids: list[str]
    results: list[ErasureResult] = Field(
        description="per ad account: when, by which call, which audiences, Meta's trace ids; per "
        "export's snapshot: how many rows were taken out"
    )
    error: ErasureError | None
    attempt: int
    requested_by: str
    requested_by_name: str
    requested_at: Timestamp
    finished_at: Timestamp | None
    lifted_at: Timestamp | None = Field(description="since then the people may be exported again")
    lifted_by: str | None
    lifted_by_name: str | None
    lift_reason: str | None
