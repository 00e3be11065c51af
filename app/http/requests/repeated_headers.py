"""Headers that stand once: a request with two of them is refused, since one would be dropped unseen.

Which of two keys, tags or credentials is meant is nobody's to guess (RFC 9110, 5.3). Lists of tags or codings
stand in one header, with commas. Of Host, `KnownHosts` says the same.
"""

from collections import Counter

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import BadRequest
from app.http.problems import problem_response

# in the letters of the documents that say what each means
_ONCE = {
    name.lower().encode(): name
    for name in (
        "Authorization",
        "Content-Encoding",
        "Content-Length",
        "Content-Type",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "Last-Event-ID",
        "Origin",
        "Sec-Fetch-Site",
        "X-Request-ID",
    )
}


class RepeatedHeader(BadRequest):
    """A header stands twice that may stand once."""

    code = "header-repeated"


class StandOnce:
    """Refuses requests in which a header stands twice of which one would be dropped."""

    def __init__(self, app: ASGIApp) -> None:
        """`app` is what is wrapped."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            given = Counter(name for name, _ in scope["headers"] if name in _ONCE)
            twice = next((_ONCE[name] for name, times in given.items() if times > 1), None)
            if twice is not None:
                error = RepeatedHeader(f"{twice} stands more than once; send it once.")
                await problem_response(Request(scope), error)(scope, receive, send)
                return
        await self.app(scope, receive, send)
