"""Loading the code of a process without looking for garbage in it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """What is imported within stays, and the collector of cycles never looks at it again.

    It would go through all modules so far each time they have grown by a quarter, a seventh of the CPU of a
    start, and through all of them again in every full collection of a process that works.
    https://docs.python.org/3/library/gc.html#gc.freeze
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
