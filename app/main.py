"""Composition root of the API: settings → collaborators → routers, and the loops of `app.background_loops`.

Its lines are more than 300 because all parts meet here and nowhere else.
"""

import asyncio
import contextlib
import functools
import ssl
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial

import httpx
from fastapi import Depends, FastAPI

from app import health
from app.access import routes as access
from app.access import session_routes
from app.access.authenticate_before_body import CallerFirst
from app.access.callers import Authenticator
from app.access.cookies import cookie_name
from app.access.dependencies import identify
from app.access.failed_attempts import Attempts
from app.access.oidc import OidcVerifier
from app.access.oidc_sign_in import OidcSignIn
from app.access.sessions import Sessions
from app.api_description import DESCRIPTION, TAGS
from app.background_loops import call_webhooks, keep_runs_moving
from app.configuration import routes as configuration
from app.connections import routes as connections
from app.connections.account_health.account_blocks import Blocks
from app.connections.facebook_login import routes as sign_in_routes
from app.console.serving import install_console
from app.db.deployment_metrics import Figures
from app.db.schema import check_schema
from app.db.secrets import Vault
from app.db.session import Database
from app.edge.bearer_length import BearerLimit
from app.edge.concurrency_limit import Admission
from app.edge.connection_limits import ConnectionLimits, Connections
from app.edge.hosts import KnownHosts
from app.edge.proxies import Proxies, RealCaller
from app.edge.server import bound_server
from app.erasures import routes as erasures
from app.exports import routes as exports
from app.exports import segment_membership as membership
from app.exports.previews import explain as explanation
from app.exports.previews.match_quality import Previews
from app.exports.previews.unsaved_export import Drafts
from app.facebook.call_metrics import call_metrics
from app.facebook.client import GraphClient
from app.facebook.config import GraphConfig
from app.facebook.quota.governor import Governor
from app.facebook.quota.redis_state import RedisQuota
from app.http import problem_pages
from app.http.json_cache import Written
from app.http.openapi.routes import install_documents
from app.http.problems import install_problem_handlers
from app.http.requests.conditional_get import Conditional
from app.http.requests.content_encoding import Packing
from app.http.requests.cors import CrossOrigin
from app.http.requests.limits import BodyLimit, TimeLimit
from app.http.requests.middleware import RequestFrame
from app.http.requests.unknown_parameters import known_parameters, no_null
from app.identifiers import hash_engine
from app.logs import configure_logging, get_logger
from app.metrics import Accounts, introduce
from app.overview import routes as overview
from app.queue import QueueNotifier
from app.runs import routes as runs
from app.runs.events import routes as event_routes
from app.runs.service import start_run
from app.schedules import routes as schedules
from app.segments import routes as segments
from app.segments.database_status import routes as source_routes
from app.segments.pushes.concurrency import PushPlaces
from app.segments.pushes.push import Uploads
from app.segments.reader_threads import Readers
from app.settings import Settings, SettingsError, read_settings
from app.snapshots import MemberFiles, SnapshotStore
from app.sources import BodyLimits, SourceAccess, Tolerance, UnpackLimits
from app.tracing import configure_tracing, stop_tracing
from app.webhooks import payloads
from app.webhooks import routes as webhooks
from app.webhooks.sending import Sender

log = get_logger(__name__)

_BODY_LIMIT = 1024 * 1024


def create_app(settings: Settings | None = None) -> FastAPI:
    """The API, put together; nothing is connected until it starts."""
    if settings is None:
        try:
            settings = read_settings()
            settings.need_state()
        except SettingsError as error:
            sys.exit(str(error))  # one sentence, where uvicorn would print a traceback
    app = FastAPI(
        title="Audience Export",
        version="0.2.0",
        summary="Customer segments into Meta custom audiences of type customer list.",
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_tags=TAGS,
        lifespan=_lifespan,
        dependencies=[Depends(known_parameters), Depends(no_null)],
        docs_url=None,
        redoc_url=None,
        # a redirect would repeat the Host that the caller claims
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.identify = identify
    app.state.worker_awaited_since = None  # `serve` brings workers along, and waits for one
    install_problem_handlers(app)
    # the last one added meets a request first
    app.add_middleware(Conditional)
    app.add_middleware(CallerFirst)
    app.add_middleware(TimeLimit, seconds=settings.request_timeout_seconds)
    app.add_middleware(BodyLimit, limit=_BODY_LIMIT)
    app.add_middleware(Packing)
    app.add_middleware(
        Admission,
        requests=settings.max_concurrent_requests,
        streams=settings.max_event_streams,
        patience=settings.request_queue_seconds,
    )
    if settings.cors_allowed_origins:
        app.add_middleware(CrossOrigin, origins=settings.cors_allowed_origins)
    app.add_middleware(BearerLimit, limit=settings.max_bearer_bytes)
    known = (settings.public_url, settings.frontend_url, *settings.allowed_hosts)
    app.add_middleware(KnownHosts, allowed=known)
    app.add_middleware(RequestFrame)
    app.add_middleware(RealCaller, proxies=Proxies(settings.trusted_proxies))
    for module in (
        connections,
        sign_in_routes,
        segments,
        source_routes,
        exports,
        explanation,
        membership,
        schedules,
        event_routes,
        runs,
        overview,
        configuration,
        erasures,
        webhooks,
        access,
        session_routes,
        problem_pages,
        health,
    ):
        app.include_router(module.router)
    app.webhooks.routes.extend(payloads.router.routes)
    install_documents(
        app,
        servers=[{"url": settings.public_url or "/", "description": "This service."}],
        cookie=cookie_name(settings.public_url),
        oidc=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration"
        if settings.oidc_issuer
        else None,
    )
    install_console(app, enabled=settings.console)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    _tell_of_itself(app, settings)
    state = app.state
    connections_here = Connections(_connection_limits(settings), Proxies(settings.trusted_proxies))
    if not bound_server(connections_here):
        log.warning(
            "server.unbounded", meaning="Not run by uvicorn: bound its connections yourself."
        )
    state.database = Database(
        settings.database_url,
        application_name="audience-export-api",
        stalled_seconds=2 * settings.lease_seconds,
    )
    await check_schema(state.database)
    state.notifier = QueueNotifier(settings.redis_url.get_secret_value())
    probing = Database(settings.database_url, pool_size=1, application_name="audience-export-probe")
    state.readiness = health.Readiness(probing, state.notifier)
    state.figures = Figures(probing)
    state.vault = Vault([key.get_secret_value() for key in settings.encryption_keys])
    state.graph = graph_client(settings, state.notifier, state.database)
    state.issuer_http = httpx.AsyncClient(timeout=5, verify=_issuer_trust())
    issuer = oidc_verifier(settings, state.issuer_http)
    bootstrap = settings.bootstrap_api_key.get_secret_value()
    state.authenticator = Authenticator(
        state.database, state.vault, bootstrap_key=bootstrap, issuer=issuer
    )
    known = {"bootstrap_key": bootstrap, "issuer": settings.oidc_issuer}
    state.sessions = Sessions(state.database, state.vault, **known)
    state.oidc_sign_in = oidc_sign_in(settings, issuer, state.vault, state.issuer_http)
    state.attempts = Attempts(state.notifier.redis, limit=settings.max_failed_attempts)
    store = SnapshotStore.open(settings.snapshots, sealing=state.vault)
    state.source_access = SourceAccess.from_settings_values(
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
    state.readers = Readers(settings.max_source_reads)
    state.previews = Previews(store, ThreadPoolExecutor(1, thread_name_prefix="preview"))
    state.drafts = Drafts()
    state.written = Written()
    state.uploads = Uploads(
        store,
        ThreadPoolExecutor(settings.max_pushes, thread_name_prefix="upload"),
        BodyLimits(
            settings.upload_max_bytes,
            settings.upload_max_parquet_bytes,
            state.source_access.unpacking,
        ),
        state.source_access.tolerance,
        places=PushPlaces(settings.max_pushes, settings.max_pushes_per_caller),
    )
    state.start_run = partial(start_run, state.database, state.notifier)
    state.webhook_sender = Sender(allow_private=settings.webhook_allow_private_addresses)
    watching = asyncio.create_task(connections_here.watch())
    upkeep = asyncio.create_task(
        keep_runs_moving(
            state.database,
            state.notifier,
            every=settings.sweep_seconds,
            budget=settings.run_attempt_budget,
            account_runs=settings.account_runs,
        )
    )
    # a loop of its own: a slow receiver must not hold up the runs
    calling = asyncio.create_task(
        call_webhooks(
            state.database, state.vault, state.webhook_sender, every=settings.sweep_seconds
        )
    )
    try:
        yield
    finally:
        for loop in (watching, upkeep, calling):
            loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await loop
        await state.webhook_sender.aclose()
        for threads in (state.readers.threads, state.previews.threads, state.uploads.threads):
            threads.shutdown(wait=False, cancel_futures=True)
        await state.issuer_http.aclose()
        await state.graph.aclose()
        await state.notifier.close()
        await probing.close()
        await state.database.close()
        stop_tracing()


@functools.cache
def _issuer_trust() -> ssl.SSLContext:
    # to read all authorities takes 20 ms
    return httpx.create_ssl_context()


def _tell_of_itself(app: FastAPI, settings: Settings) -> None:
    """The log, the metrics and the traces of this process."""
    configure_logging(
        level=settings.log_level,
        form=settings.log_format,
        process="api",
        per_second=settings.log_lines_per_second,
    )
    introduce(version=app.version, hash_engine=hash_engine())
    configure_tracing(
        process="api",
        version=app.version,
        endpoint=settings.traces_endpoint,
        file=settings.traces_file,
        share=settings.traces_share,
    )


def _connection_limits(settings: Settings) -> ConnectionLimits:
    return ConnectionLimits(
        head_bytes=settings.max_header_bytes,
        connections=settings.max_connections,
        connections_of_address=settings.max_connections_per_address,
        head_seconds=settings.header_timeout_seconds,
        body_seconds=settings.body_idle_seconds,
        reading_seconds=settings.response_stall_seconds,
    )


def oidc_verifier(settings: Settings, http: httpx.AsyncClient) -> OidcVerifier | None:
    """The verifier of OIDC_ISSUER's tokens, if one is configured."""
    if not settings.oidc_issuer:
        return None
    return OidcVerifier(
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
        roles_claim=settings.oidc_roles_claim,
        http=http,
        answer_bytes=settings.issuer_answer_bytes,
        seconds=settings.issuer_timeout_seconds,
    )


def oidc_sign_in(
    settings: Settings, verifier: OidcVerifier | None, vault: Vault, http: httpx.AsyncClient
) -> OidcSignIn | None:
    """The console's way to the issuer, if a client of it is configured (OIDC_CLIENT_ID)."""
    name, secret = settings.oidc_client_id, settings.oidc_client_secret.get_secret_value()
    return OidcSignIn(verifier, name, secret, vault, http) if verifier and name else None


def graph_client(settings: Settings, notifier: QueueNotifier, database: Database) -> GraphClient:
    """The Graph client of this process, on the governor that all processes share."""
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
        governor=Governor(RedisQuota(notifier.redis, lease=settings.lease_seconds)),
        observe=call_metrics(Accounts(settings.metrics_ad_accounts)),
        on_block=Blocks(database).note,
    )
