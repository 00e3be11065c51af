"""What Meta answers to uploads, as values whose printed form shows no member."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.facebook.objects import json_fields


@dataclass(frozen=True, slots=True)
class UploadReceipt:
    """The answer to one batch.

    `num_received` counts the whole session so far, the batch alone only where no session was sent;
    `num_invalid_entries` is a rough number. `invalid_samples` (at most 100) has the JSON text of a
    row as key and Meta's reason as value: never log, store or show it.
    https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences
    """

    audience_id: str | None
    session_id: str | None
    num_received: int
    num_invalid_entries: int
    invalid_samples: Mapping[str, str] = field(repr=False)
    trace_id: str | None = None
    attempts: int = 1
    version_warning: str | None = None

    @classmethod
    def parse(
        cls,
        source: Mapping[str, object],
        *,
        trace_id: str | None,
        attempts: int,
        version_warning: str | None,
    ) -> "UploadReceipt | None":
        """None when the answer does not say how many were received."""
        received = json_fields.number(source, "num_received")
        if received is None:
            return None
        return cls(
            audience_id=json_fields.text(source, "audience_id"),
            session_id=json_fields.text(source, "session_id"),
            num_received=received,
            num_invalid_entries=json_fields.number(source, "num_invalid_entries") or 0,
            invalid_samples=_samples(source.get("invalid_entry_samples")),
            trace_id=trace_id,
            attempts=attempts,
            version_warning=version_warning,
        )


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """An upload session; `stage` may stay "uploading" for ever and must not be waited for.

    https://developers.facebook.com/docs/marketing-api/reference/custom-audience-session and
    github.com/facebook/facebook-java-business-sdk/issues/492
    """

    session_id: str
    stage: str | None
    num_received: int
    num_invalid_entries: int
    num_matched: int | None
    progress: int | None

    @classmethod
    def parse(cls, source: Mapping[str, object]) -> "SessionStatus":
        """From an entry of the sessions edge, whose values are all strings."""
        matched = json_fields.number(source, "num_matched")
        return cls(
            session_id=json_fields.text(source, "session_id") or "",
            stage=json_fields.text(source, "stage"),
            num_received=json_fields.number(source, "num_received") or 0,
            num_invalid_entries=json_fields.number(source, "num_invalid_entries") or 0,
            num_matched=None if matched is None or matched < 0 else matched,
            progress=json_fields.number(source, "progress"),
        )


def _samples(value: object) -> dict[str, str]:
    """The guide allows a map or an array; an array is of rows, without reasons."""
    if isinstance(value, Mapping):
        return {str(row): str(reason) for row, reason in value.items()}
    if isinstance(value, list):
        return {str(row): "unspecified" for row in value}
    return {}
