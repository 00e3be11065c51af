"""A clock that tests can move: 90 minutes of a replace must not take 90 minutes."""

import time


class Clock:
    """Unix time plus what was added by hand."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Unix seconds."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move forward (or, with a negative number, back)."""
        self._ahead += seconds

    def reset(self) -> None:
        """Back to the time of the machine."""
        self._ahead = 0.0
