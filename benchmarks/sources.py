"""One million members, two columns of text, from every source: `python -m benchmarks.sources`.

Measured in one go with the same members in a Parquet file, since only the proportion says something on a
machine that others use; CPU seconds say it best. MariaDB is Debian's own, Iceberg's catalog a file.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.report import Table, replace_tables
from benchmarks.stack import Measured, running_stack
from tests.sources.lake import Lake, arrow
from tests.sources.mariadb import prepared, running

PEOPLE = 1_000_000
_FILES = 10
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


def measured() -> dict[str, Measured]:
    """A run from each source, the file first and last."""
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
        with _maria(folder, frame) as shop:
            sources: dict[str, dict[str, Any]] = {
                "Parquet file": {"kind": "file", "url": str(file)},
                "Iceberg, 10 files": {"kind": "iceberg", "database": "lake", "table": "crm.people"},
                "MariaDB": {"kind": "mysql", "database": "shop", "table": "people"},
                "Parquet file, again": {"kind": "file", "url": str(file)},
            }
            with running_stack(folder, databases=(shop, f"lake={lake.address}")) as stack:
                return {
                    name: stack.run(name, stack.export_of(source, _MAPPING))
                    for name, source in sources.items()
                }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def table() -> Table:
    """Rates, CPU and memory beside those of the file."""
    found = measured()
    files = [one for name, one in found.items() if name.startswith("Parquet")]
    rate = max(one.rate for one in files)
    cpu = min(one.worker.cpu for one in files)
    peak = min(one.worker.peak_mb for one in files)
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
