"""One million members, two columns of text, from every source: `python -m benchmarks.sources`.

Measured in one go with the same members in a Parquet file, since only the proportion says something on a
machine that others use; CPU seconds say it best. MariaDB is Debian's own, Iceberg's catalog a file,
ClickHouse its own engine behind a double of its interface. BigQuery and Snowflake are doubles
with SQLite for an engine: their seconds are the double's, and only the worker's CPU and memory say something.
"""

import asyncio
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import polars as pl

from benchmarks.report import Table, replace_tables
from benchmarks.stack import Measured, Stack, running_stack
from tests.sources.lake import Lake, arrow
from tests.sources.mariadb import prepared, running
from tests.warehouses import clickhouse
from tests.warehouses.places import Place
from tests.warehouses.wire import Double, handler_of

PEOPLE = 1_000_000
_FILES = 10
_PART_ROWS = 20_000  # of Snowflake's double
_CLICKHOUSE = "ClickHouse (engine; interface a double)"
_WAREHOUSES = {"bigquery": "BigQuery (double)", "snowflake": "Snowflake (double)"}
_SHORT = ("Parquet file", "Iceberg, 10 files", "Postgres", "MariaDB")
_ROUNDS = 3
_MAPPING = {"EMAIL": "email", "FN": "first_name"}


def people() -> pl.DataFrame:
    """E-mail addresses and first names, as text."""
    number = pl.int_range(PEOPLE)
    return pl.select(
        email=pl.format("member.{}@example.com", number),
        first_name=pl.format("Name {}", number % 5_000),
    )


@contextmanager
def _maria(folder: Path, frame: pl.DataFrame) -> Iterator[str]:
    with running() as place:
        made = (
            "CREATE DATABASE shop CHARACTER SET utf8mb4",
            "CREATE TABLE shop.people (email text, first_name text) ENGINE=InnoDB",
            "CREATE USER reader IDENTIFIED BY 'r'",
            "GRANT SELECT ON shop.* TO reader",
        )
        prepared(place, *made)
        path = folder / "people.tsv"
        frame.write_csv(path, separator="\t", include_header=False)
        prepared(place, f"LOAD DATA INFILE '{path}' INTO TABLE shop.people")
        yield f"shop=mysql://reader:r@localhost/shop?unix_socket={place}"


async def _fill_postgres(stack: Stack, frame: pl.DataFrame) -> None:
    connection = await asyncpg.connect(stack.environment["DATABASE_URL"].replace("+asyncpg", ""))
    await connection.execute("create table bench_people (email text, first_name text)")
    await connection.copy_records_to_table("bench_people", records=frame.rows())
    await connection.execute("analyze bench_people")
    await connection.close()


@contextmanager
def _clickhouse(folder: Path, file: Path) -> Iterator[str]:
    script = f"""
CREATE DATABASE crm
CREATE TABLE crm.people (email String, first_name String) ENGINE = MergeTree ORDER BY email
INSERT INTO crm.people SELECT * FROM file('{file}', Parquet)
"""
    with clickhouse.running(folder, script) as port:
        yield f"ch=clickhouse://reader:hunter2%20%2F@127.0.0.1:{port}/crm"


def _serve(kind: str, file: str, folder: str, answers: Any) -> None:
    """In a process of its own: what the double costs is none of the worker's."""
    double = Double(handler_of(kind))
    double.part_rows = _PART_ROWS
    double.engine.load("people", ["EMAIL", "FIRST_NAME"], pl.read_parquet(file).rows())
    answers.put(Place(kind, double, Path(folder)).address)
    while True:
        time.sleep(60)


@contextmanager
def _warehouse(kind: str, folder: Path, file: Path) -> Iterator[str]:
    spawning, place = multiprocessing.get_context("spawn"), folder / kind
    place.mkdir()
    answers = spawning.Queue()
    process = spawning.Process(
        target=_serve, args=(kind, str(file), str(place), answers), daemon=True
    )
    process.start()
    try:
        yield f"{kind}={answers.get(timeout=120)}"
    finally:
        process.terminate()
        process.join(20)


def measured() -> dict[str, Measured]:
    """What is short runs three times, one after the other, and the median counts; doubles run once."""
    folder = Path(tempfile.mkdtemp(prefix="audience-export-sources-"))
    folder.chmod(0o755)
    try:
        frame, file = people(), folder / "people.parquet"
        frame.write_parquet(file)
        lake = Lake(folder / "lake")
        first, *others = frame.iter_slices(PEOPLE // _FILES)
        table = lake.table("people", first)
        for part in others:
            table.append(arrow(part))
        with ExitStack() as stack_of:
            shop = stack_of.enter_context(_maria(folder, frame))
            databases = [shop, f"lake={lake.address}"]
            databases += [
                stack_of.enter_context(_warehouse(kind, folder, file)) for kind in _WAREHOUSES
            ]
            if clickhouse.ENGINE.is_dir():
                databases.append(stack_of.enter_context(_clickhouse(folder, file)))
            sources: dict[str, dict[str, Any]] = {
                "Parquet file": {"kind": "file", "url": str(file)},
                "Iceberg, 10 files": {"kind": "iceberg", "database": "lake", "table": "crm.people"},
                "Postgres": {"kind": "postgres", "database": "bench", "table": "bench_people"},
                "MariaDB": {"kind": "mysql", "database": "shop", "table": "people"},
                **{
                    name: {"kind": kind, "database": kind, "table": "crm.people"}
                    for kind, name in _WAREHOUSES.items()
                },
                _CLICKHOUSE: {"kind": "clickhouse", "database": "ch", "table": "people"},
            }
            if not clickhouse.ENGINE.is_dir():
                del sources[_CLICKHOUSE]
            with running_stack(folder, databases=databases) as stack:
                asyncio.run(_fill_postgres(stack, frame))
                exports = {
                    name: stack.export_of(source, _MAPPING) for name, source in sources.items()
                }
                rounds = [
                    {
                        name: stack.run(name, export)
                        for name, export in exports.items()
                        if number == 0 or name in _SHORT
                    }
                    for number in range(_ROUNDS)
                ]
                return {
                    name: _median([one[name] for one in rounds if name in one]) for name in exports
                }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _median(runs: list[Measured]) -> Measured:
    return sorted(runs, key=lambda one: one.seconds)[len(runs) // 2]


def table() -> Table:
    """Rates, CPU and memory beside those of the file."""
    found = measured()
    file = found["Parquet file"]
    rate, cpu, peak = file.rate, file.worker.cpu, file.worker.peak_mb
    rows = [
        (
            name,
            f"{one.seconds:.2f}",
            f"{one.rate:,.0f}",
            f"{one.rate / rate:.0%}",
            f"{one.worker.cpu:.1f}",
            f"{cpu / one.worker.cpu:.0%}",
            f"{one.worker.peak_mb:.0f}",
            f"{one.worker.peak_mb - peak:+.0f}",
        )
        for name, one in found.items()
    ]
    heads = (
        *(
            "source",
            "seconds",
            "members/s",
            "of the file's rate",
            "worker CPU s",
            "of the file's CPU rate",
        ),
        *("worker peak MB", "beyond the file's"),
    )
    return Table("Sources: 1 M members, two columns of text", heads, rows)


if __name__ == "__main__":
    replace_tables([table()])
