"""The bodies that webhooks receive, for the document: one operation of its `webhooks` section an event."""

from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi import APIRouter, Header, Response, status

from app.errors import Culprit
from app.http.schemas import Output, Timestamp
from app.webhooks.events import TEST, EventType

Data = TypeVar("Data")
Type = TypeVar("Type")


class RunEventCounts(Output):
    """The run's numbers, as `counts` of the run itself has them."""

    read: int
    expanded: int
    duplicates: int
    skipped: int
    staged: int
    added: int
    removed: int
    received: int
    invalid: int
    refused: int


class RunEventError(Output):
    """Why the run failed or was skipped."""

    code: str
    culprit: Culprit
    message: str
    help_url: str | None


class RunEventData(Output):
    """A run at the moment of the event."""

    run_id: str
    export_id: str
    connection_id: str | None
    audience_id: str | None
    trigger: Literal["on_demand", "scheduled"]
    status: Literal[
        "queued",
        "running",
        "succeeded",
        "succeeded_with_warnings",
        "failed",
        "skipped",
        "canceled",
    ]
    counts: RunEventCounts
    error: RunEventError | None
    started_at: Timestamp | None
    finished_at: Timestamp | None


class ConnectionReadyData(Output):
    """A connection that has everything it needs."""

    connection_id: str
    ad_account_id: str | None
    audience_id: str | None


class TokenExpiringData(Output):
    """A token that ends soon."""

    connection_id: str
    ad_account_id: str | None
    expires_at: Timestamp | None
    data_access_expires_at: Timestamp | None


class ConnectionBlockedData(Output):
    """An ad account that Meta blocks for now."""

    connection_id: str
    ad_account_id: str
    reason: str
    until: Timestamp


class ReauthenticationData(Output):
    """A connection whose token Meta refuses."""

    connection_id: str
    ad_account_id: str | None


class OperationStatus(Output):
    """A status of Meta: its number and its words."""

    code: int
    description: str | None


class AudienceFlaggedData(Output):
    """An audience that Meta flagged, and the run that met it."""

    audience_id: str | None
    connection_id: str | None
    export_id: str
    run_id: str
    operation_status: OperationStatus | None


class TestData(Output):
    """Nothing but whose test it is."""

    webhook_id: str


class Event(Output, Generic[Type, Data]):
    """An event, in the form of Standard Webhooks."""

    type: Type
    timestamp: Timestamp
    data: Data


router = APIRouter(tags=["events"])

_EVENTS: tuple[tuple[str, str, Any, str], ...] = (
    (EventType.RUN_STARTED, "RunStarted", RunEventData, "A worker has begun a run."),
    (EventType.RUN_FINISHED, "RunFinished", RunEventData, "A run has succeeded."),
    (EventType.RUN_FAILED, "RunFailed", RunEventData, "A run has failed."),
    (EventType.RUN_SKIPPED, "RunSkipped", RunEventData, "A run was skipped; nothing was sent."),
    (EventType.RUN_CANCELED, "RunCanceled", RunEventData, "A run was canceled."),
    (EventType.CONNECTION_READY, "ConnectionReady", ConnectionReadyData, "A connection is ready."),
    (
        EventType.CONNECTION_TOKEN_EXPIRING,
        "ConnectionTokenExpiring",
        TokenExpiringData,
        "A token ends soon; sign in again in time.",
    ),
    (
        EventType.CONNECTION_BLOCKED,
        "ConnectionBlocked",
        ConnectionBlockedData,
        "Meta blocks an ad account for now.",
    ),
    (
        EventType.CONNECTION_REAUTHENTICATION_REQUIRED,
        "ConnectionReauthenticationRequired",
        ReauthenticationData,
        "Meta refuses a token; sign in again.",
    ),
    (
        EventType.AUDIENCE_FLAGGED,
        "AudienceFlagged",
        AudienceFlaggedData,
        "Meta flagged an audience.",
    ),
    (TEST, "WebhookTest", TestData, "Somebody asked for a test of the webhook."),
)


def _describe(event: str, name: str, data: type[Output], sentence: str) -> None:
    base: Any = Event[Literal[event], data]  # type: ignore[valid-type]
    body = type(f"{name}Event", (base,), {"__doc__": sentence, "__module__": __name__})

    async def received(
        body: body,  # type: ignore[valid-type]
        webhook_id: Annotated[str, Header(description="the same whenever it is sent again")],
        webhook_timestamp: Annotated[str, Header(description="seconds since 1970")],
        webhook_signature: Annotated[str, Header(description="`v1,` and Base64, for each secret")],
    ) -> Response:
        raise NotImplementedError  # the receiver's part

    received.__doc__ = (
        f"{sentence}\n\nAny 2xx says that it arrived; else it is sent again for three days."
    )
    router.add_api_route(
        event,
        received,
        methods=["POST"],
        operation_id=f"on_{event.replace('.', '_')}",
        status_code=status.HTTP_204_NO_CONTENT,
    )


for _event in _EVENTS:
    _describe(str(_event[0]), *_event[1:])
