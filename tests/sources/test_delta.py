"""Delta Lake: what the log says counts, whatever lies in the folder; what cannot be honoured is refused."""

import base64
import json
import shutil
import struct
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake

from app.errors import SourceError
from app.sources import open_source


class Tables:
    """Tables in an allowed folder."""

    def __init__(self, folder: Any) -> None:
        self.root: Path = folder.root
        self.access = folder.access

    def open(self, url: Any, **options: Any) -> Any:
        return open_source({"kind": "delta", "url": str(url), **options}, self.access)

    def read(self, url: Any, *columns: str, rows: int = 100_000, **options: Any) -> pl.DataFrame:
        frames = list(self.open(url, **options).chunks(columns, rows=rows))
        read: pl.DataFrame = pl.concat(frames, how="vertical_relaxed")
        return read

    def fault(self, url: Any, *columns: str, **options: Any) -> SourceError:
        with pytest.raises(SourceError) as caught:
            self.read(url, *(columns or ("email",)), **options)
        return caught.value

    def change_log(self, name: str, version: int, change: Any) -> None:
        path = self.root / name / "_delta_log" / f"{version:020d}.json"
        actions = [json.loads(line) for line in path.read_text().splitlines() if line]
        for action in actions:
            change(action)
        path.write_text("\n".join(map(json.dumps, actions)))


@pytest.fixture
def tables(folder: Any) -> Tables:
    return Tables(folder)


FRAME = pl.DataFrame(
    {
        "email": [f"{number}@m.example" for number in range(1_000)],
        "born": [None, *range(999)],
        "land": ["DE", "A/B c%é", None, "AT"] * 250,
    }
)


def test_appended_overwritten_and_deleted_rows(tables: Tables) -> None:
    table = tables.root / "t"
    write_deltalake(table, FRAME[:300])
    write_deltalake(table, FRAME[300:], mode="append")
    assert tables.read(table, "email", rows=70)["email"].sort().equals(FRAME["email"].sort())
    assert tables.open(table).count() == 1_000
    held = tables.open(table)
    write_deltalake(table, FRAME[:10], mode="overwrite")
    # one reading is of one version, whatever is written meanwhile
    assert pl.concat(held.chunks(["email"]))["email"].sort().equals(FRAME["email"].sort())
    # the old files lie there still
    assert len(list(table.glob("*.parquet"))) == 3
    assert tables.read(table, "born", "email").select("email", "born").equals(FRAME[:10, :2])
    first = tables.open(table, version=0)
    assert first.count() == 300
    assert first.fingerprint() != tables.open(table).fingerprint()
    assert tables.fault(table, version=3).code == "delta-version-missing"


def test_partitions_and_columns_that_came_later(tables: Tables) -> None:
    table = tables.root / "t"
    write_deltalake(table, FRAME.drop("born"), partition_by=["land"])
    later = pl.DataFrame({"email": ["x@m.example"], "born": [7], "land": ["DE"]})
    write_deltalake(table, later, mode="append", schema_mode="merge")
    names = {item.name: item.data_type for item in tables.open(table).attributes()}
    assert names == {"email": "string", "land": "string", "born": "integer"}
    read = tables.read(table, "land", "born", "email").sort("email")
    expected = pl.concat([FRAME.with_columns(born=None), later], how="vertical_relaxed")
    read = read.cast({"born": pl.Int64})
    assert read.equals(expected.select("land", "born", "email").sort("email"))
    assert tables.read(table, "land")["land"].sort().equals(expected["land"].sort())
    assert tables.fault(table, "city").code == "attribute-missing"


def _z85(data: bytes) -> str:
    return base64.b85encode(data).decode().translate(
        str.maketrans(
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~",
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#",
        )
    )  # fmt: skip


def _deleted(rows: list[int]) -> dict[str, Any]:
    """A deletion vector within the log, by the protocol's own description of its bytes."""
    bitmap = struct.pack("<IIHHI", 12346, 1, 0, len(rows) - 1, 16)
    bitmap += b"".join(struct.pack("<H", row) for row in rows)
    data = struct.pack("<IQI", 1681511377, 1, 0) + bitmap
    data += b"\0" * (-len(data) % 4)
    return {
        "storageType": "i",
        "pathOrInlineDv": _z85(data),
        "sizeInBytes": len(data),
        "cardinality": len(rows),
    }


def test_rows_marked_as_deleted_are_left_out(tables: Tables) -> None:
    table = tables.root / "t"
    write_deltalake(table, FRAME[:5])
    write_deltalake(table, FRAME[5:400], mode="append")

    def mark(action: dict[str, Any]) -> None:
        if "protocol" in action:
            features = ["deletionVectors"]
            action["protocol"] = {
                "minReaderVersion": 3,
                "minWriterVersion": 7,
                "readerFeatures": features,
                "writerFeatures": features,
            }
        if "add" in action:
            action["add"]["deletionVector"] = _deleted([1, 3])

    tables.change_log("t", 0, mark)
    expected = pl.concat([FRAME[:1], FRAME[2:3], FRAME[4:400]])
    for rows in (2, 100_000):
        assert (
            tables.read(table, "email", rows=rows)
            .sort("email")
            .equals(expected.select("email").sort("email"))
        )
    assert tables.open(table).count() == 398


def _mapped(action: dict[str, Any]) -> None:
    if "protocol" in action:
        action["protocol"] |= {"minReaderVersion": 2, "minWriterVersion": 5}
    if "metaData" in action:
        action["metaData"]["configuration"] = {"delta.columnMapping.mode": "name"}
        schema = json.loads(action["metaData"]["schemaString"])
        for number, field in enumerate(schema["fields"], 1):
            field["metadata"] = {
                "delta.columnMapping.id": number,
                "delta.columnMapping.physicalName": f"col-{number}",
            }
        action["metaData"]["schemaString"] = json.dumps(schema)


def _strange(action: dict[str, Any]) -> None:
    if "protocol" in action:
        action["protocol"] = {
            "minReaderVersion": 3,
            "minWriterVersion": 7,
            "readerFeatures": ["telepathy"],
            "writerFeatures": ["telepathy"],
        }


def _elsewhere(action: dict[str, Any]) -> None:
    if "add" in action:
        action["add"]["path"] = "file:///etc/passwd"


def _above(action: dict[str, Any]) -> None:
    if "add" in action:
        action["add"]["path"] = "../secret.parquet"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_mapped, "delta-unsupported"),
        (_strange, "delta-broken"),
        (_elsewhere, "delta-unsupported"),
        (_above, "source-not-allowed"),
    ],
)
def test_what_cannot_be_honoured_is_refused(tables: Tables, change: Any, code: str) -> None:
    write_deltalake(tables.root / "t", FRAME[:10])
    FRAME[:10].write_parquet(tables.root / "secret.parquet")
    tables.change_log("t", 0, change)
    error = tables.fault(tables.root / "t")
    assert error.code == code
    assert "m.example" not in error.detail


def test_a_table_that_is_not_there_or_not_whole(tables: Tables, folder: Any) -> None:
    (tables.root / "empty").mkdir()
    write_deltalake(tables.root / "t", FRAME[:10])
    write_deltalake(folder.outside / "t", FRAME[:10])
    (tables.root / "link").symlink_to(folder.outside / "t")
    (tables.root / "borrowed").mkdir()
    (tables.root / "borrowed" / "_delta_log").symlink_to(folder.outside / "t" / "_delta_log")
    for url, code in (
        (tables.root / "nothing", "source-not-found"),
        (tables.root / "empty", "source-not-found"),
        (tables.root / "link", "source-not-allowed"),
        (tables.root / "borrowed", "source-not-allowed"),
        (folder.outside / "t", "source-not-allowed"),
        ("../outside/t", "source-not-allowed"),
    ):
        assert tables.fault(url).code == code, url
    shutil.copytree(tables.root / "t", tables.root / "cut")
    file = next((tables.root / "cut").glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-10])
    assert tables.fault(tables.root / "cut").code == "source-changed"
    assert tables.read("t", "email").height == 10


def test_the_size_of_a_log_is_bounded(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package holds it in memory: its commits by their size, its checkpoint by what it unpacks to."""
    table = tables.root / "people"
    for number in range(3):
        write_deltalake(table, FRAME[:10], mode="append" if number else "error")
    log = table / "_delta_log"
    commits = sum(path.stat().st_size for path in log.glob("*.json"))
    with monkeypatch.context() as patched:
        patched.setattr("app.sources.table_formats.delta.log_size.MAX_LOG_BYTES", commits)
        assert tables.open(table).count() == 30
        patched.setattr("app.sources.table_formats.delta.log_size.MAX_LOG_BYTES", commits - 1)
        assert tables.fault(table).code == "parquet-too-large-unpacked"
        DeltaTable(str(table)).create_checkpoint()
        patched.setattr("app.sources.table_formats.delta.log_size.MAX_LOG_BYTES", commits + 100_000)
        assert tables.open(table).count() == 30
    # 400 MB of one letter in a few kilobytes, where 256 may be (making the gigabyte takes its time)
    monkeypatch.setattr(
        "app.sources.table_formats.delta.log_size.MAX_CHECKPOINT_BYTES", 256_000_000
    )
    checkpoint = next(log.glob("*.checkpoint.parquet"))
    bomb = pl.DataFrame({"a": ["x" * 4_000_000]}).select(pl.col("a").repeat_by(1).explode())
    pl.concat([bomb] * 100).write_parquet(
        checkpoint, compression="zstd", use_pyarrow=True, pyarrow_options={"use_dictionary": False}
    )
    assert checkpoint.stat().st_size < 1 << 20
    assert tables.fault(table).code == "parquet-too-large-unpacked"
