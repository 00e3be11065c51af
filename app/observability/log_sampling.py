"""Keeps a loud event from filling the log: so many lines of a kind a second, and how many were left out."""

import time
from collections import defaultdict
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import structlog

# one of each is told whatever happens: who counts runs in the log counts right
_NEVER = frozenset({"run.ended"})


@dataclass(slots=True)
class _Second:
    began: float = 0.0
    lines: int = 0
    left_out: int = 0


class Sampler:
    """A structlog processor; the first line of a kind that is told again says `left_out`."""

    def __init__(self, per_second: int, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """At most `per_second` lines of an event; 0 means all. Requests that fail are a kind of their own."""
        self._most = per_second
        self._now = monotonic
        self._kinds: dict[tuple[str, bool], _Second] = defaultdict(_Second)

    def __call__(
        self, _: Any, __: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """The event, or structlog's DropEvent."""
        name = str(event.get("event"))
        if not self._most or name in _NEVER:
            return event
        status = event.get("status")
        kind = self._kinds[name, isinstance(status, int) and status >= 500]
        now = self._now()
        if now - kind.began >= 1.0:
            kind.began, kind.lines = now, 0
        if kind.lines >= self._most:
            kind.left_out += 1
            raise structlog.DropEvent
        kind.lines += 1
        if kind.left_out:
            event["left_out"], kind.left_out = kind.left_out, 0
        return event
