"""Whatever bytes a parser meets, it reads them or says what is wrong, soon, and says no value.

The short form of a fuzz; `make chaos` runs it for ten minutes a parser (tests/chaos/test_fuzz_files.py).
"""

import contextlib
import shutil
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import SourceError
from tests.conftest import within
from tests.sources.hostile import (
    CSV,
    CSV_OPTIONS,
    DELTA_ACTIONS,
    NDJSON,
    parquet,
    read_all,
    reading,
    spoilt,
)

_common = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def read(path: Path, kind: str, **options: Any) -> None:
    started = time.monotonic()
    with contextlib.suppress(SourceError):
        read_all({"kind": kind, "url": str(path), **options}, reading(path.parent))
    assert time.monotonic() - started < within(2)


@_common
@given(CSV, CSV_OPTIONS)
def test_csv(tmp_path: Path, data: bytes, options: dict[str, Any]) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(data)
    read(path, "file", **options)


@_common
@given(NDJSON)
def test_ndjson(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "m.ndjson"
    path.write_bytes(data)
    read(path, "file")


@_common
@given(spoilt(parquet()))
def test_parquet(tmp_path: Path, data: bytes) -> None:
    """Bytes changed anywhere, most of them in the footer, which is the larger half; or cut short."""
    path = tmp_path / "m.parquet"
    path.write_bytes(data)
    read(path, "file")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    deltalake = pytest.importorskip("deltalake")
    path = tmp_path_factory.mktemp("delta") / "table"
    frame = pl.DataFrame({"a": ["x", "y"], "b": [1, 2]})
    deltalake.write_deltalake(str(path), frame)
    deltalake.write_deltalake(str(path), frame, mode="append")
    return path


@_common
@given(DELTA_ACTIONS, st.booleans())
def test_delta_log(tmp_path: Path, table: Path, lines: bytes, again: bool) -> None:
    copy = tmp_path / "table"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(table, copy)
    log = copy / "_delta_log" / f"{1 if again else 2:020}.json"
    log.write_bytes((log.read_bytes() if again else b"") + lines + b"\n")
    read(copy, "delta")
