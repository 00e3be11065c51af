"""The client's connection: reads a body, sends an answer, half an answer, or hangs up."""

from dataclasses import dataclass
from typing import Final

import orjson
from starlette.types import Receive, Scope, Send

from sandbox.context import Answer

TRANSPORT: Final = "sandbox.transport"
"""Key of the connection's transport in the ASGI scope; absent where there is no connection."""


class ClientGoneError(Exception):
    """The client hung up before its request was complete."""


@dataclass(frozen=True, slots=True)
class Connection:
    """The three parts of an ASGI call."""

    scope: Scope
    receive: Receive
    send: Send

    async def read_body(self) -> bytes:
        """The whole body; raises ClientGoneError if it never comes."""
        chunks: list[bytes] = []
        while True:
            message = await self.receive()
            if message["type"] != "http.request":
                raise ClientGoneError
            chunks.append(message.get("body", b""))
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def send_json(self, answer: Answer, trace_id: str) -> None:
        """An answer of the Graph API, with the headers all of them carry."""
        body = orjson.dumps(answer.body)
        await self.send_page(answer.status, body, _headers(answer, trace_id))

    async def send_page(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Any answer."""
        await self._start(status, len(body), headers)
        await self.send({"type": "http.response.body", "body": body})

    async def send_half(self, answer: Answer, trace_id: str) -> None:
        """Promise an answer and send its first half; hang up after this."""
        body = orjson.dumps(answer.body)
        await self._start(answer.status, len(body), _headers(answer, trace_id))
        half = body[: len(body) // 2]
        await self.send({"type": "http.response.body", "body": half, "more_body": True})

    async def hang_up(self) -> None:
        """Close the TCP connection and wait until it is gone.

        Where there is none (an in-process transport) it raises ConnectionResetError instead.
        """
        transport = self.scope.get(TRANSPORT)
        if transport is None:
            raise ConnectionResetError("the sandbox hung up")
        transport.close()
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _start(self, status: int, length: int, headers: dict[str, str]) -> None:
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        raw.append((b"content-length", str(length).encode()))
        await self.send({"type": "http.response.start", "status": status, "headers": raw})


def _headers(answer: Answer, trace_id: str) -> dict[str, str]:
    return {
        "content-type": "application/json; charset=UTF-8",
        "cache-control": "private, no-cache, no-store, must-revalidate",
        "expires": "Sat, 01 Jan 2000 00:00:00 GMT",
        "vary": "Origin, Accept-Encoding",
        "access-control-allow-origin": "*",
        "strict-transport-security": "max-age=15552000; preload",
        "x-fb-request-id": trace_id,
        "x-fb-trace-id": trace_id,
        "x-fb-rev": "1000000000",
        "x-fb-rlafr": "0",
        **answer.headers,
    }
