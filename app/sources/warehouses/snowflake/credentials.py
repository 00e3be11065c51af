"""What the service signs in to Snowflake with: a key pair, or a token in a file.

https://docs.snowflake.com/en/developer-guide/sql-api/authenticating. Passwords are not taken by the SQL API.
"""

import base64
import hashlib
import time
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from app.sources.databases.segment_databases import (
    Address,
    address_invalid,
    secret_invalid,
    secret_of,
)

_KIND: Final = "X-Snowflake-Authorization-Token-Type"
_SECONDS: Final = 3540  # at most an hour


def headers_for(name: str, address: Address) -> dict[str, str]:
    """The headers of a call. Raises `address-invalid`, `secret-unreadable`."""
    options = address.options
    for option, kind in (
        ("token_file", "PROGRAMMATIC_ACCESS_TOKEN"),
        ("oauth_token_file", "OAUTH"),
    ):
        if option in options:
            token = secret_of(name, options[option]).strip()
            return {_KIND: kind, "Authorization": f"Bearer {token}"}
    if "private_key_file" not in options:
        raise address_invalid(name, "names neither private_key_file nor token_file")
    pem = secret_of(name, options["private_key_file"]).encode()
    phrase = options.get("private_key_passphrase_file")
    try:
        key = load_pem_private_key(pem, secret_of(name, phrase).encode() if phrase else None)
    except (ValueError, TypeError):
        raise secret_invalid(name, "a private key in PEM that its passphrase opens") from None
    if not isinstance(key, RSAPrivateKey):
        raise secret_invalid(name, "an RSA key")
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    print_of_key = base64.b64encode(hashlib.sha256(public).digest()).decode()
    # without the region of an account locator
    who = f"{address.host.partition('.')[0]}.{address.user}".upper()
    now = int(time.time())
    claims = {"iss": f"{who}.SHA256:{print_of_key}", "sub": who, "iat": now, "exp": now + _SECONDS}
    return {_KIND: "KEYPAIR_JWT", "Authorization": f"Bearer {jwt.encode(claims, key, 'RS256')}"}
