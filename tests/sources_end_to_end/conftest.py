"""A deployment that may read a folder, a bucket and a database, and members known to the last hash."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import boto3  # type: ignore[import-untyped]
import httpx
import numpy as np
import polars as pl
import pytest
from moto.server import ThreadedMotoServer

from app.settings import Settings
from sandbox.membership.checksum import of_identities, values_of_digests
from tests.flows.exporting import Exporting
from tests.sources.mariadb import running

BUCKET = "members"


def member_frame(people: int) -> pl.DataFrame:
    """Members as people write them: capitals, spaces, names of several scripts, quotes, nothing."""
    numbers = range(people)
    names = ["Mary", " José ", "정", 'Anna "Anni"', None, "O'Brien, Sean"]
    return pl.DataFrame(
        {
            "id": [f"{number:07d}" for number in numbers],
            "email": [
                f" Member.{number}@Example.COM"
                if number % 7 == 0
                else f"member.{number}@example.com"
                for number in numbers
            ],
            "first_name": [names[number % len(names)] for number in numbers],
        }
    )


def dirty_frame(people: int) -> pl.DataFrame:
    """The same, but of sixty one has no usable address, and one is another of them once more."""
    number, frame = pl.int_range(people), member_frame(people)
    nothing = pl.Series([None, "n/a", "not an address", "x@@example.com"])
    return frame.with_columns(
        email=pl.when(number % 60 == 13)
        .then(pl.lit(nothing).gather(number // 60 % 4))
        .when(number % 60 == 17)
        .then(pl.format(" {}\t", pl.col("email").shift(6).str.to_uppercase()))
        .otherwise(pl.col("email"))
    )


def usable(people: int) -> int:
    """How many members of `dirty_frame` an audience gets."""
    return sum(number % 60 not in {13, 17} for number in range(people))


def fingerprint(people: int, *, dirty: bool = False) -> tuple[int, str]:
    """Members and checksum of the audience `member_frame` or `dirty_frame` makes, by hashlib alone."""
    clean = ["mary", "josé", "정", "annaanni", None, "obriensean"]
    hashes = b"".join(
        hashlib.sha256(f"member.{number}@example.com".encode()).digest() for number in range(people)
    )
    identities = values_of_digests("EMAIL", hashes).copy()
    for place, name in enumerate(clean):
        if name is not None:
            digest = hashlib.sha256(name.encode()).digest()
            identities[place :: len(clean)] += values_of_digests("FN", digest)
    if dirty:
        place = np.arange(people) % 60
        identities = identities[(place != 13) & (place != 17)]
    return of_identities(identities)


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bucket, and the environment its clients take their credentials from."""
    environment = {
        "AWS_ENDPOINT_URL": s3,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=s3)
    client.create_bucket(Bucket=BUCKET)
    yield client
    for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=item["Key"])
    client.delete_bucket(Bucket=BUCKET)


@pytest.fixture(scope="session")
def maria() -> Iterator[str]:
    """The socket of a MariaDB."""
    with running() as place:
        yield place


@pytest.fixture
def segment_databases(reader_url: str, segment_root: Path) -> dict[str, str]:
    """Name → address of what segments may be read from; a test of another kind adds its own."""
    return {
        "crm": reader_url,
        "lake": f"iceberg+sqlite://{segment_root}/lake/catalog.db",
    }


@pytest.fixture
def settings(
    make_settings: Callable[..., Settings], segment_root: Path, segment_databases: dict[str, str]
) -> Settings:
    return make_settings(
        segment_roots=f"{segment_root},s3://{BUCKET}/in",
        segment_databases=",".join(
            f"{name}={address}" for name, address in segment_databases.items()
        ),
        upload_max_bytes=64 << 20,
        upload_max_parquet_bytes=16 << 20,
    )


@pytest.fixture
async def crm(database_url: str) -> AsyncIterator[Any]:
    """A connection to the database that segments may be read from."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    yield connection
    await connection.close()


@pytest.fixture
def exporting(api: httpx.AsyncClient, work: Any, sandbox: Any) -> Exporting:
    return Exporting(api, work, sandbox)
