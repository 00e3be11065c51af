"""Failed attempts to authenticate, counted for each address, so that keys cannot be guessed at leisure.

Counted in Redis for all processes; while it is away each process counts for itself.
"""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.errors import TooManyRequests

LIMIT = 30
WINDOW_SECONDS = 60
_MOST_ADDRESSES = 10_000
# how long a Redis that did not answer is left alone
_PAUSE_SECONDS = 5.0


class Attempts:
    """At most `LIMIT` failures of an address in a minute."""

    def __init__(self, redis: Redis, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """No network here."""
        self._redis = redis
        self._monotonic = monotonic
        self._own: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._away_until = -math.inf

    async def check(self, address: str) -> None:
        """Raises `TooManyRequests` for an address that failed too often."""
        count, seconds = await self._count(_network(address), add=0)
        if count >= LIMIT:
            raise TooManyRequests(
                "Too many failed attempts from this address; wait as long as Retry-After says.",
                code="too-many-failed-attempts",
                retry_after=max(1, math.ceil(seconds)),
            )

    async def failed(self, address: str) -> None:
        """Note a failure."""
        await self._count(_network(address), add=1)

    async def _count(self, network: str, *, add: int) -> tuple[int, float]:
        """Failures so far, and the seconds until they are forgotten."""
        if self._monotonic() < self._away_until:
            return self._count_here(network, add)
        key = f"audience-export:failed:{network}"
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                if add:
                    pipe.incr(key)
                    pipe.expire(key, WINDOW_SECONDS, nx=True)
                pipe.get(key)
                pipe.pttl(key)
                *_, count, milliseconds = await pipe.execute()
        except (RedisError, OSError):
            self._away_until = self._monotonic() + _PAUSE_SECONDS
            return self._count_here(network, add)
        return int(count or 0), milliseconds / 1000

    def _count_here(self, network: str, add: int) -> tuple[int, float]:
        now = self._monotonic()
        since, count = self._own.pop(network, (now, 0))
        if now - since >= WINDOW_SECONDS:
            since, count = now, 0
        if count + add:
            self._own[network] = (since, count + add)
        while len(self._own) > _MOST_ADDRESSES:
            self._own.popitem(last=False)
        return count + add, since + WINDOW_SECONDS - now


def _network(address: str) -> str:
    """The address, or the network of an IPv6 address: one customer has a whole one (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        if mapped is None:
            return str(ipaddress.ip_network((parsed, 64), strict=False))
        return str(mapped)
    return str(parsed)
