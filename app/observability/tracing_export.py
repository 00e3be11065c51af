"""Where spans go: an endpoint, or a file. Imports OpenTelemetry, so only those who trace import it."""

from collections.abc import Sequence
from pathlib import Path

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased


def provider(
    *, process: str, version: str, endpoint: str, file: Path | None, share: float
) -> TracerProvider:
    """What makes the spans of this process and sends them on."""
    made = TracerProvider(
        resource=Resource.create(
            {"service.name": f"audience-export-{process}", "service.version": version}
        ),
        sampler=ParentBased(TraceIdRatioBased(share)),
        shutdown_on_exit=False,
    )
    if file is not None:
        made.add_span_processor(SimpleSpanProcessor(_Lines(file)))
    if endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - takes long
            OTLPSpanExporter,
        )

        made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return made


class _Lines(SpanExporter):
    """Appends each span to a file as one line, so that several processes may share it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        text = "".join(item.to_json(indent=None) + "\n" for item in spans)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(text)
        return SpanExportResult.SUCCESS
