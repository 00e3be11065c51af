"""Children that end on their own come back, and one that cannot live is not tried in a frenzy."""

import asyncio
import itertools
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.embedded import supervisor
from app.embedded.child import Child
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.supervisor import keep_running


async def watch(children, until: Callable[[], bool]) -> None:
    task = asyncio.create_task(keep_running(children))
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_killed_child_comes_back():
    child = Child("sleeper", ["sleep", "60"])
    child.spawn()
    first = child.pid
    assert first
    os.kill(first, signal.SIGKILL)
    await watch([child], lambda: child.pid not in (None, first))
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

    def starts() -> list[float]:
        return [float(line) for line in log.read_text().splitlines()] if log.exists() else []

    await watch([child], lambda: len(starts()) == 4)
    child.stop()
    gaps = [after - before for before, after in itertools.pairwise(starts())]
    # a slow machine makes them longer, none shorter
    for gap, wait in zip(gaps, (0.25, 0.5, 1.0), strict=True):
        assert gap > wait * 0.9
