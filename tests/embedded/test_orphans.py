"""However the parent ends, no server outlives it, and the next start is clean."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from app.embedded.child import Child, Ending
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey
from tests.embedded.conftest import wait_until


@pytest.mark.parametrize("tie", ["kernel", "pipe"])
def test_a_killed_parent_leaves_nobody(parent, tmp_path: Path, tie: str):
    """`kernel` is Linux's death signal, `pipe` what macOS and others have."""
    one = parent(tie)
    assert one.survivors(0) == one.pids
    one.kill()
    assert one.survivors(30) == []
    for server in (EmbeddedPostgres, EmbeddedValkey):
        with server(tmp_path / "data", durable=False) as again:
            assert again.pid


def test_a_server_left_behind_is_ended_before_the_next_start(parent, tmp_path: Path):
    """A parent that dies while its children are stopped (or untied) leaves them running."""
    one = parent("kernel")
    postgres = one.pids[0]
    os.kill(postgres, signal.SIGSTOP)
    one.kill()
    assert wait_until(lambda: one.survivors(0) == [postgres], 30)
    threading.Timer(0.3, os.kill, (postgres, signal.SIGCONT)).start()
    with EmbeddedPostgres(tmp_path / "data", durable=False) as again:
        assert again.pid != postgres
        assert one.survivors(0) == []


def test_a_parent_that_returns_normally_leaves_nobody(parent):
    one = parent("kernel")
    one.process.send_signal(signal.SIGINT)
    one.process.wait()
    assert one.survivors(30) == []


def test_endings_are_tried_in_turn():
    heard = threading.Event()
    stubborn = Child(
        "stubborn",
        ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.05; done"],
        on_line=lambda _: heard.set(),
    )
    stubborn.spawn()
    assert heard.wait(30)
    began = time.monotonic()
    stubborn.stop((Ending(signal.SIGTERM, 0.3), Ending(signal.SIGKILL, 60)))
    assert 0.25 < time.monotonic() - began < 30
    assert stubborn.exit_status == -signal.SIGKILL
    assert stubborn.pid is None


@pytest.mark.parametrize("setpriv", [None, ""])
def test_a_stopped_child_leaves_no_watcher(setpriv, processes):
    child = Child("brief", ["sleep", "60"], setpriv=setpriv)
    child.spawn()
    child.stop()
    assert child.exit_status == -signal.SIGTERM
    listed = " ".join(one.command for one in processes().values() if one.parent == os.getpid())
    assert "read -r _" not in listed
    assert "sleep 60" not in listed


def test_output_is_read_line_by_line_and_its_end_is_kept():
    lines: list[str] = []
    child = Child("talker", ["sh", "-c", "echo one; echo two >&2"], on_line=lines.append)
    child.spawn()
    child._wait(5)
    child.stop()
    assert lines == ["one", "two"]
    assert list(child.tail) == lines


def test_children_are_started_by_the_main_thread_only():
    """The kernel ties them to the thread that forked, not to the process."""
    problems: list[BaseException] = []

    def spawn() -> None:
        try:
            Child("tied", ["sleep", "1"]).spawn()
        except RuntimeError as error:
            problems.append(error)

    thread = threading.Thread(target=spawn)
    thread.start()
    thread.join()
    assert len(problems) == 1
