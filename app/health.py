"""Liveness, readiness and metrics: does the process run, do the database and the queue answer."""

import asyncio
from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field
from redis.exceptions import RedisError

from app.http.schemas import Output

router = APIRouter(tags=["operations"])


class Health(Output):
    """What answers."""

    status: Literal["ok", "degraded"]
    checks: dict[str, bool] = Field(examples=[{"database": True, "queue": True}])


@router.get("/livez", operation_id="livez")
async def livez() -> Health:
    """The process runs."""
    return Health(status="ok", checks={})


@router.get("/readyz", operation_id="readyz")
async def readyz(request: Request) -> Health:
    """Requests can be served: the database answers. Without the queue runs are accepted and start later."""
    database, doorbell = request.app.state.database, request.app.state.doorbell
    await asyncio.wait_for(database.ping(), 5)
    try:
        await asyncio.wait_for(doorbell.ping(), 2)
    except (RedisError, OSError, TimeoutError):
        return Health(status="degraded", checks={"database": True, "queue": False})
    return Health(status="ok", checks={"database": True, "queue": True})


@router.get("/metrics", operation_id="metrics", response_class=Response)
async def metrics() -> Response:
    """Counters and histograms of this process, for Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
