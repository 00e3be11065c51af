"""Children that end on their own come back, and one that cannot live is not tried in a frenzy."""

import asyncio
import itertools
import os
import signal
import time
from pathlib import Path

import pytest

from app.embedded import supervisor
from app.embedded.child import Child
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.supervisor import keep_running


async def watch(children, seconds: float) -> None:
    task = asyncio.create_task(keep_running(children))
    await asyncio.sleep(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_killed_child_comes_back():
    child = Child("sleeper", ["sleep", "60"])
    child.spawn()
    first = child.pid
    assert first
    os.kill(first, signal.SIGKILL)
    await watch([child], 1.0)
    assert child.pid not in (None, first)
    child.stop()


async def test_a_killed_database_comes_back_under_its_address(tmp_path: Path):
    with EmbeddedPostgres(tmp_path, durable=False) as server:
        first, url = server.pid, server.url
        assert first
        os.kill(first, signal.SIGKILL)
        task = asyncio.create_task(keep_running([server]))
        deadline = time.monotonic() + 30
        while server.pid in (None, first) or not server._is_ready(server.pid):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        task.cancel()
        assert server.url == url


async def test_waits_grow(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(supervisor, "_POLL_SECONDS", 0.01)
    log = tmp_path / "log"
    child = Child("hopeless", ["sh", "-c", f"date +%s.%N >> {log}; exit 3"])
    child.spawn()
    await watch([child], 2.2)
    child.stop()
    starts = [float(line) for line in log.read_text().split()]
    # at 0, then after 0.25, 0.5 and 1 s; the next would be 2 s later
    assert len(starts) == 4
    gaps = [after - before for before, after in itertools.pairwise(starts)]
    assert gaps[0] < gaps[1] < gaps[2]
