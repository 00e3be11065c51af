"""A body on its way from the event loop to the thread that hashes it: pieces, with a bound on their number.

While the thread is busy the loop waits, then the socket fills, then the sender waits.
"""

import asyncio
import queue
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from app.errors import AppError, SourceError
from app.identifiers import PUSHED_KEYS, expand, keep, mappable_keys
from app.snapshots import Manifest, MemberWriter, SnapshotError
from app.sources import BodyLimits, Losses, members_of_body

_PIECE_BYTES = 1 << 20
_PIECES_AHEAD = 4


class BodyStream:
    """What `pump` takes in on the event loop is read in a thread; `fail` ends the reading."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._room = asyncio.Semaphore(_PIECES_AHEAD)
        self._pieces: queue.SimpleQueue[bytes | Exception | None] = queue.SimpleQueue()
        self._left = bytearray()
        self._ended = False

    async def pump(self, body: AsyncIterator[bytes]) -> None:
        """Take the body in; whatever it raises is raised where it is read."""
        held = bytearray()
        try:
            async for piece in body:
                held += piece
                if len(held) >= _PIECE_BYTES:
                    await self._put(bytes(held))
                    held.clear()
        except Exception as error:  # noqa: BLE001 - raised again in the thread
            self._pieces.put(error)
            return
        if held:
            await self._put(bytes(held))
        self._pieces.put(None)

    def fail(self, error: Exception) -> None:
        """Have the reader end with this error."""
        self._pieces.put(error)

    def read(self, size: int, /) -> bytes:
        """Exactly `size` bytes, fewer only at the end; blocks."""
        while len(self._left) < size and not self._ended:
            piece = self._pieces.get()
            if isinstance(piece, Exception):
                self._ended = True
                raise piece
            if piece is None:
                self._ended = True
            else:
                self._loop.call_soon_threadsafe(self._room.release)
                self._left += piece
        taken = bytes(self._left[:size])
        del self._left[:size]
        return taken

    async def _put(self, piece: bytes) -> None:
        await self._room.acquire()
        self._pieces.put(piece)


@dataclass(frozen=True, slots=True)
class Received:
    """Members that are kept: where, under which keys; what was refused and given, and left out.

    `refused`: key to reason to values, `given`: key to values, `malformed`: rows that could not be read,
    `ignored`: columns that are no keys.
    """

    manifest: Manifest
    keys: tuple[str, ...]
    refused: Mapping[str, Mapping[str, int]]
    given: Mapping[str, int]
    malformed: int
    ignored: list[str]


def receive(
    stream: BodyStream,
    writer: MemberWriter,
    options: Mapping[str, Any],
    limits: BodyLimits,
    losses: Losses,
    *,
    default_country: str | None,
    date_format: str | None,
    time_zone: str,
) -> Received:
    """Normalize, hash and keep the members of a body; blocks until it has ended.

    Raises what the body, the formats and the storage raise; then nothing is left behind.
    """
    refused: dict[str, Counter[str]] = {}
    given: Counter[str] = Counter()
    try:
        arriving = members_of_body(stream, options, PUSHED_KEYS, limits, losses)
        keys: set[str] = set()
        for frame in arriving.frames:
            there = [key for key in arriving.columns if key in arriving.told or _has(frame, key)]
            keys.update(there)
            members = _by_key(frame, {key: arriving.columns[key] for key in there})
            kept = keep(
                members,
                default_country=default_country,
                date_format=date_format,
                time_zone=time_zone,
            )
            given.update(kept.filled)
            writer.add(kept.rows)
            for key, reasons in kept.refused.items():
                refused.setdefault(key, Counter()).update(reasons)
        losses.settle()
        manifest = writer.finish()
    except SnapshotError as error:
        writer.abort()
        raise _explained(error) from None
    except BaseException:
        writer.abort()
        raise
    return Received(
        manifest,
        mappable_keys(keys, default_country=default_country),
        {key: dict(reasons) for key, reasons in refused.items()},
        dict(given),
        losses.malformed,
        list(arriving.ignored),
    )


def _has(frame: pl.DataFrame, column: str) -> bool:
    return frame[column].null_count() < frame.height


def _by_key(frame: pl.DataFrame, columns: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """Columns named by key; a member with several values of a key has a row for each."""
    single = [frame[names[0]].alias(key) for key, names in columns.items() if len(names) == 1]
    several = {
        key: [frame[name].alias(key) for name in names]
        for key, names in columns.items()
        if len(names) > 1
    }
    return expand(pl.DataFrame(single, height=frame.height), several)


def _explained(error: SnapshotError) -> AppError:
    """A value that cannot be kept is the sender's business; a storage that is away is ours."""
    if error.code != "snapshot-rows-unusable":
        return error
    return SourceError(f"The body: {error.detail}", code="value-unusable", culprit=error.culprit)
