"""The story, told by the examples of the document: each body is sent as it stands, in the API and on `/docs`.

An id in an example (`con_0193…`) stands for the newest of its kind; the page puts it in.
"""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import api_document
from tests.guide.conftest import KEY

# in the order of the document's tags
STORY = (
    *("get_consent", "list_connection_types", "create_connection", "list_connections"),
    *("list_available_connections", "get_connection", "list_ad_accounts", "list_audiences"),
    *("check_connection", "create_segment", "replace_segment_members", "get_segment"),
    *("list_segment_attributes", "explain_identifiers", "create_export", "preview_draft"),
    *(
        "preview_export",
        "create_run",
        "get_run",
        "list_run_batches",
        "put_schedule",
        "create_webhook",
    ),
    *("create_erasure", "create_api_key", "get_me"),
)
LISTS = {
    "con": "/v1/connections", "seg": "/v1/segments", "exp": "/v1/exports", "run": "/v1/runs",
    "whk": "/v1/webhooks", "era": "/v1/erasures",
}  # fmt: skip
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in api_document()["paths"].items()
    for method, operation in methods.items()
}


def example_of(schema: dict[str, Any]) -> Any:
    """What a page fills in."""
    name = schema.get("$ref", "").rpartition("/")[2]
    found = api_document()["components"]["schemas"][name] if name else schema
    return found["examples"][0]


async def with_ids(api: httpx.AsyncClient, text: str) -> str:
    for kind in set(re.findall(r"\b([a-z]{3})_0193…", text)):
        newest = (await api.get(LISTS[kind], params={"limit": 1})).json()["items"][0]["id"]
        text = text.replace(f"{kind}_0193…", newest)
    return text


def test_the_story_begins_the_document() -> None:
    assert next(iter(OPERATIONS)) == STORY[0] == "get_consent"


async def test_the_examples_run_as_they_stand(api: httpx.AsyncClient, work: Any) -> None:
    for name in STORY:
        method, path, operation = OPERATIONS[name]
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", parameter["example"])
        kinds = operation.get("requestBody", {}).get("content", {})
        kind, content = next(iter(kinds.items()), ("", {}))
        body = content.get("example") or (example_of(content["schema"]) if content else None)
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        answer = await api.request(
            method,
            await with_ids(api, path),
            content=(await with_ids(api, text)).encode() if body is not None else None,
            headers={"Content-Type": kind} if kind else {},
        )
        assert answer.is_success, (name, answer.text)
        if name == "create_run":
            await work()
        elif name == "get_run":
            assert answer.json()["status"] == "succeeded", answer.text
            assert answer.json()["counts"]["received"] == 2


@pytest.fixture
async def page() -> AsyncIterator[Any]:
    from playwright.async_api import async_playwright  # noqa: PLC0415 - only where there is a browser

    async with async_playwright() as play:
        chromium = await play.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        opened = await chromium.new_page()
        opened.complaints = []
        opened.on("pageerror", lambda error: opened.complaints.append(str(error)))
        yield opened
        await chromium.close()


async def filled_in(block: Any, operation: dict[str, Any]) -> None:
    """Swagger UI shows its button a moment before it has put the examples into the fields."""
    fields = [
        block.locator(f"tr[data-param-name='{one['name']}'] input")
        for one in operation.get("parameters", [])
        if one["in"] == "path"
    ]
    if "requestBody" in operation:
        fields.append(block.locator("textarea.body-param__text"))
    for field in fields:
        for _ in range(600):
            if await field.count() and await field.first.input_value():
                break
            await asyncio.sleep(0.1)


@pytest.mark.browser
@pytest.mark.timeout(900)
@pytest.mark.skipif(not Path("/usr/bin/chromium").exists(), reason="needs Debian's Chromium")
@pytest.mark.skipif(
    os.environ.get("CHAOS") != "full", reason="Swagger UI takes its time: make chaos"
)
async def test_the_page_of_the_api_tells_the_story(page: Any, story: dict[str, str]) -> None:
    """Every step is opened and executed, nothing typed but the key."""
    await page.goto(f"{story['AUDIENCE_EXPORT_URL']}/docs")
    first = page.locator(".opblock-summary-path").first
    assert "consent" in (await first.inner_text(timeout=60_000))
    await page.locator(".btn.authorize").first.click()
    field = page.locator(".auth-container", has_text="API key of this service").locator("input")
    await field.fill(KEY)
    await page.locator(".auth-btn-wrapper .authorize").first.click()
    # the key is kept over a reload
    await page.reload()
    for name in STORY:
        _, _, operation = OPERATIONS[name]
        block = page.locator(f"[id='operations-{operation['tags'][0]}-{name}']")
        await block.locator(".opblock-summary-control").dispatch_event("click")
        await filled_in(block, operation)
        await block.locator(".btn.execute").dispatch_event("click")
        status = block.locator(".live-responses-table .response .response-col_status").first
        text = (await status.inner_text(timeout=60_000)).strip()
        if not text.startswith("2"):
            said = await block.locator(".live-responses-table").inner_text()
            pytest.fail(f"{name}: {said[:800]}")
        await block.locator(".opblock-summary-control").dispatch_event("click")
    assert page.complaints == []
