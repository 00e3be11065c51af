"""Tasks that end together, where one that fails must not take down what the others have begun."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.observability.crashes import STOPS


@asynccontextmanager
async def task_group(
    fail: Callable[[BaseException], None],
) -> AsyncIterator[Callable[..., "asyncio.Task[None]"]]:
    """Start tasks; the first error is reported to `fail`, the others may finish what they hold."""
    tasks: list[asyncio.Task[None]] = []

    def start(work: object) -> "asyncio.Task[None]":
        async def guarded() -> None:
            try:
                await work  # type: ignore[misc]
            except STOPS:
                raise
            except BaseException as error:  # noqa: BLE001 - handed on, not swallowed
                fail(error)

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
