"""The caller as an argument of a route, and the least role a route asks for."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from app.access.attempts import Attempts
from app.access.callers import Authenticator, Caller, Role
from app.errors import Forbidden, Unauthenticated
from app.http.dependencies import request_id

# only for the OpenAPI document: the header itself is read below, so that a wrong one is a problem document
_bearer = HTTPBearer(auto_error=False, description="an API key, or a token of the OIDC issuer")


async def identify(request: Request) -> Caller:
    """Whoever holds the request's credential, looked at once.

    Raises `Unauthenticated`, and `TooManyRequests` after many failures from one address.
    """
    known: Caller | None = getattr(request.state, "caller", None)
    if known is not None:
        return known
    authenticator: Authenticator = request.app.state.authenticator
    attempts: Attempts = request.app.state.attempts
    address = request.client.host if request.client is not None else "unknown"
    authorization = request.headers.get("Authorization")
    await attempts.check(address)
    try:
        caller = await authenticator.authenticate(authorization, request_id=request_id(request))
    except Unauthenticated:
        if authorization:
            await attempts.failed(address)
        raise
    request.state.caller = caller
    structlog.contextvars.bind_contextvars(caller=caller.id, role=str(caller.role))
    return caller


async def get_caller(request: Request, _: Annotated[object, Security(_bearer)] = None) -> Caller:
    """The caller, as an argument. Raises as `identify`."""
    return await identify(request)


CallerDep = Annotated[Caller, Depends(get_caller)]


def _at_least(*roles: Role) -> Callable[[Caller], Coroutine[Any, Any, Caller]]:
    async def check(caller: CallerDep) -> Caller:
        if caller.role not in roles:
            raise Forbidden
        return caller

    return check


ViewerDep = CallerDep
ContributorDep = Annotated[Caller, Depends(_at_least(Role.CONTRIBUTOR, Role.ADMINISTRATOR))]
AdministratorDep = Annotated[Caller, Depends(_at_least(Role.ADMINISTRATOR))]
