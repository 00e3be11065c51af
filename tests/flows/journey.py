"""The walk of the README as functions: consent → connection → segment → export → run."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

TOKEN = "sandbox-user-token"
ACCOUNT = "act_1001"


async def expect(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The body of an answer of that status."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json() if answer.content else {}
    return body


async def make_connection(api: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    consent = await expect(await api.get("/v1/consent"), 200)
    body: dict[str, Any] = {
        "display_name": "Newsletter",
        "access_token": TOKEN,
        "ad_account_id": ACCOUNT,
        "audience": {"name": "Newsletter list", "allow_duplicate_name": True},
        "consent": {"accepted": True, "version": consent["version"]},
    }
    return await expect(await api.post("/v1/connections", json=body | changes), 201)


async def make_segment(
    api: httpx.AsyncClient, url: str, name: str = "newsletter", **source: Any
) -> dict[str, Any]:
    body = {"name": name, "display_name": name, "source": {"kind": "file", "url": url, **source}}
    return await expect(await api.post("/v1/segments", json=body), 201)


async def make_export(
    api: httpx.AsyncClient,
    connection: Mapping[str, Any],
    *segments: Mapping[str, Any],
    **changes: Any,
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "display_name": "Newsletter to Meta",
        "connection_id": connection["id"],
        "key_identifier": "email",
        "attributes": {"EMAIL": "email"},
        "segment_ids": [segment["id"] for segment in segments],
    }
    return await expect(await api.post("/v1/exports", json=body | changes), 201)


async def start_run(api: httpx.AsyncClient, export: Mapping[str, Any]) -> dict[str, Any]:
    """A queued run; a service that has too much to do is asked again, as every client should."""
    path = f"/v1/exports/{export['id']}/runs"
    for _ in range(20):
        answer = await api.post(path)
        if answer.status_code != 503 or "Retry-After" not in answer.headers:
            break
        await asyncio.sleep(int(answer.headers["Retry-After"]))
    return await expect(answer, 202)


async def get_run(api: httpx.AsyncClient, run: Mapping[str, Any]) -> dict[str, Any]:
    return await expect(await api.get(f"/v1/runs/{run['id']}"), 200)
