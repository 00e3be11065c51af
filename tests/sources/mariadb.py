"""A real MariaDB of a test's own, where Debian's server is installed."""

import asyncio
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncmy
import pytest

from tests.conftest import wait_until


@contextmanager
def running() -> Iterator[str]:
    """Its socket; the test is skipped where there is no server."""
    if not shutil.which("mariadbd") or not shutil.which("mariadb-install-db"):
        pytest.skip(
            "MariaDB is not installed: apt-get install mariadb-server-core mariadb-client-core"
        )
    folder = tempfile.mkdtemp(prefix="ae-maria-")
    options = ["--no-defaults", f"--datadir={folder}/data", "--user=root"]
    install = ["mariadb-install-db", *options, "--auth-root-authentication-method=normal"]
    subprocess.run([*install, "--skip-test-db"], check=True, capture_output=True)
    place = f"{folder}/s"
    server = subprocess.Popen(
        ["mariadbd", *options, f"--socket={place}", "--skip-networking", "--default-time-zone=+02:00",
         "--max-allowed-packet=256M", f"--pid-file={folder}/pid"], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: _listens(place), process=server)
        yield place
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _listens(place: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(place) == 0


async def execute(place: str, *statements: str, rows: list[Any] | None = None) -> Any:
    """The last statement's answer; with `rows` the last one is executed for each of them."""
    connection = await asyncmy.connect(unix_socket=place, user="root", autocommit=True)
    try:
        async with connection.cursor() as cursor:
            for statement in statements[:-1]:
                await cursor.execute(statement)
            if rows is not None:
                await cursor.executemany(statements[-1], rows)
                return None
            await cursor.execute(statements[-1])
            return await cursor.fetchall()
    finally:
        connection.close()


def prepared(place: str, *statements: str, rows: list[Any] | None = None) -> Any:
    """The same, where no loop runs."""
    return asyncio.run(execute(place, *statements, rows=rows))
