"""Liveness, readiness and metrics: does the process run, do the database and the queue answer."""

import asyncio
from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field
from redis.exceptions import RedisError

from app.db import liveness
from app.db.session import Database
from app.errors import Unavailable
from app.http.schemas import Output

router = APIRouter(tags=["operations"])


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


@router.get("/readyz", operation_id="readyz")
async def readyz(request: Request) -> Health:
    """Requests can be served: the database answers. Without the queue runs are accepted and start later.

    Where this process has brought workers along (`serve`), they must have reported once, too.
    """
    state = request.app.state
    workers = await asyncio.wait_for(_workers(state.database, state.worker_awaited_since), 5)
    # once it was ready, a worker that restarts is no reason to take requests away
    if state.worker_awaited_since is not None and not workers:
        raise Unavailable("No worker has reported yet; try again shortly.", code="no-worker-yet")
    state.worker_awaited_since = None
    try:
        await asyncio.wait_for(state.doorbell.ping(), 2)
    except (RedisError, OSError, TimeoutError):
        checks = {"database": True, "queue": False}
        return Health(status="degraded", checks=checks, workers=workers)
    return Health(status="ok", checks={"database": True, "queue": True}, workers=workers)


async def _workers(database: Database, since: datetime | None) -> int:
    async with database.transaction() as session:
        return await liveness.alive(session, started_since=since)


@router.get("/metrics", operation_id="metrics", response_class=Response)
async def metrics() -> Response:
    """Counters and histograms of this process, for Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
