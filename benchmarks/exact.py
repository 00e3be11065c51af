"""Whether the audience holds the segment: counted and summed up by a second, plain way.

The sandbox runs in checking mode, reads every body, and gives the number of its members and a checksum
free of their order (`sandbox/membership/checksum.py`). The expected ones come from the file by Python's
own `strip`, `lower` and hashlib; no line of the service takes part.
"""

import hashlib
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl

from benchmarks.stack import Measured, Stack
from sandbox.membership import checksum

_PIECE = 500_000


def expected(file: Path) -> tuple[int, str]:
    """Distinct members and checksum of a file's `email` column."""
    values = []
    rows = pl.scan_parquet(file).select(pl.len()).collect().item()
    for start in range(0, rows, _PIECE):
        cells = pl.scan_parquet(file).select("email").slice(start, _PIECE).collect().to_series()
        digests = b"".join(
            hashlib.sha256(cell.strip().lower().encode()).digest() for cell in cells if cell
        )
        values.append(checksum.values_of_digests("EMAIL", digests))
    return checksum.of_identities(np.concatenate(values))


def delivered(stack: Stack, measured: Measured) -> tuple[int, str]:
    """Members and checksum of the audience that the run filled."""
    sink = stack.environment["GRAPH_API_URL"]
    address = f"{sink}/_sandbox/audiences/{measured.run['audience_id']}"
    report: dict[str, Any] = httpx.get(address, timeout=300).raise_for_status().json()
    return report["members"], report["checksum"]
