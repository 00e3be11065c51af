"""Keeps the memory of a chunk of members for the next one.

glibc hands blocks of some size back to the system when they are freed, and the system hands out
zeroed pages again, one fault each: with arrays that come and go by the megabyte this was a fifth of
the CPU time of staging. https://man7.org/linux/man-pages/man3/mallopt.3.html
"""

import ctypes
import platform

_MEGABYTE = 1 << 20
_M_TRIM_THRESHOLD = -1  # free memory at the top of the heap that is kept
_M_MMAP_THRESHOLD = -3  # blocks from this size on come and go one by one; 32 MB is the most
_M_ARENA_MAX = -8  # heaps: what one thread freed serves the others too


def keep_freed_memory() -> None:
    """Once at the start of the process, before there are threads. Does nothing without glibc."""
    if platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_MMAP_THRESHOLD, 32 * _MEGABYTE)
    libc.mallopt(_M_TRIM_THRESHOLD, 128 * _MEGABYTE)
    libc.mallopt(_M_ARENA_MAX, 2)
