"""What the API and the workers are both made of, put together from the settings in one way."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Literal

from app.connections.account_health.account_blocks import Blocks
from app.db.schema import SchemaBehind, check_schema
from app.db.secrets import Vault
from app.db.session import Database
from app.facebook.call_metrics import call_metrics
from app.facebook.client import GraphClient
from app.facebook.config import GraphConfig
from app.facebook.quota.governor import Governor
from app.facebook.quota.redis_state import RedisQuota
from app.observability.logs import configure_logging
from app.observability.metrics import Accounts
from app.observability.metrics_port import metrics_port, no_more
from app.observability.tracing import configure_tracing
from app.queue import QueueNotifier
from app.settings import Settings
from app.snapshots import MemberFiles, SnapshotStore
from app.sources import SourceAccess, Tolerance, UnpackLimits
from app.webhooks.sending import Sender

# how long a request of the API waits for an ad account that Meta blocks
_API_PATIENCE_SECONDS = 60.0

Process = Literal["api", "worker"]


def configure_telemetry(settings: Settings, process: Process, *, version: str) -> None:
    """The log and the traces of this process."""
    configure_logging(
        level=settings.log_level,
        form=settings.log_format,
        process=process,
        per_second=settings.log_lines_per_second,
    )
    configure_tracing(
        process=process,
        version=version,
        endpoint=settings.traces_endpoint,
        file=settings.traces_file,
        share=settings.traces_share,
    )


def port_of_metrics(
    settings: Settings, port: int, *, more: Callable[[], Awaitable[bytes]] = no_more
) -> AbstractAsyncContextManager[None]:
    """A port of this process for its metrics, for the time of the block; 0 is none."""
    key = settings.metrics_key.get_secret_value()
    return metrics_port(settings.worker_metrics_host, port, key, more=more)


def database_of(settings: Settings, process: Process) -> Database:
    """The database with this process's pool; nothing is connected yet."""
    return Database(
        settings.database_url,
        application_name=f"audience-export-{process}",
        stalled_seconds=2 * settings.lease_seconds,
    )


async def database_with_schema(settings: Settings, process: Process) -> Database:
    """`database_of`, with the schema that is needed. Raises `SchemaBehind`; then nothing is open."""
    database = database_of(settings, process)
    try:
        await check_schema(database)
    except SchemaBehind:
        await database.close()
        raise
    return database


def notifier_of(settings: Settings) -> QueueNotifier:
    """The queue, and what else is shared through Redis."""
    return QueueNotifier(settings.redis_url.get_secret_value())


def vault_of(settings: Settings) -> Vault:
    """What seals and opens secrets at rest."""
    return Vault([key.get_secret_value() for key in settings.encryption_keys])


def snapshot_store(settings: Settings, vault: Vault) -> SnapshotStore:
    """Where staged rows and pushed members lie."""
    return SnapshotStore.open(settings.snapshots, sealing=vault)


def graph_client(
    settings: Settings,
    notifier: QueueNotifier,
    database: Database,
    *,
    patience_seconds: float = _API_PATIENCE_SECONDS,
) -> GraphClient:
    """The Graph client of this process, on the governor that all processes share.

    `patience_seconds`: how long a call waits for a block of its ad account to end.
    """
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
    return GraphClient(
        config,
        governor=Governor(
            # the calls of a dead process are forgotten as fast as its runs
            RedisQuota(notifier.redis, lease=settings.lease_seconds),
            max_wait=patience_seconds,
        ),
        observe=call_metrics(Accounts(settings.metrics_ad_accounts)),
        on_block=Blocks(database).note,
    )


def source_access(settings: Settings, store: SnapshotStore) -> SourceAccess:
    """What segments may be read from."""
    return SourceAccess.from_settings_values(
        settings.segment_roots,
        {name: address.get_secret_value() for name, address in settings.segment_databases.items()},
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
    )


def webhook_sender(settings: Settings) -> Sender:
    """What calls the addresses of webhooks."""
    return Sender(allow_private=settings.webhook_allow_private_addresses)
