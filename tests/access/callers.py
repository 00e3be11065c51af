"""Callers of each role on the same API, and databases that move a moment on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.flows.journey import expect


async def make_key(api: httpx.AsyncClient, role: str, **changes: Any) -> dict[str, Any]:
    """A new API key, as it is shown once."""
    body = {"display_name": f"a {role}", "role": role} | changes
    return await expect(await api.post("/v1/api-keys", json=body), 201)


@asynccontextmanager
async def bearing(api: httpx.AsyncClient, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """The same API, called with another key."""
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)  # type: ignore[attr-defined]
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://testserver",
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
    ) as client:
        yield client


@asynccontextmanager
async def acting_as(api: httpx.AsyncClient, role: str) -> AsyncIterator[httpx.AsyncClient]:
    """The same API, called by somebody of that role."""
    made = await make_key(api, role)
    async with bearing(api, made["key"]) as client:
        yield client
