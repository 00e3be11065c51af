"""Continue with Facebook: the way out to Meta's dialog and the way back with a token (S26-S28).

A state is random, used once, good for ten minutes, and bound to the connection, to the caller who asked
and to the browser that was given the cookie. Whoever comes back must bring that cookie or the caller's
own credential: else a link that was passed on would put another person's token into the connection.
Whatever goes wrong, nothing is stored but what went wrong.
https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import clock
from app.access.audit import record
from app.access.callers import Caller, Role, is_in_force
from app.connections import verification
from app.connections.collaborators import Connections
from app.connections.parts import complete, put_token
from app.connections.service import get_connection
from app.db.models import Connection, SignIn
from app.errors import (
    AppError,
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    Unauthenticated,
    Unprocessable,
)
from app.facebook import help_links
from app.facebook.client import SCOPE
from app.facebook.errors import Action, GraphError
from app.facebook.objects.ad_accounts import TokenInfo
from app.observability.logs import get_logger

log = get_logger(__name__)

GOOD_FOR = timedelta(minutes=10)
DECLINED = "permission-declined"
DENIED = "sign-in-denied"


@dataclass(frozen=True, slots=True)
class Way:
    """How to reach Meta's dialog, and what the browser must bring back."""

    authorization_url: str = field(repr=False)
    expires_at: datetime
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Return:
    """What the browser came back with from Meta's dialog."""

    state: str | None = field(repr=False)
    code: str | None = field(repr=False)
    error: str | None
    browser: str | None = field(repr=False)
    request_id: str | None


class SignInUnbound(Unauthenticated):
    """The sign-in was begun elsewhere; finish it in that browser, or with the key it was begun with."""

    code = "sign-in-unbound"


class SignInRefused(Unprocessable):
    """The sign-in gave no usable token; nothing was stored."""

    code = "sign-in-refused"


async def begin(
    deps: Connections,
    connection_id: str,
    *,
    caller: Caller,
    redirect_uri: str,
    config_id: str | None,
) -> Way:
    """The address of Meta's dialog for this connection. Raises `NotFound`, `Conflict` without an app."""
    if not deps.graph.has_app:
        raise Conflict(
            "No Meta app is configured: set FACEBOOK_APP_ID and FACEBOOK_APP_SECRET, or give the "
            "connection an access token.",
            code="sign-in-not-configured",
        )
    state, browser, now = secrets.token_urlsafe(32), secrets.token_urlsafe(32), clock.now()
    async with deps.database.transaction() as session:
        row = await get_connection(session, connection_id)
        await session.execute(delete(SignIn).where(SignIn.expires_at < now - timedelta(days=1)))
        session.add(
            SignIn(
                state_hash=_hash(state),
                connection_id=row.id,
                caller=caller.id,
                role=caller.role,
                browser_hash=_hash(browser),
                created_at=now,
                expires_at=now + GOOD_FOR,
            )
        )
        record(session, caller, "connection.sign_in_started", row.id)
    address = deps.graph.dialog_address(
        state, redirect_uri, rerequest=row.sign_in_problem == DECLINED, config_id=config_id
    )
    return Way(address, now + GOOD_FOR, browser)


async def finish(
    deps: Connections, came: Return, *, caller: Caller | None, redirect_uri: str
) -> Connection:
    """Put the token of a finished dialog into its connection; whatever runs goes on with it (L17).

    `caller` is whoever the request says it is, if it says; it must be who began. Raises `BadRequest`
    (`sign-in-unknown`), `Conflict` (`sign-in-used`, `sign-in-expired`), `SignInUnbound`, `Forbidden`
    (`sign-in-foreign`, `sign-in-revoked`), `SignInRefused`, `Unprocessable`, `GraphError`.
    """
    async with deps.database.transaction() as session:
        started, began_by = await _take(session, came, caller)
        row = await get_connection(session, started.connection_id)
    try:
        if came.error is not None or came.code is None:
            raise SignInRefused(
                "The sign-in was cancelled at Facebook; nothing was stored. Begin again when ready.",
                code=DENIED,
                help_url=help_links.PERMISSIONS,
            )
        token, info = await _exchange(deps, came.code, redirect_uri)
        if row.ad_account is not None:
            # another person's token must open the same account, or the exports would fail at night
            await verification.verify_account(
                deps.graph, token, row.ad_account["id"], scopes=info.scopes
            )
        else:
            await verification.verify_some_account(deps.graph, token)
    except AppError as error:
        await _note(deps, row.id, began_by, error.code)
        raise
    async with deps.database.transaction() as session:
        found = await session.get(Connection, row.id, with_for_update=True)
        if found is None:
            raise NotFound("The connection was removed meanwhile; nothing was stored.")
        row, before = found, found.status
        put_token(deps.vault, row, token, info)
        row.updated_at, row.updated_by = clock.now(), began_by.id
        after = {"token_last4": row.token_last4, "token_kind": row.token_kind}
        record(session, began_by, "connection.signed_in", row.id, after=after)
        await session.flush()
    try:
        return await complete(deps, row, began_by, before=before)
    except AppError as error:
        # the sign-in stands; the connection says that its audience is missing, and a PATCH says why
        log.warning("connection.signed_in_incomplete", connection_id=row.id, code=error.code)
    async with deps.database.transaction() as session:
        return await get_connection(session, row.id)


async def _take(
    session: AsyncSession, came: Return, caller: Caller | None
) -> tuple[SignIn, Caller]:
    """The sign-in this state belongs to, used up from now on."""
    now = clock.now()
    started = await session.get(SignIn, _hash(came.state or ""))
    if started is None:
        raise BadRequest("This sign-in is not known; begin again.", code="sign-in-unknown")
    if caller is not None and caller.id != started.caller:
        raise Forbidden("This sign-in was begun by another caller.", code="sign-in-foreign")
    if came.browser is not None and not hmac.compare_digest(
        _hash(came.browser), started.browser_hash
    ):
        raise Forbidden("This sign-in was begun in another browser.", code="sign-in-foreign")
    if started.used_at is not None:
        raise Conflict("This sign-in was finished already; begin again.", code="sign-in-used")
    if started.expires_at <= now:
        raise Conflict("This sign-in took too long; begin again.", code="sign-in-expired")
    if not await is_in_force(session, started.caller):
        raise Forbidden(
            "The API key this sign-in was begun with is no longer valid.", code="sign-in-revoked"
        )
    if caller is None and came.browser is None:
        raise SignInUnbound
    taken = await session.execute(
        update(SignIn)
        .where(SignIn.state_hash == started.state_hash, SignIn.used_at.is_(None))
        .values(used_at=now)
        .returning(SignIn.connection_id)
    )
    if taken.one_or_none() is None:
        raise Conflict("This sign-in was finished already; begin again.", code="sign-in-used")
    return started, Caller(started.caller, Role(started.role), started.caller, came.request_id)


async def _exchange(deps: Connections, code: str, redirect_uri: str) -> tuple[str, TokenInfo]:
    """Code → token → long-lived token, with `ads_management` granted (S27)."""
    try:
        token = (await deps.graph.exchange_code(code, redirect_uri)).access_token
        # a system user's token lasts already, and only people's can be exchanged
        if (await deps.graph.debug_token(token)).kind == "user":
            token = (await deps.graph.exchange_long_lived(token)).access_token
    except GraphError as error:
        if error.action is Action.STOP and error.code == "sign-in-failed":
            raise SignInRefused(
                "Facebook did not accept the answer of the dialog; begin again.",
                code="sign-in-code-refused",
                help_url=help_links.TOKENS,
            ) from None
        raise
    try:
        return token, await verification.verify_token(deps.graph, token)
    except Unprocessable as error:
        if error.code == "permission-missing":
            raise SignInRefused(
                f"The {SCOPE} permission was not allowed; sign in again and allow it.",
                code=DECLINED,
                help_url=help_links.PERMISSIONS,
            ) from None
        raise


async def _note(deps: Connections, connection_id: str, caller: Caller, problem: str) -> None:
    """Say on the connection what went wrong; a declined permission is remembered until it is granted."""
    async with deps.database.transaction() as session:
        await session.execute(
            update(Connection)
            .where(
                Connection.id == connection_id,
                Connection.sign_in_problem.is_distinct_from(DECLINED),
            )
            .values(sign_in_problem=problem)
            .execution_options(synchronize_session=False)
        )
        after = {"problem": problem}
        record(session, caller, "connection.sign_in_failed", connection_id, after=after)


def _hash(value: str) -> bytes:
    return hashlib.sha256(b"sign-in" + value.encode()).digest()
