"""How a run under way is shown: a bar that moves on a terminal, plain lines elsewhere.

Before all members are read nobody knows how many there are, so the reading has a rate and no end; the
delivery has both.
"""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from app.counted_nouns import count_of

_LINE_SECONDS = 5.0


class Pace:
    """How fast a number grows, since it was first seen."""

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None
        self._last = (0.0, 0.0)

    def see(self, now: float, value: float) -> None:
        """The number at a time, in seconds."""
        if self._first is None or value < self._first[1]:
            self._first = (now, value)
        self._last = (now, value)

    @property
    def rate(self) -> float | None:
        """Per second; None as long as it cannot be told."""
        if self._first is None:
            return None
        seconds, grown = self._last[0] - self._first[0], self._last[1] - self._first[1]
        return grown / seconds if seconds > 0 and grown > 0 else None

    def left(self, total: float) -> timedelta | None:
        """How long until the number is the total, at this rate."""
        rate = self.rate
        return None if rate is None else timedelta(seconds=round((total - self._last[1]) / rate))


class RunProgress:
    """Shows states of one run as they come; a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._reading, self._rows, self._batches = Pace(), Pace(), Pace()
        self._said: tuple[str, float] = ("", 0.0)
        self._bar: Progress | None = None
        self._live: Live | None = None
        if console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description:<10}"),
                BarColumn(bar_width=None),
                TaskProgressColumn(),
                TimeElapsedColumn(),
                console=console,
                expand=True,
            )
            self._live = Live(self._bar, console=console, transient=True)

    def __enter__(self) -> Self:
        if self._live is not None and self._bar is not None:
            self._bar.add_task("queued", total=None)
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, run: Mapping[str, Any]) -> None:
        """Bring what is shown to where the run is."""
        counts, now = run["counts"], time.monotonic()
        total, done = counts["batches_total"], counts["batches_done"]
        phase = run["phase"] or run["status"]
        says = self._says(run, now)
        if self._bar is not None and self._live is not None:
            self._bar.update(
                self._bar.task_ids[0], description=phase, total=total or None, completed=done
            )
            # what it says stands on a line of its own, so that the bar is wide enough to move
            self._live.update(Group(self._bar, Text(says)))
        elif phase != self._said[0] or now - self._said[1] >= _LINE_SECONDS:
            self._console.print(Text(f"{phase}: {says}" if says else phase))
            self._said = (phase, now)

    def _says(self, run: Mapping[str, Any], now: float) -> str:
        counts = run["counts"]
        if run.get("waiting"):
            return _waits(run["waiting"])
        if run["throttled_until"]:
            return f"Meta asked to wait until {run['throttled_until']}"
        if not counts["batches_total"]:
            self._reading.see(now, counts["read"])
            parts = [f"{count_of(counts['read'], 'member')} read"] if counts["read"] else []
            return ", ".join([*parts, *_rate(self._reading, "members")])
        rows = counts["added"] + counts["removed"]
        self._rows.see(now, rows)
        self._batches.see(now, counts["batches_done"])
        left = self._batches.left(counts["batches_total"])
        return ", ".join([
            f"{counts['batches_done']:,} of {count_of(counts['batches_total'], 'batch', 'batches')}",
            count_of(rows, "row"),
            *_rate(self._rows, "rows"),
            *([] if left is None or not left else [f"{left} left"]),
        ])  # fmt: skip


def _waits(waiting: Mapping[str, Any]) -> str:
    error, until = waiting["last_error"], waiting["until"]
    words = [
        f"waits ({waiting['reason']}) since {waiting['since']}",
        *([] if until is None else [f"until {until}"]),
        *(
            []
            if waiting["attempt"] is None
            else [f"{waiting['attempt']} of {waiting['of']} attempts"]
        ),
        *([] if error is None else [error["message"]]),
    ]
    return ", ".join(words)


def _rate(pace: Pace, what: str) -> list[str]:
    return [] if pace.rate is None else [f"{pace.rate:,.0f} {what}/s"]
