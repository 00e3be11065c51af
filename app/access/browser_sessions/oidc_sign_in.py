"""Signing in at the OIDC issuer: authorization code with PKCE, all on this side of the browser.

What must come back (state, nonce, verifier) waits in a sealed cookie of the browser that began, so any
process can finish and nothing is stored; the issuer takes a code once. Tokens never reach a page.
https://www.rfc-editor.org/rfc/rfc7636 and RFC 9700, section 2.1
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson

from app import clock
from app.access.callers import Caller
from app.access.oidc import OidcVerifier
from app.bounded_reads import ask
from app.db.secrets import SecretUnreadable, Vault
from app.errors import BadRequest, Unauthenticated, Unavailable
from app.observability.logs import get_logger

log = get_logger(__name__)

GOOD_FOR = timedelta(minutes=10)
_OWNER = "sign-in/oidc"


class SignInFailed(Unauthenticated):
    """The identity provider did not sign you in; begin again."""

    code = "sign-in-failed"


@dataclass(frozen=True, slots=True)
class OidcSignIn:
    """The way to the issuer and back, for the client that is registered there."""

    verifier: OidcVerifier
    client_id: str
    client_secret: str = field(repr=False)
    vault: Vault = field(repr=False)
    http: httpx.AsyncClient = field(repr=False)

    async def begin(self, redirect_uri: str) -> tuple[str, str]:
        """The issuer's page to go to, and what the browser keeps until it is back. Raises `Unavailable`."""
        found = await self.verifier.endpoints()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = hashlib.sha256(verifier.encode()).digest()
        question = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        until = (clock.now() + GOOD_FOR).timestamp()
        kept = orjson.dumps([state, nonce, verifier, until]).decode()
        sealed = base64.urlsafe_b64encode(self.vault.seal(kept, owner=_OWNER)).decode()
        address = _text(found, "authorization_endpoint")
        mark = "&" if "?" in address else "?"
        return address + mark + urlencode(question), sealed

    async def finish(
        self,
        *,
        code: str | None,
        state: str | None,
        kept: str | None,
        redirect_uri: str,
        request_id: str | None,
    ) -> Caller:
        """Who was signed in. Raises `BadRequest` (`sign-in-unknown`), `SignInFailed`, `Unavailable`."""
        expected, nonce, verifier = self._open(kept)
        if state is None or not hmac.compare_digest(state.encode(), expected.encode()):
            raise _unknown()
        if code is None:
            raise SignInFailed
        token = await self._exchange(code, verifier, redirect_uri)
        try:
            return await self.verifier.verify_sign_in(
                token, client_id=self.client_id, nonce=nonce, request_id=request_id
            )
        except Unauthenticated:
            raise SignInFailed from None

    def _open(self, kept: str | None) -> tuple[str, str, str]:
        try:
            sealed = base64.urlsafe_b64decode((kept or "").encode())
            state, nonce, verifier, until = orjson.loads(self.vault.open(sealed, owner=_OWNER))
        except (binascii.Error, ValueError, SecretUnreadable):
            raise _unknown() from None
        if until <= clock.now().timestamp():
            raise _unknown()
        return state, nonce, verifier

    async def _exchange(self, code: str, verifier: str, redirect_uri: str) -> str:
        """The ID token for a code. The secret goes into the form, which every issuer understands."""
        address = _text(await self.verifier.endpoints(), "token_endpoint")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self.client_id,
            "code_verifier": verifier,
        }
        if self.client_secret:
            form["client_secret"] = self.client_secret
        try:
            status, body = await ask(
                self.http,
                "POST",
                address,
                most=self.verifier.answer_bytes,
                seconds=self.verifier.seconds,
                data=form,
            )
            found: Any = orjson.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            log.warning("oidc.exchange_failed", error=type(error).__name__)
            raise _away() from None
        if status >= 500:
            raise _away()
        token = found.get("id_token") if isinstance(found, dict) else None
        if not 200 <= status < 300 or not isinstance(token, str):
            log.warning("oidc.exchange_refused", status=status)
            raise SignInFailed
        return token


def _text(found: Any, name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str):
        raise _away()
    return value


def _unknown() -> BadRequest:
    return BadRequest(
        "This sign-in was not begun in this browser, or it took too long; begin again.",
        code="sign-in-unknown",
    )


def _away() -> Unavailable:
    return Unavailable(
        "The identity provider cannot be reached; try again shortly.", code="issuer-unavailable"
    )
