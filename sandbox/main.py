"""Puts the sandbox together as one ASGI application."""

from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from sandbox.authentication.dialog import Dialog
from sandbox.connection import TRANSPORT
from sandbox.control import control_routes
from sandbox.endpoint import GraphEndpoint
from sandbox.state import SandboxState


class Sandbox(Starlette):
    """Hands the connection down, so that a fault can really cut it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
            if transport is not None:
                scope[TRANSPORT] = transport
        await super().__call__(scope, receive, send)


def create_app(state: SandboxState | None = None) -> Starlette:
    """The sandbox over a state, a new one if none is given.

    Serve it with uvicorn, or mount it with `httpx.ASGITransport(app)`; there a hang-up raises
    ConnectionResetError, because there is no connection to cut.
    """
    state = state or SandboxState()
    dialog = Dialog(state)
    app = Sandbox(
        routes=[
            Mount("/_sandbox", routes=control_routes(state)),
            Route("/dialog/oauth", dialog.respond, methods=["GET", "POST"]),
            Route("/{version}/dialog/oauth", dialog.respond, methods=["GET", "POST"]),
            Route("/{path:path}", GraphEndpoint(state)),
        ]
    )
    app.state.sandbox = state
    return app
