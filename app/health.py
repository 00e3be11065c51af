"""Liveness, readiness and metrics: does the process run, do the database and the queue answer."""

import asyncio
import hmac
from datetime import datetime
from ipaddress import ip_address
from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field
from redis.exceptions import RedisError
from starlette.datastructures import State

from app.access.dependencies import identify
from app.db import liveness
from app.db.deployment_metrics import Figures
from app.db.session import Database
from app.errors import Forbidden, Unavailable
from app.http.schemas import Output
from app.observability.logs import get_logger
from app.queue import QueueNotifier

router = APIRouter(tags=["operations"])
log = get_logger(__name__)

_SEEN_SECONDS = 0.3


class Health(Output):
    """What answers."""

    status: Literal["ok", "degraded"]
    checks: dict[str, bool] = Field(examples=[{"database": True, "queue": True}])
    workers: int | None = Field(
        None, description="workers that live; null where it is not looked at"
    )


@router.get("/livez", operation_id="livez")
async def livez() -> Health:
    """The process runs."""
    return Health(status="ok", checks={})


class Readiness:
    """Whether requests can be served, looked at on a connection of its own, a few times a second at most.

    Probes come also when all connections of the requests are taken: then more than ever.
    """

    def __init__(self, database: Database, notifier: QueueNotifier) -> None:
        """`database` is used for nothing else."""
        self._database = database
        self._notifier = notifier
        self._looking = asyncio.Lock()
        self._seen: tuple[float, datetime | None, Health] | None = None

    async def look(self, workers_since: datetime | None) -> Health:
        """What answers. Raises `Unavailable` while the database does not."""
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if self._seen is not None:
                at, since, seen = self._seen
                if now - at < _SEEN_SECONDS and since == workers_since:
                    return seen
            found = await self._look(workers_since)
            self._seen = (asyncio.get_running_loop().time(), workers_since, found)
            return found

    async def _look(self, workers_since: datetime | None) -> Health:
        try:
            async with asyncio.timeout(5), self._database.reading() as session:
                workers = await liveness.alive(session, started_since=workers_since)
        except TimeoutError:
            raise Unavailable(
                "The database does not answer; try again shortly.", code="database-unavailable"
            ) from None
        try:
            async with asyncio.timeout(2):
                await self._notifier.check()
        except (RedisError, OSError, TimeoutError) as error:
            # the class says which: full, read-only, or away
            log.warning("queue.unusable", error=type(error).__name__)
            checks = {"database": True, "queue": False}
            return Health(status="degraded", checks=checks, workers=workers)
        return Health(status="ok", checks={"database": True, "queue": True}, workers=workers)


@router.get("/readyz", operation_id="readyz")
async def readyz(request: Request) -> Health:
    """Requests can be served: the database answers. Without the queue runs are accepted and start later.

    The queue counts as there if it takes what is written to it. Where this process has brought workers
    along (`serve`), they must have reported once, too.
    """
    return await ready(request.app.state)


async def ready(state: State) -> Health:
    """What `readyz` says of this process. Raises `Unavailable`."""
    readiness: Readiness = state.readiness
    seen = await readiness.look(state.worker_awaited_since)
    # once it was ready, a worker that restarts is no reason to take requests away
    if state.worker_awaited_since is not None and not seen.workers:
        raise Unavailable("No worker has reported yet; try again shortly.", code="no-worker-yet")
    state.worker_awaited_since = None
    return seen


@router.get("/metrics", operation_id="metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Counters and histograms of this process, and the state of the deployment, for Prometheus.

    For who sends METRICS_KEY; without one, for this machine and for administrators.
    """
    await _may_measure(request)
    figures: Figures = request.app.state.figures
    text = generate_latest() + await figures.text()
    return Response(text, media_type=CONTENT_TYPE_LATEST)


async def _may_measure(request: Request) -> None:
    """Raises `Unauthenticated`, `Forbidden`."""
    key: str = request.app.state.settings.metrics_key.get_secret_value()
    given = request.headers.get("Authorization", "").partition(" ")[2].strip()
    if key and hmac.compare_digest(given.encode(), key.encode()):
        return
    # what a proxy on this machine passes on comes from anywhere
    if not key and _is_here(request) and "X-Forwarded-For" not in request.headers:
        return
    if not (await identify(request)).is_administrator:
        raise Forbidden


def _is_here(request: Request) -> bool:
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
