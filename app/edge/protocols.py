"""uvicorn's two HTTP/1.1 protocols with bounds: on the head of a request, and on how long it may take.

Both parsers take whatever comes: a head of any length, chunk extensions and trailers without end, at
any pace. What they are fed is counted here from one sign of progress to the next (a head that is
complete, a piece of body, the end of a message), in slices small enough for the bound to be one.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.edge.connection_limits import Connections
from app.edge.early_responses import raw_problem
from app.observability.logs import get_logger

log = get_logger(__name__)

_HEAD_SLICE = 4 * 1024
_BODY_SLICE = 16 * 1024
# how long, and for how many bytes, a client that was refused is listened to, so that it can read why
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 1024 * 1024


class _Bounded(asyncio.Protocol):
    """What both have in common; stands before uvicorn's class, whose attributes are named here."""

    bounds: Connections
    transport: asyncio.Transport
    flow: FlowControl
    loop: asyncio.AbstractEventLoop
    client: tuple[str, int] | None
    cycle: Any

    _in_head = True
    _answered = False
    # bytes fed since the last progress
    _fed = 0
    # when the present wait began: of a head as a whole, of a body since its last byte
    _head_since = 0.0
    _byte_at = 0.0
    _stalled_at: float | None = None
    # refused: only listened to until then, and what came meanwhile
    _until: float | None = None
    _ignored = 0

    # -- asyncio's side ----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place among the connections, or say that there is none."""
        super().connection_made(transport)
        self._head_since = self._byte_at = self.loop.time()
        address = self.client[0] if self.client else None
        if not self.bounds.admit(self, address):
            self.bounds.refused(address, self._head_since)
            self.transport.write(raw_problem("too-many-connections"))
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self.bounds.gone(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser in slices, as long as it makes progress."""
        self._byte_at = self.loop.time()
        if self._until is not None:
            self._ignored += len(data)
            if self._ignored > _LINGER_BYTES:
                self.transport.abort()
            return
        if self._in_head and not self._fed and not self._is_answering:
            self._head_since = self._byte_at
        at = 0
        while at < len(data) and self._until is None and not self.transport.is_closing():
            size = _HEAD_SLICE if self._in_head else _BODY_SLICE
            piece = data[at : at + size]
            at += len(piece)
            self._fed += len(piece)
            super().data_received(piece)
            if self._fed >= self.bounds.limits.head_bytes:
                self._refuse("header-too-large")

    def pause_writing(self) -> None:
        """The client does not take what it is sent."""
        self._stalled_at = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It does again."""
        self._stalled_at = None
        super().resume_writing()

    # -- the parser's side -------------------------------------------------------------------------

    def _head_is_complete(self) -> None:
        self._in_head, self._fed = False, 0

    def _body_came(self) -> None:
        self._fed = 0

    def _message_is_complete(self) -> None:
        self._in_head, self._fed = True, 0
        self._head_since = self.loop.time()

    def on_response_complete(self) -> None:
        """The client's turn begins."""
        self._head_since = self._byte_at = self.loop.time()
        self._answered = True
        super().on_response_complete()  # type: ignore[misc]

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words, which are no problem document
        """What came is no HTTP: a problem document too."""
        self._refuse("bad-request")

    # -- the watch's side --------------------------------------------------------------------------

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def _is_idle(self) -> bool:
        return self._answered and not self._fed

    @property
    def waiting_since(self) -> float | None:
        """Since when a head is awaited and nothing else is to do."""
        if self._until is not None:
            return 0.0
        return self._head_since if self._in_head and not self._is_answering else None

    def drop(self) -> None:
        """End it: a client that only waits finds a closed connection and opens another."""
        self.bounds.gone(self)
        self.transport.abort()

    def look(self, now: float) -> None:
        """End it, if it has kept us waiting too long."""
        limits = self.bounds.limits
        if self._until is not None:
            self._abort_if(now >= self._until)
        elif self._stalled_at is not None:
            self._abort_if(now - self._stalled_at > limits.reading_seconds)
        elif self.transport.is_closing():
            # what is left to write is small, and its reader had its time
            self._abort_if(now - self._byte_at > limits.reading_seconds)
        elif self._is_answering:
            self._look_at_body(now, limits.body_seconds)
        elif not self._in_head:
            # answered, and the body still comes: whoever was refused sends it all the same
            self._abort_if(now - self._head_since > min(_LINGER_SECONDS, limits.body_seconds))
        elif now - self._head_since > (
            limits.idle_seconds if self._is_idle else limits.head_seconds
        ):
            self._end_wait_for_head()

    def _abort_if(self, overdue: bool) -> None:
        if overdue:
            self.transport.abort()

    def _look_at_body(self, now: float, seconds: float) -> None:
        if self._in_head or self.flow.read_paused:
            self._byte_at = now  # it is our turn, not the client's
        elif now - self._byte_at > seconds:
            self._refuse("body-timeout")

    def _end_wait_for_head(self) -> None:
        if self._fed:
            self._refuse("header-timeout")
        else:
            self.transport.close()
            self._until = self.loop.time() + _LINGER_SECONDS

    def _refuse(self, code: str) -> None:
        """Say why, and listen no more; the application finds its client gone."""
        begun = False
        if self._is_answering:
            begun = self.cycle.response_started
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        log.info("request.refused", code=code, address=self.client[0] if self.client else None)
        self._until = self.loop.time() + _LINGER_SECONDS
        self._forget_pipeline()
        if begun or self.transport.is_closing():
            self.transport.abort()
            return
        self.flow.resume_reading()
        self.transport.write(raw_problem(code))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _forget_pipeline(self) -> None:
        """Nothing waits behind this request."""


class BoundedHttpTools(_Bounded, HttpToolsProtocol):
    """uvicorn's protocol on httptools."""

    def on_headers_complete(self) -> None:
        """A head is complete."""
        self._head_is_complete()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self._body_came()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is complete."""
        self._message_is_complete()
        super().on_message_complete()

    def _forget_pipeline(self) -> None:
        self.pipeline.clear()


class BoundedH11(_Bounded, H11Protocol):
    """uvicorn's protocol on h11."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """As uvicorn's."""
        super().__init__(*args, **options)
        # its own bound is ours: it answers 400, and we 431
        self.conn = _TellingH11(self, self.bounds.limits.head_bytes + _BODY_SLICE)


class _TellingH11(h11.Connection):
    """Tells of progress."""

    def __init__(self, told: BoundedH11, most: int) -> None:
        super().__init__(h11.SERVER, most)
        self._told = told

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._told._head_is_complete()  # noqa: SLF001 - its other half
        elif isinstance(event, h11.Data):
            self._told._body_came()  # noqa: SLF001
        elif isinstance(event, h11.EndOfMessage):
            self._told._message_is_complete()  # noqa: SLF001
        return event
