"""Every try of a call to Meta, counted: how often, how long, how it went, and how full the quotas are."""

from collections.abc import Callable

from app.facebook.calls import CallRecord
from app.observability import metrics


def call_metrics(accounts: metrics.Accounts) -> Callable[[CallRecord], None]:
    """What a `GraphClient` is to be told of each try."""

    def observe(record: CallRecord) -> None:
        fault = record.code or "none"
        metrics.GRAPH_CALLS.labels(record.method, record.edge, record.status or 0, fault).inc()
        metrics.GRAPH_SECONDS.labels(record.edge).observe(record.seconds)
        metrics.GRAPH_WAIT_SECONDS.observe(record.waited)
        if record.throttled:
            metrics.GRAPH_THROTTLED.labels(fault).inc()
        label = accounts.label(record.account) if record.account else None
        if label is None:
            return
        for level in record.usage.levels:
            metrics.GRAPH_QUOTA.labels(label, level.quota).set(level.percent / 100)

    return observe
