"""Work that is given up when the caller goes away: nobody would read its answer."""

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar

from starlette.requests import Request

from app.errors import AppError, Culprit

Result = TypeVar("Result")


class CallerGone(AppError):
    """The caller went away before the answer was there; nothing was changed."""

    code = "caller-gone"
    # as nginx logs it; nobody receives it
    status: ClassVar[int] = 499
    culprit = Culprit.USER


async def while_listening(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of the work, which is cancelled when the caller goes. Raises `CallerGone`.

    For requests whose body was read, or that have none.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise CallerGone
        return task.result()
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
