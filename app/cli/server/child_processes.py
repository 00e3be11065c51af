"""What `serve` starts on this machine in place of what a deployment would bring.

An unset REDIS_URL means an embedded Valkey. An unset DATABASE_URL means an embedded Postgres, keys
that are made and kept in DATA_DIR, and, if no Meta app is configured either (FACEBOOK_APP_ID and
GRAPH_API_URL unset), a sandbox in Meta's place. Who brings a database is a deployment: there
nothing ever stands in for Meta.
"""

import signal
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import typer

from app.cli.environment import extended, hand_over, is_image, is_set
from app.cli.server.key_files import ADMINISTRATOR, ENCRYPTION, kept_key, new_administrator_key
from app.cli.server.signals import StopSignals
from app.embedded.child import Child, Ending, bare_environment
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.server import EmbeddedServer
from app.embedded.supervisor import Restartable
from app.embedded.valkey import EmbeddedValkey
from app.errors import ConfigurationError
from app.observability.logs import get_logger
from app.settings import Settings

log = get_logger("audience-export")

# the app that every sandbox knows (sandbox.world)
SANDBOX_APP = {
    "FACEBOOK_APP_ID": "1000000000000001",
    "FACEBOOK_APP_SECRET": "sandbox-app-secret",
}

# said at every start or stop, and nothing to act on
_NO_NEWS = ("LOG:", "ERROR:", "overcommit", "SIGTERM", "bye bye", "maxclients", "open files")


def refuse_in_image(settings: Settings) -> None:
    """Raise ConfigurationError if the container image is asked for embedded servers."""
    if is_image() and not (settings.database_url and settings.redis_url.get_secret_value()):
        raise ConfigurationError(
            "Set DATABASE_URL and REDIS_URL: the container image has no embedded servers.",
        )


def start_servers(settings: Settings, stack: ExitStack, stop: StopSignals) -> list[Restartable]:
    """Start the databases that are not configured; what is to be supervised.

    Their addresses are handed over by the environment, and the stack stops them in reverse order.
    Raises StopRequested between the steps; DataFolderInUse and EmbeddedUnavailable as the servers.
    """
    folder = settings.data_dir.absolute()
    servers: list[Restartable] = []
    if not settings.database_url:
        postgres = EmbeddedPostgres(folder, on_line=lambda line: _pass_on("postgres", line))
        hand_over({"DATABASE_URL": _start(postgres, stack)})
        servers.append(postgres)
        stop.check()
        _keep_keys(folder)
    if not settings.redis_url.get_secret_value():
        valkey = EmbeddedValkey(folder, on_line=lambda line: _pass_on("valkey", line))
        hand_over({"REDIS_URL": _start(valkey, stack)})
        servers.append(valkey)
        stop.check()
    return servers


def start_sandbox(settings: Settings, stack: ExitStack) -> list[Restartable]:
    """Start a sandbox if this is no deployment and has no Meta app, and say so."""
    if settings.database_url or is_set("FACEBOOK_APP_ID") or is_set("GRAPH_API_URL"):
        return []
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    hand_over(
        SANDBOX_APP | {"GRAPH_API_URL": address, "FACEBOOK_DIALOG_URL": address},
    )
    command = [sys.executable, "-m", "sandbox", "--port", str(port)]
    sandbox = Child("sandbox", command, env=bare_environment())
    sandbox.spawn()
    stack.callback(sandbox.stop)
    log.warning(
        "sandbox.in_place_of_meta",
        address=address,
        meaning="No Meta app is configured (FACEBOOK_APP_ID): nothing is sent to Meta. A local "
        "Graph API stands in; it forgets everything when it stops.",
    )
    return [sandbox]


def make_worker(number: int, settings: Settings) -> Child:
    """A worker process, not started; SIGTERM gives its runs the time to be handed over."""
    return Child(
        f"worker-{number}",
        [sys.executable, "-m", "workers"],
        env=_with_port("WORKER_METRICS_PORT", settings.worker_metrics_port, number),
        endings=(
            Ending(signal.SIGTERM, settings.shutdown_grace_seconds + 5),
            Ending(signal.SIGKILL, 5),
        ),
    )


def _with_port(name: str, first: int, number: int) -> dict[str, str] | None:
    """The environment of a process whose metrics have a port: the next one for each."""
    return extended({name: str(first + number - 1)}) if first else None


def make_api(number: int, listener: socket.socket, settings: Settings) -> Child:
    """A further process of the API on the same socket, not started."""
    words = [sys.executable, "-m", "app.cli.server.api_process", str(listener.fileno())]
    env = _with_port("API_METRICS_PORT", settings.api_metrics_port, number)
    return Child(f"api-{number}", words, env=env, pass_fds=[listener.fileno()])


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _start(server: EmbeddedServer, stack: ExitStack) -> str:
    url = server.start()
    stack.callback(server.stop)
    log.info("embedded.started", server=server.name, server_pid=server.pid)
    return url


def _pass_on(server: str, line: str) -> None:
    """A server's own log as part of ours."""
    if any(word in line for word in _NO_NEWS):
        log.debug("embedded.says", server=server, line=line)
    else:
        log.warning("embedded.says", server=server, line=line)


def _keep_keys(folder: Path) -> None:
    if not is_set("ENCRYPTION_KEYS"):
        from app.db.secrets import generate_key  # noqa: PLC0415 - see the package

        key, _ = kept_key(folder / ENCRYPTION, generate_key)
        hand_over({"ENCRYPTION_KEYS": key})
    if not is_set("BOOTSTRAP_API_KEY"):
        path = folder / ADMINISTRATOR
        key, is_new = kept_key(path, new_administrator_key)
        hand_over({"BOOTSTRAP_API_KEY": key})
        if is_new:
            # not a log line: a log is copied to other places
            typer.echo(f"Administrator key, shown once and kept in {path}:\n  {key}", err=True)
        else:
            log.info("administrator_key.kept", path=str(path))
