"""A caller: who they are and in which role; and how a credential becomes one."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.db.models import ApiKey
from app.db.secrets import Vault
from app.db.session import Database
from app.errors import Forbidden, Unauthenticated
from app.ids import is_id

KEY_PREFIX = "aek_"
_TOUCH_EVERY = timedelta(minutes=1)
_KEY = """
select id, role, display_name, key_hash, expires_at, last_used_at, revoked_at
from api_keys where key_hash = any($1)"""


class Role(StrEnum):
    """The three roles of the product (L71, L74)."""

    ADMINISTRATOR = "administrator"
    CONTRIBUTOR = "contributor"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whose credential was accepted."""

    id: str
    role: Role
    display_name: str
    request_id: str | None = None
    # of a browser that is signed in
    session_id: str | None = None

    @property
    def is_administrator(self) -> bool:
        """Administrators may do everything (L20, L74)."""
        return self.role is Role.ADMINISTRATOR


def role_needed(caller: Caller, *roles: Role, what: str = "This") -> Forbidden:
    """The refusal that names the role, and who can give it (L74)."""
    needed = " or ".join(roles)
    return Forbidden(
        f"{what} needs the role {needed}; yours is {caller.role}. An administrator can give it: a new "
        "API key has the role it is made with, and a sign-in has the one the identity provider names.",
        role=str(caller.role),
        required_roles=[str(role) for role in roles],
    )


# what the service does of its own accord: schedules, clean-up
SYSTEM = Caller(id="system", role=Role.ADMINISTRATOR, display_name="Audience Export")


async def is_in_force(session: AsyncSession, caller_id: str) -> bool:
    """Whether what a caller began may go on without them: false once their API key has ended."""
    if not is_id("key", caller_id):
        return True
    row = await session.get(ApiKey, caller_id)
    return row is not None and _stands(row.revoked_at, row.expires_at)


def _stands(revoked_at: datetime | None, expires_at: datetime | None) -> bool:
    ended = expires_at is not None and expires_at <= clock.now()
    return revoked_at is None and not ended


class TokenVerifier(Protocol):
    """Whoever can turn an issuer's token into a caller."""

    async def verify(self, token: str, *, request_id: str | None) -> Caller:
        """The caller. Raises `Unauthenticated`."""
        ...


class Authenticator:
    """Turns an Authorization header into a caller."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        *,
        bootstrap_key: str = "",
        issuer: TokenVerifier | None = None,
    ) -> None:
        """`bootstrap_key` is an administrator's key from the environment, for the first start."""
        self._database = database
        self._vault = vault
        self._issuer = issuer
        self._bootstrap = bootstrap_key.encode()

    def __repr__(self) -> str:
        """No keys."""
        return "Authenticator()"

    async def authenticate(self, authorization: str | None, *, request_id: str | None) -> Caller:
        """The caller. Raises `Unauthenticated`, the same whatever was wrong."""
        scheme, _, credential = (authorization or "").partition(" ")
        credential = credential.strip()
        if scheme.lower() != "bearer" or not credential:
            raise Unauthenticated
        if self._bootstrap and hmac.compare_digest(credential.encode(), self._bootstrap):
            return Caller("bootstrap", Role.ADMINISTRATOR, "Bootstrap key", request_id)
        # a token of an issuer has three parts; our keys have none
        if (
            self._issuer is not None
            and credential.count(".") == 2
            and not credential.startswith(KEY_PREFIX)
        ):
            return await self._issuer.verify(credential, request_id=request_id)
        return await self._by_api_key(credential, request_id)

    async def _by_api_key(self, credential: str, request_id: str | None) -> Caller:
        now, hashes = clock.now(), self._vault.key_hashes(credential)
        # the lookup is by keyed hash: what an attacker learns from its time is about the hash
        row = await self._database.first(_KEY, hashes)
        if row is None or not _stands(row["revoked_at"], row["expires_at"]):
            raise Unauthenticated
        touched = row["last_used_at"] is not None and row["last_used_at"] >= now - _TOUCH_EVERY
        if not touched or row["key_hash"] != hashes[0]:
            async with self._database.transaction() as session:
                # a hash under an older of ENCRYPTION_KEYS moves to the first while the key is at hand
                await session.execute(
                    update(ApiKey)
                    .where(ApiKey.id == row["id"])
                    .values(last_used_at=now, key_hash=hashes[0])
                )
        return Caller(row["id"], Role(row["role"]), row["display_name"], request_id)
