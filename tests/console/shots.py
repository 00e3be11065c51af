"""`python -m tests.console.shots FOLDER`: pictures of the console's screens, light, dark and on a phone.

A demo that is kept open is started for it (`audience-export demo --keep`), so that there is something to
see; at the end it is stopped again.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import async_playwright

CHROMIUM = Path("/usr/bin/chromium")
STYLES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 860}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 860}},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 800}},
}


def screens(api: httpx.Client) -> dict[str, str]:
    """The address of each screen, by the name of its picture."""

    def first(path: str, **params: str) -> str:
        return str(api.get(path, params=params).raise_for_status().json()["items"][0]["id"])

    export = first("/v1/exports", q="every morning")
    return {
        "overview": "",
        "exports": "exports",
        "export": f"exports/{export}",
        "builder": f"exports/{export}/edit",
        "runs": "runs",
        "run": f"runs/{first('/v1/runs', sort='created_at')}",
        "failed-run": f"runs/{first('/v1/runs', status='failed')}",
        "connections": "connections",
        "connection": f"connections/{first('/v1/connections', status='ready')}",
        "wizard": f"connections/{first('/v1/connections', status='draft')}/setup",
        "segments": "segments",
        "segment": f"segments/{first('/v1/segments', kind='file')}",
        "upload": f"segments/{first('/v1/segments', kind='upload')}",
        "explain": "explain",
        "erasures": "erasures",
        "keys": "admin/keys",
        "webhooks": "admin/webhooks",
        "schedule": "admin/schedule",
        "audit": "admin/audit",
    }


async def take(folder: Path, url: str, places: dict[str, str], links: dict[str, str]) -> None:
    """Every screen in every style; `links` sign in, one a style."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        for style, options in STYLES.items():
            page = await (await browser.new_context(locale="en-GB", **options)).new_page()
            await page.goto(links[style])
            await page.locator("main h1").wait_for()
            for name, place in places.items():
                await page.goto(f"{url}/#/{place}")
                await page.locator("main h1").wait_for()
                await page.wait_for_load_state("networkidle")
                await page.wait_for_timeout(500)
                await page.locator("main .bone").first.wait_for(state="detached")
                await page.screenshot(path=folder / f"{name}-{style}.png", full_page=True)
        await browser.close()


def main(folder: Path) -> None:
    """Start a demo, take the pictures, stop it."""
    if not CHROMIUM.exists():
        sys.exit("Chromium is needed: apt-get install --no-install-recommends chromium")
    demo = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "demo", "--keep", "--members", "30000"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
    )
    try:
        assert demo.stdout is not None
        said = ""
        for line in demo.stdout:
            said += line
            if "Ctrl-C stops everything" in line:
                break
        url = re.search(r"console: (http://\S+?)/?\s", said)
        key = re.search(r"Authorization: Bearer (\S+)", said)
        if url is None or key is None:
            sys.exit(f"The demo did not get that far:\n{said}")
        folder.mkdir(parents=True, exist_ok=True)
        headers = {"Authorization": f"Bearer {key[1]}"}
        with httpx.Client(base_url=url[1], headers=headers, timeout=60) as api:
            places = screens(api)
            links = {
                name: api.post("/v1/session/links").raise_for_status().json()["url"]
                for name in STYLES
            }
        asyncio.run(take(folder, url[1], places, links))
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(60)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
