"""Content-Encoding of requests: refused where nothing would unpack it (RFC 9110, 8.4 and 15.5.16).

Pushed members are told by their first bytes, so packed ones are welcome with and without the header.
"""

import re

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import UnsupportedMediaType
from app.http.problems import problem_response

_TAKES_PACKED = re.compile(r"^/v1/segments/[^/]+/members$")
_OF_MEMBERS = frozenset({"gzip", "x-gzip", "zstd"})


class Packing:
    """Refuses a body that is packed in a way nobody here unpacks; the header is never ignored."""

    def __init__(self, app: ASGIApp) -> None:
        """`app` is what is wrapped."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            given = headers.get("content-encoding", "").lower().split(",")
            packed = {name.strip() for name in given} - {"", "identity"}
            taken = _OF_MEMBERS if _TAKES_PACKED.match(scope["path"]) else frozenset()
            if packed - taken and _has_body(headers):
                error = UnsupportedMediaType(
                    "The body is packed (Content-Encoding), and is not unpacked here; send it as it is."
                )
                accepted = ", ".join(sorted(taken)) or "identity"
                answer = problem_response(
                    Request(scope), error, headers={"Accept-Encoding": accepted}
                )
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
