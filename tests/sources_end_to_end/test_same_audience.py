"""The same members from every source there is make the same audience."""

import gzip
import importlib
import io
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.identifiers import IdentifierPlan, KeyIdentifier, identify
from tests.flows.exporting import Exporting
from tests.flows.journey import expect
from tests.sources import rest_catalog
from tests.sources.lake import Lake, arrow
from tests.sources.mariadb import prepared
from tests.sources_end_to_end.conftest import BUCKET, dirty_frame, fingerprint, usable
from tests.warehouses import clickhouse
from tests.warehouses.places import Place
from tests.warehouses.wire import serving

# the long form runs in make chaos
PEOPLE = 200_000 if os.environ.get("CHAOS") else 2_000
MAPPING = {"EMAIL": "email", "FN": "first_name"}
PUSHED = {"EMAIL": "EMAIL", "FN": "FN"}
HASHED = IdentifierPlan(KeyIdentifier.EMAIL, {key: (name,) for key, name in MAPPING.items()})


@dataclass(frozen=True)
class Server:
    """A place that a deployment may not have: how members come into it, and what reads them there.

    `serve` takes the fixtures, a folder segments may be read from, and the members; it gives the address.
    """

    serve: Callable[[pytest.FixtureRequest, Path, pl.DataFrame], AbstractContextManager[str]]
    source: dict[str, Any]
    counts_queries: bool = True


@contextmanager
def maria(request: pytest.FixtureRequest, _: Path, frame: pl.DataFrame) -> Iterator[str]:
    place = request.getfixturevalue("maria")
    made = (
        "CREATE OR REPLACE DATABASE shop CHARACTER SET utf8mb4",
        "CREATE TABLE shop.people (id text, email text, first_name text) ENGINE=InnoDB",
        "CREATE OR REPLACE USER reader IDENTIFIED BY 'r'",
        "GRANT SELECT ON shop.* TO reader",
        "INSERT INTO shop.people VALUES (%s, %s, %s)",
    )
    prepared(place, *made, rows=frame.rows())
    yield f"mysql://reader:r@localhost/shop?unix_socket={place}"


@contextmanager
def chdb(_: pytest.FixtureRequest, folder: Path, frame: pl.DataFrame) -> Iterator[str]:
    file = folder / "people.parquet"
    frame.write_parquet(file)
    script = f"""
CREATE DATABASE crm
CREATE TABLE crm.people (id String, email Nullable(String), first_name Nullable(String)) ENGINE = MergeTree ORDER BY id
INSERT INTO crm.people SELECT * FROM file('{file}', Parquet)
"""  # noqa: E501
    with clickhouse.running(folder, script) as port:
        yield f"clickhouse://reader:hunter2%20%2F@127.0.0.1:{port}/crm"


@contextmanager
def double(kind: str, folder: Path, frame: pl.DataFrame) -> Iterator[str]:
    with serving(kind) as server:
        server.engine.load("people", ["ID", "EMAIL", "FIRST_NAME"], frame.rows())
        yield Place(kind, server, folder).address


@contextmanager
def rest(_: pytest.FixtureRequest, folder: Path, frame: pl.DataFrame) -> Iterator[str]:
    lake, half = Lake(folder / "rest"), frame.height // 2
    lake.table("members", frame[:half]).append(arrow(frame[half:]))
    (folder / "token").write_text("hunter2")
    with rest_catalog.serving(lake) as server:
        yield (
            f"iceberg+http://127.0.0.1:{server.server_port}/api"
            f"?warehouse=main&token_file={folder}/token"
        )


# a new kind is a line here
SERVERS = {
    "mysql": Server(maria, {"kind": "mysql", "database": "shop", "table": "people"}),
    "clickhouse": Server(chdb, {"kind": "clickhouse", "database": "wh", "table": "people"}),
    "bigquery": Server(
        lambda _, *given: double("bigquery", *given),
        {"kind": "bigquery", "database": "wh", "table": "crm.people"},
        counts_queries=False,
    ),
    "snowflake": Server(
        lambda _, *given: double("snowflake", *given),
        {"kind": "snowflake", "database": "wh", "table": "crm.people"},
    ),
    "iceberg": Server(rest, {"kind": "iceberg", "database": "rest", "table": "crm.eu.members"}),
}


@pytest.fixture
def segment_databases(
    request: pytest.FixtureRequest, segment_databases: dict[str, str], segment_root: Path
) -> Iterator[dict[str, str]]:
    """With the members of the test in the server it asks for."""
    kind = getattr(request.node, "callspec", None) and request.node.callspec.params.get("kind")
    if not kind:
        yield segment_databases
        return
    server = SERVERS[kind]
    with server.serve(request, segment_root, dirty_frame(PEOPLE)) as address:
        yield {**segment_databases, server.source["database"]: address}


@pytest.mark.parametrize("kind", SERVERS)
async def test_every_server_gives_the_same_audience(exporting: Exporting, kind: str) -> None:
    """A table and a query, counted, looked at again, seen in a preview; the columns suggest their keys."""
    server, api = SERVERS[kind], exporting.api
    sources = [server.source]
    if kind != "iceberg":
        query = {**server.source, "query": f"SELECT * FROM {server.source['table']}"}
        del query["table"]
        sources.append(query)
    exports = []
    for source in sources:
        segment = await exporting.segment(source)
        answer = await api.get(f"/v1/segments/{segment['id']}/attributes")
        found = {one["name"].lower(): one["suggested_key"] for one in answer.json()["items"]}
        assert found == {"id": None, "email": "EMAIL", "first_name": "FN"}
        counted = PEOPLE if "table" in source or server.counts_queries else None
        again = await expect(await api.post(f"/v1/segments/{segment['id']}/refresh"), 200)
        assert segment["member_count"] == again["member_count"] == counted
        export = await exporting.export(segment, attributes=MAPPING)
        shown = await api.post(f"/v1/exports/{export['id']}/preview")
        assert (shown.status_code, "@example" in shown.text) == (200, False)
        # what it costs is shown where it is billed, and known without reading
        for priced in (answer, shown):
            assert priced.json()["cost"] == (
                {"bytes": 1_000, "maximum": 1 << 40} if kind == "bigquery" else None
            )
        assert (shown.json()["read"], shown.json()["distinct_members"]) == (PEOPLE, usable(PEOPLE))
        exports.append(export)
    for export, run in await exporting.run_all(exports):
        assert run["status"].startswith("succeeded"), run["error"]
        assert run["counts"]["read"] == PEOPLE
        assert exporting.holds(export) == fingerprint(PEOPLE, dirty=True)


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
    """Files packed and plain, folders, a bucket, a database, lakes, hashes, and three kinds of push."""
    from deltalake import write_deltalake  # noqa: PLC0415

    frame, expected = dirty_frame(PEOPLE), fingerprint(PEOPLE, dirty=True)
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
    lake = Lake(root / "lake")
    lake.table("people", frame[: PEOPLE // 2]).append(arrow(frame[PEOPLE // 2 :]))
    digests = identify(frame, HASHED).rows
    digests.write_parquet(root / "hashed.parquet")
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
        "iceberg": {"kind": "iceberg", "database": "lake", "table": "crm.people"},
        "hashed": {"kind": "file", "url": f"{root}/hashed.parquet", "hashed": True},
    }
    exports = {}
    for name, source in sources.items():
        segment = await exporting.segment(source)
        assert segment["member_count"] == (digests.height if name == "hashed" else PEOPLE), name
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
        assert pushed["member_count"] == PEOPLE
        assert set(pushed["refused_values"]) == {"EMAIL"}
        exports[content_type] = await exporting.export(segment, attributes=PUSHED)

    held = {}
    for name, (export, run) in zip(
        exports, (await exporting.run_all(exports.values())), strict=True
    ):
        assert run["status"].startswith("succeeded"), (name, run["error"])
        assert run["counts"]["received"] == usable(PEOPLE), name
        held[name] = exporting.holds(export)
    assert held == dict.fromkeys(exports, expected)
