"""How many requests are worked on at once; the others wait a little, and then are told when to come back.

A process that takes on everything answers nobody in time. Reading has places of its own, so that calls
which wait for Meta or for a source do not stand in its way. Who waits is served in turn by network: one
that sends a thousand requests waits for its own.
"""

import re

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.edge.fair_queue import Lane, Overloaded
from app.http.problems import problem_response
from app.http.requests.client_network import network_of

# answered however crowded it is
_PROBES = frozenset({"/livez", "/readyz", "/metrics"})
# limits of their own: pushes and previews of whoever receives and reads them
_OWN_LIMITS = re.compile(r"^/v1/(segments/[^/]+/(members|refresh)|exports/([^/]+/)?preview)$")
_FOLLOWS = re.compile(r"^/v1/runs/[^/]+/events$")
_WAITS = re.compile(r"^/v1/(exports/[^/]+/)?runs(/[^/]+)?$")
# these ask Meta or open a source
_ASKS_OUTSIDE = re.compile(
    r"^/v1/(connections/[^/]+/(ad-accounts|audiences)|segments/[^/]+/attributes|oauth/.*)$"
)


class Admission:
    """Lets requests in as there are places."""

    def __init__(self, app: ASGIApp, *, requests: int, streams: int, patience: float) -> None:
        """`requests` of each kind at once (reading, doing), and `streams` that follow or await a run."""
        self.app = app
        self._reading = Lane(requests, patience)
        self._doing = Lane(requests, patience)
        # who follows a run stays for long: there is no point in waiting for a place
        self._streams = Lane(streams, 0.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        lane = self._lane(scope) if scope["type"] == "http" else None
        if lane is None:
            await self.app(scope, receive, send)
            return
        client = scope.get("client")
        try:
            async with lane.place(network_of(client[0]) if client else "") as place:

                async def noticed(message: Message) -> None:
                    if message["type"] == "http.response.start" and lane is not self._streams:
                        # what is left is to be sent, at the client's pace
                        place.leave()
                    await send(message)

                await self.app(scope, receive, noticed)
        except Overloaded as error:
            await problem_response(Request(scope), error)(scope, receive, send)

    def _lane(self, scope: Scope) -> Lane | None:
        path = scope["path"]
        if path in _PROBES or _OWN_LIMITS.match(path):
            return None
        reads = scope["method"] in {"GET", "HEAD", "OPTIONS"}
        if reads and _FOLLOWS.match(path):
            return self._streams
        if b"wait=" in scope["query_string"] and _WAITS.match(path):
            wait = QueryParams(scope["query_string"]).get("wait", "0")
            if wait != "0":
                return self._streams
        return self._reading if reads and not _ASKS_OUTSIDE.match(path) else self._doing
