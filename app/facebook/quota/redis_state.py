"""The knowledge about quotas in Redis, so that ten workers on one ad account behave as one.

Each step is one atomic script by Redis's own clock, because workers' clocks differ. All keys
expire: losing them costs nothing but a pause learned anew.
"""

from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

from app.facebook.quota.state import LONGEST_BLOCK, Verdict

# of each scope: a hash `<name>` of figures and a sorted set `<name>:held` of calls by lease end
_NOW = """
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
"""
_ENTER = (
    _NOW
    + """
local n = #KEYS / 2
local blocked, next_at, full = 0, 0, false
local limits, intervals, held = {}, {}, {}
for i = 1, n do
  local f = redis.call('HMGET', KEYS[i], 'blocked', 'limit', 'interval', 'ends', 'next')
  blocked = math.max(blocked, (tonumber(f[1]) or 0) - now)
  limits[i] = tonumber(f[2])
  if limits[i] then
    redis.call('ZREMRANGEBYSCORE', KEYS[n + i], '-inf', now)
    held[i] = redis.call('ZCARD', KEYS[n + i])
    full = full or held[i] >= math.floor(limits[i])
  end
  if (tonumber(f[3]) or 0) > 0 and (tonumber(f[4]) or 0) > now then
    intervals[i] = tonumber(f[3])
    next_at = math.max(next_at, tonumber(f[5]) or 0)
  end
end
if blocked > 0 then return {'blocked', tostring(blocked)} end
if full then return {'full', '0'} end
if next_at > now then return {'pace', tostring(next_at - now)} end
local answer = {'go', '0', next(limits) and 1 or 0, (next(limits) or next(intervals)) and 0 or 1}
for i = 1, n do
  if intervals[i] then redis.call('HSET', KEYS[i], 'next', tostring(now + intervals[i])) end
  if limits[i] then
    redis.call('ZADD', KEYS[n + i], now + tonumber(ARGV[2]), ARGV[1])
    redis.call('EXPIRE', KEYS[n + i], ARGV[3])
  end
  answer[4 + i] = redis.call('HINCRBY', KEYS[i], 'calls', 1 + tonumber(ARGV[4]))
  answer[4 + n + i] = limits[i] and held[i] + 1 or 0
  redis.call('EXPIRE', KEYS[i], ARGV[3])
end
return answer
"""
)
_LEAVE = (
    _NOW
    + """
local n = #KEYS / 2
for i = 1, n do
  redis.call('ZREM', KEYS[n + i], ARGV[1])
  local f = redis.call('HMGET', KEYS[i], 'blocked', 'limit')
  local limit = tonumber(f[2])
  if ARGV[2] == '1' and limit and (tonumber(f[1]) or 0) <= now then
    limit = limit + 1 / limit
    redis.call('HDEL', KEYS[i], 'strikes')
    if limit >= tonumber(ARGV[3]) then redis.call('HDEL', KEYS[i], 'limit')
    else redis.call('HSET', KEYS[i], 'limit', tostring(limit)) end
  end
end
return 1
"""
)
_BLOCK = (
    _NOW
    + """
local f = redis.call('HMGET', KEYS[1], 'blocked', 'limit', 'strikes')
local blocked, strikes = tonumber(f[1]) or 0, tonumber(f[3]) or 0
if blocked <= now then
  strikes = strikes + 1
  local held = tonumber(f[2]) or tonumber(ARGV[3])
  redis.call('HSET', KEYS[1], 'strikes', strikes,
             'limit', tostring(math.max(1, math.floor(held / 2))))
end
local seconds = tonumber(ARGV[1])
if ARGV[2] ~= '1' then
  seconds = math.min(seconds * 2 ^ (strikes - 1), tonumber(ARGV[4]))
end
blocked = math.max(blocked, now + seconds)
redis.call('HSET', KEYS[1], 'blocked', string.format('%.6f', blocked))
redis.call('EXPIRE', KEYS[1], math.ceil(math.max(blocked - now, 0)) + tonumber(ARGV[5]))
return tostring(blocked - now)
"""
)
_PACE = (
    _NOW
    + """
local interval = tonumber(ARGV[1])
local next_at = tonumber(redis.call('HGET', KEYS[1], 'next') or 0)
redis.call('HSET', KEYS[1], 'interval', ARGV[1], 'ends', tostring(now + tonumber(ARGV[2])),
           'next', tostring(math.min(next_at, now + interval)))
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
)
_BLOCKED = (
    _NOW
    + """
local wait = 0
for i = 1, #KEYS do
  wait = math.max(wait, (tonumber(redis.call('HGET', KEYS[i], 'blocked') or 0)) - now)
end
return tostring(wait)
"""
)
_LIFT = """
redis.call('HDEL', KEYS[1], 'blocked', 'strikes')
local lifts = redis.call('HINCRBY', KEYS[1], 'lifts', 1)
redis.call('EXPIRE', KEYS[1], ARGV[1])
return lifts
"""
_LIFTS = "return redis.call('HGET', KEYS[1], 'lifts') or 0"


class Scripting(Protocol):
    """All that is asked of a Redis client: `redis.asyncio.Redis` has it."""

    def eval(self, script: str, numkeys: int, *keys_and_args: str) -> Awaitable[Any] | Any:
        """Runs a Lua script."""


class RedisQuota:
    """The knowledge of all processes that share a Redis."""

    def __init__(
        self,
        redis: Scripting,
        *,
        prefix: str = "graph-quota",
        ceiling: int = 64,
        lease: float = 120.0,
        keep: float = 7200.0,
    ) -> None:
        """`ceiling` and `lease` as for MemoryQuota; `keep`: seconds an idle scope is remembered."""
        self._redis = redis
        self._prefix = prefix
        self._ceiling = str(ceiling)
        self._lease = str(lease)
        self._keep = str(int(max(keep, LONGEST_BLOCK)))

    async def enter(self, scopes: Sequence[str], holder: str, *, also: int = 0) -> Verdict:
        keys = self._keys(scopes, held=True)
        answer = await self._run(_ENTER, keys, holder, self._lease, self._keep, str(also))
        word = _text(answer[0])
        if word == "go":
            tracked, calm, *figures = map(int, answer[2:])
            calls, held = tuple(figures[: len(scopes)]), tuple(figures[len(scopes) :])
            return Verdict("go", calls=calls, held=held, tracked=bool(tracked), calm=bool(calm))
        wait = float(_text(answer[1]))
        if word == "blocked":
            return Verdict("blocked", wait)
        return Verdict("full") if word == "full" else Verdict("pace", wait)

    async def leave(self, scopes: Sequence[str], holder: str, *, passed: bool) -> None:
        keys = self._keys(scopes, held=True)
        await self._run(_LEAVE, keys, holder, "1" if passed else "0", self._ceiling)

    async def block(self, scope: str, seconds: float, *, named: bool, in_flight: int) -> float:
        answer = await self._run(
            _BLOCK,
            self._keys([scope]),
            str(seconds),
            "1" if named else "0",
            str(in_flight),
            str(LONGEST_BLOCK),
            self._keep,
        )
        return float(_text(answer))

    async def pace(self, scope: str, interval: float, lifetime: float) -> None:
        await self._run(_PACE, self._keys([scope]), str(interval), str(lifetime), self._keep)

    async def blocked(self, scopes: Sequence[str]) -> float:
        return float(_text(await self._run(_BLOCKED, self._keys(scopes))))

    async def lift(self, scope: str) -> int:
        return int(_text(await self._run(_LIFT, self._keys([scope]), self._keep)))

    async def lifts(self, scope: str) -> int:
        return int(_text(await self._run(_LIFTS, self._keys([scope]))))

    def _keys(self, scopes: Sequence[str], *, held: bool = False) -> list[str]:
        # the braces keep one script's keys on one node of a cluster
        names = [f"{{{self._prefix}}}:{scope}" for scope in scopes]
        return [*names, *(f"{name}:held" for name in names)] if held else names

    async def _run(self, script: str, keys: list[str], *args: str) -> Any:
        return await self._redis.eval(script, len(keys), *keys, *args)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
