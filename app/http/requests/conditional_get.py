"""HEAD wherever GET is, and `304 Not Modified` for who has the answer already (RFC 9110, 8.8.3 and 13.1.2).

Every JSON answer to a GET has an ETag. That of a resource with a `version` is the version and a digest:
names and states that are shown beside it change without a new version. If-Match goes by the version alone.
"""

import hashlib

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_OF_THE_BODY = ("content-length", "content-type", "content-encoding")


class Conditional:
    """Answers HEAD as GET without its body, and 304 where If-None-Match names the answer."""

    def __init__(self, app: ASGIApp) -> None:
        """`app` is what is wrapped."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(scope, send, head=scope["method"] == "HEAD")

        async def listening() -> Message:
            # a stream has been looked at enough once its head was seen
            return {"type": "http.disconnect"} if answer.over else await receive()

        if not answer.head:
            await self.app(scope, receive, answer.take)
            return
        # in place: what the router learns of the request is read outside of here, too
        scope["method"] = "GET"
        try:
            await self.app(scope, listening, answer.take)
        finally:
            scope["method"] = "HEAD"


class _Answer:
    """An answer on its way out."""

    def __init__(self, scope: Scope, send: Send, *, head: bool) -> None:
        self.head = head
        self.over = False
        self._scope = scope
        reads = scope["method"] in {"GET", "HEAD"}
        self._reads = reads
        self._known = Headers(scope=scope).get("if-none-match") if reads else None
        self._send = send
        self._start: Message | None = None

    async def take(self, message: Message) -> None:
        if self.over:
            return
        if message["type"] == "http.response.start":
            if self.head and _streams(message):
                await self._finish(message)
            elif (_is_json(message) and self._tagged(message)) or self.head:
                self._start = message
            else:
                await self._send(message)
            return
        start, self._start = self._start, None
        if start is None:
            await self._send(message)
            return
        if self._tagged(start) and _is_json(start) and not message.get("more_body"):
            self._tag(start, message.get("body", b""))
        if self.head or start["status"] == 304:
            await self._finish(start)
            return
        await self._send(start)
        await self._send(message)

    def _tagged(self, start: Message) -> bool:
        """What is read has a tag, and so has what was just written and has a version."""
        if self._reads:
            return bool(start["status"] == 200)
        return start["status"] in {200, 201} and "etag" in Headers(raw=start["headers"])

    async def _finish(self, start: Message) -> None:
        self.over = True
        if self.head:
            # the server holds the body against the length unless it knows that there is none
            self._scope["method"] = "HEAD"
        await self._send(start)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _tag(self, start: Message, body: bytes) -> None:
        headers = MutableHeaders(raw=start["headers"])
        version = headers.get("etag", "").strip('"')
        if version:
            # the same whether it was just written or is read back: the database keeps objects in its order
            body = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
        digest = hashlib.blake2b(body, digest_size=9).hexdigest()
        headers["etag"] = f'"{version}-{digest}"' if version else f'W/"{digest}"'
        if self._known is not None and _names(self._known, headers["etag"]):
            start["status"] = 304
            for name in _OF_THE_BODY:
                if name in headers:
                    del headers[name]
        start["headers"] = headers.raw


def _names(given: str, etag: str) -> bool:
    """Weak comparison: `W/` makes no difference."""
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    return "*" in tags or etag.removeprefix("W/") in tags


def _is_json(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith("application/json")


def _streams(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
