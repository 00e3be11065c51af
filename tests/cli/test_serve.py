"""One command runs everything on one machine, and leaves nothing but its data."""

import os
import signal
import stat
import time
from pathlib import Path

import httpx

from app.cli.server.child_processes import free_port

KEY = "aek_a-key-for-this-test"


def command_line(pid: int) -> str:
    """What a process was started with; nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def test_from_an_empty_folder_to_a_clean_stop_and_again(serve, tmp_path: Path):
    first = serve(API_PROCESSES="2")
    first.ready()
    assert sum("app.cli.server.api_process" in line for line in map(command_line, first.pids)) == 1
    data = tmp_path / "data"
    for name in ("encryption.key", "administrator.key"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600
    key = (data / "administrator.key").read_text().strip()
    # shown once, at the first start
    assert first.output().count(key) == 1
    headers = {"Authorization": f"Bearer {key}"}
    me = httpx.get(f"{first.url}/v1/me", headers=headers)
    assert me.status_code == 200
    assert me.json()["role"] == "administrator"
    # over one connection: uvicorn closes it, and says so, where a length and its body disagree
    with httpx.Client(base_url=first.url, headers=headers) as api:
        for path in ("/v1/me", "/v1/exports", "/problems/not-found", "/v1/nothing", "/docs", "/"):
            asked, got = api.head(path), api.get(path)
            assert (asked.status_code, asked.content) == (got.status_code, b""), path
    assert "crashed" not in first.output()
    assert "sandbox.in_place_of_meta" in first.output()
    # said once it is ready; the time limit of the test bounds the wait
    while f"API: {first.url} (its pages: {first.url}/docs)" not in first.output():
        time.sleep(0.05)
    # idle means silent: arq would tell of each look for work
    assert "Starting worker" not in first.output()
    assert "janitor" not in first.output()
    made = httpx.post(f"{first.url}/v1/connections", headers=headers, json={"display_name": "Kept"})
    assert made.status_code == 201, made.text

    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(40) == 0
    assert first.survivors(0) == []
    assert "stopped" in first.output().splitlines()[-1]

    second = serve()
    second.ready()
    kept = httpx.get(f"{second.url}/v1/connections/{made.json()['id']}", headers=headers)
    assert kept.json()["display_name"] == "Kept"
    assert key not in second.output()
    # everything it keeps is in its folder
    assert {path.name for path in data.iterdir()} >= {"postgres", "valkey"}
    second.process.send_signal(signal.SIGINT)
    assert second.process.wait(40) == 0
    assert second.survivors(0) == []


def test_one_folder_one_serve_and_nobody_outlives_it(serve, process, processes):
    one = serve(BOOTSTRAP_API_KEY=KEY, LOG_FORMAT="json")
    one.ready()
    assert len(one.pids) >= 4  # Postgres, Valkey, sandbox, worker
    # programs that are not ours inherit no secret of ours
    others = [pid for pid in one.pids if "app.cli" not in command_line(pid)]
    strangers = [pid for pid in others if "workers" not in command_line(pid)]
    assert len(strangers) >= 3
    for pid in strangers:
        assert KEY.encode() not in Path(f"/proc/{pid}/environ").read_bytes()

    second = process("serve", "--port", str(free_port()))
    assert second.returncode == 1
    assert f"in use by process {one.process.pid}" in second.stderr
    assert "DATA_DIR" in second.stderr
    taken = process("serve", "--port", str(one.port))
    assert taken.returncode == 2
    assert str(one.port) in taken.stderr
    assert httpx.get(f"{one.url}/readyz").status_code == 200

    os.kill(_worker_of(processes, one.pids), signal.SIGKILL)
    deadline = time.monotonic() + 30
    while '"child.restarted"' not in one.output():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    one.pids = one.family()
    assert _worker_of(processes, one.pids)

    os.kill(one.process.pid, signal.SIGKILL)
    assert one.survivors(30) == []


def _worker_of(processes, pids: list[int]) -> int:
    return next(
        pid for pid, one in processes().items() if pid in pids and "-m workers" in one.command
    )


def test_a_stop_while_starting_is_clean(serve, tmp_path: Path):
    one = serve(BOOTSTRAP_API_KEY=KEY)
    deadline = time.monotonic() + 60
    while not (tmp_path / "data" / "postgres.lock").exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    one.pids = one.family()
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(40) == 0, one.output()
    assert one.survivors(30) == []
    assert "Traceback" not in one.output()
