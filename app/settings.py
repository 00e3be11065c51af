"""Every environment variable, typed, with its default; the only reader of the environment.

Long, since each setting has its sentence here, and the documentation is made of them.
"""

import base64
import re
from functools import cached_property
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.addresses.plain_http import in_the_clear
from app.addresses.segment_databases import fault_of

Csv = Annotated[tuple[str, ...], NoDecode]

_POSTGRES = re.compile(r"postgres(ql)?(\+asyncpg)?://.")
_REDIS = re.compile(r"(rediss?|redis\+sentinel|unix)://.")
_KEY_BYTES = 32
_SHORTEST_BOOTSTRAP_KEY = 16


class SettingsError(ValueError):
    """Settings that are missing or wrong, named in one sentence without their values."""


class Settings(BaseSettings):
    """Names are the environment variables' own, in lower case. A comment begins a chapter of
    docs/settings.md, and what stands under a setting is its line there (`make docs`).
    """

    model_config = SettingsConfigDict(
        env_file=None, extra="ignore", frozen=True, use_attribute_docstrings=True
    )

    # state
    database_url: str = Field(default="", repr=False)
    """Postgres 14 or newer, where the state is; `?pooler=transaction` behind PgBouncer in transaction
    mode. Unset, `audience-export serve` runs one of its own; every other process needs it.
    """
    redis_url: SecretStr = SecretStr("")
    """Redis or Valkey (not a cluster): the queue, and what is shared of Meta's limits. With Sentinel:
    `redis+sentinel://host:26379,host:26379/name/0`. Unset, `serve` runs one of its own.
    """
    snapshot_url: str = Field(default="", repr=False)
    """Where hashed rows are staged: a folder, `s3://`, `gs://` or `az://`, the same for all
    workers. Unset: `DATA_DIR/snapshots`.
    """
    data_dir: Path = Path(".data")
    """Everything that `serve` keeps."""
    encryption_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Base64 keys of 32 bytes, separated by commas: the first seals, all open (`audience-export
    keys generate`, `keys rotate`). Made and kept by `serve` if it runs its own Postgres.
    """

    # Meta
    graph_api_url: str = "https://graph.facebook.com"
    """Meta's Graph API, or a sandbox."""
    graph_api_version: str = Field(default="v26.0", pattern=r"^v\d+\.\d+$")
    """The version of the Graph API that is asked."""
    facebook_dialog_url: str = "https://www.facebook.com"
    """Where people are sent to sign in with Facebook."""
    facebook_app_id: str = ""
    """Your Meta app; needed for “Continue with Facebook” and to inspect tokens."""
    facebook_app_secret: SecretStr = SecretStr("")
    """Its secret; every call is signed with it."""
    facebook_config_id: str = ""
    """The configuration of Facebook Login for Business, if you made one."""
    graph_timeout_seconds: float = Field(default=60.0, gt=0)
    """How long Meta may be silent."""
    public_url: str = "http://localhost:8080"
    """Where people reach this service, and where Facebook sends them back. `serve` fills in its own
    port.
    """
    frontend_url: str = ""
    """A front end of your own, where people go on after signing in with Facebook. Unset: the
    console, or a plain page.
    """
    cors_allowed_origins: Csv = ()
    """Origins whose browsers may call the API; others are refused."""

    # sources
    segment_roots: Csv = ()
    """Folders and prefixes (`s3://…`, `gs://…`, `az://…`) that segments may be read from; nothing
    else is readable.
    """
    segment_databases: Annotated[dict[str, SecretStr], NoDecode] = Field(default_factory=dict)
    """`name=scheme://…` entries that segments may be read from, separated by commas or white space;
    the scheme says the kind. Percent-encode values; `?password_file=/run/secrets/crm` reads the
    password from a file at every connection.
    """
    allow_writing_source_accounts: bool = False
    """Accounts of `SEGMENT_DATABASES` may hold rights to write, or be a superuser's. Off, nothing is
    read with them: one that may only read is as easily made, and can do no harm.
    """
    source_connect_timeout_seconds: float = Field(default=10.0, gt=0)
    """How long a database may take until it first answers: to accept, encrypt and sign in. One that wakes
    from sleep may need more.
    """
    source_statement_timeout_seconds: float = Field(default=900.0, gt=0)
    """How long a database may take to give a segment's members."""
    source_maximum_bytes_billed: int = Field(default=1 << 40, ge=1)
    """What one query of a segment may be billed for where the warehouse bills bytes (BigQuery); an
    address may set its own `maximum_bytes_billed`.
    """
    source_max_cell_bytes: int = Field(default=4 << 20, ge=1 << 10, le=4 << 20)
    """The largest value of one column of one member, unpacked."""
    source_max_page_bytes: int = Field(default=64 << 20, ge=1 << 20)
    """The largest part that a column file may unpack to in memory."""
    source_max_unpack_ratio: float = Field(default=200.0, ge=1)
    """How many times its own size a file may unpack to."""
    malformed_rows_share: float = Field(default=0.001, ge=0, le=1)
    """Rows of a source that cannot be read are left out and counted up to this share of them …"""
    malformed_rows_least: int = Field(default=10, ge=0)
    """… or up to this many."""
    refused_values_warning_share: float = Field(default=0.01, ge=0, le=1)
    """Runs and previews warn if more of a key's given values than this share cannot be used."""

    # the path of the data
    worker_runs: int = Field(default=4, ge=1, le=64)
    """Runs that a worker works on at once; they share its memory and cores. Those that only wait for Meta's
    limits are not counted, up to 64 in all."""
    account_runs: int = Field(default=3, ge=1, le=1000)
    """Runs of one ad account under way at once, in all workers; the others wait, so that one account
    cannot take all places."""
    worker_memory_bytes: int = Field(default=0, ge=0)
    """A worker that uses more takes no further run until it uses less; 0: three quarters of what its
    container, or the machine, has."""
    upload_concurrency: int = Field(default=8, ge=1, le=64)
    """Batches in flight at Meta, of one run."""
    upload_max_bytes: int = Field(default=10_000_000_000, ge=1)
    """The largest push of members."""
    upload_max_parquet_bytes: int = Field(default=256 * 1024 * 1024, ge=1)
    """The largest push in Parquet, which is read in memory: plain members are never put into a
    file.
    """
    max_members_per_export: int = Field(default=10_000_000, ge=1)
    """Distinct members; above it a run is skipped, never cut off."""

    # access
    oidc_issuer: str = ""
    """The identity provider whose bearer tokens are taken; `OIDC_AUDIENCE` goes with it."""
    oidc_audience: str = ""
    """What its tokens must name as their audience."""
    oidc_roles_claim: str = "roles"
    """The claim that holds roles; it may be a path (`realm_access.roles`)."""
    oidc_client_id: str = ""
    """The client that people sign in to the console with; its redirect address is
    `PUBLIC_URL/v1/sign-in/oidc/callback`.
    """
    oidc_client_secret: SecretStr = SecretStr("")
    """The secret of that client, if it has one."""
    bootstrap_api_key: SecretStr = SecretStr("")
    """An administrator's key for the first start, at least 16 characters. Made and kept by `serve`
    if it runs its own Postgres.
    """
    token_expiry_warning_days: int = Field(default=7, ge=0, le=60)
    """How long before its end a token of Meta's is announced."""
    privacy_statement_url: str = "https://www.facebook.com/privacy/policy/"
    """Shown with the text people consent to."""

    # the console
    console: bool = True
    """`off` leaves the console out; `/` then answers a small page with links."""

    # how much one client may have: see app/edge
    trusted_proxies: Csv = ()
    """Addresses and networks (`10.0.0.0/8`) of proxies in front, whose `X-Forwarded-For` and
    `-Proto` are believed; without it a proxy's address counts as everybody's.
    """
    allow_plain_http: bool = False
    """`GRAPH_API_URL` and `OIDC_ISSUER` may be `http://` on other machines than this one: tokens
    then go there in the clear.
    """
    allowed_hosts: Csv = ()
    """Names this service may be called by, beside `PUBLIC_URL`'s, addresses, and names that the
    public DNS has not (`api`, `….local`, `….svc`); `*.example.com` for all below one, `*` for
    all.
    """
    max_header_bytes: int = Field(default=32 * 1024, ge=4096, le=1024 * 1024)
    """Of a request's line and headers, or of its trailers; more is answered 431."""
    max_bearer_bytes: int = Field(default=8 * 1024, ge=256, le=64 * 1024)
    """Of a credential; more is answered 431."""
    max_failed_attempts: int = Field(default=30, ge=1)
    """Wrong keys a minute from an address, and with keys that begin alike, before wrong ones are
    answered 429; a valid key is let in all the same.
    """
    max_connections: int = Field(default=1000, ge=8)
    """Connections of a process; when full, the one that has waited longest without a request makes
    room.
    """
    max_connections_per_address: int = Field(default=100, ge=1)
    """Connections of one address; proxies of `TRUSTED_PROXIES` have no bound of their own."""
    header_timeout_seconds: float = Field(default=10.0, gt=0)
    """For the whole head of a request."""
    body_idle_seconds: float = Field(default=30.0, gt=0)
    """For the next byte of a body."""
    response_stall_seconds: float = Field(default=30.0, gt=0)
    """For a client to take some of its answer."""
    api_processes: int = Field(default=1, ge=1, le=64)
    """Processes of the API that `serve` runs on its port, for more processors; the limits here are
    of each, and so is what `/metrics` counts.
    """
    metrics_key: SecretStr = SecretStr("")
    """Who may read `/metrics`, as a bearer; without it this machine, and (of the API) administrators."""
    metrics_ad_accounts: Literal["hashed", "plain", "off"] = "hashed"
    """How metrics name ad accounts: by eight digits of their hash, as they are, or not at all."""
    worker_metrics_port: int = Field(default=0, ge=0, le=65535)
    """Where each worker answers `/metrics` and `/livez`; 0: nowhere. The workers of one `serve` take this
    port and the following ones.
    """
    worker_metrics_host: str = "127.0.0.1"
    """The address such ports listen on; `0.0.0.0` in a container, with a `METRICS_KEY`."""
    api_metrics_port: int = Field(default=0, ge=0, le=65535)
    """The same of the API, for `API_PROCESSES` above 1 (a scrape of the port they share meets any of them):
    they take this port and the following ones. 0: nowhere.
    """
    max_concurrent_requests: int = Field(default=16, ge=1, le=1000)
    """Requests worked on at once, those that read and those that act each."""
    max_event_streams: int = Field(default=200, ge=1)
    """Runs followed or awaited at once, of a process."""
    max_source_reads: int = Field(default=4, ge=1, le=64)
    """Sources read at once for callers of the API (refreshes, new segments), of a process; one
    caller has half of them at most.
    """
    max_answer_bytes: int = Field(default=16 * 1024 * 1024, ge=1024)
    """Of an answer of Meta's, unpacked."""
    issuer_answer_bytes: int = Field(default=1024 * 1024, ge=1024)
    """Of an answer of the identity provider's, unpacked."""
    issuer_timeout_seconds: float = Field(default=5.0, gt=0)
    """For a whole answer of the identity provider."""
    max_pushes: int = Field(default=8, ge=1, le=64)
    """Members received at once, of a process; more are answered 429 with `Retry-After`."""
    max_pushes_per_caller: int = Field(default=4, ge=1)
    """Members received at once of one caller."""
    request_queue_seconds: float = Field(default=3.0, ge=0)
    """How long requests over `MAX_CONCURRENT_REQUESTS` wait for a place before they are answered
    503 with `Retry-After`.
    """

    # webhooks
    webhook_allow_private_addresses: bool = False
    """Webhooks may reach loopback and private networks, and plain http."""

    # operations
    request_timeout_seconds: float = Field(default=60.0, gt=0)
    """A request that takes longer is answered 504; pushes, previews and streams are exempt."""
    log_format: Literal["json", "console"] = "json"
    """One line per event: JSON, or for people."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least that is told."""
    log_lines_per_second: int = Field(default=100, ge=0)
    """Of one kind of event, of a process; the next line says how many were left out. The line of a run's end
    is never left out. 0: all are told.
    """
    traces_endpoint: str = ""
    """Where spans are sent, as OTLP over HTTP (`http://collector:4318/v1/traces`); needs the extra `otel`."""
    traces_file: Path | None = None
    """A file that spans are appended to, as lines of JSON; needs the extra `otel`."""
    traces_share: float = Field(default=1.0, ge=0, le=1)
    """How many of the traces that begin here are kept; of others the caller decides."""
    traces_to_meta: bool = False
    """`on` sends `traceparent` to Meta, too; webhooks get it in any case."""
    run_history_days: int = Field(default=90, ge=1)
    """How long runs are kept, and the counts of segments; the newest count of each stays."""
    run_batches_days: int = Field(default=30, ge=0)
    """How long each batch of a run that ended is kept by itself; then one line has the sums of all that
    went the same way. 0: as long as the run.
    """
    run_attempt_budget: int = Field(default=5, ge=1)
    """Attempts of a run before it fails."""
    run_retry_seconds: float = Field(default=30.0, ge=0)
    """The first pause between attempts; later ones are longer."""
    push_patience_seconds: float = Field(default=900.0, ge=0)
    """How long a run waits for members that are being pushed into its segments."""
    turn_patience_seconds: float = Field(default=10.0, ge=0)
    """How long a worker waits with a run behind another one on the same audience before it puts it
    aside.
    """
    lease_seconds: float = Field(default=30.0, gt=0)
    """How long a silent worker keeps a run before another takes it."""
    sweep_seconds: float = Field(default=5.0, gt=0)
    """How often lost work is looked for."""
    throttle_patience_seconds: float = Field(default=20.0, ge=0)
    """A longer throttle of Meta's parks the run instead of holding a worker."""
    shutdown_grace_seconds: float = Field(default=20.0, gt=0)
    """How long a stopping worker may finish batches."""

    @field_validator(
        "segment_roots", "cors_allowed_origins", "trusted_proxies", "allowed_hosts", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("encryption_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(SecretStr(part.strip()) for part in value.split(",") if part.strip())
        return value

    @field_validator("segment_databases", mode="before")
    @classmethod
    def _named_databases(cls, value: object) -> object:
        """`name=postgresql://…` entries, separated by commas or white space."""
        if isinstance(value, str):
            entries = value.replace(",", " ").split()
            pairs = [entry.partition("=") for entry in entries]
            if any(not mark or not name for name, mark, _ in pairs):
                msg = "write SEGMENT_DATABASES as name=address, name=address"
                raise ValueError(msg)
            return {name: SecretStr(address) for name, _, address in pairs}
        return value

    @field_validator("segment_databases")
    @classmethod
    def _options_are_known(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, address in value.items():
            if fault := fault_of(address.get_secret_value()):
                msg = f"the address of {name} {fault}"
                raise ValueError(msg)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses_or_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            for entry in value:
                ip_network(entry)
        except ValueError:
            msg = "write TRUSTED_PROXIES as addresses or networks, such as 10.0.0.0/8"
            raise ValueError(msg) from None
        return value

    @field_validator("traces_endpoint")
    @classmethod
    def _an_address_or_none(cls, value: str) -> str:
        return cls._an_address(value) if value else value

    @field_validator("frontend_url", "oidc_issuer", "privacy_statement_url")
    @classmethod
    def _an_address_as_it_is(cls, value: str) -> str:
        if value:
            cls._an_address(value)
        return value

    @field_validator("database_url")
    @classmethod
    def _a_postgres(cls, value: str) -> str:
        if value and not _POSTGRES.match(value):
            msg = "is no address of Postgres; write it as postgresql://user:password@host/database"
            raise ValueError(msg)
        return value

    @field_validator("redis_url")
    @classmethod
    def _a_redis(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _REDIS.match(value.get_secret_value()):
            msg = "is no address of Redis or Valkey; write it as redis://host:6379/0"
            raise ValueError(msg)
        return value

    @field_validator("graph_api_url", "public_url", "facebook_dialog_url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            msg = "is no address; write it as https://host"
            raise ValueError(msg)
        return value.rstrip("/")

    @field_validator("encryption_keys")
    @classmethod
    def _keys_decode(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for number, key in enumerate(value, 1):
            try:
                raw = base64.urlsafe_b64decode(key.get_secret_value())
            except ValueError:
                raw = b""
            if len(raw) != _KEY_BYTES:
                msg = f"key {number} is not {_KEY_BYTES} bytes in base64 (audience-export keys generate)"
                raise ValueError(msg)
        return value

    @field_validator("bootstrap_api_key")
    @classmethod
    def _not_guessable(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < _SHORTEST_BOOTSTRAP_KEY:
            msg = f"has fewer than {_SHORTEST_BOOTSTRAP_KEY} characters; anybody could guess it"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _encrypted_unless_here(self) -> Self:
        """Tokens and the app's secret go there."""
        for name in ("graph_api_url", "oidc_issuer"):
            address = getattr(self, name)
            if urlsplit(address).netloc and in_the_clear(address, allowed=self.allow_plain_http):
                msg = (
                    f"{name.upper()} must begin with https:// unless it is on this machine; for a network "
                    "you trust set ALLOW_PLAIN_HTTP"
                )
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _traces_can_be_made(self) -> Self:
        if self.traces_endpoint or self.traces_file:
            try:
                found = find_spec("opentelemetry.sdk")
            except ModuleNotFoundError:
                found = None
            if found is None:
                msg = "TRACES_ENDPOINT and TRACES_FILE need the extra: pip install 'audience-export[otel]'"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _an_issuer_has_an_audience(self) -> Self:
        if self.oidc_issuer and not self.oidc_audience:
            msg = "set OIDC_AUDIENCE with OIDC_ISSUER: a token for another service is no key to this one"
            raise ValueError(msg)
        if self.oidc_client_id and not self.oidc_issuer:
            msg = "set OIDC_ISSUER with OIDC_CLIENT_ID: it says where people sign in"
            raise ValueError(msg)
        return self

    def need_state(self) -> None:
        """Raises `SettingsError` where there is nowhere to keep anything."""
        if not self.database_url or not self.redis_url.get_secret_value():
            msg = "Set DATABASE_URL and REDIS_URL, or run audience-export serve, which brings its own."
            raise SettingsError(msg)

    @cached_property
    def snapshots(self) -> str:
        """Where hashed rows are staged: SNAPSHOT_URL, or a folder under DATA_DIR."""
        return self.snapshot_url or str((self.data_dir / "snapshots").resolve())


def read_settings(**given: Any) -> Settings:
    """The settings of this process; `given` ones count more than the environment's.

    Raises SettingsError naming the variables that are wrong, never their values.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc'])).upper() or 'The settings'}: "
            f"{fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise SettingsError("Wrong settings. " + "; ".join(faults)) from None
