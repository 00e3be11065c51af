"""What nobody foresaw: told by its class and place only, since its text may hold a value."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from app.errors import AppError
from app.observability.logs import get_logger, where

log = get_logger(__name__)

STOPS: Final = (asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit)
"""What is no failure: somebody wants this work to stop. All else ends in an `except BaseException`,
since polars raises its `PanicException` beside `Exception`, and ARQ ends the process with such a one."""


def tell_of_crash(event: str, error: BaseException, **keys: str) -> None:
    """Say it in the log, as `event`."""
    log.error(event, error=type(error).__name__, where=where(error), **keys)


@contextmanager
def failures_to(
    failed: Callable[[BaseException], object], *through: type[Exception]
) -> Iterator[None]:
    """Hand what fails inside to `failed`, and let the work behind it go on; `through` and stops come out."""
    coming_out: tuple[type[BaseException], ...] = (*through, *STOPS)
    try:
        yield
    except coming_out:
        raise
    except BaseException as error:  # noqa: BLE001 - the others must not wait for this one
        failed(error)


@contextmanager
def crashes_told(event: str, *, within: bool = False, **keys: str) -> Iterator[None]:
    """Tell of what nobody foresaw inside, and let the work behind it go on. `AppError`s come through.

    `within` a transaction the database's own errors come through too: they are no `AppError` before its
    end, and what was asked of it may not stand.
    """
    through = (AppError, SQLAlchemyError, OSError) if within else (AppError,)
    with failures_to(lambda error: tell_of_crash(event, error, **keys), *through):
        yield
