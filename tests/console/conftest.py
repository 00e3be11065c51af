"""The console as people meet it: a served API, a worker, the sandbox's dialog, and a real Chromium."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from app.db.secrets import generate_key
from tests.conftest import API_KEY, Sandbox, emptied, free_port, wait_until

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
# what Chromium itself writes about an answer that was refused; the screens say it, too
REFUSALS = "Failed to load resource: the server responded with a status of"


@pytest.fixture(scope="module")
def chromium() -> None:
    if not CHROMIUM.exists():
        notice = (
            "NO BROWSER: the console was not tried in Chromium (the seed page by page, a failed run and "
            "the way back, every screen with axe). Install Debian's package with: "
            "apt-get install --no-install-recommends chromium"
        )
        sys.__stderr__.write(f"\n*** {notice}\n")
        pytest.skip(notice)


@dataclass
class Served:
    """A deployment of its own: where it is, what may be asked of it, and its worker."""

    url: str
    api: httpx.Client
    sandbox: Sandbox
    folder: Path
    environment: dict[str, str]
    database: str
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_worker(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers"], cwd=ROOT, env=self.environment
        )
        self.workers.append(process)
        return process

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.api.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def link(self, role: str = "administrator") -> str:
        """A sign-in link of somebody of that role."""
        if role == "administrator":
            return str(self.call("POST", "/v1/session/links")["url"])
        made = self.call("POST", "/v1/api-keys", {"display_name": f"a {role}", "role": role})
        headers = {"Authorization": f"Bearer {made['key']}"}
        return str(self.api.post("/v1/session/links", headers=headers).json()["url"])

    def ended(self, run_id: str) -> dict[str, Any]:
        """The run once it has ended."""
        for _ in range(4):
            run = self.call("GET", f"/v1/runs/{run_id}?wait=20")
            if run["finished_at"]:
                return dict(run)
        raise AssertionError(run)


@pytest.fixture(scope="module")
async def served(
    chromium: None,
    servers: Any,
    template: str,
    sandbox_process: Sandbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Served]:
    """One deployment for the tests of a module."""
    postgres, valkey = servers
    sandbox_process.control("POST", "reset")
    name = f"t_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(
        postgres.address("postgres", role="postgres").replace("+asyncpg", "")
    )
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER app")
    # one that may only read, and is named as people name them: whoever may write is refused
    await admin.execute(f"CREATE ROLE reader_{name} LOGIN IN ROLE pg_read_all_data")
    crm = postgres.address(name, role=f"reader_{name}").replace("+asyncpg", "")
    owner = postgres.address(name).replace("+asyncpg", "")
    folder = tmp_path_factory.mktemp("console")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": postgres.address(name),
        "REDIS_URL": emptied(valkey),
        "SNAPSHOT_URL": str(folder / "snapshots"),
        "DATA_DIR": str(folder / "data"),
        "SEGMENT_ROOTS": str(folder),
        "ENCRYPTION_KEYS": generate_key(),
        "GRAPH_API_URL": sandbox_process.url,
        "FACEBOOK_DIALOG_URL": sandbox_process.url,
        "FACEBOOK_APP_ID": "1000000000000001",
        "FACEBOOK_APP_SECRET": "sandbox-app-secret",
        "PUBLIC_URL": url,
        "BOOTSTRAP_API_KEY": API_KEY,
        "SEGMENT_DATABASES": f"crm={crm},too-mighty={owner}",
        "WEBHOOK_ALLOW_PRIVATE_ADDRESSES": "true",
        "LOG_LEVEL": "ERROR",
        "LEASE_SECONDS": "3",
        "SWEEP_SECONDS": "1",
    }
    command = [sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory"]
    process = subprocess.Popen(  # noqa: ASYNC220 - started once, and not waited for
        [*command, "--port", str(port), "--log-level", "error"], cwd=ROOT, env=environment
    )
    headers = {"Authorization": f"Bearer {API_KEY}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as api:
        made = Served(url, api, sandbox_process, folder, environment, postgres.address(name))
        made.start_worker()
        try:
            wait_until(lambda: _ready(api), process=process)
            yield made
        finally:
            for one in [*made.workers, process]:
                one.terminate()
            for one in [*made.workers, process]:
                one.wait(30)
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
            await admin.execute(f"DROP ROLE reader_{name}")
            await admin.close()


def _ready(api: httpx.Client) -> bool:
    with suppress(httpx.TransportError):
        return (api.get("/readyz").json().get("workers") or 0) > 0
    return False


@pytest.fixture(scope="module")
async def browser(chromium: None) -> AsyncIterator[Any]:
    from playwright.async_api import async_playwright  # noqa: PLC0415 - only where there is a browser

    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield found
        await found.close()


# kept on the page: how much of it moved without anybody having done something
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) {
    if (one.hadRecentInput) continue;
    const names = one.sources.map(({node}) => node && (node.outerHTML ?? node.textContent).slice(0, 90));
    window.shifts.push({value: one.value, names});
  }
}).observe({type: 'layout-shift', buffered: true});
"""


async def shifted(page: Any) -> tuple[float, list[Any]]:
    """The sum of the layout shifts since the page was opened, and what moved."""
    found = await page.evaluate("window.shifts")
    return round(sum(one["value"] for one in found), 4), found


class Said:
    """What a page wrote to its console, and its errors; refusals that a test provokes are expected."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.refusals: list[str] = []

    def watch(self, page: Any) -> None:
        page.on("console", lambda one: self.note(one.text, one.location.get("url", "")))
        page.on("pageerror", lambda error: self.messages.append(str(error)))

    def note(self, text: str, address: str) -> None:
        kept = self.refusals if text.startswith(REFUSALS) else self.messages
        kept.append(f"{text} {address}")


@asynccontextmanager
async def opened(browser: Any, **options: Any) -> AsyncIterator[tuple[Any, Said]]:
    """A page of a browser of its own; it must have nothing to say at the end."""
    options = {"locale": "en-GB", "viewport": {"width": 1280, "height": 900}, **options}
    context = await browser.new_context(**options)
    await context.add_init_script(SHIFTS)
    page = await context.new_page()
    page.set_default_timeout(40_000)
    said = Said()
    said.watch(page)
    try:
        yield page, said
        assert said.messages == []
    finally:
        await context.close()


@pytest.fixture
def members(served: Served) -> Path:
    """Customers as a shop has them."""
    path = served.folder / "customers.csv"
    if not path.exists():
        lines = [
            f" Person{n}@Example.com,+47 901 {n:05d},Ola,Nordmann,0150,Oslo,NO,F"
            for n in range(25_000)
        ]
        head = "email,phone,first_name,last_name,zip,city,country,gender"
        path.write_text("\n".join([head, *lines, "not-an-address,,Kari,,,,,"]))
    return path


def export_on(
    served: Served, members: Path, name: str = "On call", **fields: Any
) -> dict[str, Any]:
    """An export that works, with a connection, an audience and a segment of its own; made once."""
    found = served.call("GET", f"/v1/exports?q={name}")["items"]
    if found:
        return dict(found[0])
    consent = served.call("GET", "/v1/consent")["version"]
    connection = served.call(
        "POST",
        "/v1/connections",
        {
            "display_name": name,
            "access_token": "sandbox-user-token",
            "ad_account_id": "act_1001",
            "audience": {"name": name},
            "consent": {"accepted": True, "version": consent},
        },
    )
    source = {"kind": "file", "url": str(members)}
    called = name.lower().replace(" ", "_")
    segment = served.call("POST", "/v1/segments", {"name": called, "source": source})
    body = {
        "display_name": f"{name} export",
        "connection_id": connection["id"],
        "key_identifier": "email",
        "attributes": {"EMAIL": "email"},
        "segment_ids": [segment["id"]],
    }
    return dict(served.call("POST", "/v1/exports", {**body, **fields}))
