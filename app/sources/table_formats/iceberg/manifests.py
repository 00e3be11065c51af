"""The manifests of an Iceberg snapshot: which files it has, and which say what is gone of them.

https://iceberg.apache.org/spec/#manifests, read by the package `pyiceberg` record by record, each bounded
before it is unpacked. Imported only where the extra is there.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any, Final, TypeVar

from pyiceberg.avro.file import AvroFile
from pyiceberg.io import InputFile, InputStream
from pyiceberg.manifest import DATA_FILE_TYPE, MANIFEST_LIST_FILE_SCHEMAS
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import IntegerType, LongType, NestedField, StructType

from app.errors import SourceError
from app.sources.cancellation import check_wanted
from app.sources.limits.avro_blocks import TooLarge, check_unpacked
from app.sources.storage.file import MAX_FILES
from app.sources.table_formats.iceberg import errors as said
from app.sources.table_formats.iceberg.files import TableFiles

_MAX_LIST_BYTES: Final = 16 << 20
_MAX_MANIFEST_BYTES: Final = 64 << 20
_MOST_ROWS: Final = 1 << 40
_EPOCH: Final = date(1970, 1, 1)
_DELETED: Final = 2  # status of an entry: the file is no part of the snapshot
_ADDED: Final = 1
DATA, _POSITIONS, _EQUALITY = 0, 1, 2
# fields of a file that are looked at
_ENTRY: Final = (134, 100, 101, 102, 103, 104, 131, 135, 143, 144, 145)
_LISTED: Final = {item.field_id: item for item in MANIFEST_LIST_FILE_SCHEMAS[2].fields}

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file of the snapshot; `partition` is (number of the specification, values)."""

    location: str
    size: int
    rows: int
    sequence: int
    partition: tuple[int, tuple[Any, ...]]
    # columns that are the same in the whole file and may not be stored in it, by number
    constants: Mapping[int, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deletions:
    """A file that says which rows are gone: by place in a file, by its bits, or by values.

    `equality` are the numbers of the columns whose values are compared; `part` is where the bits are.
    """

    file: TableFile
    everywhere: bool
    equality: tuple[int, ...] = ()
    of: str | None = None
    part: tuple[int, int] | None = None


class _Held(InputFile):
    """A document that was read already."""

    def __init__(self, location: str, data: bytes) -> None:
        super().__init__(location)
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    def exists(self) -> bool:
        return True

    def open(self, seekable: bool = True) -> InputStream:  # noqa: ARG002 - the package's signature
        return BytesIO(self._data)


def _records(
    name: str, location: str, most: int, what: str, files: TableFiles, schema: Schema
) -> Iterator[Any]:
    data = files.read(location, most, what)

    def opened() -> AvroFile[Any]:
        check_unpacked(data, most)
        return AvroFile(_Held(location, data), schema).__enter__()

    try:
        reader = guarded(name, what, opened)
    except TooLarge:
        raise said.too_large(name, what, f"{most >> 20} MiB unpacked") from None
    ended = object()
    while (record := guarded(name, what, lambda: next(reader, ended))) is not ended:
        yield record


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where a manifest is, and what its entries have of it."""

    location: str
    specification: int
    sequence: int


def read_list(name: str, location: str, files: TableFiles) -> list[Manifest]:
    """The manifests of a snapshot. Raises as `read_manifest` does."""
    schema = Schema(*(_LISTED[number] for number in (500, 502, 515, 519, 507)))
    found = []
    for path, specification, sequence, key, _ in _records(
        name, location, _MAX_LIST_BYTES, "a list of manifests", files, schema
    ):
        if key is not None:
            raise said.unsupported(name, "is encrypted")
        found.append(Manifest(path, specification, sequence))
        if len(found) > MAX_FILES:
            raise said.too_large(name, "manifests", f"{MAX_FILES:,}")
    return found


def _entry_schema() -> Schema:
    """An entry with what is asked of it first, in the order of `_ENTRY`.

    Then the statistics of columns: the package can pass over plain fields only.
    """
    by_number = {item.field_id: item for item in DATA_FILE_TYPE[3].fields}
    order = (*_ENTRY, *(number for number in by_number if number not in _ENTRY))
    return Schema(
        NestedField(0, "status", IntegerType(), required=True),
        NestedField(3, "sequence_number", LongType(), required=False),
        NestedField(
            2, "data_file", StructType(*(by_number[number] for number in order)), required=True
        ),
    )


def read_manifest(
    name: str, manifest: Manifest, metadata: TableMetadata, files: TableFiles
) -> Iterator[tuple[int, Deletions]]:
    """Every file it lists, `DATA` or another kind; of data only `file` means something.

    Raises `iceberg-broken`, `iceberg-unsupported`, and as reading files does.
    """
    specification = metadata.specs().get(manifest.specification)
    if specification is None:
        raise said.broken(name, "a manifest's partitioning")
    types = {item.field_id: str(item.field_type) for item in metadata.schema().fields}
    records = _records(
        name, manifest.location, _MAX_MANIFEST_BYTES, "a manifest", files, _entry_schema()
    )
    for number, (status, sequence, record) in enumerate(records):
        if number % 1_000 == 0:
            check_wanted()
        if status == _DELETED:
            continue
        if sequence is None:
            if manifest.sequence and status != _ADDED:
                raise said.broken(name, "a manifest's sequence numbers")
            sequence = manifest.sequence  # noqa: PLW2901 - inherited, as the specification says
        yield guarded(
            name,
            "a manifest",
            lambda: _entry(name, record, sequence, specification, types),  # noqa: B023
        )


def _entry(
    name: str,
    record: Any,
    sequence: int,
    specification: PartitionSpec,
    types: Mapping[int, str],
) -> tuple[int, Deletions]:
    kind, location, form, partition, rows, size, key, equality, of, start, length = (
        record[place] for place in range(len(_ENTRY))
    )
    if key is not None:
        raise said.unsupported(name, "is encrypted")
    bits = kind == _POSITIONS and form.lower() == "puffin"
    if form.lower() != "parquet" and not bits:
        raise said.unsupported(
            name, f"has files of another format than Parquet ({form[:10].lower()})"
        )
    # what is counted together must stay a number that is kept
    if min(rows, size) < 0 or rows > _MOST_ROWS or (bits and None in {of, start, length}):
        raise ValueError
    values = tuple(partition[place] for place in range(len(specification.fields)))
    constants = {
        item.source_id: plain(value, types.get(item.source_id, ""))
        for item, value in zip(specification.fields, values, strict=True)
        if isinstance(item.transform, IdentityTransform)
    }
    file = TableFile(location, size, rows, sequence, (specification.spec_id, values), constants)
    return kind, Deletions(
        file,
        everywhere=not specification.fields,
        equality=tuple(equality or ()) if kind == _EQUALITY else (),
        of=of,
        part=(start, length) if bits else None,
    )


def plain(value: Any, kind: str) -> Any:
    """A partition's or a default value as polars takes it, for a column of this type."""
    if value is None or kind in {"string", "boolean", "int", "long", "float", "double"}:
        return value
    if kind == "date":
        return date.fromisoformat(value) if isinstance(value, str) else _EPOCH + timedelta(value)
    if isinstance(value, (bytes, Decimal)):
        return value
    # nothing that members are mapped by; what is stored in the files is read as it is
    return None


def guarded(name: str, what: str, read: Callable[[], Result]) -> Result:
    """What a package makes of foreign bytes may fail in any way, and its words may quote them."""
    try:
        return read()
    except (SourceError, TooLarge):
        raise
    except Exception:  # noqa: BLE001
        raise said.broken(name, what) from None
