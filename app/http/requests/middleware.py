"""What surrounds every request: its id, one log line, and the headers of a safe answer."""

import asyncio
import re
import time
from contextlib import AbstractContextManager, nullcontext

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import Unavailable
from app.http.problems import problem_response, shown_path, unexpected
from app.http.requests.disconnect import CallerGone
from app.ids import new_id
from app.observability.crashes import STOPS
from app.observability.logs import get_logger
from app.observability.tracing import Traced, span

log = get_logger(__name__)

REQUESTS = Counter("http_requests_total", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram("http_request_seconds", "Time to the end of the answer", ["method", "route"])

_ID = re.compile(r"^[A-Za-z0-9._-]{1,100}$")
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})
# an answer is data: it is not framed, guessed at, cached, or able to load anything
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]


class RequestFrame:
    """Gives a request its id, times it, logs one line, and adds the headers."""

    def __init__(self, app: ASGIApp) -> None:
        """`app` is what is wrapped."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _ID.match(given) else new_id("req")
        # of its own for each request, whatever the server hands in: the caller is kept here, too
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        structlog.contextvars.bind_contextvars(request_id=request_id)
        with self._span(scope, request_id) as traced:
            await self._framed(scope, receive, send, request_id, traced)

    @staticmethod
    def _span(scope: Scope, request_id: str) -> AbstractContextManager[Traced]:
        """The request in the caller's trace, if it sent one; probes are nobody's trace."""
        if scope["path"] in _QUIET:
            return nullcontext(Traced(None))
        given = [value for name, value in scope["headers"] if name == b"traceparent"]
        # of two neither is it (W3C Trace Context, 3.2)
        parent = given[0].decode("latin-1") if len(given) == 1 else ""
        return span(scope["method"], kind="server", parent=parent, request_id=request_id)

    async def _framed(
        self, scope: Scope, receive: Receive, send: Send, request_id: str, traced: Traced
    ) -> None:
        began, status, streams, sent = time.perf_counter(), 0, False, 0

        async def framed(message: Message) -> None:
            nonlocal status, streams, sent
            sent += len(message.get("body", b""))
            if message["type"] == "http.response.start":
                status = message["status"]
                names = {name.lower() for name, _ in message["headers"]}
                streams = b"content-length" not in names
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    *(pair for pair in _HEADERS if pair[0] not in names),
                ]
            await send(message)

        try:
            await self.app(scope, receive, framed)
        except asyncio.CancelledError:
            # the server is being stopped, and would say so in a way that is no problem document
            if not status:
                await problem_response(Request(scope), _Stopping())(scope, receive, framed)
            elif streams:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                raise
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001 - the last net there is, for panics of polars too
            # the server would print the traceback, and with it what its messages hold
            answer = unexpected(Request(scope), error)
            if status:
                raise _Broken from None
            await answer(scope, receive, framed)
        finally:
            seconds = time.perf_counter() - began
            # nothing was answered: nobody waited any more
            status = status or CallerGone.status
            route = getattr(scope.get("route"), "path", "(none)")
            REQUESTS.labels(scope["method"], route, status).inc()
            SECONDS.labels(scope["method"], route).observe(seconds)
            traced.set(
                f"{scope['method']} {route}",
                http__request__method=scope["method"],
                http__route=route,
                http__response__status_code=status,
                code=scope["state"].get("problem", {}).get("code"),
            )
            if status >= 500:
                traced.failed(str(status))
            _tell(scope, route, status, seconds, sent)
            structlog.contextvars.unbind_contextvars("request_id", "caller", "role")


def _tell(scope: Scope, route: str, status: int, seconds: float, sent: int) -> None:
    """The line of the request in the log."""
    if scope["path"] not in _QUIET:
        # its query may hold a code of a sign-in and is left out
        log.info(
            "request",
            method=scope["method"],
            path=shown_path(scope),
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 1),
            sent_bytes=sent,
            **scope["state"].get("problem", {}),
        )


class _Stopping(Unavailable):
    """The service is being stopped; send the request again shortly."""


class _Broken(Exception):
    """An answer that had begun cannot go on: the server closes the connection."""
