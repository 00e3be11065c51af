"""The same members from every source there is make the same audience."""

import gzip
import importlib
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.flows.exporting import Exporting
from tests.sources_end_to_end.conftest import BUCKET, fingerprint, member_frame

PEOPLE = 200_000
MAPPING = {"EMAIL": "email", "FN": "first_name"}
PUSHED = {"EMAIL": "EMAIL", "FN": "FN"}


def zstd(data: bytes) -> bytes:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            packed: bytes = importlib.import_module(name).compress(data)
        except ImportError:
            continue
        return packed
    pytest.fail("zstd is a dependency before Python 3.14 and a part of Python after")


def parquet(frame: pl.DataFrame) -> bytes:
    target = io.BytesIO()
    frame.write_parquet(target)
    return target.getvalue()


async def pieces(data: bytes, size: int = 1 << 16) -> AsyncIterator[bytes]:
    """A body as a network brings it."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def test_every_source_gives_the_same_audience(
    exporting: Exporting, segment_root: Path, bucket: Any, crm: Any
) -> None:
    """Files packed and plain, folders, a bucket, a database, a Delta table, and three kinds of push."""
    from deltalake import write_deltalake  # noqa: PLC0415

    frame, expected = member_frame(PEOPLE), fingerprint(PEOPLE)
    csv, ndjson, whole = frame.write_csv().encode(), frame.write_ndjson().encode(), parquet(frame)
    root = segment_root
    (root / "m.csv").write_bytes(csv)
    (root / "semicolon.csv").write_text(frame.write_csv(separator=";"))
    (root / "m.csv.gz").write_bytes(gzip.compress(csv, 1))
    (root / "m.csv.zst").write_bytes(zstd(csv))
    (root / "m.tsv").write_text(frame.write_csv(separator="\t"))
    (root / "m.jsonl").write_bytes(ndjson)
    (root / "m.parquet").write_bytes(whole)
    for number, part in enumerate(frame.iter_slices(PEOPLE // 40)):
        for place in (root / "folder", root / "days" / f"day={number % 3}"):
            place.mkdir(parents=True, exist_ok=True)
            part.write_parquet(place / f"part-{number:03d}.parquet")
    (root / "folder" / "_SUCCESS").touch()
    bucket.put_object(Bucket=BUCKET, Key="in/m.parquet", Body=whole)
    write_deltalake(root / "delta", frame[: PEOPLE // 2])
    write_deltalake(root / "delta", frame[PEOPLE // 2 :], mode="append")
    await crm.execute('CREATE TABLE people (id text, email text, "first_name" text)')
    await crm.copy_records_to_table("people", records=frame.rows())

    files = {
        "csv": {"url": f"{root}/m.csv"},
        "csv with options": {"url": f"{root}/semicolon.csv", "delimiter": ";", "encoding": "utf-8"},
        "csv.gz": {"url": f"{root}/m.csv.gz"},
        "csv.zst": {"url": f"{root}/m.csv.zst"},
        "tsv": {"url": f"{root}/m.tsv", "format": "tsv"},
        "ndjson": {"url": f"{root}/m.jsonl", "format": "jsonl"},
        "parquet": {"url": f"{root}/m.parquet"},
        "folder": {"url": f"{root}/folder"},
        "glob": {"url": f"{root}/days/*/part-*.parquet"},
        "s3": {"url": f"s3://{BUCKET}/in/m.parquet"},
    }
    sources = {name: {"kind": "file", **fields} for name, fields in files.items()}
    sources |= {
        "table": {"kind": "postgres", "database": "crm", "table": "people"},
        "query": {"kind": "postgres", "database": "crm", "query": "SELECT * FROM people"},
        "delta": {"kind": "delta", "url": f"{root}/delta"},
    }
    exports = {}
    for name, source in sources.items():
        segment = await exporting.segment(source)
        assert segment["member_count"] == PEOPLE, name
        exports[name] = await exporting.export(segment, attributes=MAPPING)

    keyed = frame.select(EMAIL="email", FN="first_name", EXTERN_ID="id")
    bodies = {
        "text/csv": keyed.write_csv().encode(),
        "application/x-ndjson": keyed.write_ndjson().encode(),
        "application/vnd.apache.parquet": parquet(keyed),
    }
    for content_type, body in bodies.items():
        segment = await exporting.segment({"kind": "upload"})
        pushed = await exporting.push(segment, pieces(body), content_type)
        assert (pushed["member_count"], pushed["refused_values"]) == (PEOPLE, {})
        exports[content_type] = await exporting.export(segment, attributes=PUSHED)

    held = {}
    for name, (export, run) in zip(
        exports, (await exporting.run_all(exports.values())), strict=True
    ):
        assert run["status"] == "succeeded", (name, run["error"])
        assert (run["counts"]["read"], run["counts"]["received"]) == (PEOPLE, PEOPLE), name
        held[name] = exporting.holds(export)
    assert held == dict.fromkeys(exports, expected)
