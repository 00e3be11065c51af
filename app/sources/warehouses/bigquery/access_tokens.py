"""Access tokens of Google: from a key file, a token file, or the machine the service runs on.

https://google.aip.dev/auth/4112 (service accounts), /4113 (authorized users), /4115 (metadata server). What
is asked with is never logged; a token is kept in memory until shortly before it ends.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import jwt
import orjson

from app.errors import SourceError
from app.sources.databases.segment_databases import secret_invalid, secret_of
from app.sources.warehouses.errors import fault
from app.sources.warehouses.http_client import exchange

_SCOPE: Final = "https://www.googleapis.com/auth/bigquery"
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN_ADDRESS: Final = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_MACHINE: Final = "http://metadata.google.internal"
_EARLY_SECONDS: Final = 120.0


@dataclass(slots=True)
class GoogleTokens:
    """Tokens for one entry of SEGMENT_DATABASES; `name` is what errors call it."""

    name: str
    client: httpx.AsyncClient = field(repr=False)
    options: Mapping[str, str] = field(repr=False)
    _token: str = field(default="", repr=False)
    _until: float = 0.0

    async def token(self, *, renew: bool = False) -> str:
        """A token that holds for some time. Raises `SourceError`."""
        if renew or time.monotonic() > self._until:
            found = await self._new()
            self._token = str(found["access_token"])
            self._until = time.monotonic() + float(found.get("expires_in", 3600)) - _EARLY_SECONDS
        return self._token

    async def _new(self) -> Mapping[str, Any]:
        if file := self.options.get("token_file"):
            return {"access_token": secret_of(self.name, file).strip(), "expires_in": 0}
        file = self.options.get("credentials_file")
        if not file:
            return await self._of_machine()
        try:
            key = orjson.loads(secret_of(self.name, file))
            kind = key["type"]
            if kind == "service_account":
                address, form = key.get("token_uri", _TOKEN_ADDRESS), _signed(key)
            elif kind == "authorized_user":
                fields = ("client_id", "client_secret", "refresh_token")
                form = {name: key[name] for name in fields} | {"grant_type": "refresh_token"}
                address = key.get("token_uri", _TOKEN_ADDRESS)
            else:
                raise secret_invalid(self.name, "a key of a service account or an authorized user")
        except (ValueError, TypeError, KeyError, jwt.PyJWTError):
            raise secret_invalid(self.name, "a key file of Google") from None
        return self._answered(*await exchange(self.client, "POST", address, data=form))

    async def _of_machine(self) -> Mapping[str, Any]:
        path = "/computeMetadata/v1/instance/service-accounts/default/token"
        try:
            told = await exchange(
                self.client,
                "GET",
                f"{_MACHINE}{path}",
                headers={"Metadata-Flavor": "Google"},
                timeout=3.0,
            )
        except httpx.TransportError:
            raise fault(self.name, "credentials-refused") from None
        return self._answered(*told)

    def _answered(self, status: int, body: bytes) -> Mapping[str, Any]:
        try:
            found: dict[str, Any] = orjson.loads(body)
            if httpx.codes.is_success(status) and found["access_token"]:
                return found
        except (ValueError, KeyError, TypeError):
            found = {}
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise fault(self.name, "database-unreachable")
        raise _refusal(self.name, str(found.get("error")), str(found.get("error_description")))


def _signed(key: Mapping[str, Any]) -> dict[str, str]:
    now = int(time.time())
    claims = {
        "iss": key["client_email"],
        "scope": _SCOPE,
        "iat": now,
        "exp": now + 3600,
        "aud": key.get("token_uri", _TOKEN_ADDRESS),
    }
    named = {"kid": key["private_key_id"]} if key.get("private_key_id") else None
    signed = jwt.encode(claims, key["private_key"], "RS256", headers=named)
    return {"grant_type": _GRANT, "assertion": signed}


def _refusal(name: str, error: str, description: str) -> SourceError:
    """https://datatracker.ietf.org/doc/html/rfc6749#section-5.2; Google's words tell the causes apart."""
    words = description.lower()
    if "disabled" in words:
        return fault(name, "account-disabled")
    if "expired" in words or "revoked" in words or error == "invalid_rapt":
        return fault(name, "credentials-expired")
    return fault(name, "credentials-refused")
