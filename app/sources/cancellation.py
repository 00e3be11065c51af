"""Whether what is being read is still wanted: whoever asked may have gone, or waited long enough.

A thread cannot be stopped from outside, so what reads in one looks here between its pieces.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from app.errors import SourceError

Result = TypeVar("Result")

_LOOK_SECONDS = 0.2
_GIVEN_UP: ContextVar[threading.Event | None] = ContextVar("given_up", default=None)


class ReadingGivenUp(SourceError):
    """Nobody waits for these members any more."""

    code = "reading-given-up"


@contextmanager
def wanted() -> Iterator[threading.Event]:
    """What is begun in this context (and threads that have a copy of it) ends soon after it is left."""
    given_up = threading.Event()
    token = _GIVEN_UP.set(given_up)
    try:
        yield given_up
    finally:
        _GIVEN_UP.reset(token)
        given_up.set()


def is_wanted() -> bool:
    """Whether anybody waits for what this thread reads."""
    given_up = _GIVEN_UP.get()
    return given_up is None or not given_up.is_set()


def check_wanted() -> None:
    """Raise `ReadingGivenUp` if nobody waits for what this thread reads."""
    if not is_wanted():
        raise ReadingGivenUp


async def while_wanted(asking: Coroutine[Any, Any, Result]) -> Result:
    """The answer, unless nobody waits for it any more: then the server is told to stop."""
    task = asyncio.ensure_future(asking)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=_LOOK_SECONDS)
            check_wanted()
        return task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
