"""The caller is known before the first byte of a body is read.

FastAPI reads a body before it asks for what a route depends on, so anybody could make it read, and
wait. Which routes ask for a caller is seen from the routes; there is no list to forget one in.
"""

import contextlib

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.dependencies import get_caller, identify
from app.errors import AppError
from app.http.problems import problem_response


class CallerFirst:
    """Lets a route read its body once its caller is known, if it asks for one."""

    def __init__(self, app: ASGIApp) -> None:
        """`app` is what is wrapped."""
        self.app = app
        self._asking: dict[int, bool] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        looked, refused = False, None

        async def known_first() -> Message:
            nonlocal looked, refused
            if not looked:
                looked = True
                if self._asks(scope.get("route")):
                    try:
                        # kept in the request's state, so that the route does not look again
                        await identify(Request(scope))
                    except AppError as error:
                        refused = error
            return await receive() if refused is None else {"type": "http.disconnect"}

        async def guarded(message: Message) -> None:
            if refused is None:
                await send(message)

        with contextlib.suppress(ClientDisconnect):
            await self.app(scope, known_first, guarded)
        if refused is not None:
            await problem_response(Request(scope), refused)(scope, receive, send)

    def _asks(self, route: object) -> bool:
        if not isinstance(route, APIRoute):
            return False
        known = self._asking.get(id(route))
        if known is None:
            known = self._asking[id(route)] = _depends_on_caller(route.dependant)
        return known


def _depends_on_caller(dependant: Dependant) -> bool:
    if dependant.call is get_caller:
        return True
    return any(_depends_on_caller(inner) for inner in dependant.dependencies)
