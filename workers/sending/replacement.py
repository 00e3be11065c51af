"""Swapping an audience's whole content: the one upload that must not be repeated blindly.

The first batch empties the audience and opens Meta's 90 minutes; it leaves alone. When its answer is
lost, the audience's status says whether it was taken: 414, go on; anything else, begin again under a
new session, which loads the same list
(https://developers.facebook.com/docs/marketing-api/reference/custom-audience/usersreplace).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.errors import AppError, Culprit
from app.facebook.errors import AmbiguousOutcome, Fatal
from app.facebook.graph import Graph
from app.facebook.objects.audiences import REPLACE_FAILED, REPLACING
from app.facebook.upload.body import new_session_id
from app.observability.logs import get_logger
from app.runs.execution import note
from workers.delivery_plan import Step
from workers.lease import Lease
from workers.sending.upload_sessions import SessionBook

log = get_logger(__name__)

_OVER = frozenset({"replace-session-finished", "replace-session-expired"})
_FAILED = frozenset({"replace-failed", "replace-not-started"})
_BEGINNINGS = 3


class ReplacementOver(AppError):
    """Meta closed the replacement before all rows were in; the others are added to what arrived."""

    code = "replace-session-over"
    culprit = Culprit.EXTERNAL


class ReplacementFailed(AppError):
    """Meta could not finish the replacement; it begins again from the first batch."""

    code = "replace-failed"
    culprit = Culprit.EXTERNAL


@dataclass(slots=True)
class ReplaceBook(SessionBook):
    """A replacement's session: it is the replacement's identity and cannot be renewed."""

    taken: bool = False

    def renew(self) -> None:
        """Only an old session asks for it: then Meta has closed it."""
        raise ReplacementOver


class Replacement:
    """Opens a replacement, or finds it under way."""

    def __init__(
        self, lease: Lease, graph: Graph, audience_id: str, session_ids: Sequence[str]
    ) -> None:
        """`session_ids` are those of earlier attempts; the newest is the one under way."""
        self._lease = lease
        self._graph = graph
        self._audience = audience_id
        self._earlier = list(session_ids)

    async def find(self, step: Step, *, first_is_done: bool) -> ReplaceBook | None:
        """The session under way, whose first batch is with Meta already; None if there is none.

        Raises `ReplacementOver`, `ReplacementFailed` when Meta has ended an earlier beginning.
        """
        if self._earlier:
            status = (await self._graph.audience(self._audience)).operation
            log.info("replacement.found", operation_status=status, first_is_done=first_is_done)
            if status == REPLACING:
                # numbers above 1 may repeat, so counting on from the whole step is safe
                return ReplaceBook(
                    step.rows,
                    session_id=int(self._earlier[-1]),
                    sequence=len(step.slices) + 1,
                    taken=True,
                )
            if status == REPLACE_FAILED:
                raise ReplacementFailed
            if first_is_done:
                raise ReplacementOver
        return None

    async def begin(
        self, step: Step, send: Callable[[ReplaceBook], Awaitable[None]]
    ) -> ReplaceBook:
        """Send the first batch until it is certain that Meta took it. Raises what `send` raises."""
        book = await self._begin_anew(step)
        for tries in range(_BEGINNINGS):
            try:
                await send(book)
            except AmbiguousOutcome:
                status = (await self._graph.audience(self._audience)).operation
                log.info("replacement.unsure", operation_status=status)
                if status == REPLACING:
                    book.sequence = max(book.sequence, 1)
                    book.taken = True
                    return book
                if tries == _BEGINNINGS - 1:
                    raise
                book = await self._begin_anew(step)
            else:
                return book
        return book

    async def _begin_anew(self, step: Step) -> ReplaceBook:
        book = ReplaceBook(step.rows, session_id=new_session_id())
        self._earlier.append(str(book.session_id))
        ids = list(self._earlier)
        # noted before it is used, so that a successor knows that a replacement may be under way
        await self._lease.write(lambda session, claim: note(session, claim, session_ids=ids))
        return book


def replacement_ended(error: Fatal) -> AppError:
    """What a refusal in the middle of a replacement means for the run."""
    if error.code in _OVER:
        return ReplacementOver()
    if error.code in _FAILED:
        return ReplacementFailed()
    return error
