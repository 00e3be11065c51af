"""How long a credential may be: a longer one is none, and nobody decodes it to find out."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import AppError, Culprit
from app.http.problems import problem_response


class BearerTooLong(AppError):
    """The Authorization header holds more than any key or token of ours has."""

    code = "header-too-large"
    status = 431
    culprit = Culprit.USER


class BearerLimit:
    """Refuses an Authorization header that is longer than any credential."""

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        """`limit` in bytes, of the credential after its scheme."""
        self.app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            for name, value in scope["headers"]:
                if name == b"authorization" and len(value) > self._limit + len("Bearer "):
                    answer = problem_response(Request(scope), BearerTooLong())
                    await answer(scope, receive, send)
                    return
        await self.app(scope, receive, send)
