"""Members that arrive in an event loop, for readers that block: one step is always ahead of the reader."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Protocol, TypeVar

import polars as pl

from app.sources.cancellation import while_wanted

Result = TypeVar("Result")


class Steps(Protocol):
    """One reading; its methods run in one event loop, one after another."""

    async def open(self) -> None:
        """Ask for the members."""
        ...

    async def next(self) -> pl.DataFrame | None:
        """Some of them, or None after the last."""
        ...

    async def close(self) -> None:
        """Let go; the server gives up what it was doing. Also called where `open` failed."""
        ...


def rows_at_once(rows: int, columns: int, *, cells: int) -> int:
    """How many rows a step asks for: at most `rows`, and so many that they are not more than `cells`."""
    return max(1, min(rows, cells // max(columns, 1)))


def frames_of(steps: Steps) -> Iterator[pl.DataFrame]:
    """Its frames, read in a thread; ends soon after nobody wants them (`ReadingGivenUp`)."""
    runner, context = asyncio.Runner(), copy_context()
    with ThreadPoolExecutor(1) as thread:  # the caller's may have a loop that runs

        def begin(step: Coroutine[Any, Any, Result]) -> "Future[Result]":
            return thread.submit(context.run, runner.run, step)

        try:
            begin(while_wanted(steps.open())).result()
            ahead = begin(while_wanted(steps.next()))
            while (frame := ahead.result()) is not None:
                ahead = begin(while_wanted(steps.next()))
                yield frame
        finally:
            begin(steps.close()).result()
            thread.submit(runner.close).result()


def answer_of(asking: Coroutine[Any, Any, Result], *, seconds: float | None = None) -> Result:
    """What it returns; given up soon after nobody wants it (`ReadingGivenUp`).

    Raises `TimeoutError` if it takes longer than `seconds`.
    """

    async def bounded() -> Result:
        async with asyncio.timeout(seconds):
            return await while_wanted(asking)

    with ThreadPoolExecutor(1) as thread:  # the caller's may have a loop that runs
        context = copy_context()
        return thread.submit(context.run, asyncio.run, bounded()).result()
