"""How much of Meta's quota the governor uses, and how often it is refused: hours in seconds.

    python -m benchmarks.governor [--hours 4]

The limiter is the sandbox's, with the limits as Meta documents them; the governors are the service's,
one for each worker, with what they share. Only the clock is another one: where everybody sleeps, it goes
on to the next who wakes.
https://developers.facebook.com/docs/marketing-api/overview/rate-limiting
"""

import argparse
import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

from app.facebook.error_codes.classify import About, from_body
from app.facebook.errors import Throttled
from app.facebook.quota.governor import Governor
from app.facebook.quota.state import MemoryQuota
from app.facebook.usage_headers import read_usage
from sandbox.conventions.errors import GraphError
from sandbox.simulation.quota import Quotas

ACCOUNT = "act_1001"
_DIGITS = ACCOUNT.removeprefix("act_")
HOUR = 3600.0
_LATENCY = (0.2, 0.9)

# one call is a write of three points; a removal is one call of the quota for custom audiences. A question is
# one point, and its answer tells of the quota for custom audiences only
_QUESTIONS = " and a question now and then"
QUOTAS: dict[str, tuple[dict[str, Any], bool, int]] = {
    "score, development tier (60 points, block 300 s)": (
        {"score_max": 60, "block_seconds": 300}, False, 8,
    ),
    "score, full tier (9,000 points, block 60 s)": (
        {"score_max": 9000, "block_seconds": 60, "tier": "standard_access"}, False, 8,
    ),
    "score, told as 613": ({"score_max": 60, "block_seconds": 300, "error": 613}, False, 8),
    f"score, development tier,{_QUESTIONS}": (
        {"score_max": 60, "block_seconds": 300}, False, 8,
    ),
    "custom audience, development tier (5,000 an hour)": (
        {"buc_max": 5000, "buc_block_seconds": 300}, True, 8,
    ),
}  # fmt: skip


class _Loop(asyncio.SelectorEventLoop):
    """Whose time stands while somebody works, and jumps while all sleep."""

    def __init__(self) -> None:
        super().__init__()
        self._moment = 0.0

    def time(self) -> float:
        return self._moment

    def _run_once(self) -> None:
        timers = self._scheduled  # type: ignore[attr-defined]
        if not self._ready:  # type: ignore[attr-defined]
            # what was cancelled wakes nobody
            awake = (one.when() for one in timers if not one.cancelled())
            self._moment = max(self._moment, min(awake, default=self._moment))
        super()._run_once()  # type: ignore[misc]


class _Clock:
    """The loop's time for the limiter."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()


@dataclass(slots=True)
class Outcome:
    """What a run of some hours did."""

    calls: int
    allowed: float
    refusals: int
    during_block: int
    hours: float
    curve: list[int]


async def calling(
    quota: dict[str, Any],
    *,
    removal: bool,
    questions: bool,
    workers: int,
    at_once: int,
    hours: float,
) -> Outcome:
    """Workers that have always more to send, against one limiter."""
    loop = asyncio.get_running_loop()
    quotas = Quotas(_Clock())  # type: ignore[arg-type]
    quotas.configure(ACCOUNT, quota)
    shared, chance, end = MemoryQuota(loop.time), random.Random(7), hours * HOUR
    minutes: Counter[int] = Counter()

    async def worker() -> None:
        # what Redis holds for all is one object here; each process has its own pacer and gates
        governor = Governor(shared, max_wait=HOUR, monotonic=loop.time, random=chance.random)
        await asyncio.gather(*(sender(governor) for _ in range(at_once)))

    async def sender(governor: Governor) -> None:
        while loop.time() < end:
            try:
                async with governor.slot(ACCOUNT) as slot:
                    if loop.time() >= end:
                        return
                    await call(slot)
            except Throttled:
                continue

    async def call(slot: Any) -> None:
        arrived, question = loop.time(), questions and chance.random() < 0.3
        other = removal or question
        await asyncio.sleep(chance.uniform(*_LATENCY))
        try:
            quotas.admit(ACCOUNT, write=not question, buc=other, arrived=arrived)
        except GraphError as refusal:
            usage = read_usage(quotas.headers(ACCOUNT, buc=other), _DIGITS)
            about = About(account=_DIGITS, bulk=True)
            error = from_body(refusal.body("trace")["error"], status=400, about=about, usage=usage)
            assert isinstance(error, Throttled)
            await slot.refused(error, usage)
            return
        minutes[int(loop.time() // 60)] += 1
        await slot.answered(read_usage(quotas.headers(ACCOUNT, buc=other), _DIGITS))

    await asyncio.gather(*(worker() for _ in range(workers)))
    report = quotas.report(ACCOUNT)
    return Outcome(
        calls=report["admitted"],
        allowed=_allowed(
            quota, end, workers * at_once, points=report["points"] / max(report["admitted"], 1)
        ),
        refusals=report["refused"] - report["on_their_way"],
        during_block=report["requests_during_block"],
        hours=hours,
        curve=[sum(minutes[n] for n in range(at, at + 15)) for at in range(0, int(hours * 60), 15)],
    )


def simulated(name: str, *, workers: int, hours: float) -> Outcome:
    """So many hours of the quota of that name."""
    quota, removal, at_once = QUOTAS[name]
    loop = _Loop()
    try:
        return loop.run_until_complete(
            calling(
                quota,
                removal=removal,
                questions=_QUESTIONS in name,
                workers=workers,
                at_once=at_once,
                hours=hours,
            )
        )
    finally:
        loop.close()


def _allowed(quota: dict[str, Any], seconds: float, at_once: int, *, points: float) -> float:
    """Calls that the limiter would have let through, or that so many senders could have made."""
    if "buc_max" in quota:
        most = quota["buc_max"] * -(-seconds // HOUR)
    else:
        most = (quota["score_max"] + quota["score_max"] * seconds / 300) / points
    return float(min(most, at_once * seconds / (sum(_LATENCY) / 2)))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, default=4)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 10])
    asked = parser.parse_args()
    print(
        "| quota | workers | calls | of what was allowed | refusals an hour | while blocked "
        "| calls by quarter of an hour |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in QUOTAS:
        for workers in asked.workers:
            found = simulated(name, workers=workers, hours=asked.hours)
            print(
                f"| {name} | {workers} | {found.calls:,} | {found.calls / found.allowed:.1%} "
                f"| {found.refusals / found.hours:.2f} | {found.during_block} "
                f"| {' '.join(map(str, found.curve))} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
