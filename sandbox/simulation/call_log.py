"""The record of calls, so that a test can say what a client did; never a payload or a token."""

import re
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any, Final

KEPT: Final = 100_000


@dataclass(slots=True, kw_only=True)
class Record:
    """One Graph call. `time` is its arrival and `duration` its length, both in seconds."""

    time: float
    method: str
    path: str
    duration: float = 0.0
    account: str | None = None
    audience: str | None = None
    operation: str | None = None
    rows: int | None = None
    bytes: int = 0
    session_id: int | None = None
    batch_seq: int | None = None
    last_batch: bool | None = None
    applied: bool = False
    status: int | None = None
    code: int | None = None
    subcode: int | None = None
    fault: str | None = None
    trace_id: str = ""


class RequestLog:
    """The latest calls, oldest first, and how many were open at once."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=KEPT)
        self.open = 0
        self.most_open = 0
        self.total = 0

    def begin(self, record: Record) -> None:
        """A call has arrived."""
        self._records.append(record)
        self.total += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)

    def end(self) -> None:
        """A call was answered, or its connection cut."""
        self.open -= 1

    def clear(self) -> None:
        """Forget the calls, keep counting the open ones."""
        self._records.clear()
        self.total = 0
        self.most_open = self.open

    def select(self, path: str | None = None, **equal: str | None) -> list[dict[str, Any]]:
        """The calls whose path matches the regular expression and whose fields equal the given."""
        pattern = re.compile(path or "")
        wanted = {name: value for name, value in equal.items() if value is not None}
        return [
            asdict(record)
            for record in self._records
            if pattern.search(record.path)
            and all(str(getattr(record, name)) == value for name, value in wanted.items())
        ]
