"""The same members by other means: Meta's own SDK, and the loop most people write first.

    python -m benchmarks.baselines sdk|formatting|loop|plain email|all FILE SINK

Each runs in a process of its own and prints seconds, CPU seconds and rows. The SDK's is `add_users`,
sent to the sink (`sdk`) or answered by a transport that sends nothing (`formatting`); the loop hashes
with hashlib, dumps with json and posts with one httpx client, a batch at a time; `plain` is that loop
without the posts.
"""

import hashlib
import io
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl

from benchmarks.members import ALL_ATTRIBUTES

BATCH = 10_000
_BIRTH = {"DOBY": (0, 4), "DOBM": (5, 2), "DOBD": (8, 2)}
_DATE = "birth_date"


def batches(file: Path, kind: str) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Schema and rows as lists, read the fast way: reading is not what is compared."""
    frame = pl.read_parquet(file)
    if kind == "email":
        frame = frame.select(pl.col("email").alias("EMAIL"))
    else:
        plain = {key: name for key, name in ALL_ATTRIBUTES.items() if name != _DATE}
        frame = frame.select(
            *(pl.col(name).alias(key) for key, name in plain.items()),
            *(pl.col(_DATE).str.slice(*part).alias(key) for key, part in _BIRTH.items()),
        )
    frame = frame.fill_null("")
    for start in range(0, frame.height, BATCH):
        part = frame.slice(start, BATCH)
        yield frame.columns, [list(row) for row in part.iter_rows()]


def formatting(file: Path, kind: str, _: str) -> int:
    """Meta's Python SDK: normalize, hash, and build the request that is not sent."""
    import requests  # noqa: PLC0415
    from facebook_business.api import FacebookAdsApi  # noqa: PLC0415
    from facebook_business.session import FacebookSession  # noqa: PLC0415

    class Nowhere(requests.adapters.BaseAdapter):
        def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
            answer = requests.Response()
            answer.status_code, answer.raw = 200, io.BytesIO(b'{"num_received": 10000}')
            answer.request, answer.url = request, request.url or ""
            return answer

        def close(self) -> None:
            """Nothing is open."""

    session = FacebookSession(access_token="none")
    session.requests.mount("https://", Nowhere())
    FacebookAdsApi.set_default_api(FacebookAdsApi(session))
    return _by_sdk(file, kind)


def sdk(file: Path, kind: str, sink: str) -> int:
    """The same, sent to the sink instead of Meta."""
    from facebook_business.api import FacebookAdsApi  # noqa: PLC0415
    from facebook_business.session import FacebookSession  # noqa: PLC0415

    FacebookSession.GRAPH = sink
    session = FacebookSession(access_token="sandbox-system-token")
    FacebookAdsApi.set_default_api(FacebookAdsApi(session))
    return _by_sdk(file, kind)


def _by_sdk(file: Path, kind: str) -> int:
    from facebook_business.adobjects.customaudience import CustomAudience  # noqa: PLC0415

    audience, rows = CustomAudience("23850000000000001"), 0
    for keys, users in batches(file, kind):
        if kind == "email":
            audience.add_users(CustomAudience.Schema.email_hash, [user[0] for user in users])
        else:
            audience.add_users(keys, users, is_raw=True)
        rows += len(users)
    return rows


def loop(file: Path, kind: str, sink: str) -> int:
    """hashlib, json and httpx, one batch after another."""
    rows = 0
    with httpx.Client(timeout=60) as client:
        for keys, users in batches(file, kind):
            answer = client.post(
                f"{sink}/v26.0/23850000000000001/users",
                headers={"Authorization": "Bearer sandbox-system-token"},
                json={"payload": {"schema": keys, "data": _hashed(users)}},
            )
            answer.raise_for_status()
            rows += len(users)
    return rows


def plain(file: Path, kind: str, _: str) -> int:
    """The same in one thread; nothing is sent."""
    rows = 0
    for keys, users in batches(file, kind):
        json.dumps({"payload": {"schema": keys, "data": _hashed(users)}}).encode()
        rows += len(users)
    return rows


def _hashed(users: list[list[str]]) -> list[list[str]]:
    return [
        [hashlib.sha256(cell.strip().lower().encode()).hexdigest() if cell else "" for cell in user]
        for user in users
    ]


if __name__ == "__main__":
    way, kind, file, sink = sys.argv[1:5]
    began, cpu = time.perf_counter(), time.process_time()
    done = {"sdk": sdk, "formatting": formatting, "loop": loop, "plain": plain}[way](
        Path(file), kind, sink
    )
    print(
        json.dumps(
            {
                "rows": done,
                "seconds": time.perf_counter() - began,
                "cpu": time.process_time() - cpu,
            }
        )
    )
