"""The API on other settings than the tests' usual ones."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from app.main import create_app
from app.settings import Settings


@asynccontextmanager
async def deployed(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The API of these settings as the administrator of its bootstrap key calls it."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        key = settings.bootstrap_api_key.get_secret_value()
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://testserver",
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
        ) as client:
            client.app = app  # type: ignore[attr-defined]
            yield client
