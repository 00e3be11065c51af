"""Composition root of the worker: its collaborators, built at startup, closed at shutdown."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from app.connections.account_health.account_blocks import Blocks
from app.db.secrets import Vault
from app.db.session import Database
from app.facebook.call_metrics import call_metrics
from app.facebook.client import GraphClient
from app.facebook.config import GraphConfig
from app.facebook.quota.governor import Governor
from app.facebook.quota.redis_state import RedisQuota
from app.logs import configure_logging
from app.metrics import Accounts
from app.queue import QueueNotifier
from app.settings import Settings
from app.snapshots import MemberFiles, SnapshotStore
from app.sources import SourceAccess, Tolerance, UnpackLimits
from app.tracing import configure_tracing, stop_tracing
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
    # the jobs of the runs this process works on: a job takes the run whose turn it is, whatever its name, so
    # there may be two of one name, and arq knows the last of them only
    working: set[asyncio.Task[Any]] = field(default_factory=set)
    # errands this process is on
    errands: set[str] = field(default_factory=set)

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
    configure_logging(
        level=settings.log_level,
        form=settings.log_format,
        process="worker",
        per_second=settings.log_lines_per_second,
    )
    configure_tracing(
        process="worker",
        version=version("audience-export"),
        endpoint=settings.traces_endpoint,
        file=settings.traces_file,
        share=settings.traces_share,
    )
    notifier = QueueNotifier(settings.redis_url.get_secret_value())
    vault = Vault([key.get_secret_value() for key in settings.encryption_keys])
    store = SnapshotStore.open(settings.snapshots, sealing=vault)
    config = GraphConfig(
        base_url=settings.graph_api_url,
        version=settings.graph_api_version,
        app_id=settings.facebook_app_id,
        app_secret=settings.facebook_app_secret.get_secret_value(),
        dialog_url=settings.facebook_dialog_url,
        timeout_seconds=settings.graph_timeout_seconds,
        answer_bytes=settings.max_answer_bytes,
        tells_trace=settings.traces_to_meta,
    )
    database = Database(
        settings.database_url,
        application_name="audience-export-worker",
        stalled_seconds=2 * settings.lease_seconds,
    )
    return WorkerContext(
        database=database,
        notifier=notifier,
        graph=GraphClient(
            config,
            governor=Governor(
                # the calls of a dead worker are forgotten as fast as its runs
                RedisQuota(notifier.redis, lease=settings.lease_seconds),
                max_wait=settings.throttle_patience_seconds,
            ),
            observe=call_metrics(Accounts(settings.metrics_ad_accounts)),
            on_block=Blocks(database).note,
        ),
        vault=vault,
        store=store,
        access=SourceAccess.from_settings_values(
            settings.segment_roots,
            {
                name: address.get_secret_value()
                for name, address in settings.segment_databases.items()
            },
            connect_timeout_seconds=settings.source_connect_timeout_seconds,
            statement_timeout_seconds=settings.source_statement_timeout_seconds,
            maximum_bytes_billed=settings.source_maximum_bytes_billed,
            tolerance=Tolerance(settings.malformed_rows_share, settings.malformed_rows_least),
            unpacking=UnpackLimits(
                settings.source_max_cell_bytes,
                settings.source_max_page_bytes,
                settings.source_max_unpack_ratio,
            ),
            kept=MemberFiles(store),
            writers_allowed=settings.allow_writing_source_accounts,
        ),
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
        # one more than saturates two cores: each waits for the interpreter now and then
        cpu=ThreadPoolExecutor(3, thread_name_prefix="columns"),
        webhooks=Sender(allow_private=settings.webhook_allow_private_addresses),
        token_warning=timedelta(days=settings.token_expiry_warning_days),
        pressure=Pressure(settings.worker_memory_bytes),
    )
