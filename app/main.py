"""Where servers find the API: `uvicorn app.main:create_app --factory`."""

import functools
from types import ModuleType
from typing import TYPE_CHECKING

from app.loading import uncollected

if TYPE_CHECKING:
    from fastapi import FastAPI

    from app.settings import Settings


def create_app(settings: "Settings | None" = None) -> "FastAPI":
    """As `app.api.create_app`, whose imports are most of a start."""
    app: FastAPI = _api().create_app(settings)
    return app


@functools.cache
def _api() -> ModuleType:
    with uncollected():
        from app import api  # noqa: PLC0415 - see `uncollected`
    return api
