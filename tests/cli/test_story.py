"""The command line against a running service: the story, a scheduler's exit statuses, a narrow terminal."""

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.cli import COMMANDS, load
from app.cli.server.child_processes import SANDBOX_APP, free_port
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
    service.folder = str(folder / "segments")
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
    # a dry run makes nothing, however it is asked for
    document = {"segments": [{"name": "tried", "source": {"kind": "upload"}}]}
    for words, there in (("--dry-run",), 0), ((), 1):
        done = call("config", "import", "-", *words, "--json", given=json.dumps(document))
        (item,) = _json(done)
        assert (item["action"], item["id"] is None) == ("created", bool(words)), item
        assert call("segments", "list").stdout.count("tried") == there
    assert _json(call("schedule", "show", "--json"))["enabled"] is False


def test_a_connection_is_made_by_answering_questions(running: Serve, tmp_path: Path) -> None:
    answers = {
        "Display name (what it is for): ": "Prompted",
        "May contributors use it? [y/N]: ": "y",
        "Access token of Meta (not shown): ": "sandbox-user-token",
        "Ad account [1]: ": "1",
        "Audience [1]: ": "1",
        "I agree [y/N]: ": "y",
    }
    parent, child = pty.openpty()
    client = {"AUDIENCE_EXPORT_URL": running.url, "AUDIENCE_EXPORT_API_KEY": KEY}
    words = [sys.executable, "-m", "app.cli", "connections", "create"]
    given = environment(tmp_path, client | {"COLUMNS": "200"})
    with subprocess.Popen(words, env=given, stdin=child, stdout=child, stderr=child) as process:
        os.close(child)
        said = ""
        for question, answer in answers.items():
            while not said.endswith(question):
                said += os.read(parent, 65536).decode()
            # what was typed before a password is read is thrown away
            while "not shown" in question and termios.tcgetattr(parent)[3] & termios.ECHO:
                time.sleep(0.02)
            os.write(parent, f"{answer}\n".encode())
        with contextlib.suppress(OSError):
            while piece := os.read(parent, 65536):
                said += piece.decode()
        assert process.wait() == 0, said
    os.close(parent)
    assert "sandbox-user-token" not in said
    listed = httpx.get(
        f"{running.url}/v1/connections",
        params={"q": "Prompted"},
        headers={"Authorization": f"Bearer {KEY}"},
    ).json()["items"]
    assert [one["status"] for one in listed] == ["ready"]
    assert listed[0]["shared_with"] == ["administrator", "contributor"]


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


LONG = "Customers of the summer campaign who bought twice and then never again since March"
LETTERS = "x" * 90  # nothing to break it at


@pytest.fixture(scope="module")
def full(running: Serve, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One of everything, with names as long as people make them; ids by kind."""
    folder = tmp_path_factory.mktemp("full")
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=60) as api:

        def post(path: str, **body: object) -> dict[str, Any]:
            answer = api.post(path, json=body)
            assert answer.is_success, (path, answer.text)
            found: dict[str, Any] = answer.json() if answer.content else {}
            return found

        version = api.get("/v1/consent").json()["version"]
        connection = post(
            "/v1/connections",
            display_name=LONG,
            access_token="sandbox-user-token",
            ad_account_id="act_1001",
            audience={"name": LONG[:50]},
            consent={"accepted": True, "version": version},
            shared_with=["administrator", "contributor"],
        )["id"]
        name = "customers_" + "y" * 40
        segment = post("/v1/segments", name=name, display_name=LONG, source={"kind": "upload"})[
            "id"
        ]
        kind = {"Content-Type": "application/x-ndjson"}
        path = f"/v1/segments/{segment}/members"
        assert api.put(path, content=b'{"EMAIL": "a@example.com"}\n', headers=kind).is_success
        people = Path(running.folder) / "people.csv"
        people.write_text(f"email,{LETTERS}\nann@example.com,1\n")
        source = {"kind": "file", "url": str(people)}
        wide = post("/v1/segments", name="wide", display_name=LONG, source=source)["id"]
        export = post(
            "/v1/exports",
            display_name=LONG,
            connection_id=connection,
            key_identifier="email",
            attributes={"EMAIL": "EMAIL"},
            segment_ids=[segment],
        )["id"]
        run = post(f"/v1/exports/{export}/runs")["id"]
        ended = api.get(f"/v1/runs/{run}", params={"wait": 55}).json()
        assert ended["status"] == "succeeded", ended
        url = f"https://hooks.example.com/{LETTERS}"
        webhook = post("/v1/webhooks", url=url, events=["run.finished", "run.failed"])["id"]
        post(f"/v1/webhooks/{webhook}/test")
        post("/v1/api-keys", display_name=LONG, role="viewer")
        post("/v1/erasures", people=[{"EMAIL": "gone@example.com"}])
        configuration = folder / "configuration.json"
        configuration.write_text(api.get("/v1/configuration").text)
    return {
        "connection": connection, "segment": segment, "wide": wide, "export": export, "run": run,
        "webhook": webhook, "configuration": str(configuration), "name": name,
    }  # fmt: skip


LISTS = {
    "connections list": "connection",
    "connections check {connection}": None,
    "segments list": "segment",
    "segments attributes {wide}": LETTERS,
    "segments history {segment}": None,
    "segments exports {segment}": "export",
    "exports list": "export",
    "exports preview {export}": None,
    "exports statistics {export}": "run",
    "runs list": "run",
    "runs batches {run}": None,
    "runs start-all": None,
    "webhooks list": "webhook",
    "webhooks deliveries {webhook}": None,
    "erasures list": None,
    "api-keys list": None,
    "audit": None,
    "config import {configuration} --dry-run": "y" * 40,
    # one thing, a line a field
    "connections show {connection}": "connection",
    "exports show {export}": "export",
    "runs show {run}": "run",
    "segments show {segment}": "segment",
    "webhooks test {webhook}": None,
    "schedule show": None,
    "consent": None,
    "segments --help": None,
}


def test_lists_fit_eighty_columns_and_cut_nothing(
    running: Serve, full: dict[str, str], tmp_path: Path
) -> None:
    """Columns that do not fit are left out and named; a long name goes on in the next line."""
    asked = [words.format(**full).split() for words in LISTS]
    screens = _on_a_terminal(running, tmp_path, asked)
    for (words, whole), shown in zip(LISTS.items(), screens, strict=True):
        lines = shown.splitlines()
        assert len(lines) > 1, words
        assert all(len(line.rstrip()) <= 80 for line in lines), f"{words}\n{shown}"
        assert "…" not in shown, f"{words}\n{shown}"
        assert "..." not in shown.partition("Commands:")[2], f"{words}\n{shown}"
        told = "".join(shown.split())
        if whole in full:
            # an id stands whole, to be copied
            assert any(full[whole] in line.split() for line in lines), f"{words}\n{shown}"
        elif whole is not None:
            assert sum(line.count(whole[0]) for line in lines) >= len(whole), f"{words}\n{shown}"
        if words in {"connections list", "exports list", "api-keys list", "exports show {export}"}:
            assert all(word in told for word in LONG.split()), f"{words}\n{shown}"


# all commands one after the other in one process: what takes a second each is the start
SCREENS = """
import contextlib, json, sys
import typer
from app.cli import app

for words in json.loads(sys.argv[1]):
    with contextlib.suppress(SystemExit):
        typer.main.get_command(app).main(args=words, prog_name="audience-export")
    sys.stderr.flush()
    print("\x1e", end="", flush=True)
"""


def _on_a_terminal(running: Serve, folder: Path, commands: list[list[str]]) -> list[str]:
    """What each command prints on a terminal of 80 columns, its two streams together."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    client = {"AUDIENCE_EXPORT_URL": running.url, "AUDIENCE_EXPORT_API_KEY": KEY}
    given = environment(folder, client | {"TERM": "xterm-256color"})
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        given.pop(name, None)
    words = [sys.executable, "-c", SCREENS, json.dumps(commands)]
    with subprocess.Popen(words, env=given, stdin=child, stdout=child, stderr=child) as process:
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
    text = b"".join(pieces).decode().replace("\r\n", "\n")
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).split("\x1e")[:-1]


def test_help_imports_nothing_that_takes_long() -> None:
    """Of every command and group, in one process: counted in modules, which no busy machine changes."""
    done = subprocess.run(
        [sys.executable, "-c", HELPS], capture_output=True, text=True, timeout=60, check=True
    )
    imported = json.loads(done.stdout)
    heavy = {
        *("pydantic", "pydantic_core", "fastapi", "starlette", "uvicorn", "sqlalchemy", "asyncpg"),
        *(
            "alembic",
            "arq",
            "redis",
            "httpx",
            "rich",
            "structlog",
            "polars",
            "numpy",
            "cryptography",
        ),
    }
    assert heavy & {name.partition(".")[0] for name in imported} == set()
    assert len(imported) < 400


HELPS = """
import contextlib, io, json, sys
import typer
from app.cli import COMMANDS, app, load

top = typer.main.get_command(app)

def ask(*words):
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
        top.main(args=[*words, "--help"], prog_name="audience-export")
    assert "Usage:" in said.getvalue(), words

ask()
for name in COMMANDS:
    ask(name)
    for inner in getattr(load(name), "commands", {}):
        ask(name, inner)
print(json.dumps(sorted(sys.modules)))
"""


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
        "Set DATABASE_URL, REDIS_URL and ENCRYPTION_KEYS: a worker shares them with the API."
    )
