"""Keeps the memory of one chunk of members for the next, and polars' threads to the cores that are left.

Allocators hand freed blocks back to the system, which hands out zeroed pages again, one fault each:
with columns that come and go by the megabyte that was a fifth of staging's CPU time. Two allocators are
at work: glibc's for NumPy and Python, https://man7.org/linux/man-pages/man3/mallopt.3.html, and jemalloc
in polars, https://jemalloc.net/jemalloc.3.html#opt.dirty_decay_ms.
"""

import ctypes
import os
import platform

_MANY_CORES = 4
_MEGABYTE = 1 << 20
_M_TRIM_THRESHOLD = -1  # free memory at the top of the heap that is kept
_M_MMAP_THRESHOLD = -3  # blocks from this size on come and go one by one; 32 MB is the most
_M_ARENA_MAX = -8  # heaps: what one thread freed serves the others too
# two heaps, so that what one thread freed serves the others; large blocks in them as well, since those of
# their own are handed back at once
_KEPT_FOR = (
    "background_thread:true,dirty_decay_ms:6000,muzzy_decay_ms:6000,narenas:2,oversize_threshold:0"
)


_SETTINGS = "_RJEM_MALLOC_CONF"
# what polars puts there when it is loaded, before what it finds; whatever starts a worker may have loaded it
_OF_POLARS = frozenset({"dirty_decay_ms:500", "muzzy_decay_ms:1000"})


def share_cores() -> None:
    """Once at the start, before polars is loaded: a single thread of its own where cores are few.

    It decodes files and joins; the columns themselves are worked on in the worker's threads, one for each
    core. On two cores a second thread of polars' mostly asks for work again and again, and its blocks are
    its own: a twentieth of the CPU of 12 columns, and 50 MB. On more cores, which a container may have no
    right to, polars counts for itself. Whoever sets `POLARS_MAX_THREADS` decides otherwise.
    """
    if (os.cpu_count() or 1) < _MANY_CORES:
        os.environ.setdefault("POLARS_MAX_THREADS", "1")


def keep_freed_memory() -> None:
    """Once at the start of the process, before polars is loaded and threads are there."""
    found = os.environ.get(_SETTINGS, "").split(",")
    given = [word for word in found if word and word not in _OF_POLARS]
    os.environ[_SETTINGS] = ",".join([_KEPT_FOR, *given])  # the last word of each kind counts
    if platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_MMAP_THRESHOLD, 32 * _MEGABYTE)
    libc.mallopt(_M_TRIM_THRESHOLD, 128 * _MEGABYTE)
    libc.mallopt(_M_ARENA_MAX, 2)
