"""`python -m sandbox`: the sandbox as a process on this machine."""

import argparse
import contextlib
import socket
import sys
from importlib.util import find_spec
from typing import Any

import uvicorn

from sandbox.main import create_app
from sandbox.state import SandboxState

_HEADERS_LIMIT = 1024 * 1024


class _Server(uvicorn.Server):
    """Says its address once it can be reached."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if not self.started:
            return
        if self.config.uds:
            where = f"unix:{self.config.uds}"
        else:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            where = f"http://{host}:{port}"
        sys.stdout.write(f"sandbox ready on {where}\n")
        sys.stdout.flush()


def _protocol(name: str, *, counting: bool) -> Any:
    """The HTTP implementation; counting has its own where httptools is there."""
    if not counting or name == "h11" or find_spec("httptools") is None:
        return name
    from sandbox.counting_mode.metering import MeteringProtocol  # noqa: PLC0415 (needs httptools)

    return MeteringProtocol


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; the exit status."""
    parser = argparse.ArgumentParser(prog="sandbox", description="A local Graph API with state.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090, help="0 takes a free one")
    parser.add_argument("--uds", help="listen on this Unix socket instead")
    parser.add_argument("--counting", action="store_true", help="count uploads, do not read them")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer")
    parser.add_argument("--http", choices=["auto", "h11", "httptools"], default="auto")
    options = parser.parse_args(arguments)
    state = SandboxState(counting=options.counting, latency=options.latency)
    config = uvicorn.Config(
        create_app(state),
        host=options.host,
        port=options.port,
        uds=options.uds,
        http=_protocol(options.http, counting=options.counting),
        access_log=False,
        server_header=False,
        log_level="warning",
        lifespan="off",
        h11_max_incomplete_event_size=_HEADERS_LIMIT,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
