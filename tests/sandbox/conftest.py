"""A sandbox in this process for most tests, a real one in its own process for what needs TCP."""

import hashlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.main import create_app
from sandbox.state import SandboxState
from sandbox.world import USER_TOKEN

ROOT = Path(__file__).parents[2]


@dataclass
class Api:
    """Speaks to a sandbox as a client of the Graph API and, by `control`, as a test."""

    client: httpx.AsyncClient
    token: str = USER_TOKEN
    version: str = "v26.0"

    async def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}", **request.pop("headers", {})}
        return await self.client.request(
            method, f"/{self.version}{path}", headers=headers, **request
        )

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON of a read that must succeed."""
        response = await self.call("GET", path, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    async def upload(
        self,
        audience: str,
        rows: list[Any],
        schema: Any = ("EMAIL",),
        *,
        edge: str = "users",
        method: str = "POST",
        **session: Any,
    ) -> httpx.Response:
        schema = schema if isinstance(schema, str) else list(schema)
        body: dict[str, Any] = {"payload": {"schema": schema, "data": rows}}
        if session:
            body["session"] = session
        return await self.call(method, f"/{audience}/{edge}", json=body)

    async def add(self, audience: str, rows: list[Any], schema: Any = ("EMAIL",)) -> Any:
        """The receipt of an upload that must succeed."""
        response = await self.upload(audience, rows, schema)
        assert response.status_code == 200, response.text
        return response.json()

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        response = await self.client.request(method, f"/_sandbox/{path}", json=body)
        assert response.status_code < 300, response.text
        return response.json()

    async def members(self, audience: str) -> list[list[Any]]:
        rows: list[list[Any]] = (await self.control("GET", f"audiences/{audience}/members"))["rows"]
        return rows


@pytest.fixture
def sha() -> Callable[[str], str]:
    """The hash of a normalized value."""
    return lambda text: hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def refused() -> Callable[[httpx.Response], tuple[int, int | None]]:
    """Code and subcode of a refusal in Meta's envelope."""

    def read(response: httpx.Response) -> tuple[int, int | None]:
        error = response.json()["error"]
        assert error["message"]
        assert error["fbtrace_id"] == response.headers["x-fb-trace-id"]
        return error["code"], error.get("error_subcode")

    return read


@pytest.fixture
def state() -> SandboxState:
    return SandboxState()


@pytest.fixture
async def api(state: SandboxState) -> AsyncIterator[Api]:
    transport = httpx.ASGITransport(create_app(state))
    async with httpx.AsyncClient(transport=transport, base_url="http://graph.test") as client:
        yield Api(client)


@pytest.fixture(scope="session")
def start() -> Iterator[Callable[..., str]]:
    """Starts sandbox processes on free ports and stops them at the end; gives the address."""
    running: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> str:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("sandbox ready on "), line
        return line.removeprefix("sandbox ready on ").strip()

    yield run
    for process in running:
        process.terminate()
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert not errors, errors


@pytest.fixture(scope="session", params=["httptools", "h11"])
def address(request: pytest.FixtureRequest, start: Callable[..., str]) -> str:
    """A sandbox process under each of uvicorn's HTTP implementations."""
    return start("--http", request.param)


@pytest.fixture
async def remote(address: str) -> AsyncIterator[Api]:
    """A freshly reset sandbox process, spoken to over TCP."""
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        api = Api(client)
        await api.control("POST", "reset")
        yield api
