"""All connections of a process: how many there may be, and which of them have kept us waiting too long.

One look at all of them a second (or more often, where a limit is shorter) costs less than a timer for
each, and misses none: a connection that nobody attends to is found here, whatever state it is in.
"""

import asyncio
import contextlib
import math
import resource
from collections import defaultdict
from dataclasses import dataclass
from typing import Protocol

from app.edge.proxies import Proxies
from app.http.requests.client_network import network_of
from app.observability.logs import get_logger

log = get_logger(__name__)

# files and connections of our own: databases, Redis, Meta, snapshots
_FILES_OF_OUR_OWN = 128
_LONGEST_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bytes of a request's head (and of trailers), numbers of connections, and seconds to wait for a client.

    `head_seconds`: for a whole head, from the connection or from its first byte; `body_seconds`: for
    the next byte of a body; `reading_seconds`: for the client to take some of an answer; `idle_seconds`: for
    the first byte of a client's next request. That one is longer than clients and balancers keep what
    they do not use (httpx 5 s, most balancers 60 s): else they send on what is just being closed.
    """

    head_bytes: int = 32 * 1024
    connections: int = 1000
    connections_of_address: int = 100
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    reading_seconds: float = 30.0
    idle_seconds: float = 75.0


class Connection(Protocol):
    """What is asked of a connection."""

    @property
    def waiting_since(self) -> float | None:
        """Since when a head is awaited and nothing else is to do, in the loop's time; else None."""
        ...

    def look(self, now: float) -> None:
        """End it, if it has kept us waiting too long."""
        ...

    def drop(self) -> None:
        """End it now: its place is needed."""
        ...


class Connections:
    """The connections of one process."""

    def __init__(self, limits: ConnectionLimits, proxies: Proxies) -> None:
        """Nothing is running yet. A proxy's connections are many people's and bounded in all only."""
        self.limits = limits
        self.most = min(limits.connections, _files_allowed())
        self._proxies = proxies
        self._by_network: defaultdict[str, set[Connection]] = defaultdict(set)
        self._networks: dict[Connection, str] = {}
        self._said_at = -math.inf

    def __len__(self) -> int:
        """How many there are."""
        return len(self._networks)

    def admit(self, connection: Connection, address: str | None) -> bool:
        """Whether there is a place; one that only waits is given up for a newcomer."""
        network = network_of(address) if address else ""
        alone = not address or self._proxies.includes(address)
        if not alone and len(self._by_network[network]) >= self.limits.connections_of_address:
            if not _drop_longest_waiting(self._by_network[network]):
                return False
        elif len(self) >= self.most:
            # whoever has most of them is asked first
            fullest = sorted(self._by_network.values(), key=len, reverse=True)
            if not any(_drop_longest_waiting(held) for held in fullest):
                self._forget_if_empty(network)
                return False
        self._by_network[network].add(connection)
        self._networks[connection] = network
        return True

    def refused(self, address: str | None, now: float) -> None:
        """Say that there was no place, once a second at most: a flood must not fill the log as well."""
        if now - self._said_at >= 1:
            self._said_at = now
            log.warning("connections.refused", address=address, open=len(self))

    def gone(self, connection: Connection) -> None:
        """It has ended, or is about to."""
        network = self._networks.pop(connection, None)
        if network is not None:
            self._by_network[network].discard(connection)
            self._forget_if_empty(network)

    async def watch(self) -> None:
        """Look at all of them for ever."""
        limits = self.limits
        shortest = min(limits.head_seconds, limits.body_seconds, limits.reading_seconds)
        pause = min(_LONGEST_PAUSE, shortest / 4)
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(pause)
            now = loop.time()
            for connection in list(self._networks):
                connection.look(now)

    def _forget_if_empty(self, network: str) -> None:
        if not self._by_network[network]:
            del self._by_network[network]


def _drop_longest_waiting(held: set[Connection]) -> bool:
    waiting = [(since, one) for one in held if (since := one.waiting_since) is not None]
    if not waiting:
        return False
    min(waiting, key=lambda pair: pair[0])[1].drop()
    return True


def _files_allowed() -> int:
    """Connections that the system lets this process have beside its own files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < 4096:
        wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    if soft == resource.RLIM_INFINITY:
        return 1_000_000
    return max(16, soft - _FILES_OF_OUR_OWN)
