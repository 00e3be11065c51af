"""What an address of Postgres asks of the driver, which knows less of libpq's words than people write.

https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
"""

import ssl
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from app.addresses.segment_databases import SCHEMES
from app.sources.databases.segment_databases import address_invalid, taken_apart, with_password

_FILES: Final = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_MODES: Final = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})


def connecting(name: str, address: str) -> dict[str, Any]:
    """Arguments for `asyncpg.connect`. Raises `address-invalid`, `secret-unreadable`.

    Without `sslrootcert`, or with `sslrootcert=system`, the system's authorities are trusted.
    """
    with taken_apart(name):
        parts = urlsplit(with_password(name, address))
        parts.port  # noqa: B018 - raises where it is none
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if options.pop("channel_binding", "prefer") == "require":
        raise address_invalid(name, "asks for channel_binding, which is not spoken here")
    for option in _FILES:
        given = options.get(option)
        if (
            given
            and not (option == "sslrootcert" and given == "system")
            and not Path(given).is_file()
        ):
            raise address_invalid(name, f"names a file {option} that is not there")
    mode = options.get("sslmode", "")
    if mode and mode not in _MODES:
        raise address_invalid(name, f"has an sslmode that is none of {', '.join(sorted(_MODES))}")
    arguments: dict[str, Any] = {}
    if mode.startswith("verify-") and options.get("sslrootcert", "system") == "system":
        context = ssl.create_default_context()
        context.check_hostname = mode == "verify-full"
        if "sslcert" in options:
            try:
                context.load_cert_chain(options["sslcert"], options.get("sslkey"))
            except (OSError, ssl.SSLError):
                raise address_invalid(
                    name, "names a file sslcert that holds no certificate"
                ) from None
        arguments["ssl"] = context
        options.pop("sslrootcert", None)
    dropped = SCHEMES["postgresql"].without_meaning
    kept = {option: value for option, value in options.items() if option not in dropped}
    plain = parts._replace(scheme="postgresql", query=urlencode(kept))
    return {"dsn": urlunsplit(plain), **arguments}


def option_refused(dsn: str, error: Exception) -> str | None:
    """The option of the address that the server does not take, if that is what it says."""
    given = dict(parse_qsl(urlsplit(dsn).query, keep_blank_values=True))
    return next((name for name in given if f'"{name}"' in str(error)), None)
