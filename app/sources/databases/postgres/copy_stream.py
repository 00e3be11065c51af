"""The bytes of a COPY, pulled by a blocking reader from a thread with an event loop of its own.

asyncpg needs an event loop; readers of sources block. A short queue between the two keeps the
memory bounded: while nobody reads, the loop waits, the socket fills, and the server waits too.
"""

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

from app.sources.cancellation import check_wanted

PIECE_BYTES = 1 << 20
_PIECES_AHEAD = 8
# a database that takes its time gives no piece to look after
_LOOK_SECONDS = 0.2

Write = Callable[[bytes], Awaitable[None]]


class _Abandoned(Exception):
    """The reader went away."""


class CopyStream:
    """A `ByteStream`; `read` raises whatever ended the copying, and gives b"" after its end."""

    def __init__(self) -> None:
        self._pieces: queue.Queue[bytes | BaseException | None] = queue.Queue(_PIECES_AHEAD)
        self._left = bytearray()
        self._ended = False
        self._abandoned = threading.Event()

    def read(self, size: int, /) -> bytes:
        """Exactly `size` bytes, fewer only at the end."""
        while len(self._left) < size and not self._ended:
            check_wanted()
            try:
                piece = self._pieces.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue
            if isinstance(piece, BaseException):
                self._ended = True
                raise piece
            self._ended = piece is None
            self._left += piece or b""
        taken = bytes(self._left[:size])
        del self._left[:size]
        return taken

    def put(self, piece: bytes | BaseException | None) -> None:
        """Wait for room; raises if the reader went away."""
        while not self._abandoned.is_set():
            try:
                return self._pieces.put(piece, timeout=0.1)
            except queue.Full:
                continue
        raise _Abandoned

    def check_reader(self) -> None:
        """Raise if the reader went away."""
        if self._abandoned.is_set():
            raise _Abandoned

    def abandon(self) -> None:
        """Let the copying end soon."""
        self._abandoned.set()


@contextmanager
def copying(copy: Callable[[Write], Awaitable[None]]) -> Iterator[CopyStream]:
    """Run `copy` in a thread, give what it writes as a stream; leaving the context ends it."""
    stream = CopyStream()
    thread = threading.Thread(target=_run, args=(copy, stream), name="copy", daemon=True)
    thread.start()
    try:
        yield stream
    finally:
        stream.abandon()
        thread.join()


def _run(copy: Callable[[Write], Awaitable[None]], stream: CopyStream) -> None:
    with suppress(_Abandoned):
        try:
            asyncio.run(_copy(copy, stream))
        except _Abandoned:
            raise
        except Exception as error:  # noqa: BLE001 - raised again where the stream is read
            stream.put(error)
        else:
            stream.put(None)


async def _copy(copy: Callable[[Write], Awaitable[None]], stream: CopyStream) -> None:
    held = bytearray()

    async def write(data: bytes) -> None:
        held.extend(data)
        if len(held) >= PIECE_BYTES:
            stream.put(bytes(held))  # blocks this loop on purpose; nothing else runs in it
            held.clear()

    task = asyncio.ensure_future(copy(write))
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=_LOOK_SECONDS)
            stream.check_reader()  # a server that takes its time gives no piece to look after
        task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    if held:
        stream.put(bytes(held))
