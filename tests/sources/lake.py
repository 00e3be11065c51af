"""A lake as its writers leave it: tables of an SQL catalog, and what pyiceberg itself cannot write."""

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
from pyiceberg.avro.file import AvroOutputFile
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestWriterV2,
    write_manifest_list,
)
from pyiceberg.typedef import Record
from pyroaring import BitMap64


class DeletesWriter(ManifestWriterV2):
    """A manifest of deletions, which the package reads and does not write."""

    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    def new_writer(self) -> Any:
        schema = self._with_partition(3)
        return AvroOutputFile(
            self._output_file, schema, "manifest_entry", record_schema=schema, metadata=self._meta
        )


class Lake:
    """A folder with tables, and the file of their catalog."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "catalog.db"
        folder.mkdir(parents=True, exist_ok=True)
        self.catalog = SqlCatalog(
            "lake", uri=f"sqlite:///{self.file}", warehouse=f"file://{folder}/warehouse"
        )
        self.catalog.create_namespace("crm")

    @property
    def address(self) -> str:
        return f"iceberg+sqlite://{self.file}"

    def table(self, name: str, frame: pl.DataFrame, **options: Any) -> Any:
        table = self.catalog.create_table(f"crm.{name}", arrow(frame).schema, **options)
        table.append(arrow(frame))
        return table

    def load(self, name: str) -> Any:
        return self.catalog.load_table(f"crm.{name}")

    def metadata(self, name: str) -> Path:
        return Path(self.load(name).metadata_location.removeprefix("file://"))

    def change(self, name: str, change: Any) -> None:
        """The newest metadata as another writer would have left it."""
        path = self.metadata(name)
        document = json.loads(path.read_text())
        change(document)
        path.write_text(json.dumps(document))

    def point(self, name: str, location: str) -> None:
        with sqlite3.connect(self.file) as connection:
            connection.execute(
                "UPDATE iceberg_tables SET metadata_location = ? WHERE table_name = ?",
                (location, name),
            )
        connection.close()

    def delete(self, name: str, *files: DataFile) -> None:
        """A new snapshot with these files of deletions beside what was there."""
        table = self.load(name)
        old, schema, spec = table.current_snapshot(), table.schema(), table.spec()
        number, sequence = old.snapshot_id + 1, old.sequence_number + 1
        io, place = PyArrowFileIO(), f"{table.location()}/metadata"
        path = f"{place}/deletes-{number}.avro"
        with DeletesWriter(spec, schema, io.new_output(path), number, "deflate") as writer:
            for file in files:
                writer.add_entry(
                    ManifestEntry.from_args(
                        status=ManifestEntryStatus.ADDED,
                        snapshot_id=number,
                        sequence_number=None,
                        file_sequence_number=None,
                        data_file=file,
                    )
                )
        manifest = writer.to_manifest_file()
        listed = f"{place}/snap-{number}.avro"
        with write_manifest_list(
            2, io.new_output(listed), number, old.snapshot_id, sequence, "deflate"
        ) as writer:
            writer.add_manifests([*old.manifests(io), manifest])

        def add(document: dict[str, Any]) -> None:
            snapshot = {
                "snapshot-id": number,
                "parent-snapshot-id": old.snapshot_id,
                "sequence-number": sequence,
                "timestamp-ms": old.timestamp_ms + 1,
                "manifest-list": listed,
                "summary": {"operation": "delete"},
                "schema-id": schema.schema_id,
            }
            document["snapshots"].append(snapshot)
            document["current-snapshot-id"], document["last-sequence-number"] = number, sequence
            document["last-updated-ms"] = snapshot["timestamp-ms"]
            document["refs"]["main"]["snapshot-id"] = number

        self.change(name, add)

    def positions(self, name: str, rows: Mapping[str, Sequence[int]]) -> DataFile:
        """A file that deletes rows of files by their places."""
        pairs = [(file, row) for file in sorted(rows) for row in sorted(rows[file])]
        frame = pl.DataFrame(pairs, schema={"file_path": pl.String, "pos": pl.Int64}, orient="row")
        return self._deletions(name, frame, DataFileContent.POSITION_DELETES)

    def values(self, name: str, frame: pl.DataFrame) -> DataFile:
        """A file that deletes rows by the values of some columns."""
        schema = self.load(name).schema()
        numbers = [schema.find_field(column).field_id for column in frame.columns]
        return self._deletions(name, frame, DataFileContent.EQUALITY_DELETES, numbers)

    def bits(self, name: str, file: str, rows: Sequence[int], *, spoil: bool = False) -> DataFile:
        """A deletion vector; as much of a Puffin file as a reader by place and length looks at."""
        vector = b"\xd1\xd3\x39\x64" + BitMap64(rows).serialize()
        sum_ = zlib.crc32(vector) ^ spoil
        blob = len(vector).to_bytes(4, "big") + vector + sum_.to_bytes(4, "big")
        path = (
            Path(self.load(name).location().removeprefix("file://"))
            / "data"
            / f"bits-{sum_}.puffin"
        )
        path.write_bytes(b"PFA1" + blob)
        return _described(
            path, len(rows), DataFileContent.POSITION_DELETES, FileFormat.PUFFIN,
            referenced_data_file=file, content_offset=4, content_size_in_bytes=len(blob),
        )  # fmt: skip

    def files(self, name: str) -> list[str]:
        """Where the table's members are."""
        return [task.file.file_path for task in self.load(name).scan().plan_files()]

    def _deletions(
        self, name: str, frame: pl.DataFrame, content: DataFileContent, numbers: Any = None
    ) -> DataFile:
        import pyarrow.parquet as pq  # type: ignore[import-untyped] # noqa: PLC0415

        found = arrow(frame)
        if numbers:
            fields = [
                field.with_metadata({"PARQUET:field_id": str(number)})
                for field, number in zip(found.schema, numbers, strict=True)
            ]
            found = found.cast(pa.schema(fields))
        key = hashlib.sha256(repr(frame.rows()).encode()).hexdigest()[:12]
        folder = Path(self.load(name).location().removeprefix("file://")) / "data"
        path = folder / f"{content.name.lower()}-{key}.parquet"
        pq.write_table(found, path)
        return _described(path, frame.height, content, FileFormat.PARQUET, equality_ids=numbers)


def arrow(frame: pl.DataFrame) -> Any:
    """The frame as pyiceberg takes it: no views."""
    found = frame.to_arrow()
    plain = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary(),
             pa.large_string(): pa.string(), pa.large_binary(): pa.binary()}  # fmt: skip
    return found.cast(
        pa.schema([field.with_type(plain.get(field.type, field.type)) for field in found.schema])
    )


def _described(
    path: Path, rows: int, content: DataFileContent, form: FileFormat, **fields: Any
) -> DataFile:
    return DataFile.from_args(
        _table_format_version=3,
        content=content,
        file_path=f"file://{path}",
        file_format=form,
        partition=Record(),
        record_count=rows,
        file_size_in_bytes=path.stat().st_size,
        **fields,
    )
