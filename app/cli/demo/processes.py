"""The demo's own folder and its two processes: a sandbox, and the service with everything in it."""

import fcntl
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from app.cli.demo.api_walk import DemoFailed
from app.cli.environment import extended
from app.cli.server.child_processes import SANDBOX_APP, free_port
from app.cli.server.key_files import new_administrator_key
from app.cli.server.signals import StopSignals
from app.embedded.child import Child, Ending

READY_SECONDS = 60.0
_STOP_SECONDS = 40.0
_POLL_SECONDS = 0.05

# what the demo must not take over from a configured environment
_NOT_OURS = (
    *("DATABASE_URL", "REDIS_URL", "SNAPSHOT_URL", "ENCRYPTION_KEYS", "SEGMENT_DATABASES"),
    *("OIDC_ISSUER", "OIDC_AUDIENCE", "FACEBOOK_CONFIG_ID", "GRAPH_API_VERSION", "PUBLIC_URL"),
)


@dataclass(frozen=True, slots=True)
class Service:
    """Where the two processes answer, and with which key."""

    url: str
    sandbox_url: str
    key: str


@contextmanager
def demo_folder(data_dir: Path) -> Generator[Path]:
    """`<data_dir>/demo`, emptied; or a temporary folder where that is taken or not ours."""
    with ExitStack() as stack:
        folder = data_dir.absolute() / "demo"
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context((data_dir / "demo.lock").open("a"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if folder.exists():
                shutil.rmtree(folder)
            folder.mkdir()
        except OSError:
            folder = Path(
                stack.enter_context(
                    tempfile.TemporaryDirectory(
                        prefix="audience-export-demo-", ignore_cleanup_errors=True
                    )
                )
            )
        yield folder


@contextmanager
def running_service(folder: Path, port: int, stop: StopSignals) -> Generator[Service]:
    """Sandbox and service, ready; stopped in order at the end. Raises DemoFailed if one fails."""
    service = Service(
        url=f"http://127.0.0.1:{port}",
        sandbox_url=f"http://127.0.0.1:{free_port()}",
        key=new_administrator_key(),
    )
    environment = extended(
        {
            **SANDBOX_APP,
            "GRAPH_API_URL": service.sandbox_url,
            "FACEBOOK_DIALOG_URL": service.sandbox_url,
            "DATA_DIR": str(folder / "data"),
            "SEGMENT_ROOTS": str(folder),
            "BOOTSTRAP_API_KEY": service.key,
            "LOG_FORMAT": "json",
        },
        without=_NOT_OURS,
    )
    sandbox_port = service.sandbox_url.rpartition(":")[2]
    children = []
    with ExitStack() as stack:
        for name, words in (
            ("sandbox", ["-m", "sandbox", "--port", sandbox_port]),
            ("serve", ["-m", "app.cli", "serve", "--port", str(port)]),
        ):
            log = stack.enter_context((folder / f"{name}.log").open("w", encoding="utf-8"))
            child = Child(
                name,
                [sys.executable, *words],
                # it has children of its own to stop
                death_signal=signal.SIGTERM,
                endings=(Ending(signal.SIGTERM, _STOP_SECONDS), Ending(signal.SIGKILL, 5)),
                env=environment,
                on_line=partial(print, file=log, flush=True),
            )
            child.spawn()
            stack.callback(child.stop)
            children.append(child)
        _wait_ready(service, children, stop)
        yield service


def _wait_ready(service: Service, children: list[Child], stop: StopSignals) -> None:
    deadline = time.monotonic() + READY_SECONDS
    with httpx.Client(timeout=2) as client:
        while not all(
            _answers(client, url)
            for url in (f"{service.url}/readyz", f"{service.sandbox_url}/_sandbox/state")
        ):
            stop.check()
            ended = [child for child in children if child.pid is None]
            for child in ended or (children[-1:] if time.monotonic() > deadline else []):
                said = "\n".join(child.tail) or "nothing"
                raise DemoFailed(f"{child.name} did not become ready. It said last:\n{said}")
            time.sleep(_POLL_SECONDS)


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).is_success
    except httpx.TransportError:
        return False
