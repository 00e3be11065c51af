"""How many pushes are received at once: each holds a thread for as long as its sender likes."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.errors import TooManyRequests


@dataclass(slots=True)
class PushPlaces:
    """Places of this process, and how many of them one caller may have."""

    most: int = 8
    most_of_caller: int = 4
    _held: Counter[str] = field(default_factory=Counter)

    @contextlib.contextmanager
    def place(self, caller_id: str) -> Iterator[None]:
        """A place for one push. Raises `TooManyRequests` at once: waiting would look like a hang."""
        if self._held.total() >= self.most or self._held[caller_id] >= self.most_of_caller:
            raise TooManyRequests(
                "As many pushes as are received at once, from you or in all, are under way; try "
                "again when one has ended.",
                code="upload-busy",
                retry_after=5,
            )
        self._held[caller_id] += 1
        try:
            yield
        finally:
            self._held[caller_id] -= 1
            if not self._held[caller_id]:
                del self._held[caller_id]
