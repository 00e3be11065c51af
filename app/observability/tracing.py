"""Spans of OpenTelemetry, where the extra `otel` is there and a place for them configured; else nothing.

One trace leads from a request through the queue (the run's row carries it on) to stages, batches, calls to
Meta and statements of the database. Attributes are those of `ATTRIBUTES` and nothing else: ids, numbers and
names of this project's own. Exceptions are told by their class.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # imported only where traces are on
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

ATTRIBUTES = frozenset(
    {
        "http.request.method",
        "http.route",
        "http.response.status_code",
        "request_id",
        "run_id",
        "export_id",
        "erasure_id",
        "attempt",
        "outcome",
        "sequence",
        "operation",
        "rows",
        "event",
        "code",
        "db.system.name",
        "db.operation.name",
        "db.collection.name",
    }
)
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

_provider: "TracerProvider | None" = None


def configure_tracing(
    *, process: str, version: str, endpoint: str = "", file: Path | None = None, share: float = 1.0
) -> None:
    """Send this process' spans to an OTLP/HTTP endpoint, or append them to a file as JSON lines.

    Neither: no traces, and nothing of OpenTelemetry is imported. `share` of the traces that begin here are
    kept; of those that began elsewhere the caller decides.
    """
    global _provider  # noqa: PLW0603 - as logging, it is of the process
    if not (endpoint or file):
        return
    from app.observability import tracing_export  # noqa: PLC0415 - the extra may be missing; settings look for it

    _provider = tracing_export.provider(
        process=process, version=version, endpoint=endpoint, file=file, share=share
    )


def stop_tracing() -> None:
    """Send what is left, and be off again."""
    global _provider  # noqa: PLW0603 - see above
    if _provider is not None:
        _provider.shutdown()
        _provider = None


class Traced:
    """A span that is under way, or nothing."""

    __slots__ = ("_span",)

    def __init__(self, span: "Span | None") -> None:
        self._span = span

    def set(self, name: str | None = None, /, **attributes: Any) -> None:
        """Add what became known: a better name, attributes (dots written as `__`)."""
        if self._span is None:
            return
        if name is not None:
            self._span.update_name(name)
        self._span.set_attributes(_allowed(attributes))

    def failed(self, reason: str) -> None:
        """It went wrong; `reason` is a code or a class, never a text."""
        if self._span is not None:
            from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - see above

            self._span.set_status(Status(StatusCode.ERROR, reason))


_NOTHING = Traced(None)


@contextmanager
def span(
    name: str, *, kind: str = "internal", parent: str | None = None, **attributes: Any
) -> Iterator[Traced]:
    """The block as a span of the trace that is under way, or of `parent` (a traceparent), or a new one.

    An exception ends it as failed, told by its class.
    """
    if _provider is None:
        yield _NOTHING
        return
    from opentelemetry.trace import SpanKind  # noqa: PLC0415 - see above

    with _provider.get_tracer("audience-export").start_as_current_span(
        name,
        context=_context(parent),
        kind=SpanKind[kind.upper()],
        attributes=_allowed(attributes),
        record_exception=False,
        set_status_on_exception=False,
    ) as begun:
        traced = Traced(begun)
        try:
            yield traced
        except BaseException as error:
            traced.failed(type(error).__name__)
            raise


def child(name: str, **attributes: Any) -> "Span | None":
    """A span to be ended by the caller, if a trace that is kept is under way."""
    if _provider is None:
        return None
    from opentelemetry.trace import SpanKind, get_current_span  # noqa: PLC0415 - see above

    if not get_current_span().is_recording():
        return None
    return _provider.get_tracer("audience-export").start_span(
        name, kind=SpanKind.CLIENT, attributes=_allowed(attributes)
    )


def traceparent() -> str | None:
    """The trace that is under way, as W3C writes it (https://www.w3.org/TR/trace-context/)."""
    if _provider is None:
        return None
    from opentelemetry.trace import get_current_span  # noqa: PLC0415 - see above

    found = get_current_span().get_span_context()
    if not found.is_valid:
        return None
    return f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}"


def trace_ids() -> dict[str, str]:
    """What a log line says of the trace it belongs to."""
    text = traceparent()
    if text is None:
        return {}
    _, trace_id, span_id, _ = text.split("-")
    return {"trace_id": trace_id, "span_id": span_id}


def _context(parent: str | None) -> Any:
    """None means the trace that is under way; a parent that is none begins a new trace."""
    if parent is None or not _TRACEPARENT.fullmatch(parent):
        return None
    from opentelemetry import trace  # noqa: PLC0415 - see above

    _, trace_id, span_id, flags = parent.split("-")
    remote = trace.SpanContext(
        int(trace_id, 16),
        int(span_id, 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(int(flags, 16)),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(remote))


def _allowed(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes under their own names; one that is not on the list is a mistake of ours."""
    named = {name.replace("__", "."): value for name, value in attributes.items()}
    assert named.keys() <= ATTRIBUTES, named.keys() - ATTRIBUTES
    return {name: value for name, value in named.items() if value is not None}
