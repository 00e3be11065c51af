"""The same members by other means: Meta's own SDK, and the loop most people write first.

    python -m benchmarks.baselines sdk|loop email|all FILE SINK

Each runs in a process of its own and prints seconds, CPU seconds and rows. The SDK's formatting is
its `format_params` with the transport patched away; the loop hashes with hashlib, dumps with json and
posts with one httpx client, a batch at a time.
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import polars as pl

from benchmarks.members import ALL_ATTRIBUTES

BATCH = 10_000
# the SDK has no DOB: the loop and it send the columns of text they can
_KEYS = [key for key in ALL_ATTRIBUTES if key != "DOB"]


def batches(file: Path, kind: str) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Schema and rows as lists, read the fast way: reading is not what is compared."""
    keys = ["EMAIL"] if kind == "email" else _KEYS
    columns = [ALL_ATTRIBUTES[key] for key in keys]
    frame = pl.read_parquet(file, columns=columns).fill_null("").select(columns)
    for start in range(0, frame.height, BATCH):
        part = frame.slice(start, BATCH)
        yield keys, [list(row) for row in part.iter_rows()]


def sdk(file: Path, kind: str, _: str) -> int:
    """Meta's Python SDK: normalize, hash and build the request's parameters."""
    from facebook_business.adobjects.customaudience import CustomAudience  # noqa: PLC0415

    rows = 0
    for keys, users in batches(file, kind):
        schema = keys[0] if kind == "email" else keys
        data = [user[0] for user in users] if kind == "email" else users
        if kind == "email":
            schema = CustomAudience.Schema.email_hash
        params = CustomAudience.format_params(schema, data, is_raw=True)
        json.dumps(params)
        rows += len(users)
    return rows


def loop(file: Path, kind: str, sink: str) -> int:
    """hashlib, json and httpx, one batch after another."""
    rows = 0
    with httpx.Client(timeout=60) as client:
        for keys, users in batches(file, kind):
            data = [
                [
                    hashlib.sha256(cell.strip().lower().encode()).hexdigest() if cell else ""
                    for cell in user
                ]
                for user in users
            ]
            answer = client.post(
                f"{sink}/v26.0/23850000000000001/users",
                headers={"Authorization": "Bearer sandbox-system-token"},
                json={"payload": {"schema": keys, "data": data}},
            )
            answer.raise_for_status()
            rows += len(users)
    return rows


if __name__ == "__main__":
    way, kind, file, sink = sys.argv[1:5]
    began, cpu = time.perf_counter(), time.process_time()
    done = {"sdk": sdk, "loop": loop}[way](Path(file), kind, sink)
    print(
        json.dumps(
            {
                "rows": done,
                "seconds": time.perf_counter() - began,
                "cpu": time.process_time() - cpu,
            }
        )
    )
