"""The bounds put on whatever uvicorn server runs the application, however it was started.

`audience-export serve`, `uvicorn app.main:create_app --factory`, uvicorn's own workers: none has to
be told. A server opens its socket after the application has started, so its start is the moment.
"""

import asyncio
import math

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.edge.connection_limits import Connections
from app.edge.protocols import BoundedH11, BoundedHttpTools
from app.errors import AppError


class ServerUnbounded(AppError):
    """The server's HTTP implementation has no bounds; start uvicorn with --http httptools or h11."""

    code = "server-unbounded"


def bound_server(connections: Connections) -> bool:
    """Put the bounds on the server that starts this application; False if it is none of uvicorn's.

    To be called while the application starts. Raises `ServerUnbounded` for a protocol of uvicorn
    that is not known here.
    """
    config = _serving()
    if config is None:
        return False
    protocol = config.http_protocol_class
    bounded: type[BoundedHttpTools | BoundedH11]
    if isinstance(protocol, type) and issubclass(protocol, HttpToolsProtocol):
        bounded = BoundedHttpTools
    elif isinstance(protocol, type) and issubclass(protocol, H11Protocol):
        bounded = BoundedH11
    else:
        raise ServerUnbounded
    # by its own timer uvicorn would end them before
    idle = math.ceil(connections.limits.idle_seconds)
    config.timeout_keep_alive = max(config.timeout_keep_alive, idle)
    config.http_protocol_class = type(bounded.__name__, (bounded,), {"bounds": connections})
    # there is none here, and its handshake would lead past the bounds
    config.ws_protocol_class = None
    # X-Forwarded-For is believed of TRUSTED_PROXIES only; uvicorn believes loopback
    if isinstance(config.loaded_app, ProxyHeadersMiddleware):
        config.loaded_app = config.loaded_app.app
    return True


def _serving() -> uvicorn.Config | None:
    """The configuration of the server in whose start this is called.

    uvicorn hands the application neither itself nor its configuration; the coroutine that runs the
    application's start is a method of an object that has it.
    """
    task = asyncio.current_task()
    frame = getattr(task.get_coro() if task else None, "cr_frame", None)
    owner = frame.f_locals.get("self") if frame is not None else None
    config = getattr(owner, "config", None)
    return config if isinstance(config, uvicorn.Config) else None
