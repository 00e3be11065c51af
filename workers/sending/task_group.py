"""Tasks that end together, where one that fails must not take down what the others have begun."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.observability.crashes import failures_to


@asynccontextmanager
async def task_group(
    fail: Callable[[BaseException], None],
) -> AsyncIterator[Callable[..., "asyncio.Task[None]"]]:
    """Start tasks; the first error is reported to `fail`, the others may finish what they hold."""
    tasks: list[asyncio.Task[None]] = []

    def start(work: object) -> "asyncio.Task[None]":
        async def guarded() -> None:
            with failures_to(fail):
                await work  # type: ignore[misc]

        task = asyncio.create_task(guarded())
        tasks.append(task)
        return task

    try:
        yield start
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
