"""What addresses of SEGMENT_DATABASES may say: their schemes, and the options behind the `?`.

An option that is overlooked may be the one that encrypts, or caps a bill; so one that is not known ends the
process when it starts, in a sentence that never shows a value.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote_plus, urlsplit


@dataclass(frozen=True, slots=True)
class Scheme:
    """The kind of source a scheme names, the options its addresses have, and those that change nothing.

    `open`: the server has settings of its own, whose names only it knows.
    """

    kind: str
    options: frozenset[str]
    without_meaning: frozenset[str] = frozenset()
    open: bool = False


def _options(words: str) -> frozenset[str]:
    return frozenset(words.split())


# of libpq's (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS) what the driver
# honours, and what people hand on to the server most
_POSTGRES: Final = Scheme(
    "postgres",
    _options(
        "application_name channel_binding database dbname gsslib host krbsrvname options passfile password "
        "password_file port search_path service servicefile ssl_max_protocol_version "
        "ssl_min_protocol_version sslcert sslcrl sslkey sslmode sslnegotiation sslpassword sslrootcert "
        "target_session_attrs user"
    ),
    # of the client's own; the driver would hand them on to the server, which knows none of them
    _options(
        "connect_timeout gssencmode gssdelegation keepalives keepalives_idle keepalives_interval "
        "keepalives_count tcp_user_timeout client_encoding sslcompression sslsni load_balance_hosts "
        "fallback_application_name prepared_statement_cache_size statement_cache_size prepare_threshold "
        "pgbouncer schema connection_limit pool_timeout"
    ),
    open=True,
)
_MYSQL: Final = Scheme(
    "mysql",
    _options("password_file ssl ssl_ca ssl_cert ssl_key ssl_mode sslmode unix_socket"),
    # every connection is utf8mb4, and waits as the settings say
    _options(
        "autocommit charset collation connect_timeout local_infile read_timeout use_unicode write_timeout"
    ),
)
_ICEBERG_REST: Final = Scheme(
    "iceberg", _options("password_file scope ssl_ca token_file token_url warehouse")
)
SCHEMES: Final[Mapping[str, Scheme]] = MappingProxyType(
    {
        "postgresql": _POSTGRES,
        "postgres": _POSTGRES,
        "postgresql+asyncpg": _POSTGRES,
        "mysql": _MYSQL,
        "mariadb": _MYSQL,
        "iceberg+https": _ICEBERG_REST,
        "iceberg+http": _ICEBERG_REST,
        "iceberg+sqlite": Scheme("iceberg", _options("catalog")),
        "clickhouse": Scheme("clickhouse", _options("password_file ssl ssl_ca")),
        "bigquery": Scheme(
            "bigquery",
            _options("credentials_file endpoint location maximum_bytes_billed ssl_ca token_file"),
        ),
        "snowflake": Scheme(
            "snowflake",
            _options(
                "endpoint oauth_token_file private_key_file private_key_passphrase_file role ssl_ca "
                "token_file warehouse"
            ),
        ),
    }
)
"""Scheme of an address → what it may say."""

_LIKE: Final = 0.85  # of letters that two names share, for one to be meant by the other
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
# options of the server itself that look like the client's
_SERVERS_OWN: Final = ("tcp_keepalives_", "wal_")


def scheme_of(address: str) -> Scheme | None:
    """What its scheme says, or None for a scheme nobody reads."""
    return SCHEMES.get(address.partition("://")[0].lower()) if "://" in address else None


def fault_of(address: str) -> str | None:
    """What is wrong with the options of an address, as the end of a sentence; None if nothing is.

    Addresses of unknown schemes, and those that cannot be taken apart, are for whoever connects.
    """
    scheme = scheme_of(address)
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if scheme is None:
        return None
    if parts.fragment:
        return "holds a #, and what stands behind it would be lost: write it as %23"
    for given in filter(None, parts.query.split("&")):
        name, mark, _ = given.partition("=")
        option = unquote_plus(name)
        if _is_known(scheme, option):
            continue
        # it may be the end of a password
        astray = "@" in parts.query and "@" not in parts.netloc
        if not mark or astray or not _NAME.fullmatch(option):
            return "holds something behind a ? that is no option=value: percent-encode values"
        near = get_close_matches(_plain(option), scheme.options, 1, 0.6)
        if scheme.open and not _is_a_slip(scheme, option):
            continue
        meant = f'; the nearest is "{near[0]}"' if near else ""
        known = ", ".join(sorted(scheme.options))
        return (
            f'has an option "{option}", which this scheme does not know{meant} (it knows {known})'
        )
    return None


def _is_known(scheme: Scheme, option: str) -> bool:
    # MySQL's own clients write ssl-mode, ssl_mode and SSL_MODE
    if scheme is _MYSQL and _plain(option).startswith("ssl"):
        option = _plain(option)
    return option in scheme.options or option in scheme.without_meaning


def _is_a_slip(scheme: Scheme, option: str) -> bool:
    """Whether it is hardly a name of the server's own; others the server itself refuses."""
    if "." in option or option.startswith(_SERVERS_OWN):
        return False
    names = scheme.options | scheme.without_meaning
    return bool(get_close_matches(_plain(option), names, 1, _LIKE))


def _plain(option: str) -> str:
    return option.lower().replace("-", "_")
