"""Doubles of warehouses, each for one module, and short ways to read from them."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from app.errors import SourceError
from app.sources import SourceAccess, open_source
from tests.conftest import ROOT, free_port

ENGINE = ROOT / "build" / "chdb"

SCRIPT = """
CREATE DATABASE crm
CREATE TABLE crm.members (id UInt64, email String, born Date, agreed Bool) ENGINE = MergeTree ORDER BY id
INSERT INTO crm.members SELECT number, concat(toString(number), '@m.example'), '1990-01-01', number % 2 FROM numbers(5000)
CREATE TABLE crm.kinds (`Upper` Nullable(String), a Decimal(38, 2), b DateTime('Europe/Berlin'), c DateTime64(3, 'UTC'), d Float64, e Array(String), f LowCardinality(Nullable(String)), g UInt256, h FixedString(4), i Map(String, UInt8), j Nullable(Int64), k Array(Int8), `odd ``\\\\name"` String) ENGINE = Memory
INSERT INTO crm.kinds VALUES ('é \U0001f600 "],[null', 12345678901234567890.10, '2020-01-01 01:00:00', '2020-01-01 00:00:00.250', 4915112345678, ['a', 'b"'], 'x', 115792089237316195423570985008687907853269984665640564039457584007913129639935, 'DE', {'a': 1}, NULL, [1], 'odd')
"""  # noqa: E501


@pytest.fixture(scope="session")
def clickhouse_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], int]]:
    """Starts ClickHouse's engine behind its double; the port. Takes the statements it begins with."""
    if not ENGINE.is_dir():
        pytest.skip("ClickHouse's engine is not in build/chdb: make doubles puts it there")
    running = []

    def start(script: str) -> int:
        folder, port = tmp_path_factory.mktemp("clickhouse"), free_port()
        (folder / "script.sql").write_text(script)
        running.append(
            subprocess.Popen(
                [sys.executable, str(Path(__file__).parent / "clickhouse_front.py"), str(port),
                 str(folder / "script.sql")],
                env={"PYTHONPATH": str(ENGINE), "PATH": "/usr/bin:/bin", "TMPDIR": str(folder)},
                cwd=folder,
            )
        )  # fmt: skip
        for _ in range(300):
            try:
                httpx.post(f"http://127.0.0.1:{port}/?default_format=CSV", content="")
            except httpx.TransportError:
                assert running[-1].poll() is None
                time.sleep(0.05)
            else:
                return port
        pytest.fail("the double of ClickHouse does not start")

    yield start
    for process in running:
        process.terminate()
        process.wait(20)


def fault(access: SourceAccess, source: dict[str, object], *columns: str) -> SourceError:
    """What reading everything ends in."""
    with pytest.raises(SourceError) as caught:
        list(open_source(source, access).chunks(columns or ["email"]))
    return caught.value
