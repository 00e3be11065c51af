"""Clients that others generate: made from the document, compiled strictly, and led through the demo's story.

`make contract` installs the generators (openapi/package-lock.json, openapi/requirements.lock) and runs this;
where they are not installed it is skipped and says so.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.cli.server.child_processes import free_port

ROOT = Path(__file__).parents[2]
OPENAPI = ROOT / "openapi"
NODE = OPENAPI / "node_modules" / ".bin"
PYTHON = OPENAPI / ".venv" / "bin"
KEY = "generated-clients-key"

pytestmark = [
    pytest.mark.clients,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not ((NODE / "tsc").exists() and (PYTHON / "openapi-python-client").exists()),
        reason="the generators are not installed: run make contract, which needs node",
    ),
]


@dataclass(frozen=True)
class Service:
    """A running service."""

    url: str

    def environment(self) -> dict[str, str]:
        """What a story is told."""
        name = f"story_{uuid4().hex[:8]}"
        told = {"SERVICE_URL": self.url, "SERVICE_KEY": KEY, "STORY_NAME": name}
        return {"PATH": f"{PYTHON}:{os.environ['PATH']}", "HOME": os.environ["HOME"], **told}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`serve` with a worker and the sandbox in Meta's place."""
    folder = tmp_path_factory.mktemp("serve")
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "DATA_DIR": str(folder)}
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port)]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment | {"BOOTSTRAP_API_KEY": KEY},
            stdout=output,
            stderr=output,
        )
    try:
        made = Service(f"http://127.0.0.1:{port}")
        deadline = time.monotonic() + 90
        while not _is_ready(made.url):
            assert process.poll() is None, (folder / "output").read_text()
            assert time.monotonic() < deadline, (folder / "output").read_text()
            time.sleep(0.2)
        yield made
    finally:
        process.terminate()
        process.wait(60)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5).is_success
    except httpx.TransportError:
        return False


def run(folder: Path, *command: object, **environment: str) -> str:
    """What it printed; it must end well."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment or {"PATH": f"{PYTHON}:{os.environ['PATH']}", "HOME": os.environ["HOME"]},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both clients of TypeScript with their stories, compiled strictly."""
    folder = tmp_path_factory.mktemp("typescript")
    for item in ("tsconfig.json", "members.ts", "fetch_story.ts", "hey_story.ts"):
        shutil.copy(OPENAPI / "clients" / item, folder)
    (folder / "node_modules").symlink_to(OPENAPI / "node_modules")
    (folder / "package.json").write_text('{"private": true}')
    document = OPENAPI / "openapi.json"
    run(folder, NODE / "openapi-typescript", document, "-o", folder / "fetch" / "schema.ts")
    run(folder, NODE / "openapi-ts", "-i", document, "-o", "hey", "-c", "@hey-api/client-fetch")
    run(folder, NODE / "tsc", "-p", ".")
    return folder


@pytest.mark.parametrize("story", ["fetch_story", "hey_story"])
def test_a_client_of_typescript(service: Service, typescript: Path, story: str) -> None:
    run(typescript, "node", typescript / "built" / f"{story}.js", **service.environment())


def test_the_command_line_alone(service: Service, tmp_path: Path) -> None:
    """The wheel of `audience-export-cli`, in an environment that has no server, starts and watches a run."""
    uv = ROOT / ".venv" / "bin" / "uv"
    run(ROOT, "make", "cli")
    (wheel,) = (ROOT / ".data" / "cli").glob("audience_export_cli-*.whl")
    run(tmp_path, uv, "venv", "--quiet", "--python", sys.executable, "alone")
    # with the environment of whoever runs this: it says where packages come from
    install = (uv, "pip", "install", "--quiet", "--python", "alone/bin/python", wheel)
    run(tmp_path, *install, **os.environ)
    program = tmp_path / "alone" / "bin" / "audience-export"
    told = {
        "AUDIENCE_EXPORT_URL": service.url,
        "AUDIENCE_EXPORT_API_KEY": KEY,
        "HOME": str(tmp_path),
    }

    def call(*words: str, **body: object) -> dict[str, Any]:
        (tmp_path / "body.json").write_text(json.dumps(body))
        said = run(tmp_path, program, *words, *(["body.json"] if body else []), "--json", **told)
        # what is said on the way stands on standard error, after it
        found: dict[str, Any] = json.JSONDecoder().raw_decode(said[said.index("{") :])[0]
        return found

    version = call("consent")["version"]
    name = f"alone_{uuid4().hex[:8]}"
    connection = call(
        *("connections", "create"),
        display_name=name,
        access_token="sandbox-system-token",
        ad_account_id="act_1001",
        audience={"name": name},
        consent={"accepted": True, "version": version},
    )["id"]
    segment = call("segments", "create", name=name, source={"kind": "upload"})["id"]
    (tmp_path / "people.csv").write_text("EMAIL\nanna@example.com\n")
    call("segments", "push", segment, "people.csv")
    export = call(
        *("exports", "create"),
        display_name=name,
        connection_id=connection,
        key_identifier="email",
        attributes={"EMAIL": "EMAIL"},
        segment_ids=[segment],
    )["id"]
    ended = call("runs", "start", export, "--watch")
    assert (ended["status"], ended["counts"]["received"]) == ("succeeded", 1)
    assert "0.2.0" in run(tmp_path, program, "--version", **told)
    assert "serve " not in run(tmp_path, program, "--help", **told)
    without = subprocess.run(
        [program, "serve"], env=told, capture_output=True, text=True, check=False
    )
    assert (without.returncode, len(without.stderr.splitlines())) == (2, 1)
    size = sum(file.stat().st_size for file in (tmp_path / "alone").rglob("*") if file.is_file())
    assert size < 40_000_000


def test_a_client_of_python(service: Service, tmp_path: Path) -> None:
    made = tmp_path / "client"
    said = run(
        tmp_path,
        *(PYTHON / "openapi-python-client", "generate", "--path", OPENAPI / "openapi.json"),
        *("--config", OPENAPI / "clients" / "python.yaml", "--output-path", made),
    )
    # every operation is there; of the types of pushed members it takes one, and says so
    assert "Unable to parse" not in said
    assert said.count("WARNING parsing") <= said.count("Unsupported content type")
    shutil.copy(OPENAPI / "clients" / "story.py", made)
    mypy = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache"]
    run(made, *mypy, "--python-executable", PYTHON / "python", "audience_export_client", "story.py")
    run(made, PYTHON / "python", "story.py", **service.environment())
