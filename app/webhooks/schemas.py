"""What webhooks look like on the wire."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from app.http.schemas import Input, Moment, Output, Timestamp
from app.webhooks.events import TEST, EventType


def _distinct(events: list[EventType]) -> list[EventType]:
    if len(set(events)) != len(events):
        msg = "must not repeat an event"
        raise ValueError(msg)
    return events


Url = Annotated[
    str,
    StringConstraints(min_length=8, max_length=2000, pattern=r"^[\x21-\x7e]+$"),
    Field(
        description="an HTTPS address that the internet can reach",
        examples=["https://hooks.example.com/audience-export"],
    ),
]
Events = Annotated[
    list[Annotated[EventType, Field(strict=False)]],
    Field(min_length=1, description="what to be told of"),
    AfterValidator(_distinct),
]


class WebhookCreate(Input):
    """A new webhook."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://hooks.example.com/audience-export",
                    "events": ["run.finished", "run.failed"],
                }
            ]
        }
    )

    url: Url
    events: Events


class WebhookUpdate(Input):
    """A merge patch: absent keeps."""

    url: Url = ""
    events: Events = Field(default_factory=list)
    enabled: bool = Field(True, description="enabling also forgets that deliveries failed")


class Webhook(Output):
    """A webhook, without its secret."""

    id: str = Field(examples=["whk_0193…"])
    url: str
    events: list[EventType]
    enabled: bool
    failing_since: Timestamp | None = Field(description="no delivery has succeeded since then")
    disabled_at: Timestamp | None = Field(
        description="switched off by the service after five days of failure"
    )
    previous_secret_until: Timestamp | None = Field(
        validation_alias="previous_until", description="the secret before the last one signs too"
    )
    created_at: Timestamp
    created_by: str
    created_by_name: str


class WebhookCreated(Webhook):
    """A webhook with its new secret: the only time it is shown."""

    secret: str = Field(
        description="verifies signatures (standardwebhooks.com); it is not shown again",
        examples=["whsec_…"],
    )


class WebhookRecover(Input):
    """What is to be sent again."""

    since: Moment = Field(description="the first event that was missed happened then")
    delivered: bool = Field(False, description="also what the receiver has accepted")


class WebhookRecovered(Output):
    """How much is sent again."""

    deliveries: int


DeliveryStatus = Literal["pending", "delivered", "failed"]
# rows of an older release may name what this one does not, and are shown all the same
DeliveryEventType: TypeAlias = Annotated[
    str, WithJsonSchema({"type": "string", "enum": [*EventType, TEST]})
]


def _known_event(value: str) -> str:
    if value not in {*EventType, TEST}:
        msg = "must be the type of an event"
        raise ValueError(msg)
    return value


DeliveryEventFilter: TypeAlias = Annotated[DeliveryEventType, AfterValidator(_known_event)]


class Delivery(Output):
    """One event for a webhook, and how its delivery goes."""

    id: str = Field(description="the message's `webhook-id`", examples=["whd_0193…"])
    event_type: DeliveryEventType = Field(examples=["run.finished"])
    subject: str = Field(description="events of one subject are delivered in order")
    status: DeliveryStatus
    attempts: int
    next_attempt_at: Timestamp | None
    last_status: int | None = Field(description="the HTTP status of the last answer")
    last_error: str | None = Field(description="why the last attempt failed", examples=["timeout"])
    payload: dict[str, Any] = Field(
        description="the body that is sent", json_schema_extra={"x-like": "WebhookEvent"}
    )
    created_at: Timestamp
    delivered_at: Timestamp | None
