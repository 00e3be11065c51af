"""What a request may cost: bytes of its body, and seconds until its answer begins."""

import asyncio
import contextlib
import re
from typing import ClassVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import AppError, ContentTooLarge, Culprit
from app.http.problems import problem_response

# members are streamed in, and a preview reads them all: both have limits of their own
_STREAMS_IN = re.compile(r"^/v1/segments/[^/]+/members$")
_TAKES_LONG = re.compile(r"^/v1/(segments/[^/]+/members|exports/[^/]+/preview)$")


class TimedOut(AppError):
    """The request took too long and was given up; look at what became of it before repeating it."""

    code = "request-timeout"
    status: ClassVar[int] = 504
    culprit = Culprit.SYSTEM


class BodyLimit:
    """Refuses a body that is larger than the limit, before it is read into memory."""

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        """`limit` in bytes; routes that stream their body are left alone (they have their own)."""
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or _streams_in(scope):
            await self.app(scope, receive, send)
            return
        seen, refused = 0, False

        async def counted() -> Message:
            nonlocal seen, refused
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self.limit:
                    refused = True
                    return {"type": "http.disconnect"}
            return message

        async def guarded(message: Message) -> None:
            if not refused:
                await send(message)

        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self.limit:
            refused = True
        else:
            with contextlib.suppress(ClientDisconnect):
                await self.app(scope, counted, guarded)
        if refused:
            error = ContentTooLarge(f"The body may hold at most {self.limit:,} bytes.")
            await problem_response(Request(scope), error)(scope, receive, send)


class TimeLimit:
    """Gives up a request whose answer has not begun in time; its transaction is rolled back."""

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        """`seconds` until the answer begins; once it has, it may stream for as long as it likes."""
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or _TAKES_LONG.match(scope["path"]):
            await self.app(scope, receive, send)
            return
        limit = asyncio.timeout(self.seconds)

        async def noticed(message: Message) -> None:
            if message["type"] == "http.response.start" and not limit.expired():
                limit.reschedule(None)
            await send(message)

        try:
            async with limit:
                await self.app(scope, receive, noticed)
        except TimeoutError:
            if not limit.expired():
                raise
            error = TimedOut(
                f"The request was given up after {self.seconds:g} s; look at what became of it "
                "before repeating it."
            )
            await problem_response(Request(scope), error)(scope, receive, send)


def _streams_in(scope: Scope) -> bool:
    return scope["method"] == "PUT" and _STREAMS_IN.match(scope["path"]) is not None
