"""A served API with objects of every kind in it, and the count of cases at the end of the session."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import requests

from app.db.secrets import generate_key
from tests.chaos.fuzzing import FUZZED, HEAD
from tests.conftest import emptied, free_port
from tests.flows.journey import expect, make_connection, make_export, make_segment

ROOT = Path(__file__).parents[2]
COUNTED = pytest.StashKey[Counter[str]]()


@dataclass
class Served:
    """Where it is, a credential for each role, and an id for each word in the braces of a path."""

    url: str
    credentials: dict[str, str | None]
    ids: dict[str, str] = field(default_factory=dict)
    pid: int = 0
    http: requests.Session = field(default_factory=requests.Session)


@pytest.fixture(scope="session")
def counted(request: pytest.FixtureRequest) -> Counter[str]:
    """How many cases were sent as whom, and what came back."""
    counts: Counter[str] = Counter()
    request.config.stash[COUNTED] = counts
    return counts


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the count of cases."""
    if fuzzed := config.stash.get(FUZZED, []):
        terminalreporter.section("nonsense", sep="-")
        terminalreporter.write_line("\n".join([HEAD, *map(str, fuzzed)]))
    counts = config.stash.get(COUNTED, None)
    if counts:
        terminalreporter.section("contract")
        terminalreporter.write_line(
            f"{sum(counts.values()):,} generated cases: "
            + ", ".join(f"{name} {number:,}" for name, number in sorted(counts.items()))
        )


@pytest.fixture(scope="module")
async def served(
    servers: Any, template: str, sandbox_process: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    postgres, valkey = servers
    sandbox_process.control("POST", "reset")
    name = f"t_{uuid4().hex[:12]}"
    admin = await asyncpg.connect(
        postgres.address("postgres", role="postgres").replace("+asyncpg", "")
    )
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER app")
    folder = tmp_path_factory.mktemp("contract")
    (folder / "m.csv").write_text("email\na@example.com\n")
    port, key = free_port(), "contract-bootstrap-key"
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": postgres.address(name),
        "REDIS_URL": emptied(valkey),
        "SNAPSHOT_URL": str(folder / "snapshots"),
        "DATA_DIR": str(folder / "data"),
        "ENCRYPTION_KEYS": generate_key(),
        "GRAPH_API_URL": sandbox_process.url,
        "FACEBOOK_DIALOG_URL": sandbox_process.url,
        "FACEBOOK_APP_ID": "1000000000000001",
        "FACEBOOK_APP_SECRET": "sandbox-app-secret",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SEGMENT_ROOTS": str(folder),
        "BOOTSTRAP_API_KEY": key,
        "LOG_LEVEL": "ERROR",
        # wrong credentials are part of the cases; what stops them has tests of its own
        "MAX_FAILED_ATTEMPTS": "1000000",
    }
    module = ["uvicorn", "app.main:create_app", "--factory", "--port", str(port)]
    process = subprocess.Popen(  # noqa: ASYNC220 - started once, and not waited for
        [sys.executable, "-m", *module, "--log-level", "error"], cwd=ROOT, env=environment
    )
    made = Served(f"http://127.0.0.1:{port}", {"nobody": None, "administrator": key})
    made.pid = process.pid
    try:
        _wait(f"{made.url}/readyz")
        await _fill(made, folder)
        yield made
    finally:
        made.http.close()
        process.terminate()
        process.wait(15)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


async def _fill(served: Served, folder: Path) -> None:
    """One of everything; the run has ended, so that following it ends too."""
    headers = {"Authorization": f"Bearer {served.credentials['administrator']}"}
    async with httpx.AsyncClient(base_url=served.url, headers=headers, timeout=30) as api:
        for role in ("viewer", "contributor"):
            body = {"display_name": role, "role": role}
            made = await expect(await api.post("/v1/api-keys", json=body), 201)
            served.credentials[role] = made["key"]
        spare = {"display_name": "spare", "role": "viewer"}
        key = await expect(await api.post("/v1/api-keys", json=spare), 201)
        both = ["administrator", "contributor"]
        connection = await make_connection(api, shared_with=both)
        segment = await make_segment(api, str(folder / "m.csv"))
        export = await make_export(api, connection, segment)
        run = await expect(await api.post(f"/v1/exports/{export['id']}/runs"), 202)
        await expect(await api.post(f"/v1/runs/{run['id']}/cancel"), 200)
        hook = {"url": "https://hooks.example.com/x", "events": ["run.finished"]}
        webhook = await expect(await api.post("/v1/webhooks", json=hook), 201)
        delivery = await expect(await api.post(f"/v1/webhooks/{webhook['id']}/test"), 202)
        people = {"people": [{"EMAIL": "forget@example.com"}]}
        erasure = await expect(await api.post("/v1/erasures", json=people), 202)
    served.ids = {
        "key_id": key["id"],
        "connection_id": connection["id"],
        "segment_id": segment["id"],
        "export_id": export["id"],
        "run_id": run["id"],
        "webhook_id": webhook["id"],
        "delivery_id": delivery["id"],
        "erasure_id": erasure["id"],
        "name": "nowhere",
        "code": "not-found",
    }


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            if httpx.get(url, timeout=5).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(url)
