"""The caller as an argument of a route, and the least role a route asks for."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from app.access.browser_sessions.cookies import session_token
from app.access.browser_sessions.same_origin import SAFE_METHODS, check_same_origin
from app.access.browser_sessions.sessions import Sessions
from app.access.callers import Authenticator, Caller, Role, role_needed
from app.access.failed_attempts import Attempts
from app.errors import Unauthenticated
from app.http.dependencies import request_id

# only for the OpenAPI document: the header itself is read below, so that a wrong one is a problem document
_bearer = HTTPBearer(auto_error=False, description="an API key, or a token of the OIDC issuer")


async def identify(request: Request) -> Caller:
    """Whoever holds the request's credential, looked at once.

    Raises `Unauthenticated`, and `TooManyRequests` after many failures of an address or a key.
    """
    known: Caller | None = getattr(request.state, "caller", None)
    if known is not None:
        return known
    authorization = request.headers.get("Authorization")
    token = session_token(request) if authorization is None else None
    if token is not None:
        caller = await _by_cookie(request, token)
    else:
        caller = await by_credential(request, authorization)
    request.state.caller = caller
    structlog.contextvars.bind_contextvars(caller=caller.id, role=str(caller.role))
    return caller


async def by_credential(request: Request, authorization: str | None) -> Caller:
    """Whoever holds the credential of an Authorization header; only failures are counted.

    Raises `Unauthenticated`, `TooManyRequests`.
    """
    authenticator: Authenticator = request.app.state.authenticator
    credential = (authorization or "").partition(" ")[2].strip()
    async with counting_failures(request, counts=bool(authorization), credential=credential):
        return await authenticator.authenticate(authorization, request_id=request_id(request))


@asynccontextmanager
async def counting_failures(
    request: Request, *, counts: bool = True, credential: str = ""
) -> AsyncIterator[None]:
    """Count it against address and credential if what is tried in the block is `Unauthenticated`.

    Raises `TooManyRequests` in its place when there were too many.
    """
    attempts: Attempts = request.app.state.attempts
    address = request.client.host if request.client is not None else "unknown"
    try:
        yield
    except Unauthenticated:
        if counts:
            await attempts.failed(address, credential)
        raise


async def _by_cookie(request: Request, token: str) -> Caller:
    if request.method not in SAFE_METHODS:
        public_url = request.app.state.settings.public_url
        check_same_origin(request.headers, public_url=public_url, cookie_is_used=True)
    sessions: Sessions = request.app.state.sessions
    # 256 random bits: nobody guesses them, so a session that ended is not counted as a try
    return (await sessions.find(token, request_id=request_id(request))).caller


async def get_caller(request: Request, _: Annotated[object, Security(_bearer)] = None) -> Caller:
    """The caller, as an argument. Raises as `identify`."""
    return await identify(request)


CallerDep = Annotated[Caller, Depends(get_caller)]


def _at_least(*roles: Role) -> Callable[[Caller], Coroutine[Any, Any, Caller]]:
    async def check(caller: CallerDep) -> Caller:
        if caller.role not in roles:
            raise role_needed(caller, *roles)
        return caller

    return check


ViewerDep = CallerDep
ContributorDep = Annotated[Caller, Depends(_at_least(Role.CONTRIBUTOR, Role.ADMINISTRATOR))]
AdministratorDep = Annotated[Caller, Depends(_at_least(Role.ADMINISTRATOR))]
