"""Servers that can be restarted, and a client that follows events as a browser's EventSource does."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import uvicorn

from app.cli.server.lifecycle import Server
from app.main import create_app
from app.settings import Settings


class ApiServer:
    """The API behind a real socket; every start is another app on the same port."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        config = uvicorn.Config(
            create_app(self._settings),
            port=self.port,
            log_config=None,
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=1,
        )
        self._server = Server(config)
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:
            assert not self._task.done()
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stop, and cut whoever is still connected."""
        assert self._server is not None
        assert self._task is not None
        self._server.should_exit = True
        await self._task


@contextlib.asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[ApiServer]:
    server = ApiServer(settings)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class EventSource:
    """What https://html.spec.whatwg.org/multipage/server-sent-events.html tells a browser to do.

    No headers but Last-Event-ID; comes back after the end of an answer and after a lost connection;
    gives up on any status but 200.
    """

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.url = url
        self.headers = headers or {}
        self.last_id = ""
        self.retry = 3.0
        self.states: list[dict[str, Any]] = []
        self.comments = 0
        self.opened = 0
        self._news = asyncio.Event()
        self.closed_with: int | None = None

    async def run(self) -> None:
        """Until the server says to stay away."""
        async with httpx.AsyncClient(timeout=httpx.Timeout(5, read=30)) as client:
            while self.closed_with is None:
                with contextlib.suppress(httpx.TransportError):
                    await self._once(client)
                await asyncio.sleep(min(self.retry, 0.2))

    async def until(self, count: int, *, comments: int = 0) -> None:
        while len(self.states) < count or self.comments < comments:
            self._news.clear()
            await self._news.wait()

    async def _once(self, client: httpx.AsyncClient) -> None:
        headers = self.headers | {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self.last_id:
            headers["Last-Event-ID"] = self.last_id
        async with client.stream("GET", self.url, headers=headers) as answer:
            if answer.status_code != 200:
                self.closed_with = answer.status_code
                return
            assert answer.headers["content-type"].startswith("text/event-stream")
            self.opened += 1
            await self._read(answer)

    async def _read(self, answer: httpx.Response) -> None:
        data, name, last_id = [], "", self.last_id
        async for line in answer.aiter_lines():
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            match field:
                case "" if line:
                    self.comments += 1
                    self._news.set()
                case "":
                    self.last_id = last_id
                    if data:
                        assert name == "run"
                        self.states.append(json.loads("\n".join(data)))
                        self._news.set()
                    data, name = [], ""
                case "data":
                    data.append(value)
                case "event":
                    name = value
                case "id":
                    last_id = value
                case "retry":
                    self.retry = int(value) / 1000
