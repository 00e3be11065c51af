"""What the demo shows: steps, a bar that follows the run, and the table at the end.

On a terminal the bar moves; elsewhere (a pipe, a build log) the same is said in plain lines.
"""

from collections.abc import Mapping
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

_LABELS = {
    "read": "members read",
    "expanded": "expanded (several e-mails or phones)",
    "duplicates": "duplicates",
    "skipped": "skipped",
    "staged": "staged (distinct, hashed)",
    "received": "received by the Graph API",
    "invalid": "refused by the Graph API",
    "batches_done": "batches",
}


class Screen:
    """Output of one demo, to a terminal or not."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)

    def step(self, text: str) -> None:
        """One line about what is done."""
        self._console.print(text, markup=False)

    def follow(self, members: int) -> "RunBar":
        """A bar for a run over that many members; use it as a context manager."""
        return RunBar(self._console, members)

    def closing_table(self, run: Mapping[str, Any], *, seconds: float, members: int) -> None:
        """The figures of the finished run."""
        table = Table(title=f"Run {run['id']}: {run['status']}", title_justify="left")
        table.add_column("what")
        table.add_column("count", justify="right")
        counts = run["counts"]
        for name, label in _LABELS.items():
            if name == "expanded" and not counts.get(name):
                continue
            table.add_row(label, f"{counts.get(name) or 0:,}")
            if name == "skipped":
                for reason, number in sorted(run["skipped_reasons"].items()):
                    table.add_row(f"  {reason}", f"{number:,}")
        table.add_section()
        table.add_row("seconds", f"{seconds:.2f}")
        table.add_row("members per second", f"{members / seconds:,.0f}" if seconds else "")
        self._console.print(table)


class RunBar:
    """Follows the counts of a run: first the members read, then the rows delivered."""

    def __init__(self, console: Console, members: int) -> None:
        self._console = console
        self._members = members
        self._phase = ""
        self._bar: Progress | None = None
        if console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description:<10}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=console,
            )

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._bar.add_task("staging", total=self._members)
            self._bar.add_task("uploading", total=None)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, run: Mapping[str, Any]) -> None:
        """Bring the bar to where the run is."""
        counts = {name: value or 0 for name, value in run["counts"].items()}
        staged, done = counts["staged"], counts["received"]
        phase = run["phase"] or run["status"]
        if self._bar is not None:
            staging, uploading = self._bar.task_ids
            self._bar.update(staging, completed=counts["read"])
            # how many there are to upload is known once all are staged
            total = staged if counts["batches_total"] else None
            self._bar.update(uploading, completed=done, total=total)
        elif phase != self._phase:
            read, members = counts["read"], self._members
            self._console.print(f"  {phase}: {read:,} of {members:,} read, {done:,} delivered")
        self._phase = phase
