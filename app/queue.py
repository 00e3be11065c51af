"""The notifier: tell a worker, through Redis, that a run is waiting. The run row is the truth.

A notice that is lost is repeated by the janitor, so nothing here is allowed to fail a request. Job names
and the JSON wire format live here, for both sides.
"""

import json
import time
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix, job_key_prefix, retry_key_prefix
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.observability.logs import get_logger

EXPORT_RUN = "export_run"
QUEUE_NAME = "audience-export:runs"
SENTINEL = "redis+sentinel"
_SENTINEL_PORT = 26379

log = get_logger(__name__)

# longer than any cron job waits in a queue that somebody answers
_DEAD_CRON_JOB_SECONDS = 600


def serialize(job: dict[str, Any]) -> bytes:
    """Arq's job as JSON; only ids and numbers ever travel."""
    return json.dumps(job, default=str).encode()


def deserialize(raw: bytes) -> dict[str, Any]:
    """Arq's job again."""
    job: dict[str, Any] = json.loads(raw)
    return job


def redis_pool(url: str, *, retries: int = 0) -> ConnectionPool:
    """A connection pool for REDIS_URL, passwords decoded.

    `redis://`, `rediss://` or `unix://`; or `redis+sentinel://[user:password@]host:port[,host:port…]/NAME[/db]`,
    whose connections go to whoever is the primary called NAME when they are opened.

    With `retries`, commands outlast a restart of Redis (a worker's poll loop must not end with it).
    """
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss", "unix", SENTINEL}:
        msg = f"REDIS_URL must begin with redis://, rediss://, unix:// or {SENTINEL}://"
        raise ValueError(msg)
    options: dict[str, Any] = {
        "socket_connect_timeout": 2,
        "socket_timeout": 10,
        "health_check_interval": 30,
    }
    if parts.scheme == "unix":
        options.pop("socket_connect_timeout")
    if parts.password:
        options["password"] = unquote(parts.password)
    if retries:
        options["retry"] = Retry(ExponentialBackoff(cap=2, base=0.05), retries)
        options["retry_on_error"] = [
            RedisConnectionError,
            RedisTimeoutError,
            ConnectionError,
            OSError,
        ]
    if parts.scheme == SENTINEL:
        return _sentinel_pool(parts, options)
    pool: ConnectionPool = ConnectionPool.from_url(url, **options)
    return pool


class _SentinelPool(SentinelConnectionPool):
    """Closes its connections to the sentinels as well, which redis-py leaves to whoever collects them."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """Close all; the next one is opened when it is needed."""
        await super().disconnect(inuse_connections)
        for client in self.sentinel_manager.sentinels:
            await client.aclose()


def _sentinel_pool(parts: SplitResult, options: dict[str, Any]) -> ConnectionPool:
    """Asks the sentinels before each connection; they are asked without a password."""
    hosts = parts.netloc.rpartition("@")[2].split(",")
    name, _, number = parts.path.strip("/").partition("/")
    if not name or not all(hosts):
        msg = f"write REDIS_URL as {SENTINEL}://host:port,host:port/name"
        raise ValueError(msg)
    if parts.username:
        options["username"] = unquote(parts.username)
    asked = {"socket_connect_timeout": 1, "socket_timeout": 1}
    found = [(one.rpartition(":")[0] or one, _port(one)) for one in hosts]
    sentinel = Sentinel(found, sentinel_kwargs=asked)  # type: ignore[no-untyped-call]
    pool: ConnectionPool = _SentinelPool(  # type: ignore[no-untyped-call]
        name, sentinel, db=int(number or 0), **options
    )
    return pool


def _port(host: str) -> int:
    port = host.rpartition(":")[2]
    return int(port) if port.isdigit() else _SENTINEL_PORT


def arq_redis(url: str, *, retries: int = 0) -> ArqRedis:
    """Arq's client with our wire format and queue."""
    return ArqRedis(
        pool_or_conn=redis_pool(url, retries=retries),
        job_serializer=serialize,
        job_deserializer=deserialize,
        default_queue_name=QUEUE_NAME,
    )


class QueueNotifier:
    """Tells workers of runs, and whether Redis answers."""

    def __init__(self, url: str) -> None:
        """No network here; `url` is REDIS_URL."""
        self._redis = arq_redis(url)

    @property
    def redis(self) -> Redis:
        """The client, for what else is shared through Redis."""
        return self._redis

    async def notify(self, run_id: str, fence: int, *, after: str = "") -> bool:
        """Ask a worker to take the run. False when Redis is away: the janitor does it later.

        The fence in the job's name lets a run be announced again after its last job died, and keeps two
        notices of the same attempt from making two jobs. `after` says whose end made room: arq forgets
        the notices that have a job's name when that job ends, and a job may have taken another run than
        the one it is named for.
        """
        name = f"run:{run_id}:{fence}{after and f':after:{after}'}"
        try:
            if await self._redis.enqueue_job(EXPORT_RUN, run_id, _job_id=name) is None:
                # it is there already; if the worker that took it died before it took the run, arq would
                # keep the others away for a day
                await self._redis.delete(f"{in_progress_key_prefix}{name}")
        except (RedisError, OSError) as error:
            log.warning("queue.unreachable", run_id=run_id, error=type(error).__name__)
            return False
        return True

    async def answered(self, job_id: str) -> None:
        """Take a notice that is being answered out of the queue, since the run's row takes over.

        Arq would keep it at the head of the queue until the job ends, and a day if its worker is
        killed; it reads only the first hundred, so those of dead workers would hide all others.
        """
        keys = [f"{prefix}{job_id}" for prefix in (job_key_prefix, retry_key_prefix)]
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.zrem(QUEUE_NAME, job_id)
                pipe.delete(*keys, f"{in_progress_key_prefix}{job_id}")
                await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("queue.unreachable", job_id=job_id, error=type(error).__name__)

    async def forget_dead_cron_jobs(self) -> None:
        """Take out of the queue what the cron of a killed worker left there; see `answered`."""
        until = int((time.time() - _DEAD_CRON_JOB_SECONDS) * 1000)
        try:
            old = await self._redis.zrangebyscore(QUEUE_NAME, "-inf", until)
            if dead := [name for name in old if name.startswith(b"cron:")]:
                await self._redis.zrem(QUEUE_NAME, *dead)
        except (RedisError, OSError) as error:
            log.warning("queue.unreachable", error=type(error).__name__)

    async def waiting(self) -> int:
        """Notices nobody has answered yet."""
        return int(await self._redis.zcard(QUEUE_NAME))

    async def check(self) -> None:
        """Answers if Redis takes what is written to it; raises redis' own error otherwise.

        One that is full, read-only or cannot save answers a PING all the same, and takes no notice.
        """
        await self._redis.set("audience-export:ready", 1, ex=60)

    async def close(self) -> None:
        """Return every connection."""
        await self._redis.aclose(close_connection_pool=True)
