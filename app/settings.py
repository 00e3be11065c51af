"""Every environment variable, typed, with its default; the only reader of the environment."""

import base64
from functools import cached_property
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Csv = Annotated[tuple[str, ...], NoDecode]

_KEY_BYTES = 32
_SHORTEST_BOOTSTRAP_KEY = 16


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class SettingsError(ValueError):
    """Settings that are missing or wrong, named in one sentence without their values."""


class Settings(BaseSettings):
    """Names are the environment variables' own, in lower case; the README lists them for people."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", frozen=True)

    # state
    database_url: str = Field(default="", repr=False)
    redis_url: SecretStr = SecretStr("")
    snapshot_url: str = Field(default="", repr=False)
    data_dir: Path = Path(".data")
    encryption_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()

    # Meta
    graph_api_url: str = "https://graph.facebook.com"
    graph_api_version: str = Field(default="v26.0", pattern=r"^v\d+\.\d+$")
    facebook_dialog_url: str = "https://www.facebook.com"
    facebook_app_id: str = ""
    facebook_app_secret: SecretStr = SecretStr("")
    facebook_config_id: str = ""
    graph_timeout_seconds: float = Field(default=60.0, gt=0)
    public_url: str = "http://localhost:8080"
    frontend_url: str = ""
    cors_allowed_origins: Csv = ()

    # sources
    segment_roots: Csv = ()
    segment_databases: Annotated[dict[str, SecretStr], NoDecode] = Field(default_factory=dict)
    source_statement_timeout_seconds: float = Field(default=900.0, gt=0)
    source_max_cell_bytes: int = Field(default=4 << 20, ge=1 << 10, le=4 << 20)
    source_max_page_bytes: int = Field(default=64 << 20, ge=1 << 20)
    source_max_unpack_ratio: float = Field(default=200.0, ge=1)
    malformed_rows_share: float = Field(default=0.001, ge=0, le=1)
    malformed_rows_least: int = Field(default=10, ge=0)
    refused_values_warning_share: float = Field(default=0.01, ge=0, le=1)

    # the path of the data
    upload_concurrency: int = Field(default=8, ge=1, le=64)
    upload_max_bytes: int = Field(default=10_000_000_000, ge=1)
    upload_max_parquet_bytes: int = Field(default=256 * 1024 * 1024, ge=1)
    max_members_per_export: int = Field(default=10_000_000, ge=1)

    # access
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_roles_claim: str = "roles"
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    bootstrap_api_key: SecretStr = SecretStr("")
    token_expiry_warning_days: int = Field(default=7, ge=0, le=60)
    privacy_statement_url: str = "https://www.facebook.com/privacy/policy/"

    # the console
    console: bool = True

    # how much one client may have: see app/edge
    trusted_proxies: Csv = ()
    allow_plain_http: bool = False
    allowed_hosts: Csv = ()
    max_header_bytes: int = Field(default=32 * 1024, ge=4096, le=1024 * 1024)
    max_bearer_bytes: int = Field(default=8 * 1024, ge=256, le=64 * 1024)
    max_failed_attempts: int = Field(default=30, ge=1)
    max_connections: int = Field(default=1000, ge=8)
    max_connections_per_address: int = Field(default=100, ge=1)
    header_timeout_seconds: float = Field(default=10.0, gt=0)
    body_idle_seconds: float = Field(default=30.0, gt=0)
    response_stall_seconds: float = Field(default=30.0, gt=0)
    api_processes: int = Field(default=1, ge=1, le=64)
    metrics_key: SecretStr = SecretStr("")
    max_concurrent_requests: int = Field(default=16, ge=1, le=1000)
    max_event_streams: int = Field(default=200, ge=1)
    max_source_reads: int = Field(default=4, ge=1, le=64)
    max_answer_bytes: int = Field(default=16 * 1024 * 1024, ge=1024)
    issuer_answer_bytes: int = Field(default=1024 * 1024, ge=1024)
    issuer_timeout_seconds: float = Field(default=5.0, gt=0)
    max_pushes: int = Field(default=8, ge=1, le=64)
    max_pushes_per_caller: int = Field(default=4, ge=1)
    request_queue_seconds: float = Field(default=3.0, ge=0)

    # webhooks
    webhook_allow_private_addresses: bool = False

    # operations
    request_timeout_seconds: float = Field(default=60.0, gt=0)
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    run_history_days: int = Field(default=90, ge=1)
    run_attempt_budget: int = Field(default=5, ge=1)
    run_retry_seconds: float = Field(default=30.0, ge=0)
    push_patience_seconds: float = Field(default=900.0, ge=0)
    turn_patience_seconds: float = Field(default=10.0, ge=0)
    lease_seconds: float = Field(default=30.0, gt=0)
    sweep_seconds: float = Field(default=5.0, gt=0)
    throttle_patience_seconds: float = Field(default=20.0, ge=0)
    shutdown_grace_seconds: float = Field(default=20.0, gt=0)

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
            parts = urlsplit(getattr(self, name))
            in_the_clear = parts.netloc and parts.scheme != "https"
            if in_the_clear and not (self.allow_plain_http or _is_here(parts.hostname or "")):
                msg = (
                    f"{name.upper()} must begin with https:// unless it is on this machine; for a network "
                    "you trust set ALLOW_PLAIN_HTTP"
                )
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
