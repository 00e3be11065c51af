"""A further process of the API, on a socket of `serve`: `python -m app.cli.server.api_process FD`."""

import socket
import sys

import uvicorn

from app.cli.server.lifecycle import DRAIN_SECONDS
from app.main import create_app


def main() -> None:
    """Serve until SIGTERM."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    config = uvicorn.Config(
        create_app(),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        lifespan="on",
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
