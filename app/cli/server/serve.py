"""`serve`: everything on one machine, started, watched and stopped by one process.

start   Postgres, Valkey → sandbox → migrations → workers → API
stop    API takes no more, workers hand their runs over → sandbox → Valkey → Postgres
"""

import socket
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from typing import Annotated

import typer

from app.cli.environment import hand_over, is_set, read_settings
from app.cli.server.signals import StopRequested, StopSignals
from app.errors import ConfigurationError
from app.loading import uncollected


class CannotListen(ConfigurationError):
    """The address cannot be listened on."""

    code = "cannot-listen"


def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the API.")] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    workers: Annotated[int, typer.Option(min=0, max=64, help="Worker processes.")] = 1,
) -> None:
    """Run the API and its workers; what is not configured runs embedded, under DATA_DIR."""
    from app.cli.server.child_processes import (  # noqa: PLC0415 - see the package
        make_api,
        make_worker,
        refuse_in_image,
        start_sandbox,
        start_servers,
    )
    from app.observability.logs import configure_logging, get_logger  # noqa: PLC0415

    log = get_logger("audience-export")
    if not is_set("LOG_FORMAT") and sys.stdout.isatty():
        hand_over({"LOG_FORMAT": "console"})
    settings = read_settings()
    refuse_in_image(settings)
    configure_logging(
        level=settings.log_level,
        form=settings.log_format,
        process="serve",
        per_second=settings.log_lines_per_second,
    )
    stop = StopSignals()
    with ExitStack() as stack, suppress(StopRequested):
        stack.enter_context(stop.installed())
        listener = stack.enter_context(_listen(host, port))
        watched = start_servers(settings, stack, stop)
        watched += start_sandbox(settings, stack)
        stop.check()
        if not is_set("PUBLIC_URL"):
            shown = "localhost" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared only
            hand_over({"PUBLIC_URL": f"http://{shown}:{port}"})
        # the API's imports take longer than the servers' start
        with uncollected():
            from app.cli.server.lifecycle import Running  # noqa: PLC0415

        stop.check()
        team = [make_worker(number + 1, settings) for number in range(workers)]
        apis = [
            make_api(number, listener, settings) for number in range(2, settings.api_processes + 1)
        ]
        Running(watched, team, apis).until_stopped(listener, stop)
    log.info("stopped")


@contextmanager
def _listen(host: str, port: int) -> Generator[socket.socket]:
    """The API's socket, bound before anything is started; raises CannotListen."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        raise CannotListen(
            f"Cannot listen on {host} port {port} ({error.strerror}). "
            "Choose another one with --port or --host.",
        ) from None
    with listener:
        yield listener
