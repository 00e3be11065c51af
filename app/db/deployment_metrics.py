"""The state of the whole deployment in numbers, read from the database when Prometheus asks."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import DateTime, Select, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.db import liveness
from app.db.listing import written_out
from app.db.models import Connection, Erasure, Run, Webhook, WebhookDelivery
from app.db.session import Database
from app.errors import Unavailable

_SEEN_SECONDS = 2.0
_PATIENCE_SECONDS = 3.0
_STATUSES = ("draft", "ready", "reauthentication_required")
# as `WaitReason` has them, which this package does not know
_REASONS = ("retry", "throttled", "account-blocked", "no-worker", "audience-busy", "push-under-way")


@dataclass(frozen=True, slots=True)
class State:
    """What the database says at a moment; the same whichever process is asked."""

    workers: int
    queued: int
    running: int
    due: int
    oldest_due_seconds: float
    waiting: dict[str, int]
    connections: dict[str, int]
    blocked: int
    first_token_end: datetime | None
    webhooks_failing: int
    deliveries_waiting: int
    erasures: dict[str, int]
    oldest_erasure_seconds: float


class Figures:
    """The state as text for Prometheus, looked at every two seconds at most, on a connection of its own."""

    def __init__(self, database: Database) -> None:
        """`database` is one that requests do not wait for."""
        self._database = database
        self._looking = asyncio.Lock()
        self._seen: tuple[float, bytes] | None = None

    async def text(self) -> bytes:
        """The lines; without the database only that it is away."""
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if self._seen is None or now - self._seen[0] > _SEEN_SECONDS:
                self._seen = (now, generate_latest(_Once(list(families(await self._state())))))
            return self._seen[1]

    async def _state(self) -> State | None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS), self._database.reading() as session:
                return await read_state(session)
        except (Unavailable, TimeoutError):
            return None


class _Once(CollectorRegistry):
    """A registry of families that are known already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        super().__init__()
        self._families = families

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)


async def read_state(session: AsyncSession) -> State:
    """A few small queries, each on an index or a small table."""
    now = clock.now()
    active = await _counts(
        session,
        select(Run.status, func.count())
        .where(written_out(Run.status, ("queued", "running")))
        .group_by(Run.status),
    )
    due, since = (
        await session.execute(
            select(func.count(), func.min(Run.due_at)).where(
                Run.status == "queued", Run.due_at <= now
            )
        )
    ).one()
    reason = Run.waiting["reason"].astext
    waiting = await _counts(
        session,
        select(reason, func.count())
        .where(Run.status == "queued", Run.waiting.is_not(None))
        .group_by(reason),
    )
    by_status = await _counts(
        session, select(Connection.status, func.count()).group_by(Connection.status)
    )
    blocked, first_end = (
        await session.execute(
            select(
                # what is written of a block stays when its time is over
                func.count().filter(
                    cast(Connection.blocked["until"].astext, DateTime(timezone=True)) > now
                ),
                func.min(
                    func.least(Connection.token_expires_at, Connection.token_data_access_expires_at)
                ).filter(Connection.status == "ready"),
            )
        )
    ).one()
    failing = await session.scalar(
        select(func.count()).select_from(Webhook).where(Webhook.failing_since.is_not(None))
    )
    deliveries = await session.scalar(
        select(func.count()).select_from(WebhookDelivery).where(WebhookDelivery.status == "pending")
    )
    open_erasures = Erasure.status.in_(("queued", "running"))
    erasures = await _counts(
        session, select(Erasure.status, func.count()).where(open_erasures).group_by(Erasure.status)
    )
    asked = await session.scalar(select(func.min(Erasure.requested_at)).where(open_erasures))
    return State(
        workers=await liveness.alive(session),
        queued=active.get("queued", 0),
        running=active.get("running", 0),
        due=due,
        oldest_due_seconds=_age(since, now),
        waiting=waiting,
        connections=by_status,
        blocked=blocked,
        first_token_end=first_end,
        webhooks_failing=failing or 0,
        deliveries_waiting=deliveries or 0,
        erasures=erasures,
        oldest_erasure_seconds=_age(asked, now),
    )


def _age(since: datetime | None, now: datetime) -> float:
    """Seconds since then; 0 if there is nothing."""
    return max((now - since).total_seconds(), 0.0) if since else 0.0


async def _counts(session: AsyncSession, query: Select[str, int]) -> dict[str, int]:
    return {row[0]: row[1] for row in await session.execute(query)}


def families(figures: State | None) -> Iterator[Metric]:
    """The figures as Prometheus takes them; None where the database does not answer."""
    yield _gauge("database_up", "Whether the database answers", figures is not None)
    if figures is None:
        return
    active = {"queued": figures.queued, "running": figures.running}
    yield _gauges("runs", "Runs that have not ended, by status", "status", active)
    yield _gauges(
        "runs_waiting",
        "Queued runs that wait for something, by what",
        "reason",
        {name: figures.waiting.get(name, 0) for name in _REASONS},
    )
    yield _gauge("queue_depth", "Queued runs that could be worked on now", figures.due)
    yield _gauge(
        "queue_oldest_seconds", "How long the oldest of them has waited", figures.oldest_due_seconds
    )
    yield _gauge("workers", "Workers that said lately that they live", figures.workers)
    by_status = {name: figures.connections.get(name, 0) for name in _STATUSES}
    yield _gauges("connections", "Connections by status", "status", by_status)
    yield _gauge("connections_blocked", "Connections whose ad account Meta blocks", figures.blocked)
    if figures.first_token_end is not None:
        yield _gauge(
            "token_first_expiry_timestamp_seconds",
            "When the first token of a ready connection ends",
            figures.first_token_end.timestamp(),
        )
    yield _gauge("webhooks_failing", "Webhooks that do not answer", figures.webhooks_failing)
    yield _gauge(
        "webhook_deliveries_waiting", "Events not delivered yet", figures.deliveries_waiting
    )
    unfinished = {name: figures.erasures.get(name, 0) for name in ("queued", "running")}
    yield _gauges("erasures", "Erasures that have not ended, by status", "status", unfinished)
    yield _gauge(
        "erasure_oldest_seconds",
        "How long ago the oldest of them was asked for",
        figures.oldest_erasure_seconds,
    )


def _gauges(name: str, text: str, label: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"audience_export_{name}", text, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"audience_export_{name}", text, value=float(value))
