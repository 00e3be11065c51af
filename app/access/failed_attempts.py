"""Failed attempts to authenticate, counted by address and by the beginning of the key that was tried.

A valid key is never in the way of this: it is looked at first, and only failures are counted and
refused. Counted in Redis for all processes; while it is away each process counts for itself.
"""

import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.errors import TooManyRequests
from app.http.requests.client_network import network_of

LIMIT = 30
WINDOW_SECONDS = 60
_MOST_COUNTED = 10_000
# `aek_` and 48 bits: enough to tell keys apart, and no help in guessing the other 208
_PREFIX_LETTERS = 12
# how long a Redis that did not answer is left alone
_PAUSE_SECONDS = 5.0


class Attempts:
    """So many failures a minute of an address (its network), and with keys that begin alike."""

    def __init__(
        self,
        redis: Redis,
        *,
        limit: int = LIMIT,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """No network here."""
        self._redis = redis
        self._limit = limit
        self._monotonic = monotonic
        self._own: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._away_until = -math.inf

    async def failed(self, address: str, credential: str = "") -> None:
        """Note a failure. Raises `TooManyRequests` when there were too many before it."""
        counted = [network_of(address)]
        # tokens of an issuer all begin alike
        if credential and credential.count(".") != 2:
            beginning = credential[:_PREFIX_LETTERS].encode()
            counted.append("key:" + hashlib.sha256(beginning).hexdigest()[:16])
        for name in counted:
            count, seconds = await self._count(name)
            if count > self._limit:
                raise TooManyRequests(
                    "Too many failed attempts; wait as long as Retry-After says. A valid key is let "
                    "in all the same.",
                    code="too-many-failed-attempts",
                    retry_after=max(1, math.ceil(seconds)),
                )

    async def _count(self, name: str) -> tuple[int, float]:
        """Failures with this one, and the seconds until they are forgotten."""
        if self._monotonic() < self._away_until:
            return self._count_here(name)
        key = f"audience-export:failed:{name}"
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.incr(key)
                pipe.expire(key, WINDOW_SECONDS, nx=True)
                pipe.pttl(key)
                count, _, milliseconds = await pipe.execute()
        except (RedisError, OSError):
            self._away_until = self._monotonic() + _PAUSE_SECONDS
            return self._count_here(name)
        return int(count), milliseconds / 1000

    def _count_here(self, name: str) -> tuple[int, float]:
        now = self._monotonic()
        since, count = self._own.pop(name, (now, 0))
        if now - since >= WINDOW_SECONDS:
            since, count = now, 0
        self._own[name] = (since, count + 1)
        while len(self._own) > _MOST_COUNTED:
            self._own.popitem(last=False)
        return count + 1, since + WINDOW_SECONDS - now
