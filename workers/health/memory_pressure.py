"""How much memory a worker may use before it takes no further run.

What a run needs is bounded, but several large ones at once may be more than the machine has. Who works
already goes on; the next run waits here, or is taken by another worker.
"""

import asyncio
import os
from collections.abc import Collection
from pathlib import Path

from app.observability.logs import get_logger

log = get_logger(__name__)

_SHARE = 0.75
_LOOK_SECONDS = 0.5
# https://docs.kernel.org/admin-guide/cgroup-v2.html and its predecessor
_BOUNDS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class Pressure:
    """Holds runs back while the process has no room for another."""

    def __init__(self, most_bytes: int = 0) -> None:
        """`most_bytes` of resident memory; 0: three quarters of the container's, or of the machine's."""
        self._most = most_bytes or int(available_memory() * _SHARE)

    async def room(self, working: Collection[object]) -> None:
        """Wait until another run may begin; one alone always may."""
        if not working or resident_memory() <= self._most:
            return
        log.warning("run.held_back", resident_bytes=resident_memory(), most_bytes=self._most)
        while working and resident_memory() > self._most:  # noqa: ASYNC110 - memory tells nobody
            await asyncio.sleep(_LOOK_SECONDS)


def resident_memory() -> int:
    """Bytes of this process that are in memory; 0 where the system does not say."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def available_memory() -> int:
    """Bytes that the container, or else the machine, has."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name in _BOUNDS:
        try:
            said = Path(name).read_text().strip()
        except OSError:
            continue
        if said.isdecimal():
            return min(int(said), machine)
    return machine
