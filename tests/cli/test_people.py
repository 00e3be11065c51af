"""The command line for people and scripts, against a real API: what it prints, and how it exits."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from typer.testing import CliRunner, Result

from app import clock
from app.cli import app
from app.cli.client.progress_bar import Pace
from app.db.models import Run
from app.db.session import Database
from app.settings import Settings
from tests.conftest import API_KEY, ROOT
from tests.flows.journey import make_connection, make_export, make_segment, start_run
from tests.runs.watching import ApiServer, serving

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[ApiServer]:
    async with serving(settings) as running:
        yield running


@pytest.fixture
def cli(server: ApiServer) -> Callable[..., Any]:
    """Run a command in this process; the API answers meanwhile."""

    async def run(*words: str, **extra: str) -> Result:
        env = {"AUDIENCE_EXPORT_URL": server.url, "AUDIENCE_EXPORT_API_KEY": API_KEY} | extra
        return await asyncio.to_thread(CliRunner().invoke, app, words, env=env)

    return run


@pytest.fixture
async def export(api: httpx.AsyncClient, segment_root: Path) -> dict[str, Any]:
    file = segment_root / "m.csv"
    file.write_text("email\n" + "".join(f"m{n}@example.com\n" for n in range(25)))
    return await make_export(api, await make_connection(api), await make_segment(api, str(file)))


async def test_from_files_to_a_run(
    cli: Callable[..., Any], api: httpx.AsyncClient, segment_root: Path, tmp_path: Path, work: Any
) -> None:
    (segment_root / "m.csv").write_text("email\na@example.com\nb@example.com\n")
    consent = (await api.get("/v1/consent")).json()["version"]
    bodies = {
        "connections": {
            "display_name": "Shop [red]",
            "access_token": "sandbox-user-token",
            "ad_account_id": "act_1001",
            "audience": {"name": "List"},
            "consent": {"accepted": True, "version": consent},
        },
        "segments": {
            "name": "newsletter",
            "source": {"kind": "file", "url": str(segment_root / "m.csv")},
        },
    }
    made: dict[str, Any] = {}

    async def create(group: str, body: dict[str, Any]) -> dict[str, Any]:
        file = tmp_path / f"{group}.json"
        file.write_text(json.dumps(body))
        done = await cli(group, "create", str(file), "--json")
        assert done.exit_code == 0, done.output
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    for group, body in bodies.items():
        made[group] = await create(group, body)
    made["exports"] = await create(
        "exports",
        {
            "display_name": "Newsletter",
            "connection_id": made["connections"]["id"],
            "key_identifier": "email",
            "attributes": {"EMAIL": "email"},
            "segment_ids": [made["segments"]["id"]],
        },
    )
    for group, item in made.items():
        listed = await cli(group, "list")
        assert item["id"] in listed.stdout
        assert item["display_name"] in listed.stdout  # also one that looks like markup
        assert json.loads((await cli(group, "list", "--json")).stdout)[0]["id"] == item["id"]
        assert (
            json.loads((await cli(group, "show", item["id"], "--json")).stdout)["id"] == item["id"]
        )
        assert item["id"] in (await cli(group, "show", item["id"])).stdout
    assert (
        "sandbox-user-token"
        not in (await cli("connections", "show", made["connections"]["id"])).stdout
    )
    assert "email" in (await cli("segments", "attributes", made["segments"]["id"])).stdout
    assert (await cli("segments", "refresh", made["segments"]["id"])).exit_code == 0
    history = await cli("segments", "history", made["segments"]["id"], "--json")
    assert [item["member_count"] for item in json.loads(history.stdout)] == [2, 2]
    assert (await cli("connections", "check", made["connections"]["id"])).exit_code == 0

    started = await cli("runs", "start", made["exports"]["id"], "--json")
    run = json.loads(started.stdout)
    assert run["status"] == "queued"
    await work()
    watched = await cli("runs", "watch", run["id"], "--json")
    assert watched.exit_code == 0
    assert json.loads(watched.stdout)["status"] == "succeeded"
    batches = await cli("runs", "batches", run["id"], "--json")
    assert [item["rows"] for item in json.loads(batches.stdout)] == [2]
    assert run["id"] in (await cli("runs", "list", "--status", "succeeded")).stdout
    assert (await cli("runs", "list", "--status", "failed")).stdout.strip() == "none"
    found = await cli("exports", "statistics", made["exports"]["id"])
    assert run["id"] in found.stdout
    everything = await cli("runs", "start-all")
    assert made["exports"]["id"] in everything.stdout
    assert (await cli("exports", "delete", made["exports"]["id"])).exit_code == 0
    assert (await cli("exports", "show", made["exports"]["id"])).exit_code == 1


async def test_exit_statuses_for_scripts(
    cli: Callable[..., Any], api: httpx.AsyncClient, database: Database, export: dict[str, Any]
) -> None:
    outcomes = {
        "succeeded": 0,
        "succeeded_with_warnings": 0,
        "failed": 3,
        "skipped": 4,
        "canceled": 6,
    }
    for status, code in outcomes.items():
        run = await start_run(api, export)
        async with database.transaction() as session:
            await session.execute(
                update(Run)
                .where(Run.id == run["id"])
                .values(status=status, finished_at=clock.now())
            )
        assert (await cli("runs", "watch", run["id"])).exit_code == code
    problem = await cli("runs", "show", "run_unknown")
    assert problem.exit_code == 1
    assert "There is no such run." in problem.stderr
    assert "not-found" in problem.stderr
    assert problem.stdout == ""
    wrong = await cli("exports", "list", AUDIENCE_EXPORT_API_KEY="aek_not-a-key")
    assert wrong.exit_code == 1
    assert "aek_not-a-key" not in wrong.output
    for words, extra in (
        (["runs", "list"], {"AUDIENCE_EXPORT_API_KEY": ""}),
        (["runs", "list"], {"AUDIENCE_EXPORT_URL": "localhost:1"}),
        (["runs", "frobnicate"], {}),
        (["exports", "create", "/no/such/file.json"], {}),
    ):
        assert (await cli(*words, **extra)).exit_code == 2, words
    away = await cli("runs", "list", AUDIENCE_EXPORT_URL="http://127.0.0.1:9")
    assert away.exit_code == 1
    assert "cannot be reached" in away.stderr


async def test_keys_are_made_and_revoked(cli: Callable[..., Any]) -> None:
    made = json.loads(
        (await cli("api-keys", "create", "nightly", "--role", "viewer", "--json")).stdout
    )
    assert made["key"].startswith("aek_")
    listed = await cli("api-keys", "list")
    assert made["id"] in listed.stdout
    assert made["key"] not in listed.stdout
    as_viewer = {"AUDIENCE_EXPORT_API_KEY": made["key"]}
    assert (await cli("exports", "list", **as_viewer)).stdout.strip() == "none"
    refused = await cli("api-keys", "list", **as_viewer)
    assert refused.exit_code == 1
    assert (await cli("api-keys", "revoke", made["id"])).exit_code == 0
    assert (await cli("exports", "list", **as_viewer)).exit_code == 1


async def test_watch_outlasts_a_restart_of_the_api(
    server: ApiServer, api: httpx.AsyncClient, database: Database, export: dict[str, Any], work: Any
) -> None:
    run = await start_run(api, export)
    environment = os.environ | {
        "AUDIENCE_EXPORT_URL": server.url,
        "AUDIENCE_EXPORT_API_KEY": API_KEY,
        "NO_COLOR": "1",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "runs", "watch", run["id"], "--json"),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    assert (await process.stderr.readline()).decode().startswith("queued")
    await server.stop()
    await asyncio.sleep(0.5)
    await server.start()
    async with database.transaction() as session:
        values = {"phase": "uploading", "batches_total": 4, "batches_done": 1}
        await session.execute(update(Run).where(Run.id == run["id"]).values(**values))
    assert "1 of 4 batches" in (await process.stderr.readline()).decode()
    async with database.transaction() as session:
        values = {"phase": None, "batches_total": 0, "batches_done": 0}
        await session.execute(update(Run).where(Run.id == run["id"]).values(**values))
    await work()
    out, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    assert json.loads(out)["counts"]["received"] == 25


def test_the_pace_of_a_run() -> None:
    pace = Pace()
    assert pace.rate is None
    assert pace.left(100) is None
    for second in range(11):
        pace.see(second, 20 + second * 4)
    assert pace.rate == 4
    left = pace.left(100)
    assert left is not None
    assert left.total_seconds() == 10
    pace.see(11, 0)  # begun again
    assert pace.rate is None
