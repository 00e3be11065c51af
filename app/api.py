"""Composition root of the API: settings → collaborators → routers, and the loops beside them."""

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
from app.access.browser_sessions.cookies import cookie_name
from app.access.browser_sessions.oidc_sign_in import OidcSignIn
from app.access.browser_sessions.sessions import Sessions
from app.access.callers import Authenticator
from app.access.dependencies import identify
from app.access.failed_attempts import Attempts
from app.access.oidc import OidcVerifier
from app.background_loops import call_webhooks, keep_runs_moving
from app.composition import (
    configure_telemetry,
    database_with_schema,
    graph_client,
    notifier_of,
    port_of_metrics,
    snapshot_store,
    source_access,
    vault_of,
    webhook_sender,
)
from app.configuration import routes as configuration
from app.connections import routes as connections
from app.connections.facebook_login import routes as sign_in_routes
from app.console.serving import install_console
from app.db.deployment_metrics import Figures
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
from app.http import problem_pages
from app.http.json_cache import Written
from app.http.openapi.description import DESCRIPTION, TAGS
from app.http.openapi.routes import install_documents
from app.http.problems import install_problem_handlers
from app.http.requests.conditional_get import Conditional
from app.http.requests.content_encoding import Packing
from app.http.requests.cors import CrossOrigin
from app.http.requests.limits import BodyLimit, TimeLimit
from app.http.requests.middleware import RequestFrame
from app.http.requests.repeated_headers import StandOnce
from app.http.requests.unknown_parameters import known_parameters, no_null
from app.identifiers import hash_engine
from app.observability.logs import get_logger
from app.observability.metrics import introduce
from app.observability.tracing import stop_tracing
from app.overview import routes as overview
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
from app.sources import BodyLimits
from app.webhooks import documented_payloads
from app.webhooks import routes as webhooks

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
    app.add_middleware(StandOnce)
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
    app.webhooks.routes.extend(documented_payloads.router.routes)
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
    configure_telemetry(settings, "api", version=app.version)
    introduce(version=app.version, hash_engine=hash_engine())
    state = app.state
    connections_here = Connections(_connection_limits(settings), Proxies(settings.trusted_proxies))
    if not bound_server(connections_here):
        log.warning(
            "server.unbounded", meaning="Not run by uvicorn: bound its connections yourself."
        )
    state.database = await database_with_schema(settings, "api")
    state.notifier = notifier_of(settings)
    probing = Database(settings.database_url, pool_size=1, application_name="audience-export-probe")
    state.readiness = health.Readiness(probing, state.notifier)
    state.figures = Figures(probing)
    state.vault = vault_of(settings)
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
    store = snapshot_store(settings, state.vault)
    state.source_access = source_access(settings, store)
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
    state.webhook_sender = webhook_sender(settings)
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
        async with port_of_metrics(settings, settings.api_metrics_port, more=state.figures.text):
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
        allow_plain_http=settings.allow_plain_http,
    )


def oidc_sign_in(
    settings: Settings, verifier: OidcVerifier | None, vault: Vault, http: httpx.AsyncClient
) -> OidcSignIn | None:
    """The console's way to the issuer, if a client of it is configured (OIDC_CLIENT_ID)."""
    name, secret = settings.oidc_client_id, settings.oidc_client_secret.get_secret_value()
    return OidcSignIn(verifier, name, secret, vault, http) if verifier and name else None
