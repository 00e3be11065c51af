"""Whether what is being read is still wanted: whoever asked may have gone, or waited long enough.

A thread cannot be stopped from outside, so what reads in one looks here between its pieces.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from app.errors import SourceError

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
