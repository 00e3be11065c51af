"""Staged rows stay no longer than they are needed: what ended early or was removed leaves none (S62, S67)."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.db.models import ExportBaseline, Run
from app.db.session import Database
from app.runs.maintenance.retention import clean_up
from app.settings import Settings
from app.snapshots import SnapshotStore
from tests.flows.journey import (
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)

KEYS = {"EMAIL": "email", "EXTERN_ID": "customer", "MADID": "device"}
DEVICE = "5e1f0a77-9c3d-4b62-8f4e-7d1c2b3a4f5e"
PLAIN = ("customer-4711", DEVICE)


@pytest.fixture
def folder(settings: Settings) -> Path:
    return Path(settings.snapshots)


@pytest.fixture
async def export(api: httpx.AsyncClient, segment_root: Path, request: Any) -> dict[str, Any]:
    file = segment_root / "members.csv"
    rows = "".join(f"m{n}@example.com,{PLAIN[0]}-{n},{DEVICE}\n" for n in range(50))
    file.write_text("email,customer,device\n" + rows)
    connection, segment = await make_connection(api), await make_segment(api, str(file))
    mode = {"sync_mode": getattr(request, "param", "add")}
    return await make_export(api, connection, segment, attributes=KEYS, **mode)


def staged(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.rows") if path.is_file()]


async def sweep_files(database: Database, settings: Settings) -> None:
    store = SnapshotStore.open(settings.snapshots)
    await clean_up(database, store, history=timedelta(days=90))


async def parked(
    api: httpx.AsyncClient, work: Any, sandbox: Any, export: dict[str, Any], folder: Path
) -> dict[str, Any]:
    """A run that has staged its rows and waits for an account that Meta blocks."""
    sandbox.control("POST", "faults", json={"kind": "policy", "match": {"path": "users"}})
    run = await start_run(api, export)
    await work()
    run = await get_run(api, run)
    assert run["status"] == "queued"
    held = staged(folder)
    assert held
    for path in held:
        for value in PLAIN:
            assert value.encode() not in path.read_bytes(), path
    return run


async def plans(database: Database) -> list[Any]:
    async with database.transaction() as session:
        return list(await session.scalars(select(Run.plan).where(Run.plan.is_not(None))))


async def test_what_waits_to_be_sent_is_sealed_and_goes_with_a_cancel(
    api: httpx.AsyncClient,
    work: Any,
    sandbox: Any,
    database: Database,
    settings: Settings,
    export: dict[str, Any],
    folder: Path,
) -> None:
    run = await parked(api, work, sandbox, export, folder)
    (plan,) = await plans(database)
    assert plan["staged"]["sealed_key"], "the key of the run, sealed"
    await expect(await api.post(f"/v1/runs/{run['id']}/cancel"), 200)
    assert await plans(database) == [], "the key is gone at once"
    await sweep_files(database, settings)
    assert staged(folder) == []


async def test_a_failed_run_leaves_nothing(
    api: httpx.AsyncClient,
    work: Any,
    sandbox: Any,
    database: Database,
    export: dict[str, Any],
    folder: Path,
) -> None:
    sandbox.control("POST", "faults", json={"kind": "token-expired", "match": {"path": "users"}})
    run = await start_run(api, export)
    await work()
    assert (await get_run(api, run))["status"] == "failed"
    assert staged(folder) == []
    assert await plans(database) == []


@pytest.mark.parametrize("export", ["mirror"], indirect=True)
@pytest.mark.parametrize(
    "removal",
    [
        "/v1/exports/{id}",
        "/v1/connections/{connection_id}?detach=true",
    ],
)
async def test_what_a_mirror_kept_goes_with_its_export_and_its_connection(
    api: httpx.AsyncClient,
    work: Callable[..., Any],
    database: Database,
    settings: Settings,
    export: dict[str, Any],
    folder: Path,
    removal: str,
) -> None:
    run = await start_run(api, export)
    await work()
    assert (await get_run(api, run))["status"] == "succeeded"
    await sweep_files(database, settings)
    held = staged(folder)
    assert held, "the next run compares with it"
    for path in held:
        for value in PLAIN:
            assert value.encode() not in path.read_bytes(), path
    await expect(await api.delete(removal.format(**export)), 204)
    async with database.transaction() as session:
        assert (await session.scalars(select(ExportBaseline))).all() == []
    await sweep_files(database, settings)
    assert staged(folder) == []


@pytest.mark.parametrize("export", ["mirror"], indirect=True)
async def test_a_mirror_canceled_by_the_removal_of_its_connection_keeps_nothing(
    api: httpx.AsyncClient,
    work: Any,
    sandbox: Any,
    database: Database,
    settings: Settings,
    export: dict[str, Any],
    folder: Path,
) -> None:
    run = await parked(api, work, sandbox, export, folder)
    await expect(await api.delete(f"/v1/connections/{export['connection_id']}?detach=true"), 204)
    assert (await get_run(api, run))["status"] == "canceled"
    assert await plans(database) == []
    await sweep_files(database, settings)
    assert staged(folder) == []
