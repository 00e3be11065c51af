"""A clock that a test moves, and a receiver of webhooks that a test switches off and on."""

import json
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import time_machine
from standardwebhooks import Webhook

from app import clock

_real_now = clock.now


class SimulatedClock:
    """Real time plus what the test added."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return _real_now() + self.ahead

    def advance(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@dataclass(frozen=True)
class Message:
    """A request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    def verified(self, secret: str) -> dict[str, Any]:
        """The payload, as the reference library for receivers accepts it at the time it was sent."""
        stamp = int(self.headers["webhook-timestamp"])
        with time_machine.travel(stamp, tick=False):
            payload: dict[str, Any] = Webhook(secret).verify(self.body, dict(self.headers))
        return payload


@dataclass
class Receiver:
    """A web server of somebody who wants to be told; every attempt is noted, also refused ones."""

    tls: ssl.SSLContext | None = None
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    messages: list[Message] = field(default_factory=list)
    attempts: list[Message] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    def __post_init__(self) -> None:
        receiver, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                with lock:
                    receiver.at_once += 1
                    receiver.most_at_once = max(receiver.most_at_once, receiver.at_once)
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                names = {name.lower(): value for name, value in self.headers.items()}
                message = Message(self.path, names, body)
                time.sleep(receiver.delay)
                with lock:
                    receiver.at_once -= 1
                    receiver.attempts.append(message)
                    if 200 <= receiver.status < 300:
                        receiver.messages.append(message)
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                pass  # a sender that gave up has hung up

        self._server = Server(("127.0.0.1", 0), Handler)
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/s3cret-path"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
