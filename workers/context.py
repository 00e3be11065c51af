"""Composition root of the worker: its collaborators, built at startup, closed at shutdown."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from app.composition import (
    configure_telemetry,
    database_of,
    graph_client,
    notifier_of,
    snapshot_store,
    source_access,
    vault_of,
    webhook_sender,
)
from app.db.secrets import Vault
from app.db.session import Database
from app.facebook.client import GraphClient
from app.observability.tracing import stop_tracing
from app.queue import QueueNotifier
from app.settings import Settings
from app.snapshots import SnapshotStore
from app.sources import SourceAccess
from app.webhooks.sending import Sender
from workers.health.memory_pressure import Pressure


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers of the settings that the work is bounded by; times in seconds."""

    upload_concurrency: int
    account_runs: int
    max_members: int
    lease_seconds: float
    attempt_budget: int
    grace_seconds: float
    retry_seconds: float
    push_patience_seconds: float
    turn_patience_seconds: float
    history: timedelta
    # how long each batch of a run that ended is kept by itself; None: as long as the run
    batches: timedelta | None
    refused_share: float


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What every run gets to work with."""

    database: Database
    notifier: QueueNotifier
    graph: GraphClient
    vault: Vault
    store: SnapshotStore
    access: SourceAccess
    limits: Limits
    cpu: ThreadPoolExecutor
    webhooks: Sender
    token_warning: timedelta
    pressure: Pressure
    # the jobs of the runs this process works on, with their ad accounts: a job takes the run whose turn it
    # is, whatever its name, so there may be two of one name, and arq knows the last of them only
    working: dict[asyncio.Task[Any], str | None] = field(default_factory=dict)
    # held while this process asks for its next run
    claiming: asyncio.Lock = field(default_factory=asyncio.Lock)
    # cron jobs this process is on
    cron_jobs: set[str] = field(default_factory=set)

    async def close(self) -> None:
        """Return every connection."""
        self.cpu.shutdown(wait=False, cancel_futures=True)
        await self.webhooks.aclose()
        await self.graph.aclose()
        await self.notifier.close()
        await self.database.close()
        stop_tracing()


def build_context(settings: Settings) -> WorkerContext:
    """Put the collaborators together; nothing is connected yet."""
    configure_telemetry(settings, "worker", version=version("audience-export"))
    notifier = notifier_of(settings)
    database = database_of(settings, "worker")
    vault = vault_of(settings)
    store = snapshot_store(settings, vault)
    return WorkerContext(
        database=database,
        notifier=notifier,
        graph=graph_client(
            settings, notifier, database, patience_seconds=settings.throttle_patience_seconds
        ),
        vault=vault,
        store=store,
        access=source_access(settings, store),
        limits=Limits(
            upload_concurrency=settings.upload_concurrency,
            account_runs=settings.account_runs,
            max_members=settings.max_members_per_export,
            lease_seconds=settings.lease_seconds,
            attempt_budget=settings.run_attempt_budget,
            grace_seconds=settings.shutdown_grace_seconds,
            retry_seconds=settings.run_retry_seconds,
            push_patience_seconds=settings.push_patience_seconds,
            turn_patience_seconds=settings.turn_patience_seconds,
            history=timedelta(days=settings.run_history_days),
            batches=timedelta(days=settings.run_batches_days)
            if settings.run_batches_days
            else None,
            refused_share=settings.refused_values_warning_share,
        ),
        cpu=ThreadPoolExecutor(_hashing_threads(), thread_name_prefix="columns"),
        webhooks=webhook_sender(settings),
        token_warning=timedelta(days=settings.token_expiry_warning_days),
        pressure=Pressure(settings.worker_memory_bytes),
    )


def _hashing_threads() -> int:
    """One for each core, two at least and three at most: each waits for the interpreter now and then.

    On two cores a third one only takes caches and memory from the others (benchmarks/RESULTS.md).
    """
    return max(2, min(3, os.cpu_count() or 1))
