"""The sandbox as a process, with a record of which rows each upload carried.

The sandbox's own log names sessions and numbers, which a resumed run gives anew; whether a batch was
sent twice is only told by its rows. `GET /_tap?since=N` lists the uploads from the N-th on.
"""

import hashlib
import sys
import time
from typing import Any

import orjson
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.main import create_app
from sandbox.state import SandboxState

_EDGES = ("users", "usersreplace")


class _Sender:
    """Hands the connection through: the sandbox looks for it behind `send` to cut it."""

    def __init__(self, send: Send, entry: dict[str, Any]) -> None:
        self.transport = getattr(getattr(send, "__self__", None), "transport", None)
        self._send = send
        self._entry = entry

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = dict(message["headers"])
            self._entry["trace_id"] = headers.get(b"x-fb-trace-id", b"").decode()
            self._entry["status"] = message["status"]
        await self._send(message)


class Tap:
    """Notes uploads on their way into the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._entries: list[dict[str, Any]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").split("/")
        if path[-1] == "_tap":
            await self._list(scope, send)
        elif scope["type"] == "http" and path[-1] in _EDGES and scope["method"] != "GET":
            entry = {"at": time.time(), "audience": path[-2], "method": scope["method"]}
            await self._app(scope, self._noting(receive, entry), _Sender(send, entry).send)
        else:
            await self._app(scope, receive, send)

    def _noting(self, receive: Receive, entry: dict[str, Any]) -> Receive:
        chunks: list[bytes] = []

        async def noting() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                chunks.append(message.get("body", b""))
                if not message.get("more_body"):
                    body = b"".join(chunks)
                    rows = body[body.find(b'"data":') : body.rfind(b',"session":')]
                    entry["rows"] = hashlib.sha256(rows).hexdigest()
                    self._entries.append(entry)
            return message

        return noting

    async def _list(self, scope: Scope, send: Send) -> None:
        since = int(scope["query_string"].decode().partition("since=")[2] or 0)
        body = orjson.dumps(self._entries[since:])
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(
        Tap(create_app(SandboxState())),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=False,
        log_level="warning",
        lifespan="off",
        timeout_keep_alive=60,
        timeout_graceful_shutdown=2,
    )
