"""Brings children back that ended on their own, waiting longer each time they keep ending."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol

from app.observability.logs import get_logger

log = get_logger(__name__)

FIRST_WAIT_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 30.0
HEALTHY_AFTER_SECONDS = 60.0
_POLL_SECONDS = 0.2


class Restartable(Protocol):
    """What can be watched: a child process, or a server that is one."""

    @property
    def name(self) -> str:
        """What the log calls it."""

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""

    @property
    def exit_status(self) -> int | None:
        """How it ended."""

    def spawn(self) -> None:
        """Start it again."""


@dataclass(slots=True)
class _Watched:
    child: Restartable
    wait: float = FIRST_WAIT_SECONDS
    since: float = 0.0  # monotonic: of the last start
    due: float | None = None  # monotonic: of the next start

    def look(self, now: float) -> None:
        """Notice an end, or start again once the wait is over."""
        if self.child.pid is not None:
            return
        if self.due is None:
            if now - self.since > HEALTHY_AFTER_SECONDS:
                self.wait = FIRST_WAIT_SECONDS
            self.due = now + self.wait
            log.warning(
                "child.ended",
                child=self.child.name,
                exit_status=self.child.exit_status,
                restart_in_seconds=self.wait,
            )
            self.wait = min(self.wait * 2, LONGEST_WAIT_SECONDS)
        elif now >= self.due:
            self.child.spawn()
            self.since, self.due = now, None
            log.info("child.restarted", child=self.child.name, child_pid=self.child.pid)


async def keep_running(children: Sequence[Restartable]) -> NoReturn:
    """Watch until cancelled; call it in the main thread's event loop, where children may be born.

    The first restart comes after a quarter of a second, later ones after twice the wait before, at
    most 30 s; a child that lived for a minute counts as healthy again.
    """
    watched = [_Watched(child, since=time.monotonic()) for child in children]
    while True:
        await asyncio.sleep(_POLL_SECONDS)
        for one in watched:
            one.look(time.monotonic())
