"""Bearer tokens of an OpenID Connect issuer: signature, issuer, audience and time, then the role.

Keys are fetched and kept for a while; an unknown key id fetches them anew, but not again and again.
https://openid.net/specs/openid-connect-discovery-1_0.html
"""

import asyncio
import hmac
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt

from app.access.callers import Caller, Role
from app.addresses.plain_http import in_the_clear
from app.bounded_reads import get_json
from app.errors import Forbidden, Unauthenticated, Unavailable
from app.observability.logs import get_logger

log = get_logger(__name__)

# asymmetric only: a shared secret would let the issuer's clients make tokens, and "none" anybody
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)
_KEPT_SECONDS = 600.0
# codes, tokens and the client's secret go there, or the keys that all trust hangs on come from there
_ENDPOINTS = ("jwks_uri", "authorization_endpoint", "token_endpoint")
# unknown key ids fetch the keys so many times in so many seconds: tokens are anybody's to make up
_MOST_FETCHES, _FETCH_WINDOW = 3, 60.0
_AFTER_FAILURE_SECONDS = 5.0
_LEEWAY_SECONDS = 30
# a subject is at most 255 ASCII characters (OpenID Connect Core, section 2)
_MOST_SUBJECT = 255
# when a token names several roles, the first of these counts
_ORDER = (Role.ADMINISTRATOR, Role.CONTRIBUTOR, Role.VIEWER)


class RoleMissing(Forbidden):
    """The identity provider vouches for you but gives you no role here; ask its administrator."""

    code = "role-missing"


class EndpointInTheClear(ValueError):
    """The issuer names an address that is not https, or none at all."""


@dataclass(slots=True)
class OidcVerifier:
    """Verifies tokens of one issuer.

    `roles_claim` is the name of a claim, or a path such as `realm_access.roles`; its value is a role,
    several in a list, or several in a text with blanks between. The issuer has `seconds` for each of its
    documents, which may have `answer_bytes`. What it names of its endpoints must be https unless it is on
    this machine, as the issuer itself (`allow_plain_http`: ALLOW_PLAIN_HTTP).
    """

    issuer: str
    audience: str
    roles_claim: str
    http: httpx.AsyncClient = field(repr=False)
    monotonic: Callable[[], float] = field(default=time.monotonic, repr=False)
    answer_bytes: int = 1024 * 1024
    seconds: float = 5.0
    allow_plain_http: bool = False
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict, repr=False)
    _named: dict[str, str] = field(default_factory=dict, repr=False)
    _fetched: float = float("-inf")
    _failed: float = float("-inf")
    _fetches: deque[float] = field(default_factory=deque, repr=False)
    _found: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def verify(self, token: str, *, request_id: str | None) -> Caller:
        """The caller behind a token.

        Raises `Unauthenticated`, `RoleMissing`, and `Unavailable` while there are no keys.
        """
        claims = await self._claims(token, self.audience)
        return self._caller(claims, request_id)

    async def verify_sign_in(
        self, token: str, *, client_id: str, nonce: str, request_id: str | None
    ) -> Caller:
        """The caller behind the ID token of a sign-in that carried the nonce. Raises as `verify`.

        https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
        """
        claims = await self._claims(token, client_id)
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if several and claims.get("azp") != client_id:
            raise Unauthenticated
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise Unauthenticated
        return self._caller(claims, request_id)

    async def endpoints(self) -> Mapping[str, Any]:
        """What the issuer says of itself. Raises `Unavailable`."""
        if not self._found:
            async with self._fetching:
                if not self._found:
                    await self._fetch()
        return self._found

    async def _claims(self, token: str, audience: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise Unauthenticated from None
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise Unauthenticated
        key = await self._key(header.get("kid"))
        # a key that says what it is for signs nothing else (RFC 7517, section 4.4)
        if self._named.get(key.key_id or "", algorithm) != algorithm:
            raise Unauthenticated
        try:
            return jwt.decode(
                token,
                key.key,
                algorithms=[algorithm],
                issuer=self.issuer,
                audience=audience,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            raise Unauthenticated from None

    def _caller(self, claims: Mapping[str, Any], request_id: str | None) -> Caller:
        subject = claims["sub"]
        if not 1 <= len(subject) <= _MOST_SUBJECT or not subject.isprintable():
            raise Unauthenticated
        return Caller(f"oidc:{subject}", self._role(claims), _name(claims, subject), request_id)

    def _role(self, claims: Mapping[str, Any]) -> Role:
        # a claim's own name may hold dots: https://example.com/roles
        found: Any = claims.get(self.roles_claim)
        if found is None:
            found = claims
            for part in self.roles_claim.split("."):
                found = found.get(part) if isinstance(found, Mapping) else None
        if isinstance(found, str):
            found = found.split()
        named = [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
        for role in _ORDER:
            if role.value in named:
                return role
        raise RoleMissing

    async def _key(self, key_id: object) -> jwt.PyJWK:
        if self._must_fetch(key_id):
            async with self._fetching:
                # another request may have fetched them meanwhile
                if self._must_fetch(key_id):
                    await self._fetch()
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        key = self._keys.get(key_id) if isinstance(key_id, str) else None
        if key is None:
            raise Unauthenticated
        return key

    def _must_fetch(self, key_id: object) -> bool:
        now = self.monotonic()
        if now - self._failed < _AFTER_FAILURE_SECONDS:
            if not self._keys:
                raise _unavailable()
            return False
        if not self._keys or now - self._fetched > _KEPT_SECONDS:
            return True
        while self._fetches and now - self._fetches[0] > _FETCH_WINDOW:
            self._fetches.popleft()
        unknown = isinstance(key_id, str) and key_id not in self._keys
        return unknown and len(self._fetches) < _MOST_FETCHES

    async def _fetch(self) -> None:
        self._fetches.append(self.monotonic())
        try:
            address = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
            found = await self._get(address)
            # whoever answers must be who the tokens name (OpenID Connect Discovery, section 4.3)
            if found["issuer"] != self.issuer:
                raise ValueError
            self._refuse_clear(found)
            document = await self._get(found["jwks_uri"])
            keys = jwt.PyJWKSet.from_dict(document).keys
        except (
            *(httpx.HTTPError, httpx.InvalidURL, jwt.PyJWTError, TimeoutError),
            *(ValueError, KeyError, TypeError, AttributeError),
        ) as error:
            log.warning("oidc.keys_unavailable", issuer=self.issuer, error=type(error).__name__)
            self._failed = self.monotonic()
            if self._keys:
                return  # the known ones go on; a new one waits for the issuer
            raise _unavailable() from None
        signing = [key for key in keys if key.public_key_use in {None, "sig"}]
        self._keys = {str(key.key_id or ""): key for key in signing}
        self._named = {
            str(item.get("kid") or ""): str(item["alg"])
            for item in document["keys"]
            if item.get("alg")
        }
        self._found = found
        self._fetched, self._failed = self.monotonic(), float("-inf")

    def _refuse_clear(self, found: Mapping[str, Any]) -> None:
        for name in _ENDPOINTS:
            address = found.get(name)
            if address is not None and in_the_clear(address, allowed=self.allow_plain_http):
                raise EndpointInTheClear

    async def _get(self, address: str) -> Any:
        return await get_json(self.http, address, most=self.answer_bytes, seconds=self.seconds)


def _name(claims: Mapping[str, Any], subject: str) -> str:
    given = claims.get("name") or claims.get("preferred_username") or subject
    return "".join(letter for letter in str(given) if letter.isprintable())[:200] or subject


def _unavailable() -> Unavailable:
    return Unavailable(
        "The identity provider cannot be reached; try again shortly.", code="issuer-unavailable"
    )
