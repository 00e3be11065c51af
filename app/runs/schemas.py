"""What runs look like on the wire."""

from typing import Literal

from pydantic import ConfigDict, Field

from app.connections.schemas import AudienceState
from app.errors import Culprit
from app.http.metadata import Metadata, MetadataShown
from app.http.problem_document import GraphRef
from app.http.schemas import Input, Output, Timestamp
from app.runs.queueing.wait_reasons import WaitReason
from app.runs.states import Phase, RunStatus, Trigger

BatchOperation = Literal["add", "remove", "replace"]


class RunCreate(Input):
    """What a run is given along."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"metadata": {"campaign": "spring-2026"}}]}
    )

    metadata: Metadata = Field(default_factory=dict)
    force: bool = Field(
        default=False,
        description="read and compare also where a mirror's sources say that nothing has changed",
    )


class Counts(Output):
    """Numbers that add up: read + expanded = duplicates + skipped + staged.

    Once all batches are done, in `add` also staged = received + refused.
    """

    read: int = Field(description="members read from the segments")
    expanded: int = Field(description="extra rows of members with several e-mails or phones")
    duplicates: int = Field(description="rows equal to another one, sent once")
    skipped: int = Field(description="rows that could not be used; see skipped_reasons")
    suppressed: int = Field(description="of the skipped rows, those of people who were erased")
    staged: int = Field(description="distinct rows to be delivered")
    added: int = Field(description="rows delivered as additions")
    removed: int = Field(description="rows delivered as removals")
    received: int = Field(description="rows Meta received; a batch sent again counts once")
    invalid: int = Field(description="entries Meta called invalid; approximate, by Meta's own word")
    refused: int = Field(description="rows Meta refused; the batches say why")
    batches_total: int
    batches_done: int


class RunErrorInfo(Output):
    """Why a run failed or was skipped."""

    code: str = Field(examples=["token-rejected"])
    culprit: Culprit = Field(description="whose move it is")
    message: str
    help_url: str | None = None
    graph: GraphRef | None = None


class RunWarning(Output):
    """Something to look at although the run went on; the last three of `values-refused` only."""

    code: str
    detail: str
    key: str | None = None
    reason: str | None = Field(None, description="the most frequent one")
    share: float | None = Field(None, description="of the given values, 0 to 1")


class WaitingError(Output):
    """What made the run wait."""

    code: str
    culprit: Culprit = Field(description="whose move it is")
    message: str
    help_url: str | None


class Waiting(Output):
    """Why a queued run does not go on yet (L40, L65)."""

    reason: WaitReason
    since: Timestamp = Field(description="the wait for this reason began then")
    until: Timestamp | None = Field(description="when it is looked at again; null if nobody knows")
    attempt: int | None = Field(description="the attempt that is over")
    of: int | None = Field(description="the attempts there are; after the last one the run fails")
    last_error: WaitingError | None


class RunExport(Output):
    """The export as it was when the run was asked for; it may be gone."""

    id: str
    display_name: str | None = Field(description="null for runs older than this field")


class RunConnection(Output):
    """The connection as it was when the run was asked for; it may be gone."""

    id: str
    display_name: str | None = Field(description="null for runs older than this field")
    type: str | None


class PhaseTimes(Output):
    """A phase of an attempt."""

    phase: Phase
    attempt: int
    started_at: Timestamp
    finished_at: Timestamp | None = Field(description="null while it goes on")


class Run(Output):
    """A run."""

    id: str = Field(examples=["run_0193…"])
    export_id: str
    export: RunExport
    connection_id: str | None
    connection: RunConnection | None
    trigger: Trigger
    status: RunStatus
    phase: Phase | None
    counts: Counts
    skipped_reasons: dict[str, int] = Field(
        description="reason → rows", examples=[{"email_invalid": 12}]
    )
    refused_values: dict[str, dict[str, int]] = Field(
        description="key → reason → values sent as blanks"
    )
    error: RunErrorInfo | None
    note: Literal["unchanged"] | None = Field(
        description="`unchanged`: nothing was read or sent, since neither the segments nor anything else has "
        "changed since the mirror's last success"
    )
    warnings: list[RunWarning]
    audience_id: str | None
    audience_state: AudienceState | None = Field(
        description="what Meta said of the audience 15 minutes, 2 hours and a day after the run"
    )
    session_ids: list[str] = Field(description="Meta's upload sessions, one per schema group")
    waiting: Waiting | None = Field(description="why a queued run does not go on yet")
    cancel_requested_at: Timestamp | None = Field(
        description="somebody asked for its end; a running one stops at its next batch"
    )
    throttled_until: Timestamp | None = Field(description="Meta asked to wait until then")
    rules_version: str | None = Field(description="the identifier rules the rows were made with")
    schema_hash: str | None = Field(description="a digest of the mapping the rows were made with")
    metadata: MetadataShown
    requested_by: str
    requested_by_name: str
    queued_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None
    attempt: int
    phases: list[PhaseTimes] = Field(description="every phase it entered, oldest first")
    rate: float | None = Field(
        description="rows a second: read while staging, delivered while uploading and at the end"
    )
    estimated_finish_at: Timestamp | None = Field(
        description="when the last batch will be answered if all go on as fast"
    )
    queue_position: int | None = Field(
        description="1 is taken next; null unless it is queued and due"
    )


class RunBatch(Output):
    """One answered upload; of a run that ended some weeks ago (`RUN_BATCHES_DAYS`) the sum of several."""

    sequence: int
    operation: BatchOperation
    session_id: str | None
    rows: int
    received: int
    invalid: int
    invalid_reasons: dict[str, int] = Field(description="Meta's reason → entries, of its samples")
    refused: int = Field(description="rows Meta refused for their content, isolated from the rest")
    attempts: int
    trace_id: str | None
    started_at: Timestamp
    finished_at: Timestamp
    batches: int = Field(
        description="1, or of how many uploads this is the sum; `sequence` is then the first one's"
    )


class RunPoint(Output):
    """What one run that ended did: a point of the export's history."""

    run_id: str
    trigger: Trigger
    status: RunStatus
    finished_at: Timestamp | None
    read: int
    skipped: int
    staged: int
    added: int
    removed: int
    received: int
    invalid: int
    refused: int
    rules_version: str | None = Field(description="another one can explain another match rate")
    schema_hash: str | None = Field(description="another one means another mapping")
    audience_state: AudienceState | None = Field(
        description="what Meta said of the audience some time after the run"
    )


class ExportStatistics(Output):
    """What an export's runs add up to, as far as they are kept."""

    export_id: str
    runs: int
    runs_by_status: dict[RunStatus, int]
    last_success: RunPoint | None
    history: list[RunPoint] = Field(description="the newest runs that ended, oldest first")
