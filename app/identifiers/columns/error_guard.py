"""Keeps members' values out of errors: the engine's own messages quote the cells they fail on."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import polars as pl

from app.errors import AppError

P = ParamSpec("P")
T = TypeVar("T")


def guarded(work: Callable[P, T]) -> Callable[P, T]:
    """`work`, whose failures of the engine are AppError `identifiers-failed`, told by kind only.

    The error has neither the engine's message nor its exception as cause or context.
    """

    @wraps(work)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(*args, **kwargs)
        except pl.exceptions.PolarsError as error:
            kind = type(error).__name__
        raise AppError(
            f"The identifiers of a chunk of members could not be worked off ({kind}); this is an "
            "error of the service, please report it.",
            code="identifiers-failed",
        )

    return call
