"""Upload sessions and the state machine of a replace.

Rules: guide "Customer File Custom Audiences" and reference "Custom Audience Users Replace"
(developers.facebook.com/docs/marketing-api): a session ends with `last_batch_flag` or 90 minutes
after its first batch; a replace starts with `batch_seq` 1, wipes the audience, keeps it in 414 and
refuses everything else meanwhile. Where the documents are silent:

* sending `batch_seq` 1 again while that replace runs is refused as any other start (1870145);
* a replace that ran out of time without its last batch is complete (200) only if it named an
  `estimated_num_total` and received as many, else it failed (415).
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sandbox.conventions.errors import (
    GraphError,
    data_mismatch,
    invalid_parameter,
    update_failed,
    upload_blocked,
)
from sandbox.entities import Audience, Operation, Session
from sandbox.membership.members import Members
from sandbox.simulation.settings import Settings
from sandbox.uploads.payload import Batch

MAX_REPLACEABLE: Final = 100_000_000
IN_PROGRESS: Final = 1870145
TIMED_OUT: Final = 1870158
NOT_STARTED: Final = 1870147
FINISHED: Final = 1870159
TOO_LARGE: Final = 1870144
_MAX_ID: Final = 2**63
_BUSY: Final = (414, 441)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request says about its session."""

    session_id: int
    batch_seq: int | None
    last: bool
    estimated: int | None


def read_ask(value: Mapping[str, Any]) -> Ask:
    """Check `session`; raises GraphError 100."""
    session_id = _whole(value.get("session_id"), "session_id")
    if session_id is None or not 0 < session_id < _MAX_ID:
        raise invalid_parameter("Param session[session_id] must be a positive 64-bit integer")
    batch_seq = _whole(value.get("batch_seq"), "batch_seq")
    if batch_seq is not None and batch_seq < 1:
        raise invalid_parameter("Param session[batch_seq] must start at 1")
    last = value.get("last_batch_flag", False) in (True, "true", 1, "1")
    estimated = _whole(value.get("estimated_num_total"), "estimated_num_total")
    return Ask(session_id, batch_seq, last, estimated)


def _whole(value: Any, name: str) -> int | None:
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        raise invalid_parameter(f"Param session[{name}] must be an integer") from None


def generated_id(operation: Operation, keys: tuple[str, ...], day: int) -> int:
    """The session of calls without one: the same for a verb and schema all day, as recorded."""
    return 4_200_000_000_000_000_000 + zlib.crc32(f"{operation}{keys}{day}".encode())


def tick(audience: Audience, now: float, settings: Settings) -> None:
    """Let time pass for an audience: finish settling, end a replace that ran too long."""
    if audience.settles_at is not None and now >= audience.settles_at:
        audience.settles_at = None
        if audience.operation_status in _BUSY:
            audience.operation_status = 200
    if audience.replace_session is not None:
        session = audience.sessions[audience.replace_session]
        if now >= session.started_at + settings.replace_minutes * 60:
            session.timed_out = True
            audience.replace_session = None
            whole = session.estimated is not None and session.received >= session.estimated
            audience.operation_status = 200 if whole else 415


def admit(
    audience: Audience, ask: Ask | None, operation: Operation, now: float, settings: Settings
) -> Session | None:
    """The session a batch belongs to, new or known; nothing is changed yet.

    Raises: GraphError 2650 with the subcode of what stands against it, 100 without a session.
    """
    if operation == "replace":
        return _admit_replace(audience, ask, now, settings)
    if audience.operation_status == 414:
        raise _in_progress()
    if ask is None:
        return None
    session = audience.sessions.get(ask.session_id)
    if session is None:
        return Session(id=ask.session_id, operation=operation, started_at=now)
    _refuse_ended(session, now, settings)
    return session


def _admit_replace(audience: Audience, ask: Ask | None, now: float, settings: Settings) -> Session:
    if ask is None:
        raise invalid_parameter("The parameter session is required")
    if ask.batch_seq is None:
        raise invalid_parameter("The parameter session[batch_seq] is required")
    known = audience.sessions.get(ask.session_id)
    if known is not None:
        _refuse_ended(known, now, settings)
        if ask.batch_seq == 1 or audience.replace_session != known.id:
            raise _in_progress()
        return known
    if audience.operation_status in _BUSY:
        raise _in_progress()
    if audience.operation_status == 471:
        raise upload_blocked()
    if ask.batch_seq != 1:
        raise update_failed("No batch with batch_seq 1 has been received.", NOT_STARTED)
    if (audience.approximate_count or 0) >= MAX_REPLACEABLE:
        raise update_failed("The audience has 100 million members or more.", TOO_LARGE)
    return Session(id=ask.session_id, operation="replace", started_at=now, estimated=ask.estimated)


def _refuse_ended(session: Session, now: float, settings: Settings) -> None:
    if session.finished:
        raise update_failed("This session has received its last batch.", FINISHED)
    if session.timed_out or now >= session.started_at + settings.replace_minutes * 60:
        session.timed_out = True
        raise update_failed("This session timed out.", TIMED_OUT)


def _in_progress() -> GraphError:
    return update_failed("An update or replace of this audience is in progress.", IN_PROGRESS)


def record(
    audience: Audience,
    session: Session | None,
    ask: Ask | None,
    batch: Batch,
    *,
    now: float,
    settings: Settings,
) -> None:
    """Book an accepted batch and move the audience's status on.

    Call it before the members are changed: the first batch of a replace wipes them here.
    Raises: GraphError 100 where a batch of a replace has another schema than its first.
    """
    replacing = session is not None and session.operation == "replace"
    if session is not None:
        if session.id not in audience.sessions:
            _begin(audience, session, batch)
        elif replacing and session.keys != batch.keys:
            raise data_mismatch()
        session.received += batch.received
        session.invalid += batch.invalid
        session.finished = ask is not None and ask.last
    audience.time_content_updated = int(now)
    if not replacing:
        _settle(audience, 441, now, settings)
    elif session is not None and session.finished:
        audience.replace_session = None
        _settle(audience, 414, now, settings)
    if session is not None and session.finished and 2 * session.invalid > session.received:
        audience.settles_at, audience.operation_status = None, 412


def _begin(audience: Audience, session: Session, batch: Batch) -> None:
    session.keys = batch.keys
    audience.sessions[session.id] = session
    if session.operation == "replace":
        audience.members = Members()
        audience.replace_session = session.id
        audience.operation_status = 414


def _settle(audience: Audience, meanwhile: int, now: float, settings: Settings) -> None:
    if settings.settle_seconds > 0:
        audience.operation_status = meanwhile
        audience.settles_at = now + settings.settle_seconds
    else:
        audience.operation_status = 200
