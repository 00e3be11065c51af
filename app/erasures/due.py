"""Works on the erasures that are due, each attempt in the trace of its request and told in one line."""

import asyncio
import contextlib

import structlog

from app import clock
from app.db.models import Erasure
from app.erasures.execution import Erasing, ErasureWork
from app.erasures.lease import LeaseLost, claim_erasure
from app.errors import AppError
from app.observability import metrics
from app.observability.crashes import crashes_told
from app.observability.logs import get_logger
from app.observability.tracing import span

log = get_logger(__name__)


async def perform_due(deps: Erasing, *, most: int = 10) -> int:
    """Work on the erasures that are due, one after another; how many there were.

    Any number of processes may call it at any time.
    """
    for done in range(most):
        async with deps.database.transaction() as session:
            row = await claim_erasure(session)
        if row is None:
            return done
        try:
            # one that nobody can even say so of comes back when its lease has run out
            with crashes_told("erasure.crashed", erasure_id=row.id):
                await _perform(deps, row)
        except LeaseLost:
            metrics.LEASE_LOSSES.inc()
    return most


async def _perform(deps: Erasing, row: Erasure) -> None:
    """Do what is left of a claimed erasure, and say when to look again. Raises `LeaseLost`, `Unavailable`."""
    work = ErasureWork(deps, row)
    with (
        structlog.contextvars.bound_contextvars(erasure_id=row.id),
        span(
            "erasure",
            kind="consumer",
            parent=row.traceparent,
            erasure_id=row.id,
            attempt=row.attempt,
        ) as traced,
    ):
        try:
            outcome = await work.go()
        except asyncio.CancelledError:
            # this process was told to stop: another one may go on at once, or when the lease has run out
            with contextlib.suppress(AppError), crashes_told("erasure.crashed"):
                await asyncio.shield(work.save(lease_until=clock.now()))
            raise
        traced.set(outcome=outcome, code=work.code)
        metrics.ERASURES_WORKED.labels(outcome, work.code or "none").inc()
        # one that waits for runs looks every few seconds: that is no news
        say = log.debug if outcome == "waiting" else log.info
        say("erasure.worked", **work.line(outcome))
