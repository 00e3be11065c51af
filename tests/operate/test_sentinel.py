"""The primary of Redis dies: Sentinel names another one, and both processes go on with it."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.db.session import Database
from app.embedded.binaries import valkey_server
from app.queue import QueueNotifier
from app.runs.maintenance.recovery import recover_runs
from app.settings import Settings
from tests.flows.journey import get_run, make_connection, make_export, make_segment, start_run
from tests.operate.servers import Watched
from tests.segments.files import write_csv


@pytest.fixture
def watched() -> Iterator[Watched]:
    folder = Path(tempfile.mkdtemp(prefix="ae-sentinel-"))
    made = Watched(folder, str(valkey_server()))
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder)


@pytest.fixture
def settings(make_settings: Callable[..., Settings], watched: Watched) -> Settings:
    return make_settings(redis_url=watched.url)


async def test_runs_go_on_with_the_new_primary(
    api: httpx.AsyncClient,
    work: Any,
    database: Database,
    settings: Settings,
    watched: Watched,
    segment_root: Path,
) -> None:
    """Asked for before, and while there is none; notices may be lost, the runs are not."""
    runs = []
    connection = await make_connection(api)
    exports = []
    for number in range(2):
        write_csv(segment_root / f"{number}.csv", [f"ada{number}@example.com"])
        segment = await make_segment(api, str(segment_root / f"{number}.csv"), name=f"s{number}")
        exports.append(await make_export(api, connection, segment, display_name=f"e{number}"))
    runs.append(await start_run(api, exports[0]))
    watched.primary().kill()
    runs.append(await start_run(api, exports[1]))
    watched.until(lambda port: port == watched.servers[1].port)
    notifier = QueueNotifier(settings.redis_url.get_secret_value())
    # lost notices are repeated when they are two seconds old, as the janitor does
    for _ in range(50):
        await recover_runs(database, notifier, budget=5, account_runs=3)
        await work()
        states = [(await get_run(api, run))["status"] for run in runs]
        if "queued" not in states:
            break
        await asyncio.sleep(0.2)
    await notifier.close()
    assert states == ["succeeded"] * 2
    # a connection to the dead one may be the first that is tried
    for _ in range(20):
        ready = (await api.get("/readyz")).json()
        if ready["checks"]["queue"]:
            break
        await asyncio.sleep(0.1)
    assert ready["checks"]["queue"]
