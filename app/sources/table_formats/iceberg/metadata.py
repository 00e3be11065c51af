"""What the metadata of an Iceberg table says about one snapshot: its columns, files, and deletions.

The package `pyiceberg` reads the documents (https://iceberg.apache.org/spec/), the files of members are
read by our own Parquet reader: the package's own scan holds whole files in memory. Imported only
where the extra is there. Every document is bounded before it is unpacked, since it decides what is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyiceberg.table.metadata import TableMetadata, TableMetadataUtil
from pyiceberg.types import NestedField

from app.sources.member_source import Attribute
from app.sources.storage.file import MAX_FILES
from app.sources.table_formats.iceberg import errors as said
from app.sources.table_formats.iceberg.files import TableFiles
from app.sources.table_formats.iceberg.manifests import (
    DATA,
    Deletions,
    TableFile,
    guarded,
    plain,
    read_list,
    read_manifest,
)

_MAX_DELETED_ROWS: Final = 10_000_000
_NEWEST_FORMAT: Final = 3
_TYPES: Final = {
    **dict.fromkeys(("int", "long"), "integer"),
    **dict.fromkeys(("float", "double"), "number"),
    **dict.fromkeys(("timestamp", "timestamptz", "timestamp_ns", "timestamptz_ns"), "datetime"),
    **dict.fromkeys(("binary", "uuid"), "binary"),
    **dict.fromkeys(("string", "unknown"), "string"),
    "date": "date",
    "boolean": "boolean",
    "list<string>": "list",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table; `default` is what older files have in it, if anything."""

    number: int
    attribute: Attribute
    default: Any = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot of a table; `snapshot` is None before anything was written.

    `names` are what files without numbers of columns call them: name → number.
    """

    table: str
    snapshot: int | None
    schema: int
    columns: tuple[Column, ...]
    names: Mapping[str, int]
    files: tuple[TableFile, ...]
    deletions: tuple[Deletions, ...]


def read_snapshot(name: str, document: Any, snapshot: int | None, files: TableFiles) -> Snapshot:
    """The newest snapshot, or the one that is named. Blocking; no member is read.

    Raises `iceberg-broken`, `iceberg-unsupported`, `iceberg-snapshot-missing`, and as reading files does.
    """
    metadata = guarded(name, "its metadata", lambda: _parsed(name, document))
    chosen = metadata.current_snapshot()
    if snapshot is not None:
        chosen = metadata.snapshot_by_id(snapshot)
        if chosen is None:
            raise said.snapshot_missing(name, snapshot)
    schema = metadata.schema()
    if snapshot is not None and chosen is not None and chosen.schema_id is not None:
        schema = next(
            (one for one in metadata.schemas if one.schema_id == chosen.schema_id), schema
        )
    found: list[TableFile] = []
    deleted: list[Deletions] = []
    if chosen is not None:
        if not chosen.manifest_list:
            raise said.unsupported(name, "lists its manifests as the oldest writers did")
        for manifest in read_list(name, chosen.manifest_list, files):
            for kind, one in read_manifest(name, manifest, metadata, files):
                if kind == DATA:
                    found.append(one.file)
                else:
                    deleted.append(one)
                # at once: a manifest that was packed well lists millions
                if len(found) + len(deleted) > MAX_FILES:
                    raise said.too_large(name, "files", f"{MAX_FILES:,}")
            _check_deletions(name, deleted)
    found.sort(key=lambda file: file.location)
    return Snapshot(
        str(metadata.table_uuid),
        None if chosen is None else chosen.snapshot_id,
        schema.schema_id,
        tuple(_column(item) for item in schema.fields),
        guarded(name, "its names of columns", lambda: _names(metadata)),
        tuple(found),
        tuple(deleted),
    )


def _parsed(name: str, document: Any) -> TableMetadata:
    version = document["format-version"]
    if version > _NEWEST_FORMAT:
        raise said.unsupported(name, f"is of format version {version}, which is not known here")
    if document.get("encryption-keys"):
        raise said.unsupported(name, "is encrypted")
    return TableMetadataUtil.parse_obj(document)


def _check_deletions(name: str, deleted: Sequence[Deletions]) -> None:
    if sum(one.file.rows for one in deleted) > _MAX_DELETED_ROWS:
        raise said.too_large(name, "rows marked as deleted", f"{_MAX_DELETED_ROWS:,}")


def _column(item: NestedField) -> Column:
    text = str(item.field_type)
    kind = _TYPES.get(text, "other")
    if text.startswith("decimal"):
        kind = "number"
    if text.startswith("fixed"):
        kind = "binary"
    return Column(item.field_id, Attribute(item.name, kind), plain(item.initial_default, text))


def _names(metadata: TableMetadata) -> dict[str, int]:
    mapping = metadata.name_mapping()
    if mapping is None:
        return {}
    return {
        name: item.field_id
        for item in mapping.root
        if item.field_id is not None
        for name in item.names
    }
