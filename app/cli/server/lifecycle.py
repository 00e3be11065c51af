"""The time between start and stop of `serve`: the API in this process, the workers beside it."""

import asyncio
import signal
import socket
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from typing import NoReturn

import uvicorn
from fastapi import FastAPI

from app import clock
from app.api import create_app
from app.cli.environment import read_settings
from app.cli.server.migrate import upgrade
from app.cli.server.signals import StopSignals
from app.cli.server.welcome import welcome_when_ready
from app.embedded.child import Child
from app.embedded.supervisor import Restartable, keep_running
from app.errors import AppError
from app.observability.logs import get_logger

log = get_logger("audience-export")

DRAIN_SECONDS = 5  # for open requests and event streams


class StartFailed(AppError):
    """The API did not start; the log above says why."""

    code = "start-failed"


class Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would raise them again and end us before the clean-up.

    Once it is ready it says where the console is.
    """

    _welcome: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and welcome people."""
        await super().startup(sockets)
        if self.started:
            app = self.config.app
            assert isinstance(app, FastAPI)
            self._welcome = asyncio.create_task(welcome_when_ready(app))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, also the waiting to be ready."""
        if self._welcome is not None:
            self._welcome.cancel()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture nothing."""
        yield


class Running:
    """Migrations, then workers and API until a signal; `watched` children are kept alive too."""

    def __init__(
        self,
        watched: Sequence[Restartable],
        workers: Sequence[Child],
        apis: Sequence[Child] = (),
    ) -> None:
        """`apis`: further processes of the API, beside the one that is this process."""
        self._watched = watched
        self._has_workers = bool(workers)
        self._workers = [*workers, *apis]
        self._server: Server | None = None
        self._watch: asyncio.Task[NoReturn] | None = None
        self._main: asyncio.Task[None] | None = None

    def until_stopped(self, listener: socket.socket, stop: StopSignals) -> None:
        """Run in an event loop of its own; raises StartFailed if the API does not come up."""
        factory = uvicorn.Config("app.main:create_app", log_config=None).get_loop_factory()
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(self._run(listener, stop))
            stop.ignore()

    async def _run(self, listener: socket.socket, stop: StopSignals) -> None:
        loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        stop.check()
        stop.hand_to(lambda count: _discard(loop.call_soon_threadsafe(self._react, count)))
        try:
            before, after = await upgrade(read_settings().database_url)
            log.info("schema.ready", revision=after, migrated=before != after)
            before_workers = clock.now()
            for worker in self._workers:
                worker.spawn()
            self._watch = asyncio.create_task(keep_running([*self._watched, *self._workers]))
            app = create_app()
            app.state.worker_awaited_since = before_workers if self._has_workers else None
            self._server = Server(
                uvicorn.Config(
                    app,
                    log_config=None,
                    access_log=False,
                    server_header=False,
                    timeout_graceful_shutdown=DRAIN_SECONDS,
                    lifespan="on",
                )
            )
            await self._server.serve(sockets=[listener])
        except asyncio.CancelledError:
            log.info("stopped.while_starting")
        except SystemExit:  # uvicorn's way of saying that the start failed
            raise StartFailed from None
        finally:
            await self._stop_children()

    def _react(self, count: int) -> None:
        """The first signal stops everything in order; a second one hastens."""
        log.info("stopping" if count == 1 else "stopping.at_once")
        if self._watch:
            self._watch.cancel()
        for worker in self._workers:
            worker.send(signal.SIGTERM if count == 1 else signal.SIGKILL)
        if self._server and count > 1:
            self._server.force_exit = True
        if self._server and self._server.started:
            self._server.should_exit = True
        elif self._main and count == 1:
            self._main.cancel()

    async def _stop_children(self) -> None:
        if self._watch:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        await asyncio.gather(*(asyncio.to_thread(worker.stop) for worker in self._workers))


def _discard(_handle: object) -> None:
    """A reaction has nothing to say."""
