"""The image without an engine: the Dockerfile's steps on an overlay of this machine, started as it says.

Each stage is an overlay over the root of this machine in a mount namespace of its own, so nothing here
is touched. The service then runs as the image's user, without capabilities, on a read-only root; it may
write to the declared volume and to /tmp. What differs from an engine: the base image is this machine.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.db.secrets import generate_key
from app.embedded.binaries import valkey_server
from tests.chaos.debian import PASSWORD, DebianPostgres, lacking
from tests.chaos.plant import FULL
from tests.conftest import API_KEY, ROOT, Sandbox, free_port
from tests.flows.journey import (
    expect,
    get_run,
    make_connection,
    make_export,
    make_segment,
    start_run,
)
from tests.operate.servers import Server
from tests.segments.files import write_csv


def _overlays() -> bool:
    """Whether this machine lets us mount one."""
    if os.geteuid() or not shutil.which("unshare"):
        return False
    with tempfile.TemporaryDirectory() as place:
        stage = Stage(Path(place))
        return stage.run(["true"], check=False).returncode == 0


@dataclass
class Stage:
    """A stage of a Dockerfile: its file system, and what its instructions have set."""

    place: Path
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    said: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("upper", "work", "root"):
            (self.place / name).mkdir(exist_ok=True)

    @property
    def upper(self) -> Path:
        return self.place / "upper"

    def words(self, command: list[str], *, before: str = "") -> list[str]:
        """What runs the command within: `before` is done first, outside."""
        root = self.place / "root"
        layers = f"lowerdir=/,upperdir={self.upper},workdir={self.place / 'work'}"
        script = (
            f"mount -t overlay overlay -o {layers} {root}; "
            f"mount --rbind /proc {root}/proc; mount --rbind /dev {root}/dev; "
            f'{before} exec chroot {root} "$@"'
        )
        return ["unshare", "-m", "sh", "-euc", script, "stage", *command]

    def run(self, command: list[str], *, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """As root, as an engine builds."""
        kept = {name: value for name, value in os.environ.items() if _OF_NETWORK.match(name)}
        given = {"HOME": "/root", "PATH": PATH} | kept | self.env
        within = f'cd {self.workdir} && exec "$@"'
        done = subprocess.run(
            self.words(
                [
                    "env",
                    "-i",
                    *(f"{a}={b}" for a, b in given.items()),
                    "sh",
                    "-c",
                    within,
                    "x",
                    *command,
                ]
            ),
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, (command, done.stdout[-500:], done.stderr[-1500:])
        return done

    def take(self, instruction: str, rest: str, stages: dict[str, "Stage"]) -> None:
        """Carry out an instruction."""
        if instruction == "RUN":
            self.run(["sh", "-c", rest])
        elif instruction == "COPY":
            self._copy(rest.split(), stages)
        elif instruction == "WORKDIR":
            self.workdir = rest
            (self.upper / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif instruction == "ENV":
            for pair in shlex.split(rest):
                name, _, value = pair.partition("=")
                self.env[name] = value.replace("$PATH", PATH)
        else:
            self.said[instruction] = rest

    def _copy(self, words: list[str], stages: dict[str, "Stage"]) -> None:
        source = ROOT
        if words[0].startswith("--from="):
            source = stages[words.pop(0).removeprefix("--from=")].upper
        *names, target = words
        place = self.upper / str(Path(self.workdir, target)).lstrip("/")
        into = target.endswith("/")
        place.mkdir(parents=True, exist_ok=True) if into else place.parent.mkdir(
            parents=True, exist_ok=True
        )
        for name in names:
            subprocess.run(["cp", "-a", str(source / name.lstrip("/")), str(place)], check=True)


# how packages are reached from here
_OF_NETWORK = re.compile(r"(PIP|UV|SSL|REQUESTS|CURL)_|.*_(proxy|PROXY)$")
# the interpreter that the base image would have
PATH = f"{sys.base_prefix}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(not FULL, reason="builds the image: make chaos"),
    pytest.mark.skipif(
        FULL and not _overlays(), reason="needs root, and overlays that may be mounted"
    ),
    pytest.mark.skipif(bool(lacking()), reason=f"not installed of Debian: {', '.join(lacking())}"),
]


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [
        (word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines) if word
    ]


@pytest.fixture(scope="module")
def image() -> Iterator[Stage]:
    """The last stage, built."""
    folder = Path(tempfile.mkdtemp(prefix="ae-image-"))
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for instruction, rest in instructions():
        if instruction == "FROM":
            name = rest.partition(" AS ")[2] or "last"
            (folder / name).mkdir()
            stage = stages[name] = Stage(folder / name)
            # the stand-in for the base image's interpreter may lie in root's home
            for parent in reversed(Path(sys.base_prefix).parents[:-1]):
                stage.run(["chmod", "a+rx", str(parent)])
        elif stage is not None:
            stage.take(instruction, rest, stages)
    yield stages["last"]
    shutil.rmtree(folder, ignore_errors=True)


class Container:
    """The image started with a volume, as its user, on a read-only root."""

    def __init__(self, image: Stage, folder: Path) -> None:
        self.image, self.volume = image, folder / "volume"
        passwd = (image.upper / "etc" / "passwd").read_text()
        user = image.said["USER"]
        (entry,) = [line for line in passwd.splitlines() if line.split(":")[2] == user]
        self.uid, self.gid = (int(number) for number in entry.split(":")[2:4])
        # a new volume is what the image has in its place
        shutil.copytree(image.upper / image.said["VOLUME"].lstrip("/"), self.volume)
        os.chown(self.volume, self.uid, self.gid)

    def words(self, command: list[str], env: dict[str, str]) -> list[str]:
        """Nothing of our environment goes in, and there is no HOME."""
        root = self.image.place / "root"
        before = (
            f"mount --bind {self.volume} {root}{self.image.said['VOLUME']}; "
            f"mount -t tmpfs tmpfs {root}/tmp; mount -o remount,ro {root}; "
        )
        given = self.image.env | env
        return self.image.words(
            [
                *("setpriv", "--reuid", str(self.uid), "--regid", str(self.gid), "--clear-groups"),
                *("--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"),
                *("env", "-i", "-C", self.image.workdir, *(f"{a}={b}" for a, b in given.items())),
                *command,
            ],
            before=before,
        )

    @property
    def entrypoint(self) -> list[str]:
        found: list[str] = json.loads(self.image.said["ENTRYPOINT"])
        return found

    def once(self, command: list[str], **env: str) -> "subprocess.CompletedProcess[str]":
        """A command that ends by itself."""
        return subprocess.run(
            self.words(command, env), capture_output=True, text=True, check=False, timeout=60
        )

    @contextmanager
    def running(self, command: list[str], log: Path, **env: str) -> Iterator[int]:
        """A process of the image until the end of the block, stopped as an engine stops it; its id."""
        with log.open("wb") as out:
            process = subprocess.Popen(self.words(command, env), stdout=out, stderr=out)
        try:
            yield process.pid
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, log.read_text()[-2000:]
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="ae-container-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.timeout(600)
async def test_the_image_works_read_only_as_its_user(
    image: Stage, folder: Path, sandbox: Sandbox
) -> None:
    """Migrate, serve, work: a run from its file to Meta, and nothing written but to the volume."""
    container = Container(image, folder)
    refused = container.once([*container.entrypoint, *json.loads(image.said["CMD"])])
    assert refused.returncode != 0
    assert "DATABASE_URL" in refused.stderr + refused.stdout
    postgres, port = DebianPostgres(folder), free_port()
    postgres.make()
    (folder / "valkey").mkdir()
    valkey = Server(
        "valkey",
        folder,
        [str(valkey_server()), "--port", str(port), "--dir", str(folder / "valkey")],
        port=port,
    )
    valkey.start()
    segments = container.volume / "segments"
    segments.mkdir()
    write_csv(segments / "two.csv", ["ada@example.com", "bob@example.com"])
    own = free_port()
    env = {
        "DATABASE_URL": f"postgresql://app:{PASSWORD}@127.0.0.1:{postgres.port}/exports",
        "REDIS_URL": f"redis://127.0.0.1:{port}/0",
        "ENCRYPTION_KEYS": generate_key(),
        "BOOTSTRAP_API_KEY": API_KEY,
        "GRAPH_API_URL": sandbox.url,
        "FACEBOOK_APP_ID": "1000000000000001",
        "FACEBOOK_APP_SECRET": "sandbox-app-secret",
        "SEGMENT_ROOTS": "/data/segments",
    }
    try:
        migrated = container.once([*container.entrypoint, "migrate"], **env)
        assert migrated.returncode == 0, migrated.stderr
        serve = [*container.entrypoint, *json.loads(image.said["CMD"]), "--port", str(own)]
        work = [*container.entrypoint, "worker"]
        async with AsyncExitStack() as stack:
            api_id, worker_id = (
                stack.enter_context(container.running(words, folder / f"{name}.out", **env))
                for name, words in (("api", serve), ("worker", work))
            )
            api = await stack.enter_async_context(httpx_client(own))
            health = image.said["HEALTHCHECK"].partition(" CMD ")[2].replace("8080", str(own))
            until_ready(container, json.loads(health))
            for pid in (api_id, worker_id):
                status = status_of(pid)
                assert status["Uid"].split() == [str(container.uid)] * 4
                assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
                assert status["NoNewPrivs"] == "1"
            connection = await make_connection(api)
            segment = await make_segment(api, "/data/segments/two.csv")
            run = await start_run(api, await make_export(api, connection, segment))
            await expect(await api.get(f"/v1/runs/{run['id']}?wait=30"), 200)
            run = await get_run(api, run)
            assert (run["status"], run["counts"]["received"]) == ("succeeded", 2)
            assert sandbox.audience(connection["audience"]["id"])["members"] == 2
        said = logs_in(folder)
        assert "Read-only" not in said
        assert "Traceback" not in said
    finally:
        valkey.kill()
        postgres.kill()


def status_of(pid: int) -> dict[str, str]:
    """The kernel's word on a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines)


def logs_in(folder: Path) -> str:
    """What all processes printed."""
    return "".join(log.read_text() for log in folder.glob("*.out"))


def httpx_client(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}",
        headers={"Authorization": f"Bearer {API_KEY}"},
        timeout=60,
    )


def until_ready(container: Container, health: list[str]) -> None:
    """By the image's own health check."""
    deadline = time.monotonic() + 60
    while True:
        with suppress(subprocess.TimeoutExpired):
            done = container.once(health)
            if done.returncode == 0:
                return
        assert time.monotonic() < deadline, done.stderr[-500:]
        time.sleep(0.5)
