"""When to try a call again: exponential backoff with full jitter, bounded in tries and in time.

Pure arithmetic: sleeping, chance and clocks are the caller's.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Tries and seconds a single call may cost. `throttles`: how often a short pause is waited out.

    A named hint of Meta (`Retry-After`) is a floor under the jitter; one that does not fit into the
    remaining time ends the retries, since an earlier repetition would only be refused again.
    """

    attempts: int = 6
    base_seconds: float = 0.5
    cap_seconds: float = 20.0
    total_seconds: float = 90.0
    throttles: int = 5

    def delay(
        self,
        attempt: int,
        *,
        elapsed: float,
        random: Callable[[], float],
        limit: int | None = None,
        hint: float | None = None,
    ) -> float | None:
        """Seconds to sleep after the failed try number `attempt` (1-based), or None to give up.

        `elapsed`: seconds since the call began; `random`: uniform in [0, 1); `limit`: fewer tries
        for this kind of failure.
        """
        if attempt >= min(self.attempts, limit or self.attempts):
            return None
        ceiling = min(self.cap_seconds, self.base_seconds * 2 ** (attempt - 1))
        pause = (hint or 0.0) + random() * ceiling
        return pause if elapsed + pause <= self.total_seconds else None
