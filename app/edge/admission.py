"""How many requests are worked on at once; the others wait a little, and then are told when to come back.

A process that takes on everything answers nobody in time. Reading has places of its own, so that calls
which wait for Meta or for a source do not stand in its way. Who waits is served in turn by network: one
that sends a thousand requests waits for its own.
"""

import asyncio
import re
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import Unavailable
from app.http.networks import network_of
from app.http.problems import problem_response

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
# in a queue beyond that many a place, nobody's turn would come in time
_QUEUE_PER_PLACE = 16


class Overloaded(Unavailable):
    """More requests than can be answered in time; come back when Retry-After says."""

    code = "overloaded"


class Lane:
    """A number of places, and a queue for each network that waits for one."""

    def __init__(self, places: int, patience: float) -> None:
        """`patience`: seconds to wait for a place."""
        self._places = places
        self._free = places
        self._patience = patience
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._waiting = 0

    @asynccontextmanager
    async def place(self, network: str) -> AsyncIterator["Place"]:
        """A place for one request. Raises `Overloaded`."""
        await self._take(network)
        place = Place(self)
        try:
            yield place
        finally:
            place.leave()

    async def _take(self, network: str) -> None:
        if self._free and not self._waiting:
            self._free -= 1
            return
        if self._waiting >= self._places * _QUEUE_PER_PLACE:
            raise _overloaded(self._patience)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(network, deque()).append(turn)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.give_back()  # the turn came while the wait was given up
            else:
                self._forget(network, turn)
            if isinstance(error, TimeoutError):
                raise _overloaded(self._patience) from None
            raise

    def give_back(self) -> None:
        """Hand the place to the next network's first, or keep it for whoever comes."""
        while self._queues:
            network, queue = next(iter(self._queues.items()))
            turn = queue.popleft()
            self._waiting -= 1
            if queue:
                self._queues.move_to_end(network)
            else:
                del self._queues[network]
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _forget(self, network: str, turn: asyncio.Future[None]) -> None:
        queue = self._queues.get(network)
        if queue is None or turn not in queue:
            return  # it was passed over already
        queue.remove(turn)
        self._waiting -= 1
        if not queue:
            del self._queues[network]


class Place:
    """One of a lane's places; left once."""

    def __init__(self, lane: Lane) -> None:
        """Taken from `lane`."""
        self._lane: Lane | None = lane

    def leave(self) -> None:
        """Let the next one in."""
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.give_back()


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


def _overloaded(patience: float) -> Overloaded:
    return Overloaded(retry_after=max(1, round(patience)))
