"""The command line against a running service: the story, a scheduler's exit statuses, a narrow terminal."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cli import COMMANDS, load
from app.cli.local import SANDBOX_APP, free_port
from tests.cli.conftest import Serve, environment

KEY = "an-administrator-key-for-tests"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """One service with its sandbox for all tests here."""
    folder = tmp_path_factory.mktemp("cli-story")
    (folder / "segments").mkdir()
    (folder / "segments" / "people.csv").write_text("email\nmary@example.com\nann@example.com\n")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    sandbox = subprocess.Popen([sys.executable, "-m", "sandbox", "--port", str(port)])
    meta = {"GRAPH_API_URL": address, "FACEBOOK_DIALOG_URL": address}
    service = Serve(
        folder / "data",
        SANDBOX_APP | meta | {"BOOTSTRAP_API_KEY": KEY, "SEGMENT_ROOTS": str(folder / "segments")},
    )
    service.ready()
    yield service
    service.end()
    sandbox.terminate()
    sandbox.wait()


@pytest.fixture
def call(running: Serve, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """One command as a person or a scheduler runs it."""

    def run(*words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        client = {"AUDIENCE_EXPORT_URL": running.url, "AUDIENCE_EXPORT_API_KEY": KEY}
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *words],
            env=environment(tmp_path, client),
            input=given,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    return run


def _json(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_story_by_commands_alone(call, tmp_path: Path) -> None:
    version = _json(call("consent", "--json"))["version"]
    connection = {
        "display_name": "Story",
        "access_token": "sandbox-user-token",
        "ad_account_id": "act_1001",
        "audience": {"name": "Story list"},
        "consent": {"accepted": True, "version": version},
    }
    made = _json(call("connections", "create", "-", "--json", given=json.dumps(connection)))
    source = {"name": "pushed", "source": {"kind": "upload"}}
    segment = _json(call("segments", "create", "-", "--json", given=json.dumps(source)))
    members = tmp_path / "members.csv"
    members.write_text("EMAIL\nmary@example.com\nann@example.com\nno address\n")
    assert call("segments", "push", segment["id"], str(members)).returncode == 0
    refused = call("segments", "push", segment["id"], "-", given="EMAIL\nann@example.com\n")
    assert refused.returncode == 2
    assert "--format" in refused.stderr
    export = {
        "display_name": "Story export",
        "connection_id": made["id"],
        "key_identifier": "email",
        "attributes": {"EMAIL": "EMAIL"},
        "segment_ids": [segment["id"]],
    }
    saved = _json(call("exports", "create", "-", "--json", given=json.dumps(export)))
    started = call("runs", "start", saved["id"], "--watch", "--json")
    run = _json(started)
    assert run["status"] == "succeeded_with_warnings"
    assert run["counts"]["received"] == 2

    listed = call("runs", "list")
    assert run["id"] in listed.stdout
    again = _json(call("runs", "start", saved["id"], "--idempotency-key", "once", "--json"))
    same = _json(call("runs", "start", saved["id"], "--idempotency-key", "once", "--json"))
    assert again["id"] == same["id"]
    assert call("runs", "watch", again["id"], "--timeout", "60").returncode == 0
    assert "run.requested" in call("audit", "--limit", "20").stdout
    told = call("explain", "-", given=json.dumps({"EMAIL": " Mary@Example.com"}))
    assert "mary@example.com" in told.stdout
    assert call("schedule", "set", "--time", "03:00", "--zone", "Europe/Oslo").returncode == 0
    assert _json(call("schedule", "show", "--json"))["enabled"] is True
    assert call("schedule", "off").returncode == 0
    assert _json(call("schedule", "show", "--json"))["enabled"] is False


def test_a_scheduler_is_told_by_the_exit_status(call, running: Serve) -> None:
    refused = call("runs", "start", "exp_" + "0" * 32)
    assert refused.returncode == 1
    assert "export-not-found" in refused.stderr or "not-found" in refused.stderr
    assert call("runs", "start").returncode == 2
    unreachable = subprocess.run(
        [sys.executable, "-m", "app.cli", "runs", "list"],
        env=os.environ
        | {"AUDIENCE_EXPORT_URL": "http://127.0.0.1:9", "AUDIENCE_EXPORT_API_KEY": "k"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert unreachable.returncode == 1
    assert len(unreachable.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("runs", "list"),
        ("exports", "list"),
        ("segments", "list"),
        ("connections", "list"),
        ("audit",),
    ],
)
def test_lists_fit_eighty_columns_without_cutting_ids(
    running: Serve, tmp_path: Path, words
) -> None:
    shown = _on_a_terminal(running, tmp_path, *words)
    lines = shown.splitlines()
    assert all(len(line) <= 80 for line in lines), shown
    items = [line for line in lines if "_0" in line]
    for line in items:
        assert any(len(word) >= 36 for word in line.split()), shown


def _on_a_terminal(running: Serve, folder: Path, *words: str) -> str:
    """What a command prints on a terminal of 80 columns."""
    parent, child = pty.openpty()
    client = {"AUDIENCE_EXPORT_URL": running.url, "AUDIENCE_EXPORT_API_KEY": KEY}
    with subprocess.Popen(
        [sys.executable, "-m", "app.cli", *words],
        env=environment(folder, client | {"COLUMNS": "80", "TERM": "dumb"}),
        stdout=child,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(child)
        pieces = []
        while True:
            try:
                piece = os.read(parent, 65536)
            except OSError:
                break
            if not piece:
                break
            pieces.append(piece)
        assert process.wait() == 0
    os.close(parent)
    return b"".join(pieces).decode().replace("\r\n", "\n")


def test_help_says_what_each_command_says_of_itself() -> None:
    for name, (_, sentence) in COMMANDS.items():
        command = load(name)
        told = " ".join((command.help or "").split())
        assert told.startswith(sentence), name


@pytest.mark.parametrize(
    ("command", "given"),
    [
        (
            ("-m", "uvicorn", "app.main:create_app", "--factory", "--port", "0"),
            {"GRAPH_API_URL": "nope"},
        ),
        (("-m", "arq", "workers.settings.WorkerSettings"), {"ENCRYPTION_KEYS": "not base64!"}),
        (("-m", "workers"), {"PUBLIC_URL": "localhost"}),
        (("-m", "app.cli", "serve"), {"BOOTSTRAP_API_KEY": "qx7"}),
    ],
)
def test_a_wrong_setting_ends_every_process_in_one_sentence(tmp_path, command, given) -> None:
    done = subprocess.run(
        [sys.executable, *command],
        env=environment(tmp_path, given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert next(iter(given)) in lines[0]
    assert next(iter(given.values())) not in lines[0]


def test_arq_says_what_a_worker_lacks(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("arq")), "workers.settings.WorkerSettings"],
        env=environment(tmp_path, {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert done.stderr.strip() == (
        "Set DATABASE_URL and REDIS_URL: a worker shares them with the API."
    )
