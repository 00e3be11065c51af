"""Delta Lake tables: the files of one version, read like other Parquet files, as the log says."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from app.errors import SourceError
from app.sources import errors
from app.sources.access import SourceAccess
from app.sources.file_formats.file_source import filled
from app.sources.file_formats.parquet import ParquetFormat
from app.sources.limits.parquet_footer import UnpackLimits
from app.sources.malformed_rows import Losses
from app.sources.member_source import Attribute
from app.sources.storage import local, object_storage
from app.sources.storage.file import MAX_FILES, OpenedFile, StoredFile
from app.sources.table_formats.delta.log import DataFile, TableVersion, read_log
from app.sources.table_formats.delta.log_size import check_log

_FIELDS = {"kind", "url", "version", "hashed"}
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class DeltaSource:
    """A `MemberSource` over one version of a table; `files` are in the order of `table.files`."""

    name: str
    table: TableVersion
    files: Sequence[StoredFile]
    limits: UnpackLimits

    def attributes(self) -> list[Attribute]:
        """The columns of the table's schema."""
        return list(self.table.attributes)

    def count(self) -> int:
        """Rows by the footers, without those that are marked as deleted."""
        reader = ParquetFormat(self.limits)
        total = 0
        for described, file in self._each():
            if described.keep is not None:
                total += int(described.keep.sum())
                continue
            with file.opened() as opened:
                total += reader.count(opened, file.name, Losses())
        return total

    def shape(self) -> None:
        """It is no text."""

    def fingerprint(self) -> str:
        """A hash of the table's own id and the version."""
        text = f"{self.table.table_id}\n{self.table.version}"
        return hashlib.sha256(text.encode()).hexdigest()

    def chunks(
        self,
        columns: Sequence[str],
        *,
        rows: int = 100_000,
        losses: Losses | None = None,  # noqa: ARG002 - all of them can be read
    ) -> Iterator[pl.DataFrame]:
        """Frames with the files' own types; partition columns are String.

        Raises `attribute-missing`, `parquet-broken`, `source-changed` for a file that is not what
        the log says.
        """
        there = {attribute.name for attribute in self.table.attributes}
        if missing := [column for column in columns if column not in there]:
            raise errors.attribute_missing(self.name, missing)
        yield from filled(self._frames(list(columns), rows), rows)

    def _frames(self, columns: list[str], rows: int) -> Iterator[pl.DataFrame]:
        for described, file in self._each():
            with file.opened() as opened:
                try:
                    yield from self._of_file(described, opened, file.name, columns, rows)
                except SourceError:
                    opened.verify()
                    raise
                opened.verify()

    def _of_file(
        self, described: DataFile, opened: OpenedFile, name: str, columns: list[str], rows: int
    ) -> Iterator[pl.DataFrame]:
        reader = ParquetFormat(self.limits)
        stored = [attribute.name for attribute in reader.attributes(opened, name)]
        # a file that was written before a column was added has nothing in it
        wanted = [
            column
            for column in columns
            if column in stored and column not in self.table.partition_columns
        ]
        start = 0
        for frame in reader.chunks(opened, name, wanted or stored[:1], rows, Losses()):
            part = frame
            if described.keep is not None:
                part = frame.filter(described.keep.slice(start, frame.height))
            start += frame.height
            rest = _constant(part.height, described.partition, columns)
            yield rest.with_columns(part.get_column(column) for column in wanted)

    def _each(self) -> Iterator[tuple[DataFile, StoredFile]]:
        return zip(self.table.files, self.files, strict=True)


def open_delta(source: Mapping[str, Any], access: SourceAccess) -> DeltaSource:
    """Fix a version of the table and find its files; read no member yet.

    Raises `source-invalid`, `source-not-allowed`, `source-not-found`, and as `read_log` does.
    """
    if surplus := sorted(set(source) - _FIELDS):
        raise errors.invalid(f'A source of kind delta has no field "{surplus[0]}".')
    url, version = source.get("url"), source.get("version")
    if not isinstance(url, str) or not url:
        raise errors.invalid('"url" must be the path of a Delta table.')
    if version is not None and (not isinstance(version, int) or version < 0):
        raise errors.invalid('"version" must be a number of a version, from 0.')
    if object_storage.is_remote(url):
        address, name = object_storage.reach_table(url, access.root_urls)
    else:
        folder, name = local.find_folder(url, access.roots)
        local.find_folder(str(folder / "_delta_log"), [folder])
        address = str(folder)
    _check_log(address, name, version, access.unpacking)
    table = read_log(address, name, version)
    if len(table.files) > MAX_FILES:
        raise errors.invalid(f"{name} has more than {MAX_FILES:,} files; compact it.")
    return DeltaSource(name, table, _find_files(address, table), access.unpacking)


def _check_log(address: str, name: str, version: int | None, limits: UnpackLimits) -> None:
    log = f"{address}/_delta_log"

    def find(file: str) -> StoredFile:
        found: Sequence[StoredFile]
        if object_storage.is_remote(address):
            found = object_storage.find_files(f"{log}/{file}", [address])
        else:
            found = local.find_files(f"{log}/{file}", [Path(address)])
        return found[0]

    if object_storage.is_remote(address):
        sizes = object_storage.sizes_below(log, [address])
    else:
        with os.scandir(log) as entries:
            sizes = {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}
    check_log(sizes, name, version, limits, find)


def _find_files(address: str, table: TableVersion) -> list[StoredFile]:
    def find(described: DataFile) -> StoredFile:
        url = f"{address}/{described.path}"
        found: Sequence[StoredFile]
        try:
            if object_storage.is_remote(address):
                found = object_storage.find_files(url, [address])
            else:
                found = local.find_files(url, [Path(address)])
        except SourceError as error:
            if error.code in {"source-not-found", "source-empty"}:
                raise errors.changed(described.path) from None  # vacuumed away since
            raise
        if len(found) != 1 or found[0].size != described.size:
            raise errors.changed(described.path)
        return found[0]

    if not object_storage.is_remote(address):
        return [find(described) for described in table.files]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(find, table.files))


def _constant(
    height: int, partition: Mapping[str, str | None], columns: Sequence[str]
) -> pl.DataFrame:
    """As many rows with the partition's values, null in columns that are none of it."""
    return pl.DataFrame(
        [
            pl.Series(column, [partition.get(column)], dtype=pl.String).new_from_index(0, height)
            for column in columns
        ]
    )
