"""The bases of request and response models, and the types they share."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
)


def moment_text(value: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    # a list has hundreds of them, and nearly all are in UTC already
    in_utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    # half the time of isoformat, which asks the zone
    return orjson.dumps(in_utc)[1:20].decode() + _MILLISECONDS[in_utc.microsecond // 1000]


_MILLISECONDS = [f".{number:03}Z" for number in range(1000)]

Timestamp = Annotated[
    datetime,
    PlainSerializer(moment_text, return_type=str, when_used="json"),
    Field(
        description="RFC 3339, UTC",
        examples=["2026-11-23T14:05:09.120Z"],
        json_schema_extra={"format": "date-time"},
    ),
]


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        msg = "must lie within the years 1 to 9999, in UTC"
        raise ValueError(msg) from None


def _written_out(value: object) -> object:
    # pydantic would take a number for seconds since 1970, also in a text
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE.match(value)):
        return value
    msg = "must be a moment as RFC 3339 writes it, such as 2026-11-23T14:05:09Z"
    raise ValueError(msg)


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# a moment that a caller names; text in JSON and in a query alike
Moment = Annotated[
    AwareDatetime, Field(strict=False), AfterValidator(_in_utc), BeforeValidator(_written_out)
]


# marks that make a text read otherwise than it is written (Unicode UAX #9), and line ends of its own
_TURNING = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029\ufeff"
)


def _printable(text: str) -> str:
    # Postgres stores no NUL, and a name with control characters breaks every log line it is in
    if any(letter in _TURNING or unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
        msg = "must not contain control characters, nor marks that turn the direction of a text"
        raise ValueError(msg)
    return text


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_printable),
]
Line = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_printable)]


# the cursor of a list that is short: all of it is in one answer
OnePage = Annotated[str | None, Field(description="always null: this is all of it")]


class Input(BaseModel):
    """A request body: unknown fields are refused, and `"1"` is no number."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Output(BaseModel):
    """A response body: every key is always there, null when there is nothing."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


def changes(body: BaseModel) -> dict[str, Any]:
    """What a merge patch asks for (RFC 7396): absent fields are kept, null clears."""
    return {name: getattr(body, name) for name in body.model_fields_set}


class MadeAnew(BaseModel):
    """What of a reading hangs together when another resource is made of it."""

    @classmethod
    def anew(cls, body: dict[str, Any], reading: Mapping[str, Any]) -> dict[str, Any]:
        """The body, of which what was read and says nothing new is out already."""
        raise NotImplementedError
