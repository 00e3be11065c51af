"""Typed, prefixed, time-ordered identifiers: `run_` + the 32 hex digits of a UUIDv7.

They sort by the time they were made, so a list's cursor is an id (RFC 9562, section 5.7).
"""

import os
import re
import threading
import time
from datetime import datetime, timedelta

PATTERN = r"^%s_[0-9a-f]{32}$"
# how far a row's moment and that of its id may be apart: a clock may be set meanwhile
SKEW = timedelta(hours=1)

_lock = threading.Lock()
_last = 0


def new_id(prefix: str) -> str:
    """A fresh id with that prefix; within one process ids only grow."""
    global _last  # noqa: PLW0603 - two ids of the same millisecond must still be ordered
    with _lock:
        # 48 bits of milliseconds, then 12 bits of the millisecond's fraction
        stamp = time.time_ns() * 4096 // 1_000_000
        _last = stamp = max(stamp, _last + 1)
    millis, fraction = divmod(stamp, 4096)
    tail = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    value = (millis << 80) | (0x7 << 76) | (fraction << 64) | (0b10 << 62) | tail
    return f"{prefix}_{value:032x}"


def least_id(prefix: str, moment: datetime) -> str:
    """What sorts before every id that is made from that moment on."""
    return f"{prefix}_{max(int(moment.timestamp() * 1000), 0):012x}"


def is_id(prefix: str, text: str) -> bool:
    """Whether the text has the form of an id with that prefix."""
    return re.match(PATTERN % prefix, text) is not None
