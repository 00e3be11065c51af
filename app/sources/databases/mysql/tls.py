"""How a connection to MySQL or MariaDB is encrypted: what addresses say, in the words of MySQL's clients.

https://dev.mysql.com/doc/refman/8.4/en/connection-options.html#encrypted-connection-options
"""

import ssl
from collections.abc import Sequence

from app.sources.databases.segment_databases import Address, address_invalid, is_yes


def encryptions(name: str, parts: Address) -> Sequence[ssl.SSLContext | None]:
    """What to try, one after the other; None is without encryption. Raises `address-invalid`.

    `ssl_mode` is one of MySQL's own words. Without it, `ssl=required` and `ssl_ca` check chain and host name.
    """
    # one that is overlooked would send members in the clear: people write ssl-mode, ssl_mode and sslmode
    options = {name.lower().replace("-", "_"): value for name, value in parts.options.items()}
    mode = options.get("ssl_mode", options.get("sslmode", "")).upper()
    if not mode:
        encrypted = is_yes(name, "ssl", options.get("ssl", "")) or "ssl_ca" in options
        mode = "VERIFY_IDENTITY" if encrypted else "DISABLED"
    if mode == "DISABLED":
        return (None,)
    if mode not in {"PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"}:
        raise address_invalid(
            name,
            "has an ssl_mode that is none of DISABLED, PREFERRED, REQUIRED, VERIFY_CA and VERIFY_IDENTITY",
        )
    try:
        context = ssl.create_default_context(cafile=options.get("ssl_ca"))
        if "ssl_cert" in options:
            context.load_cert_chain(options["ssl_cert"], options.get("ssl_key"))
    except (OSError, ssl.SSLError):
        raise address_invalid(
            name, "names a file ssl_ca, ssl_cert or ssl_key that holds no certificate or key"
        ) from None
    if mode != "VERIFY_IDENTITY":
        context.check_hostname = False
    if mode in {"PREFERRED", "REQUIRED"} and "ssl_ca" not in options:
        context.verify_mode = ssl.CERT_NONE
    return (context, None) if mode == "PREFERRED" else (context,)
