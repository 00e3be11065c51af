"""Iceberg tables: the files of one snapshot, read like other Parquet files, without the rows that are gone.

The snapshot is fixed when the source is opened, so a reading is consistent whatever is written meanwhile.
Columns are found by their numbers, so that files written before a renaming are read right.
"""

import hashlib
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from app.errors import SourceError
from app.sources import errors
from app.sources.access import SourceAccess
from app.sources.cancellation import check_wanted
from app.sources.databases.segment_databases import address_of, extra_missing, names_of
from app.sources.file_formats.file_source import filled
from app.sources.file_formats.parquet import ParquetFormat
from app.sources.limits.parquet_footer import UnpackLimits, column_numbers
from app.sources.malformed_rows import Losses
from app.sources.member_source import Attribute
from app.sources.storage.file import OpenedFile, StoredFile
from app.sources.table_formats.iceberg import errors as said
from app.sources.table_formats.iceberg.catalogs import metadata_of
from app.sources.table_formats.iceberg.deletes import Gone, read_deletions
from app.sources.table_formats.iceberg.files import TableFiles

if TYPE_CHECKING:
    from app.sources.table_formats.iceberg.manifests import TableFile
    from app.sources.table_formats.iceberg.metadata import Snapshot

KIND = "iceberg"
_FIELDS = frozenset({"kind", "database", "table", "snapshot", "hashed"})


@dataclass(frozen=True, slots=True)
class IcebergSource:
    """A `MemberSource` over one snapshot; `found` are in the order of `snapshot.files`."""

    name: str
    snapshot: "Snapshot"
    found: Sequence[StoredFile]
    files: TableFiles
    limits: UnpackLimits

    def attributes(self) -> list[Attribute]:
        """The columns of the table's schema."""
        return [column.attribute for column in self.snapshot.columns]

    def count(self) -> int | None:
        """Rows by the manifests, without those deleted by place; None where values say which are gone."""
        if any(one.equality for one in self.snapshot.deletions):
            return None
        gone = self._gone()
        return sum(file.rows - gone.amount(file) for file in self.snapshot.files)

    def shape(self) -> None:
        """It is no text."""

    def fingerprint(self) -> str:
        """A hash of the table's own id, its snapshot and its schema."""
        parts = (self.snapshot.table, self.snapshot.snapshot, self.snapshot.schema)
        return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()

    def chunks(
        self,
        columns: Sequence[str],
        *,
        rows: int = 100_000,
        losses: Losses | None = None,  # noqa: ARG002 - all of them can be read
    ) -> Iterator[pl.DataFrame]:
        """Frames with the files' own types.

        Raises `attribute-missing`, `parquet-broken`, `source-changed` for a file that is not what the
        snapshot says, and `iceberg-broken`, `iceberg-unsupported` for what says which rows are gone.
        """
        there = {column.attribute.name for column in self.snapshot.columns}
        if missing := [column for column in columns if column not in there]:
            raise errors.attribute_missing(self.name, missing)
        yield from filled(self._frames(list(columns), rows), rows)

    def _frames(self, columns: list[str], rows: int) -> Iterator[pl.DataFrame]:
        gone = self._gone()
        for described, file in zip(self.snapshot.files, self.found, strict=True):
            check_wanted()
            with file.opened() as opened:
                try:
                    yield from self._of_file(described, opened, file.name, columns, rows, gone)
                except SourceError:
                    opened.verify()
                    raise
                opened.verify()

    def _of_file(
        self,
        described: "TableFile",
        opened: OpenedFile,
        name: str,
        columns: list[str],
        rows: int,
        gone: Gone,
    ) -> Iterator[pl.DataFrame]:
        reader = ParquetFormat(self.limits)
        stored = [attribute.name for attribute in reader.attributes(opened, name)]
        numbers = column_numbers(opened, name) or {
            number: own for own, number in self.snapshot.names.items() if own in stored
        }
        if not numbers and stored:
            raise said.unsupported(
                self.name, "has files whose columns have no numbers, nor names for them"
            )
        by_name = {column.attribute.name: column for column in self.snapshot.columns}
        wanted = {by_name[column].number for column in columns} | gone.compared(described)
        there = {number: numbers[number] for number in sorted(wanted) if number in numbers}
        start = 0
        for frame in reader.chunks(
            opened, name, list(there.values()) or stored[:1], rows, Losses()
        ):
            whole = self._by_number(frame, there, wanted, described)
            part = gone.without(whole, described, start)
            start += frame.height
            yield part.select(
                pl.col(str(by_name[column].number)).alias(column) for column in columns
            )
        if start != described.rows:
            raise errors.changed(name)

    def _by_number(
        self,
        frame: pl.DataFrame,
        there: Mapping[int, str],
        wanted: set[int],
        described: "TableFile",
    ) -> pl.DataFrame:
        """Columns named by their numbers; what the file lacks is its partition's value or a default."""
        defaults = {column.number: column.default for column in self.snapshot.columns}
        lacking = [
            pl.Series(
                str(number), [described.constants.get(number, defaults.get(number))]
            ).new_from_index(0, frame.height)
            for number in wanted
            if number not in there
        ]
        if not there:
            return pl.DataFrame(lacking)
        stored = frame.select(pl.col(own).alias(str(number)) for number, own in there.items())
        return stored.hstack(lacking)

    def _gone(self) -> Gone:
        return read_deletions(self.name, self.snapshot, self.files, self.limits)


def open_iceberg(source: Mapping[str, Any], access: SourceAccess) -> IcebergSource:
    """Look the table up in its catalog, fix a snapshot and find its files; read no member yet.

    Raises `source-invalid`, `extra-missing`, `source-not-allowed`, `source-not-found`, `source-changed`,
    and as `address_of`, `metadata_of` and `read_snapshot` do.
    """
    address = address_of(source, KIND, access, fields=_FIELDS)
    table, number = source.get("table"), source.get("snapshot")
    path = names_of(table, quote_mark='"') if isinstance(table, str) and "\0" not in table else []
    if len(path) < 2:
        raise errors.invalid('"table" must be namespace.name; quote names with dots.')
    if number is not None and (not isinstance(number, int) or number < 0):
        raise errors.invalid('"snapshot" must be the number of a snapshot.')
    try:
        tables = importlib.import_module("app.sources.table_formats.iceberg.metadata")
    except ImportError:
        raise extra_missing(KIND, KIND) from None
    database = source["database"]
    name, files = f"table {table} of {database}", TableFiles(access)
    document = metadata_of(name, database, address, path, files)
    snapshot: Snapshot = tables.read_snapshot(name, document, number, files)
    found = files.find_all([(file.location, file.size) for file in snapshot.files])
    return IcebergSource(name, snapshot, found, files, access.unpacking)
