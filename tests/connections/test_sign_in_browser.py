"""Continue with Facebook as a person does it: a real Chromium, a real server, the sandbox's dialog."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.conftest import API_KEY, free_port
from tests.flows.journey import expect

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def _chromium() -> None:
    if not CHROMIUM.exists():
        notice = (
            "NO BROWSER: the sign-in was not tried in Chromium. Install Debian's package with: "
            "apt-get install --no-install-recommends chromium"
        )
        sys.__stderr__.write(f"\n*** {notice}\n")
        pytest.skip(notice)


@pytest.fixture
async def served(
    _chromium: None, make_settings: Callable[..., Settings]
) -> AsyncIterator[httpx.AsyncClient]:
    """The API on a port of this machine, since a browser needs one."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    used = make_settings(public_url=url)
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": used.database_url,
        "REDIS_URL": used.redis_url.get_secret_value(),
        "SNAPSHOT_URL": used.snapshot_url,
        "DATA_DIR": str(used.data_dir),
        "ENCRYPTION_KEYS": used.encryption_keys[0].get_secret_value(),
        "GRAPH_API_URL": used.graph_api_url,
        "FACEBOOK_DIALOG_URL": used.facebook_dialog_url,
        "FACEBOOK_APP_ID": used.facebook_app_id,
        "FACEBOOK_APP_SECRET": used.facebook_app_secret.get_secret_value(),
        "PUBLIC_URL": url,
        "BOOTSTRAP_API_KEY": API_KEY,
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory"]
    process = subprocess.Popen(  # noqa: ASYNC220 - started once, and not waited for
        [*command, "--port", str(port), "--log-level", "error"], cwd=ROOT, env=environment
    )
    try:
        headers = {"Authorization": f"Bearer {API_KEY}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
            await _answers(client)
            yield client
    finally:
        process.terminate()
        process.wait(15)


async def _answers(client: httpx.AsyncClient) -> None:
    for _ in range(300):
        try:
            if (await client.get("/readyz")).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)  # noqa: ASYNC251 - nothing else happens meanwhile
    raise AssertionError


@pytest.fixture
async def page(_chromium: None) -> AsyncIterator[Any]:
    from playwright.async_api import async_playwright  # noqa: PLC0415 - only where there is a browser

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        opened = await browser.new_page()
        opened.set_default_timeout(20_000)
        yield opened
        await browser.close()


async def begin(api: httpx.AsyncClient, connection: dict[str, Any]) -> str:
    answer = await api.post(f"/v1/connections/{connection['id']}/authorize")
    url: str = (await expect(answer, 200))["authorization_url"]
    return url


async def own_cookie(api: httpx.AsyncClient, page: Any) -> None:
    """The browser is the one that the sign-in was begun in."""
    cookie = next(one for one in api.cookies.jar if one.path != "/")
    found = {"name": cookie.name, "value": cookie.value, "domain": "127.0.0.1", "path": cookie.path}
    await page.context.add_cookies([found])


async def test_a_person_denies_declines_and_allows(served: httpx.AsyncClient, page: Any) -> None:
    """S26, S27: cancel, then without the box of ads_management, then with it."""
    body = {"display_name": "In a browser"}
    connection = await expect(await served.post("/v1/connections", json=body), 201)
    path = f"/v1/connections/{connection['id']}"

    async def seen() -> dict[str, Any]:
        return await expect(await served.get(path), 200)

    await page.goto(await begin(served, connection))
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("heading", name="Not connected yet").wait_for()
    assert (await seen())["token"] is None
    # begun by a program: its key is asked for
    await page.get_by_label("API key").fill("aek_not-it")
    await page.get_by_role("button", name="Finish").click()
    await page.get_by_role("heading", name="Not connected", exact=True).wait_for()

    await page.goto(await begin(served, connection))
    await own_cookie(served, page)
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("heading", name="Not connected").wait_for()
    assert "cancelled at Facebook" in await page.inner_text("body")
    assert (await seen())["sign_in_problem"] == "sign-in-denied"

    await page.goto(await begin(served, connection))
    await own_cookie(served, page)
    await page.get_by_label("ads_management").uncheck()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("heading", name="Not connected").wait_for()
    assert "ads_management permission was not allowed" in await page.inner_text("body")
    after = await seen()
    assert (after["token"], after["sign_in_problem"]) == (None, "permission-declined")

    # asked once more, the box is there again
    await page.goto(await begin(served, connection))
    await own_cookie(served, page)
    assert await page.get_by_label("ads_management").is_checked()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("heading", name="Connected", exact=True).wait_for()
    assert "In a browser is signed in" in await page.inner_text("body")
    after = await seen()
    assert after["sign_in_problem"] is None
    assert "ads_management" in after["token"]["scopes"]

    # going back to the address a second time finishes nothing
    token = after["token"]
    await page.reload()
    await page.get_by_role("heading", name="Not connected").wait_for()
    assert "finished already" in await page.inner_text("body")
    assert (await seen())["token"] == token


async def test_a_browser_that_began_another_sign_in_is_refused(
    served: httpx.AsyncClient, page: Any
) -> None:
    """The cookie of a sign-in begun in this browser belongs to that one only."""
    body = {"display_name": "In a browser"}
    connection = await expect(await served.post("/v1/connections", json=body), 201)
    url = await begin(served, connection)
    served.cookies.clear()
    await begin(served, connection)
    await own_cookie(served, page)
    await page.goto(url)
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("heading", name="Not connected").wait_for()
    assert "begun in another browser" in await page.inner_text("body")
    after = await expect(await served.get(f"/v1/connections/{connection['id']}"), 200)
    assert after["token"] is None
