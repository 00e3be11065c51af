"""What pages of other origins may send and read, where CORS_ALLOWED_ORIGINS lets them in."""

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import BadRequest
from app.http.problems import problem_response

_RULES: dict[str, Any] = {
    "allow_methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    "allow_headers": [
        "Authorization",
        "Content-Type",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "Last-Event-ID",
        "X-Request-ID",
    ],
    "expose_headers": ["ETag", "Location", "Retry-After", "X-Request-ID", "Idempotency-Replayed"],
}


class CrossOrigin(CORSMiddleware):
    """Starlette's, whose refusals of a preflight are problem documents too."""

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        """`origins` as browsers write them, or `*`."""
        super().__init__(app, allow_origins=origins, **_RULES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            headers = Headers(scope=scope)
            if "origin" in headers and "access-control-request-method" in headers:
                answer: Response = self.preflight_response(headers)
                if answer.status_code >= 400:
                    said = {k: v for k, v in answer.headers.items() if not k.startswith("content-")}
                    error = BadRequest(bytes(answer.body).decode() + ".")
                    answer = problem_response(Request(scope), error, headers=said)
                await answer(scope, receive, send)
                return
        await super().__call__(scope, receive, send)
