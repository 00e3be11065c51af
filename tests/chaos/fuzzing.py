"""Nonsense for one parser until its time is over, and what it cost.

Three things are asked of every example: no error of ours, no hang, little memory. A hang is two seconds of
work or of waiting, not of standing in a queue for a processor that others have: the kernel counts how long
our threads were ready and did not run, and that is taken off the clock
(https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat). Processor time counts whole, so a
busy loop is found however slow the machine is; and what never ends at all is ended with its stack.
"""

import faulthandler
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning

from app.errors import AppError

SECONDS = float(
    os.environ.get("FUZZ_SECONDS", "600" if os.environ.get("CHAOS") == "full" else "0.3")
)
LONGEST_SECONDS = 2.0
GROWTH_BYTES = 200 << 20
# what has not come back by then never will
_LOST_SECONDS = 120
# hypothesis remembers what it made, so that a long run is many short ones
_EXAMPLES_A_ROUND = 500 if SECONDS > 5 else 20
FUZZED = pytest.StashKey[list["Fuzzed"]]()


@dataclass
class Fuzzed:
    """What a target met: examples, seconds in all, the slowest one, memory above that of the start."""

    name: str
    examples: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    growth: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        codes = sorted(self.refused, key=lambda code: -self.refused[code])
        return (
            f"{self.name:<26}{self.examples:>10,}{self.seconds / 60:>9.1f}{self.slowest:>10.3f}"
            f"{self.growth >> 20:>8}  {', '.join(codes[:6])}"
        )


HEAD = f"{'target':<26}{'examples':>10}{'minutes':>9}{'slowest s':>10}{'MiB':>8}  codes, most frequent first"


class Clock:
    """How long processes worked or waited, without their time in the queue for a processor."""

    def __init__(self, *pids: int) -> None:
        self._tasks = [Path(f"/proc/{pid}/task") for pid in pids or (os.getpid(),)]
        self._began, self._counted = time.monotonic(), self._counts()

    def _counts(self) -> tuple[float, float]:
        ran = queued = 0
        for task in (task for tasks in self._tasks for task in tasks.glob("*/schedstat")):
            try:
                one = task.read_text().split()
            except OSError:
                continue  # the thread ended meanwhile
            ran, queued = ran + int(one[0]), queued + int(one[1])
        return ran / 1e9, queued / 1e9

    @property
    def seconds(self) -> float:
        """Since it was made."""
        wall = time.monotonic() - self._began
        if wall < LONGEST_SECONDS / 8:
            return wall  # nobody's queue matters yet, and looking costs
        ran, queued = (now - then for now, then in zip(self._counts(), self._counted, strict=True))
        return max(ran, wall - queued)


def memory(pid: int | None = None, *, peak: bool = False) -> int:
    """Bytes that a process holds, or held at most since `forget_peak`."""
    text = Path(f"/proc/{pid or os.getpid()}/status").read_text()
    return int(text.partition("VmHWM:" if peak else "VmRSS:")[2].split()[0]) * 1024


def forget_peak(pid: int | None = None) -> None:
    """Count the most memory from now on."""
    Path(f"/proc/{pid or os.getpid()}/clear_refs").write_text("5")


@contextmanager
def never_lost() -> Iterator[None]:
    """End the process with its stacks if the block does not end."""
    faulthandler.dump_traceback_later(_LOST_SECONDS, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def fuzz(
    name: str, strategy: st.SearchStrategy[Any], feed: Callable[[Any], None], into: list[Fuzzed]
) -> None:
    """Feed what the strategy makes until the time is over.

    `feed` may raise what a caller is told (`AppError` below 500); anything else is a
    failure, shown with the smallest example that makes it.
    """
    found = Fuzzed(name)
    into.append(found)
    began = looked = until = time.monotonic()
    idle = 0

    def tried(value: Any) -> None:
        nonlocal looked
        if time.monotonic() - looked > 1:
            looked = time.monotonic()
            faulthandler.dump_traceback_later(_LOST_SECONDS, exit=True, file=sys.__stderr__)
        seconds = once(value)
        if seconds >= LONGEST_SECONDS:
            # a machine may stand still as a whole; what hangs, hangs again
            seconds = min(seconds, once(value))
        found.examples += 1
        found.slowest = max(found.slowest, seconds)
        assert seconds < LONGEST_SECONDS

    def once(value: Any) -> float:
        clock = Clock()
        try:
            feed(value)
        except AppError as error:
            told = error
        else:
            told = None
        seconds = clock.seconds
        assert told is None or told.status < 500, told.code
        if told is not None:
            found.refused[told.code] = found.refused.get(told.code, 0) + 1
        return seconds

    def one_round(number: int, examples: int = _EXAMPLES_A_ROUND) -> None:
        @seed(number)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def run(value: Any) -> None:
            if time.monotonic() < until or not idle:
                tried(value)

        # a failure shows its example, however long that is
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HypothesisWarning)
            run()

    start = int(os.environ.get("FUZZ_SEED", time.time_ns() % 1_000_000))
    rounds = 0
    with never_lost():
        # idle is a process that has its libraries and tables
        one_round(start - 1, 10)
        idle = memory()
        forget_peak()
        began = time.monotonic()
        until = began + SECONDS
        while time.monotonic() < until or not rounds:
            one_round(start + rounds)
            rounds += 1
            found.seconds = time.monotonic() - began
            found.growth = memory(peak=True) - idle
            assert found.growth < GROWTH_BYTES, f"{found.growth >> 20} MiB (FUZZ_SEED={start})"
    assert found.examples > 0
