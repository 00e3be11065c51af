"""Sessions of browsers: an opaque token in a cookie, its hash in Postgres, ended with its credential.

Eight hours without a request end a session, and a day in any case. Revoking the API key somebody signed
in with, or changing the bootstrap key, ends theirs at once. A link that signs in works once, and soon.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.audit import record
from app.access.callers import Caller, Role, is_in_force
from app.db.models import BrowserSession, SignInLink
from app.db.secrets import Vault
from app.db.session import Database
from app.errors import Unauthenticated
from app.ids import new_id

IDLE = timedelta(hours=8)
LONGEST = timedelta(hours=24)
LINK_LIVES = timedelta(hours=1)
_TOUCH_EVERY = timedelta(minutes=1)
_BOOTSTRAP, _OIDC, _KEY = "bootstrap", "oidc", "key"


class SessionEnded(Unauthenticated):
    """The session has ended; sign in again."""

    code = "session-ended"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session as its owner sees it; `ends_at` unless it is used before."""

    id: str
    caller: Caller
    method: str
    created_at: datetime
    ends_at: datetime
    expires_at: datetime


class Sessions:
    """Begins, recognises and ends sessions."""

    def __init__(
        self, database: Database, vault: Vault, *, bootstrap_key: str = "", issuer: str = ""
    ) -> None:
        """`bootstrap_key` and `issuer` as they are configured now: another one ends its sessions."""
        self._database = database
        self._bootstrap = vault.key_hashes(bootstrap_key) if bootstrap_key else []
        self._issuer = [_hash("issuer", issuer)] if issuer else []

    async def begin(self, caller: Caller) -> tuple[SignedIn, str]:
        """A new session of the caller, and the token for the cookie, which is kept nowhere.

        It always has a token of its own, so that one planted before signing in is worth nothing.
        """
        method, proof = self._credential(caller.id)
        token, now = secrets.token_urlsafe(32), clock.now()
        row = BrowserSession(
            id=new_id("ses"),
            token_hash=_hash("session", token),
            caller=caller.id,
            role=caller.role,
            display_name=caller.display_name,
            method=method,
            credential_hash=proof,
            created_at=now,
            last_used_at=now,
            expires_at=now + LONGEST,
        )
        async with self._database.transaction() as session:
            await session.execute(delete(BrowserSession).where(BrowserSession.expires_at <= now))
            session.add(row)
            record(session, caller, "session.began", row.id, after={"method": method})
            await session.flush()
        return _signed_in(row, caller), token

    async def find(self, token: str, *, request_id: str | None) -> SignedIn:
        """The session of a cookie's token. Raises `SessionEnded`, whatever ended it."""
        now, token_hash = clock.now(), _hash("session", token)
        async with self._database.transaction() as session:
            row = await session.scalar(
                select(BrowserSession).where(BrowserSession.token_hash == token_hash)
            )
            if row is None or not await self._stands(session, row, now):
                raise SessionEnded
            if row.last_used_at < now - _TOUCH_EVERY:
                await session.execute(
                    update(BrowserSession)
                    .where(BrowserSession.id == row.id)
                    .values(last_used_at=now)
                )
        caller = Caller(row.caller, Role(row.role), row.display_name, request_id, row.id)
        return _signed_in(row, caller)

    async def end(self, caller: Caller) -> None:
        """Sign out: the token is worth nothing from now on."""
        async with self._database.transaction() as session:
            gone = await session.execute(
                delete(BrowserSession)
                .where(BrowserSession.id == caller.session_id)
                .returning(BrowserSession.id)
            )
            if gone.one_or_none() is not None:
                record(session, caller, "session.ended", caller.session_id)

    async def make_link(self, caller: Caller) -> tuple[str, datetime]:
        """A ticket that signs the caller in once, and until when."""
        method, proof = self._credential(caller.id)
        ticket, now = secrets.token_urlsafe(32), clock.now()
        async with self._database.transaction() as session:
            await session.execute(delete(SignInLink).where(SignInLink.expires_at <= now))
            session.add(
                SignInLink(
                    ticket_hash=_hash("ticket", ticket),
                    caller=caller.id,
                    role=caller.role,
                    display_name=caller.display_name,
                    method=method,
                    credential_hash=proof,
                    expires_at=now + LINK_LIVES,
                )
            )
            record(session, caller, "session.link_made", None)
        return ticket, now + LINK_LIVES

    async def redeem(self, ticket: str, *, request_id: str | None) -> Caller:
        """Whose link it is; it is used up. Raises `Unauthenticated`."""
        async with self._database.transaction() as session:
            row = await session.scalar(
                delete(SignInLink)
                .where(SignInLink.ticket_hash == _hash("ticket", ticket))
                .returning(SignInLink)
            )
            if (
                row is None
                or row.expires_at <= clock.now()
                or not await self._holds(session, row.caller, row.method, row.credential_hash)
            ):
                raise Unauthenticated(
                    "This sign-in link was used already, or its hour is over; ask for another one.",
                    code="link-used",
                )
        return Caller(row.caller, Role(row.role), row.display_name, request_id)

    async def is_standing(self, session: AsyncSession, caller: Caller) -> bool:
        """Whether a stream that the caller opened may go on: key and session are still there."""
        if caller.session_id is None:
            return await is_in_force(session, caller.id)
        row = await session.get(BrowserSession, caller.session_id, populate_existing=True)
        return row is not None and await self._stands(session, row, clock.now())

    async def _stands(self, session: AsyncSession, row: BrowserSession, now: datetime) -> bool:
        if row.expires_at <= now or row.last_used_at + IDLE <= now:
            return False
        return await self._holds(session, row.caller, row.method, row.credential_hash)

    async def _holds(
        self, session: AsyncSession, caller: str, method: str, proof: bytes | None
    ) -> bool:
        """Whether what somebody signed in with is still good."""
        if method == _KEY:
            return await is_in_force(session, caller)
        known = self._bootstrap if method == _BOOTSTRAP else self._issuer
        return any(hmac.compare_digest(proof or b"", one) for one in known)

    def _credential(self, caller_id: str) -> tuple[str, bytes | None]:
        if caller_id == _BOOTSTRAP:
            return _BOOTSTRAP, self._bootstrap[0]
        if caller_id.startswith("oidc:"):
            return _OIDC, self._issuer[0]
        return _KEY, None


def _signed_in(row: BrowserSession, caller: Caller) -> SignedIn:
    ends = min(row.expires_at, row.last_used_at + IDLE)
    return SignedIn(row.id, caller, row.method, row.created_at, ends, row.expires_at)


def _hash(kind: str, secret: str) -> bytes:
    # of 256 random bits, so no key is needed that an attacker would lack
    return hashlib.sha256(f"{kind}\0{secret}".encode()).digest()
