"""A run whose source breaks after it was saved ends with the source's code, and nothing is sent (L66)."""

import asyncio
import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import httpx
import polars as pl
import pytest

from app.embedded import EmbeddedPostgres
from app.settings import Settings
from tests.flows.exporting import Exporting
from tests.flows.journey import expect
from tests.sources_end_to_end.conftest import BUCKET

MEMBER = "very.private@example.com"
EMAILS = [MEMBER, *(f"member.{number}@example.com" for number in range(5_000))]
# sources that are not to be had, and not broken ones
AWAY = {"gone.parquet", "s3", "dropped", "sleeps", "away", "vacuumed", "lost"}
CSV = "email\n" + "".join(f"{email}\n" for email in EMAILS)


async def _make_reader(server: EmbeddedPostgres) -> None:
    admin = server.address(role="postgres").replace("+asyncpg", "")
    connection = await asyncpg.connect(admin)
    await connection.execute("CREATE ROLE reader LOGIN; GRANT pg_read_all_data TO reader")
    await connection.close()


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedPostgres, str]]:
    """A database server that a test may stop, and its address."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("away"), durable=False)
    server.start()
    asyncio.run(_make_reader(server))
    yield server, server.address(role="reader")
    server.stop()


@pytest.fixture
def settings(
    make_settings: Any,
    segment_root: Path,
    reader_url: str,
    away: tuple[EmbeddedPostgres, str],
) -> Settings:
    made: Settings = make_settings(
        segment_roots=f"{segment_root},s3://{BUCKET}/in",
        segment_databases=f"crm={reader_url} away={away[1]}",
        source_statement_timeout_seconds=2,
        run_retry_seconds=0,
        run_attempt_budget=2,
    )
    return made


def one_line(path: Path) -> None:
    """3 GB without a line end; only its first part has blocks on the disk."""
    path.write_bytes(b"email\n" + b"x" * (16 << 20))
    with path.open("r+b") as file:
        file.truncate(3 << 30)


def one_packed_line(path: Path) -> None:
    """3 GB without a line end, in 3 MB."""
    path.write_bytes(gzip.compress(b"email\n") + gzip.compress(b"x" * (32 << 20), 1) * 96)


async def test_every_broken_source_is_a_clear_refusal(
    exporting: Exporting,
    segment_root: Path,
    bucket: Any,
    crm: Any,
    s3: str,
    away: tuple[EmbeddedPostgres, str],
    settings: Settings,
) -> None:
    from deltalake import write_deltalake  # noqa: PLC0415

    frame, root = pl.DataFrame({"email": EMAILS}), segment_root
    for name in ("cut.parquet", "gone.parquet"):
        frame.write_parquet(root / name, row_group_size=1_000)
    for name in ("line.csv", "ragged.csv", "nul.csv"):
        (root / name).write_text(CSV)
    (root / "line.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    for name in ("vacuumed", "log"):
        write_deltalake(root / name, frame)
        write_deltalake(root / name, frame, mode="append")
    bucket.put_object(Bucket=BUCKET, Key="in/m.csv", Body=CSV.encode())
    await crm.execute("CREATE TABLE dropped AS SELECT 'x@example.com' AS email")
    for name in ("writes", "sleeps"):
        await crm.execute(
            f"CREATE FUNCTION {name}() RETURNS text LANGUAGE sql AS $$ SELECT '{MEMBER}' $$"
        )
    other = await asyncpg.connect(away[0].url.replace("+asyncpg", ""))
    await other.execute("CREATE TABLE people AS SELECT 'x@example.com' AS email")
    await other.close()

    def files(name: str) -> dict[str, Any]:
        return {"kind": "file", "url": f"{root}/{name}"}

    def crm_query(function: str) -> dict[str, Any]:
        query = f"SELECT {function}() AS email"
        return {"kind": "postgres", "database": "crm", "query": query}

    cases = {
        "cut.parquet": (files("cut.parquet"), "parquet-broken"),
        "gone.parquet": (files("gone.parquet"), "source-not-found"),
        "line.csv": (files("line.csv"), "csv-line-too-long"),
        "line.csv.gz": (files("line.csv.gz"), "csv-line-too-long"),
        "ragged.csv": (files("ragged.csv"), "csv-ragged-rows"),
        "nul.csv": (files("nul.csv"), "csv-nul-byte"),
        "s3": ({"kind": "file", "url": f"s3://{BUCKET}/in/m.csv"}, "credentials-refused"),
        "dropped": (
            {"kind": "postgres", "database": "crm", "table": "dropped"},
            "source-not-found",
        ),
        "writes": (crm_query("writes"), "query-not-read-only"),
        "sleeps": (crm_query("sleeps"), "statement-timeout"),
        "away": (
            {"kind": "postgres", "database": "away", "table": "people"},
            "database-unreachable",
        ),
        "vacuumed": ({"kind": "delta", "url": f"{root}/vacuumed"}, "source-changed"),
        "log": ({"kind": "delta", "url": f"{root}/log"}, "delta-broken"),
        "lost": ({"kind": "upload"}, "members-lost"),
    }
    exports = {}
    for name, (source, _) in cases.items():
        segment = await exporting.segment(source)
        pushed = source["kind"] == "upload"
        if pushed:
            await exporting.push(segment, CSV.replace("email", "EMAIL", 1))
        mapping = {"EMAIL": "EMAIL" if pushed else "email"}
        exports[name] = await exporting.export(segment, attributes=mapping)

    cut = root / "cut.parquet"
    cut.write_bytes(cut.read_bytes()[:-20_000])
    (root / "gone.parquet").unlink()
    one_line(root / "line.csv")
    one_packed_line(root / "line.csv.gz")
    (root / "ragged.csv").write_text(CSV + "a,b\n" * 11)
    (root / "nul.csv").write_bytes(CSV.encode() + b"a\0b\n" * 11)
    next((root / "vacuumed").glob("*.parquet")).unlink()
    (root / "log" / "_delta_log" / "00000000000000000001.json").write_text(f'{{"{MEMBER}":')
    await crm.execute("DROP TABLE dropped")
    await crm.execute(
        "CREATE TABLE sink (a text);"
        "CREATE OR REPLACE FUNCTION writes() RETURNS text LANGUAGE plpgsql AS $$ BEGIN "
        f"INSERT INTO sink VALUES ('{MEMBER}'); RETURN '{MEMBER}'; END $$;"
        "CREATE OR REPLACE FUNCTION sleeps() RETURNS text LANGUAGE sql AS "
        f"$$ SELECT '{MEMBER}' || pg_sleep(20) $$"
    )
    shutil.rmtree(Path(settings.snapshots) / "segments")
    away[0].stop()
    # from now on the bucket's server asks who is there, and knows nobody
    async with httpx.AsyncClient(base_url=s3) as moto:
        await moto.post("/moto-api/reset-auth", content=b"0")
    try:
        done = await exporting.run_all(exports.values())
    finally:
        async with httpx.AsyncClient(base_url=s3) as moto:
            await moto.post("/moto-api/reset-auth", content=b"inf")

    found = {}
    for name, (_, run) in zip(cases, done, strict=True):
        assert run["error"] is not None, (name, run)
        found[name] = run["error"]["code"]
        assert run["status"] == ("skipped" if name in AWAY else "failed"), (name, run)
        assert run["counts"]["batches_total"] == run["counts"]["received"] == 0
        assert MEMBER not in str(run)
        assert run["error"]["message"].endswith(".")
    assert found == {name: code for name, (_, code) in cases.items()}
    assert exporting.sandbox.requests("/users") == []
    assert await crm.fetchval("SELECT count(*) FROM sink") == 0


async def test_what_is_broken_already_is_not_saved(
    exporting: Exporting, segment_root: Path, crm: Any
) -> None:
    one_line(segment_root / "line.csv")
    await crm.execute("CREATE TABLE sink (a text)")
    writes = "WITH new AS (INSERT INTO sink VALUES ('x') RETURNING a) SELECT a AS email FROM new"
    for source, code in (
        ({"kind": "file", "url": f"{segment_root}/line.csv"}, "csv-line-too-long"),
        ({"kind": "postgres", "database": "crm", "query": writes}, "query-not-read-only"),
        ({"kind": "delta", "url": f"{segment_root}"}, "source-not-found"),
        ({"kind": "delta", "url": "/etc"}, "source-not-allowed"),
        ({"kind": "delta", "url": "s3://other/in"}, "source-not-allowed"),
    ):
        body = {"name": "broken", "source": source}
        problem = await expect(await exporting.api.post("/v1/segments", json=body), 422)
        assert problem["code"] == code
    assert await crm.fetchval("SELECT count(*) FROM sink") == 0
