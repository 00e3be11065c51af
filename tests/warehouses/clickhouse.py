"""ClickHouse's engine behind a double of its HTTP interface, in a process of its own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT, free_port

ENGINE = ROOT / "build" / "chdb"


@contextmanager
def running(folder: Path, script: str) -> Iterator[int]:
    """Its port. `script` are the statements it begins with, one a line; skipped where there is no engine."""
    if not ENGINE.is_dir():
        pytest.skip("ClickHouse's engine is not in build/chdb: make doubles puts it there")
    port, file = free_port(), folder / "script.sql"
    file.write_text(script)
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "clickhouse_front.py"), str(port), str(file)],
        env={"PYTHONPATH": str(ENGINE), "PATH": "/usr/bin:/bin", "TMPDIR": str(folder)},
        cwd=folder,
    )
    try:
        for _ in range(600):
            try:
                httpx.post(f"http://127.0.0.1:{port}/?default_format=CSV", content="")
            except httpx.TransportError:
                assert process.poll() is None
                time.sleep(0.05)
            else:
                break
        else:
            pytest.fail("the double of ClickHouse does not start")
        yield port
    finally:
        process.terminate()
        process.wait(20)
