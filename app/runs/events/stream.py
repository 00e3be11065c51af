"""A run's states as server-sent events: each change once, also across restarts and other processes.

The row in Postgres is looked at twice a second, in a transaction of its own each time; nothing is kept
between two looks but the digest of what was last sent, which is also the event's id. Whoever comes back
with it (Last-Event-ID) to any process goes on where they were.
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from fastapi.sse import format_sse_event
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.listing import written_out
from app.db.models import Run
from app.db.session import Database
from app.errors import Unavailable
from app.runs.states import ACTIVE, FINAL
from app.runs.views import run_views

LOOK_SECONDS = 0.5
HEARTBEAT_SECONDS = 10.0
# how long a browser waits before it comes back
_RETRY_MILLISECONDS = 1000
_MOST_WATCHED = 200

Stands = Callable[[AsyncSession], Awaitable[bool]]
"""Whether whoever opened a stream may still watch."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run looked like: its JSON, a digest of it, and whether it will change no more."""

    document: str
    digest: str
    final: bool


async def seen(session: AsyncSession, rows: Sequence[Run]) -> dict[str, Seen]:
    """The runs as callers see them now, by id."""
    found = {}
    for view in await run_views(session, rows):
        document = view.model_dump_json()
        digest = hashlib.blake2b(document.encode(), digest_size=9).hexdigest()
        found[view.id] = Seen(document, digest, view.status in FINAL)
    return found


async def follow(
    database: Database,
    run_id: str,
    *,
    stands: Stands,
    known: str | None,
    name: Callable[[str], str],
) -> AsyncIterator[bytes]:
    """Events `run` for every state but the `known` one, heartbeats between them, and the end after the last.

    `name` makes an event's id of a state's digest. Ends early when the run is forgotten, or the
    caller's key or session has ended (`stands`); a database that is away is waited for.
    """
    yield format_sse_event(comment="a run's states", retry=_RETRY_MILLISECONDS)
    quiet = 0.0
    while True:
        try:
            now = await _look(database, run_id, stands)
        except Unavailable:
            pass
        else:
            if now is None:
                return
            if now.digest != known:
                known, quiet = now.digest, 0.0
                yield format_sse_event(event="run", data_str=now.document, id=name(known))
            if now.final:
                return
        await asyncio.sleep(LOOK_SECONDS)
        quiet += LOOK_SECONDS
        if quiet >= HEARTBEAT_SECONDS:
            quiet = 0.0
            # an id without data renews the id that the client comes back with, and is no event
            yield format_sse_event(comment="still here", id=None if known is None else name(known))


async def follow_active(database: Database, *, stands: Stands) -> AsyncIterator[bytes]:
    """Events `run` for every run that is active, until each has ended, and heartbeats between them.

    One stream for all of a browser's pages: browsers open no more than six connections to one origin.
    """
    yield format_sse_event(comment="runs under way", retry=_RETRY_MILLISECONDS)
    known: dict[str, str] = {}
    quiet = 0.0
    while True:
        try:
            found = await _look_at_active(database, known, stands)
        except Unavailable:
            pass
        else:
            if found is None:
                return
            for run_id, state in found.items():
                if known.get(run_id) != state.digest:
                    quiet = 0.0
                    yield format_sse_event(event="run", data_str=state.document, id=state.digest)
            known = {run_id: state.digest for run_id, state in found.items() if not state.final}
            if not known:
                return
        await asyncio.sleep(LOOK_SECONDS)
        quiet += LOOK_SECONDS
        if quiet >= HEARTBEAT_SECONDS:
            quiet = 0.0
            yield format_sse_event(comment="still here")


async def _look(database: Database, run_id: str, stands: Stands) -> Seen | None:
    async with database.transaction() as session:
        row = await session.get(Run, run_id)
        if row is None or not await stands(session):
            return None
        return (await seen(session, [row]))[row.id]


async def _look_at_active(
    database: Database, known: Collection[str], stands: Stands
) -> dict[str, Seen] | None:
    """The runs that are active, and those that were at the last look; None if the watching is over."""
    async with database.transaction() as session:
        if not await stands(session):
            return None
        wanted = (
            select(Run)
            .where(written_out(Run.status, ACTIVE) | Run.id.in_(known))
            .order_by(Run.id.desc())
            .limit(_MOST_WATCHED)
        )
        return await seen(session, (await session.scalars(wanted)).all())
