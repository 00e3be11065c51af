"""Iceberg: what a snapshot says counts; tables as pyiceberg writes them, and deletions as others do."""

import gzip
import json
import sqlite3
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pyiceberg.types import StringType

from app.errors import SourceError
from app.sources import Attribute, SourceAccess, open_source
from app.sources.cancellation import ReadingGivenUp, wanted
from app.sources.database_checks import check_database
from tests.conftest import free_port, within
from tests.sources.lake import Lake, arrow
from tests.sources.rest_catalog import serving

FRAME = pl.DataFrame(
    {
        "email": [f"{number}@m.example" for number in range(1_000)],
        "born": [None, *range(999)],
        "land": ["DE", "A/B c%é", None, "AT"] * 250,
    }
)


@pytest.fixture
def lake(folder: Any) -> Lake:
    return Lake(folder.root / "lake")


@pytest.fixture
def access(folder: Any, lake: Lake) -> SourceAccess:
    return SourceAccess(roots=folder.access.roots, databases={"lake": lake.address})


@pytest.fixture
def opened(access: SourceAccess) -> Callable[..., Any]:
    return lambda table="crm.members", **more: open_source(
        {"kind": "iceberg", "database": "lake", "table": table, **more}, access
    )


def read(source: Any, *columns: str, rows: int = 100_000) -> pl.DataFrame:
    found: pl.DataFrame = pl.concat(source.chunks(columns, rows=rows), how="vertical_relaxed")
    return found.sort(columns[0])


def fault(opened: Callable[..., Any], *columns: str, **source: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        list(opened(**source).chunks(columns or ("email",)))
    assert "m.example" not in caught.value.detail
    return caught.value


def test_snapshots_partitions_and_columns_that_change(
    lake: Lake, opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = lake.table("members", FRAME[:300])
    with table.update_spec() as spec:
        spec.add_identity("land")
    table.append(arrow(FRAME[300:600]))
    first = opened()
    with table.update_schema() as schema:
        schema.rename_column("email", "mail")
        schema.add_column("city", StringType())
    later = FRAME[600:].rename({"email": "mail"}).with_columns(city=pl.lit("Ulm"))
    table.append(arrow(later))
    # pyiceberg reads with pyarrow; here nothing does
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    newest = opened(table='"crm"."members"')
    assert newest.attributes() == [
        Attribute("mail", "string"), Attribute("born", "integer"), Attribute("land", "string"),
        Attribute("city", "string"),
    ]  # fmt: skip
    expected = FRAME.rename({"email": "mail"}).with_columns(
        city=pl.when(pl.int_range(1_000) >= 600).then(pl.lit("Ulm"))
    )
    assert newest.count() == 1_000
    found = read(newest, "mail", "city", "land", "born", rows=70)
    assert found.equals(expected.select("mail", "city", "land", "born").sort("mail"))
    assert read(newest, "city")["city"].null_count() == 600
    # one reading is of one snapshot, whatever is written meanwhile; older ones can be named
    assert first.count() == read(first, "email").height == 600
    pinned = opened(snapshot=table.snapshots()[0].snapshot_id)
    assert read(pinned, "email", "born").equals(FRAME[:300, :2].sort("email"))
    assert len({first.fingerprint(), newest.fingerprint(), pinned.fingerprint()}) == 3
    assert opened().fingerprint() == newest.fingerprint()
    assert fault(opened, snapshot=7).code == "iceberg-snapshot-missing"
    assert fault(opened, "email").code == "attribute-missing"


def test_rows_that_are_gone_by_place_bits_and_values(
    lake: Lake, opened: Callable[..., Any]
) -> None:
    table = lake.table("members", FRAME[:400])
    table.append(arrow(FRAME[400:]))
    held = {file: read_file(file) for file in lake.files("members")}
    (one, first), (two, second) = held.items()
    lake.delete("members", lake.positions("members", {one: [0, 3], two: [5], "elsewhere": [1]}))
    gone = {first[0], first[3], second[5]}
    lake.delete("members", lake.positions("members", {one: [3, 399]}))
    gone.add(first[399])
    for rows in (2, 100_000):
        assert set(read(opened(), "email", rows=rows)["email"]) == set(FRAME["email"]) - gone
    assert opened().count() == 996
    # bits stand for all places of their file
    lake.delete("members", lake.bits("members", one, [7, 8]))
    gone = {first[7], first[8], second[5]}
    assert set(read(opened(), "email")["email"]) == set(FRAME["email"]) - gone
    assert opened().count() == 997
    values = pl.DataFrame({"born": [None, 41], "land": ["DE", "A/B c%é"]})
    lake.delete("members", lake.values("members", values))
    gone |= {"0@m.example"}  # born is null and land DE; 41 is of another land
    # what comes later is not concerned
    lake.load("members").append(arrow(FRAME[:1]))
    left = read(opened(), "email")["email"].to_list()
    assert sorted(left) == sorted({*FRAME["email"]} - gone | {"0@m.example"})
    assert opened().count() is None
    lake.delete("members", lake.bits("members", two, [1], spoil=True))
    assert fault(opened).code == "iceberg-broken"


def read_file(location: str) -> list[str]:
    return pl.read_parquet(location.removeprefix("file://"))["email"].to_list()


def test_files_without_numbers_are_read_by_their_names(
    lake: Lake, opened: Callable[..., Any]
) -> None:
    table = lake.table("members", FRAME[:3])
    path = lake.folder / "plain.parquet"
    FRAME[3:5].write_parquet(path)
    table.add_files([str(path)])
    assert read(opened(), "email", "land").equals(FRAME[:5].select("email", "land"))
    lake.change("members", lambda document: document["properties"].clear())
    assert fault(opened).code == "iceberg-unsupported"


def test_a_table_without_members(lake: Lake, opened: Callable[..., Any]) -> None:
    lake.catalog.create_table("crm.members", arrow(FRAME).schema)
    found = opened()
    assert (found.count(), list(found.chunks(["email"]))) == (0, [])
    assert len(found.attributes()) == 3


def _set(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document.update(fields)


def _lists(location: str) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["snapshots"][0].update({"manifest-list": location})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_set(**{"format-version": 9}), "iceberg-unsupported"),
        (_set(**{"format-version": "x"}), "iceberg-broken"),
        (_set(schemas=[]), "iceberg-broken"),
        (_set(**{"encryption-keys": [{}]}), "iceberg-unsupported"),
        (_lists("file:///etc/passwd"), "source-not-allowed"),
        (_lists("/lake/../../outside/m.avro"), "source-not-allowed"),
        (_lists("s3://bucket/m.avro"), "source-not-allowed"),
        (_lists("http://127.0.0.1/m.avro"), "source-not-allowed"),
    ],
)
def test_metadata_that_cannot_be_honoured(
    lake: Lake, opened: Callable[..., Any], change: Any, code: str
) -> None:
    lake.table("members", FRAME[:10])
    lake.change("members", change)
    assert fault(opened).code == code


def test_what_is_not_there_or_not_whole(
    lake: Lake, opened: Callable[..., Any], folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.table("members", FRAME[:10])
    for table, code in (
        ("crm.nothing", "source-not-found"), ("members", "source-invalid"),
        ("crm.", "source-invalid"), ("", "source-invalid"), ("crm.'; DROP", "source-not-found"),
    ):  # fmt: skip
        assert fault(opened, table=table).code == code, table
    assert fault(opened, query="SELECT 1").code == "source-invalid"
    file = Path(lake.files("members")[0].removeprefix("file://"))
    whole, manifest = file.read_bytes(), next(lake.folder.rglob("*-m0.avro"))
    found = opened()
    file.write_bytes(whole[:-10])
    assert fault(opened).code == "source-changed"
    with pytest.raises(SourceError) as caught:  # also where it was opened before
        list(found.chunks(["email"]))
    assert caught.value.code == "source-changed"
    file.unlink()
    assert fault(opened).code == "source-changed"
    file.write_bytes(whole)
    kept = manifest.read_bytes()
    for data in (kept[:-40], b"Obj\x01", b"", b"PAR1" * 40):
        manifest.write_bytes(data)
        assert fault(opened).code == "iceberg-broken"
    manifest.write_bytes(kept)
    for name in ("LIST", "MANIFEST"):
        with monkeypatch.context() as smaller:
            smaller.setattr(f"app.sources.table_formats.iceberg.manifests._MAX_{name}_BYTES", 100)
            assert fault(opened).code == "iceberg-unsupported", name
    packed = lake.folder / "packed.gz.metadata.json"
    packed.write_bytes(gzip.compress(lake.metadata("members").read_bytes()))
    lake.point("members", f"file://{packed}")
    assert opened().count() == 10
    lake.point("members", f"file://{folder.outside}/m.json")
    assert fault(opened).code == "source-not-allowed"
    monkeypatch.setitem(sys.modules, "app.sources.table_formats.iceberg.metadata", None)
    missing = fault(opened)
    assert (missing.code, "[iceberg]" in missing.detail) == ("extra-missing", True)


def number(value: int) -> bytes:
    """As Avro writes a long."""
    value, found = value << 1, b""
    while value > 127:
        found, value = found + bytes([value & 127 | 128]), value >> 7
    return found + bytes([value])


@pytest.mark.parametrize("codec", ["deflate", "zstandard", "null"])
def test_manifests_that_unpack_to_gigabytes(
    lake: Lake, opened: Callable[..., Any], codec: str
) -> None:
    lake.table("members", FRAME[:10])
    if codec == "zstandard":
        packed = pytest.importorskip("zstandard").compress(b"\0" * (65 << 20))
    else:
        packer = zlib.compressobj(9, wbits=-15)
        packed = packer.compress(b"\0" * (65 << 20)) + packer.flush()
    words = b"".join(number(len(one)) + one for one in (b"avro.codec", codec.encode()))
    head = b"Obj\x01" + number(1) + words + number(0) + b"s" * 16
    # without a codec it is the count that claims more than there can be
    count = 10**9 if codec == "null" else 1
    bomb = head + number(count) + number(len(packed)) + packed + b"s" * 16
    assert len(bomb) < 100_000
    next(lake.folder.rglob("*-m0.avro")).write_bytes(bomb)
    assert fault(opened).code == "iceberg-unsupported"


# -- REST ------------------------------------------------------------------------------------------


@pytest.fixture
def rest(lake: Lake) -> Iterator[Any]:
    with serving(lake) as server:
        yield server


@pytest.fixture
def asked(rest: Any, lake: Lake, folder: Any) -> Callable[..., Any]:
    lake.table("members", FRAME)
    port, secret = rest.server_port, folder.root / "token"
    secret.write_text("hunter2\n")
    (folder.root / "stale").write_text("old")
    with closing(sqlite3.connect(folder.root / "spoilt")) as spoilt, spoilt:
        spoilt.execute("create table iceberg_tables as select 'main' catalog_name, 'crm.eu' table_namespace,"
                       " 'members' table_name, cast(x'80' as text) metadata_location")  # fmt: skip
    with closing(sqlite3.connect(folder.root / "damaged")) as damaged, damaged:
        damaged.execute("create table iceberg_tables (a)")
        damaged.execute("pragma writable_schema = on")
        damaged.execute("update sqlite_master set sql = cast(x'437280' as text)")
    api = f"iceberg+http://127.0.0.1:{port}/api?warehouse"
    databases = {
        "lake": f"{api}=main&token_file={secret}",
        "signs in": f"iceberg+http://reader:s%20e@127.0.0.1:{port}/api?warehouse=main",
        "wrong": f"iceberg+http://reader:nothing@127.0.0.1:{port}/api?warehouse=main",
        "stale": f"{api}=main&token_file={folder.root}/stale",
        "unreadable": f"{api}=main&token_file={folder.root}/absent",
        "absent": f"{api}=other&token_file={secret}",
        "away": f"iceberg+http://127.0.0.1:{free_port()}/api?warehouse=main",
        "tls": f"iceberg+https://127.0.0.1:{port}/api?warehouse=main",
        "no file": "iceberg+sqlite:///nowhere/catalog.db",
        "no catalog": f"iceberg+sqlite://{secret}",
        "spoilt": f"iceberg+sqlite://{folder.root}/spoilt",
        "damaged": f"iceberg+sqlite://{folder.root}/damaged",
        "other": "mysql://reader:hunter2@db/crm",
    }
    access = SourceAccess(roots=folder.access.roots, databases=databases)

    def ask(database: str = "lake", table: str = "crm.eu.members", **more: Any) -> Any:
        source = {"kind": "iceberg", "database": database, "table": table, **more}
        return open_source(source, access)

    ask.access = access  # type: ignore[attr-defined]
    return ask


def test_a_rest_catalog(asked: Any, rest: Any) -> None:
    for database in ("lake", "signs in"):
        assert read(asked(database), "email").equals(FRAME.select("email").sort("email"))
    checked = check_database("lake", asked.access)
    assert [(check.ok, check.warning) for check in checked.checks] == [(True, False)] * 4
    rest.how = "writable"
    assert check_database("lake", asked.access).checks[3].code == "account-may-write"
    # no change was ever asked for that a catalog could make
    for path, body in rest.posted:
        assert path.endswith("/oauth/tokens") or json.loads(body)["updates"] == []


@pytest.mark.parametrize(
    ("database", "how", "code"),
    [
        ("wrong", "", "credentials-refused"), ("stale", "", "credentials-refused"),
        ("unreadable", "", "secret-unreadable"), ("absent", "", "database-not-found"),
        ("away", "", "database-unreachable"), ("tls", "", "tls-refused"),
        ("no file", "", "database-not-found"), ("no catalog", "", "database-not-found"),
        ("spoilt", "", "database-not-found"), ("damaged", "", "database-not-found"),
        ("other", "", "database-kind-mismatch"), ("nobody", "", "database-unknown"),
        ("lake", "redirects", "address-invalid"), ("lake", "busy", "database-unreachable"),
        ("lake", "no json", "database-unreachable"),
        ("lake", "forbidden", "database-permission-denied"),
    ],
)  # fmt: skip
def test_catalogs_that_cannot_be_read(
    asked: Any, rest: Any, database: str, how: str, code: str
) -> None:
    rest.how = how
    error = fault(asked, database=database)
    assert error.code == code
    assert "hunter2" not in error.detail + repr(vars(error))
    if code in {"credentials-refused", "database-unreachable"}:
        checked = check_database(database, asked.access)
        assert (checked.ok, code in {check.code for check in checked.checks}) == (False, True)


def test_a_catalog_that_hangs_is_left_soon(asked: Any, rest: Any) -> None:
    rest.how = "hangs"
    began = time.monotonic()
    with wanted() as given_up:
        threading.Timer(0.2, given_up.set).start()
        with pytest.raises(ReadingGivenUp):
            asked()
    assert time.monotonic() - began < within(2)


def test_the_file_of_a_catalog_cannot_be_written(lake: Lake, access: SourceAccess) -> None:
    lake.table("members", FRAME[:1])
    checked = check_database("lake", access)
    assert (checked.ok, checked.kind) == (True, "iceberg")
    with lake.file.open("rb") as file:
        assert b"audience_export_tries_to_write" not in file.read()
