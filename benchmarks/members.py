"""Members to measure with: made once, in columns, kept under `benchmarks/.data`.

E-mail only: distinct addresses of some 25 letters, 2 % missing. All columns: the demo's invented
customers, whose addresses are made distinct, with the dirt they come with.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from app.cli.demo.people import make_people

DATA = Path(__file__).parent / ".data"
CHUNK = 500_000
# the twelve columns a run of these attributes sends
ALL_ATTRIBUTES = {
    "EMAIL": "email",
    "PHONE": "phone",
    "FN": "first_name",
    "LN": "last_name",
    "GEN": "gender",
    "DOB": "birth_date",
    "CT": "city",
    "ST": "state",
    "ZIP": "zip",
    "COUNTRY": "country",
}


def addresses(rows: int, *, first: int = 0) -> pl.DataFrame:
    """E-mail addresses, numbered through from `first`; every fiftieth is missing."""
    number = pl.int_range(first, first + rows, eager=True).alias("n")
    frame = pl.DataFrame({"n": number})
    return frame.select(
        pl.when(pl.col("n") % 50 == 7)
        .then(None)
        .otherwise(
            pl.format(
                "user.{}@example{}.com",
                (pl.col("n") * 2_654_435_761) % 9_999_999_967,
                pl.col("n") % 997,
            )
        )
        .alias("email")
    )


def customers(rows: int, *, first: int = 0) -> pl.DataFrame:
    """Customers with every attribute; addresses are numbered, so that few are alike."""
    people = make_people(rows, seed=first + 1)
    return people.with_columns(
        pl.col("email").str.replace("@", f".{first // CHUNK}@", literal=True)
    ).select(list(ALL_ATTRIBUTES.values()))


def file_of(kind: str, rows: int) -> Path:
    """The Parquet file of so many members; made if it is not there."""
    make: Callable[..., pl.DataFrame] = {"email": addresses, "all": customers}[kind]
    DATA.mkdir(exist_ok=True)
    path = DATA / f"{kind}-{rows}.parquet"
    if path.exists():
        return path
    parts = DATA / f"{kind}-{rows}"
    parts.mkdir(exist_ok=True)
    for first in range(0, rows, CHUNK):
        size = min(CHUNK, rows - first)
        make(size, first=first).write_parquet(
            parts / f"{first:09d}.parquet", compression="zstd", row_group_size=100_000
        )
    pl.scan_parquet(parts / "*.parquet").sink_parquet(
        path, compression="zstd", row_group_size=100_000
    )
    for part in parts.iterdir():
        part.unlink()
    parts.rmdir()
    return path


def changed(source: Path, share: float) -> Path:
    """The same addresses, of which a share left and as many came."""
    path = source.with_name(f"{source.stem}-changed.parquet")
    if not path.exists():
        frame = pl.read_parquet(source)
        gone = int(frame.height * share)
        fresh = addresses(gone, first=1_000_000_000)
        pl.concat([frame[gone:], fresh]).write_parquet(
            path, compression="zstd", row_group_size=100_000
        )
    return path


def phones(rows: int) -> pl.DataFrame:
    """Phone numbers of several countries, written in six ways."""
    random = np.random.default_rng(5)
    digits = pl.Series(random.integers(2_000_000, 9_999_999, rows)).cast(pl.String)
    forms = [
        ("US", "+1 (415) {}"), ("US", "415-{}"), ("DE", "+49 (0)170 {}"), ("DE", "0170/{}"),
        ("GB", "0044 7911 {}"), ("FR", "06 12 {}"),
    ]  # fmt: skip
    form = np.arange(rows) % len(forms)
    out = pl.DataFrame({"digits": digits, "form": form})
    written = pl.coalesce(
        *(
            pl.when(pl.col("form") == index).then(
                pl.format(text, pl.col("digits").str.slice(0, 6 if country in {"GB", "FR"} else 7))
            )
            for index, (country, text) in enumerate(forms)
        )
    )
    country = pl.col("form").replace_strict(
        dict(enumerate(country for country, _ in forms)), return_dtype=pl.String
    )
    return out.select(written.alias("phone"), country.alias("country"))
