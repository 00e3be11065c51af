"""`/v1/runs/{id}/events`: a run followed live; and the ticket for those who can send no header.

`curl -N -H "Authorization: Bearer …" …/events` follows a run to its end. In a browser either read the
answer of `fetch` as a stream (with the header), or ask for a ticket and give its `url` to EventSource.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response, Security, status
from fastapi.security import HTTPBearer
from fastapi.sse import EventSourceResponse
from pydantic import Field

from app.access.browser_sessions.sessions import Sessions
from app.access.callers import Caller, is_in_force
from app.access.dependencies import ViewerDep, identify
from app.errors import Unauthenticated
from app.http.dependencies import DatabaseDep, SessionDep
from app.http.schemas import Output, Timestamp
from app.runs import service
from app.runs.events.stream import Stands, follow, follow_active, seen
from app.runs.events.tickets import make_ticket, make_word, redeem
from app.runs.routes import RunId

# no Idempotency-Key here: an answer that is stored would be a stored ticket
router = APIRouter(prefix="/v1", tags=["runs"])

_bearer = HTTPBearer(auto_error=False, description="an API key, or a token of the OIDC issuer")

TicketText = Annotated[
    str | None, Query(max_length=1000, description="of POST …/events/ticket, instead of the header")
]
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        max_length=1000,
        description="the id of the last event that arrived; its state is not sent again",
    ),
]


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who watches, and whether they still may."""

    caller_id: str
    stands: Stands


class EventsTicket(Output):
    """An address that opens the run's events without a header, soon."""

    url: str = Field(examples=["/v1/runs/run_0193…/events?ticket=…"])
    expires_at: Timestamp = Field(
        description="to be opened until then; EventSource may come back to it while the run goes on"
    )


async def caller_of_events(
    run_id: RunId,
    request: Request,
    database: DatabaseDep,
    _: Annotated[object, Security(_bearer)] = None,
    ticket: TicketText = None,
    last_event_id: LastEventId = None,
) -> Watcher:
    """Who watches: by ticket, or as elsewhere. Raises `Unauthenticated`."""
    if ticket is None:
        return _watching(request, await identify(request))
    _, _, word = (last_event_id or "").partition(".")
    caller_id = redeem(request.app.state.vault, run_id, ticket, word or None)
    async with database.transaction() as session:
        if not await is_in_force(session, caller_id):
            raise Unauthenticated
    return Watcher(caller_id, lambda session: is_in_force(session, caller_id))


def _watching(request: Request, caller: Caller) -> Watcher:
    sessions: Sessions = request.app.state.sessions
    return Watcher(caller.id, lambda session: sessions.is_standing(session, caller))


# before the others: "events" is no run's id
@router.get(
    "/runs/events",
    operation_id="follow_active_runs",
    response_class=Response,
    response_model=None,
    responses={
        status.HTTP_200_OK: {
            "description": "Events named `run`, each with a run as its data, until none is active",
            "content": {"text/event-stream": {"schema": {"$ref": "#/components/schemas/Run"}}},
        }
    },
)
async def follow_active_runs(
    request: Request, database: DatabaseDep, caller: ViewerDep
) -> Response:
    """Follow every run under way in one stream: their states now, every change, and each one's end."""
    return _stream(follow_active(database, stands=_watching(request, caller).stands))


def _stream(events: AsyncIterator[bytes]) -> Response:
    # a proxy must not keep events back
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return EventSourceResponse(events, headers=headers)


@router.get(
    "/runs/{run_id}/events",
    operation_id="follow_run",
    response_class=Response,
    response_model=None,
    responses={
        status.HTTP_200_OK: {
            "description": "Events named `run`, each with a run as its data, until it has ended",
            "content": {"text/event-stream": {"schema": {"$ref": "#/components/schemas/Run"}}},
        },
        status.HTTP_204_NO_CONTENT: {
            "description": "The end was seen already; EventSource then stays away"
        },
    },
)
async def follow_run(
    run_id: RunId,
    request: Request,
    database: DatabaseDep,
    watcher: Annotated[Watcher, Depends(caller_of_events)],
    ticket: TicketText = None,
    last_event_id: LastEventId = None,
) -> Response:
    """Follow a run: its state now, then every change, until its end. Resumes with `Last-Event-ID`."""
    async with database.transaction() as session:
        now = (await seen(session, [await service.get_run(session, run_id)]))[run_id]
    known = (last_event_id or "").partition(".")[0] or None
    if now.final and now.digest == known:
        return Response(status_code=status.HTTP_204_NO_CONTENT)
    vault = request.app.state.vault

    def name(digest: str) -> str:
        return (
            digest if ticket is None else f"{digest}.{make_word(vault, run_id, watcher.caller_id)}"
        )

    return _stream(follow(database, run_id, stands=watcher.stands, known=known, name=name))


@router.post("/runs/{run_id}/events/ticket", operation_id="create_events_ticket")
async def create_events_ticket(
    run_id: RunId, request: Request, session: SessionDep, caller: ViewerDep
) -> EventsTicket:
    """A ticket for EventSource, which can send no header: good for a minute, for this run only."""
    await service.get_run(session, run_id)
    ticket, until = make_ticket(request.app.state.vault, run_id, caller.id)
    return EventsTicket(url=f"/v1/runs/{run_id}/events?ticket={ticket}", expires_at=until)
