"""The demo from an empty folder to the last count, told while it happens."""

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from app.cli.demo.api_walk import DemoFailed, Walk, check
from app.cli.demo.history import Kept, sign_in_link
from app.cli.demo.people import make_people
from app.cli.demo.processes import Service, demo_folder, running_service
from app.cli.demo.screen import RunBar, Screen
from app.cli.environment import read_settings
from app.cli.server.child_processes import free_port
from app.cli.server.signals import StopSignals

RUN_SECONDS = 60.0
_POLL_SECONDS = 0.2
_SLOWEST = 5_000  # members a second that the slowest machine is expected to manage


class Story:
    """One demo."""

    def __init__(self, members: int, port: int, stop: StopSignals) -> None:
        self._members = members
        self._port = port or free_port()
        self._stop = stop
        self._screen = Screen()
        self.is_told = False

    def tell(self, *, keep: bool) -> None:
        """Do everything; raises DemoFailed if a count is not what it must be.

        Raises StopRequested when a signal came, with everything stopped.
        """
        say = self._screen.step
        with demo_folder(read_settings().data_dir) as folder:
            began = time.monotonic()
            file = folder / "customers.csv"
            make_people(self._members).write_csv(file)
            say(f"{self._members:,} customers of eleven countries are in {file}")
            self._stop.check()
            with running_service(folder, self._port, self._stop) as service:
                seconds = time.monotonic() - began
                say(f"service at {service.url}, local Graph API at {service.sandbox_url}")
                say(f"ready after {seconds:.1f} s: Postgres, Valkey, API, worker; logs in {folder}")
                try:
                    self._export(service, file)
                except DemoFailed as error:
                    raise DemoFailed(f"{error.detail}\nThe logs are in {folder}.") from None
                self.is_told = True
                say(f"API documentation: {service.url}/docs (stays up with --keep)")
                if keep:
                    Kept(service, folder).fill(say)
                    say(f"Authorization: Bearer {service.key}")
                    say(f"console: {service.url}/")
                    say(f"sign in, once and within an hour: {sign_in_link(service)}")
                    say("Ctrl-C stops everything.")
                    while True:
                        self._stop.check()
                        time.sleep(_POLL_SECONDS)
        say("everything is stopped")

    def _export(self, service: Service, file: Path) -> None:
        say, members = self._screen.step, self._members
        with httpx.Client(
            base_url=service.url,
            headers={"Authorization": f"Bearer {service.key}"},
            timeout=60,
        ) as client:
            walk = Walk(client)
            connection = walk.connect("Demo audience")
            say(f"consent given, connection {connection} is ready, its audience is new")
            export = walk.make_export(connection, file)
            say(f"segment and export {export}: e-mail only, nothing sent yet")
            with self._screen.follow(members) as bar:
                limit = RUN_SECONDS + members / _SLOWEST
                run = walk.run(export, lambda seen: self._see(seen, bar), seconds=limit)
        audience = httpx.get(
            f"{service.sandbox_url}/_sandbox/audiences/{run['audience_id']}", timeout=60
        ).raise_for_status()
        check(run, members=members, at_meta=audience.json()["members"])
        seconds = (_moment(run["finished_at"]) - _moment(run["started_at"])).total_seconds()
        self._screen.closing_table(run, seconds=seconds, members=members)
        say("the counts add up, and the audience holds exactly the distinct members")

    def _see(self, run: Mapping[str, Any], bar: RunBar) -> None:
        self._stop.check()
        bar.show(run)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
