"""A number of places and a queue for each who waits for one: whoever sends a thousand waits for his own."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.errors import Unavailable

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
        place = await self.enter(network)
        try:
            yield place
        finally:
            place.leave()

    async def enter(self, network: str) -> "Place":
        """A place, to be left by whoever has it. Raises `Overloaded`."""
        await self._take(network)
        return Place(self)

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


def _overloaded(patience: float) -> Overloaded:
    return Overloaded(retry_after=max(1, round(patience)))
