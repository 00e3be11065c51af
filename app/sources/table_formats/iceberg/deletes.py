"""Which rows of an Iceberg snapshot's files are gone: by place, by bits, or by the values they have.

https://iceberg.apache.org/spec/#delete-formats. Places and bits of all files are held as numbers, values
as frames of the columns that are compared; how many there may be is bounded where they are listed.
"""

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from app.errors import SourceError
from app.sources.file_formats.parquet import ParquetFormat
from app.sources.limits.parquet_footer import UnpackLimits, column_numbers
from app.sources.malformed_rows import Losses
from app.sources.table_formats.iceberg import errors as said
from app.sources.table_formats.iceberg.files import TableFiles

if TYPE_CHECKING:
    from app.sources.table_formats.iceberg.manifests import Deletions, TableFile
    from app.sources.table_formats.iceberg.metadata import Snapshot

_MAGIC: Final = b"\xd1\xd3\x39\x64"
_MAX_BITS_BYTES: Final = 64 << 20
_ROWS: Final = 100_000

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Values:
    """Rows are gone that have these values in the columns of these numbers."""

    by: "Deletions"
    values: pl.DataFrame

    def concerns(self, file: "TableFile") -> bool:
        return file.sequence < self.by.file.sequence and (
            self.by.everywhere or self.by.file.partition == file.partition
        )


@dataclass(frozen=True, slots=True)
class Gone:
    """What is gone, by the location of the file it is in, and by values."""

    places: Mapping[str, Places] = field(default_factory=dict)
    values: Sequence[_Values] = ()

    def amount(self, file: "TableFile") -> int:
        """How many of a file's rows are gone by place."""
        there = self.places.get(file.location)
        return 0 if there is None else int(np.count_nonzero(there < file.rows))

    def compared(self, file: "TableFile") -> set[int]:
        """The numbers of the columns whose values say which of its rows are gone."""
        return {number for one in self.values if one.concerns(file) for number in one.by.equality}

    def without(self, frame: pl.DataFrame, file: "TableFile", start: int) -> pl.DataFrame:
        """Rows of a file from `start` without those; columns are named by their numbers."""
        kept = frame
        there = self.places.get(file.location)
        if there is not None:
            first, last = np.searchsorted(there, (start, start + frame.height))
            keep = np.ones(frame.height, dtype=np.bool_)
            keep[there[first:last] - start] = False
            kept = kept.filter(pl.Series(keep))
        for one in self.values:
            if one.concerns(file):
                kept = _unlike(kept, one.values)
        return kept


def read_deletions(
    name: str, snapshot: "Snapshot", files: TableFiles, limits: UnpackLimits
) -> Gone:
    """Read what says which rows are gone. Blocking.

    Raises `iceberg-broken`, `iceberg-unsupported`, and as reading files does.
    """
    if not snapshot.deletions:
        return Gone()
    sequences = {file.location: file.sequence for file in snapshot.files}
    bits = [one for one in snapshot.deletions if one.part is not None]
    found: dict[str, list[Places]] = defaultdict(list)
    for one in bits:
        if one.of in sequences and sequences[one.of] <= one.file.sequence:
            found[one.of].append(_bits(name, one, files))
    told = set(found)  # the bits of a file hold its older places as well
    for one in snapshot.deletions:
        if one.part is None and not one.equality:
            for location, places in _places(one, sequences, files, limits):
                if location not in told:
                    found[location].append(places)
    values = [
        _Values(one, _values(name, one, files, limits))
        for one in snapshot.deletions
        if one.equality
    ]
    return Gone(
        {location: np.unique(np.concatenate(places)) for location, places in found.items()}, values
    )


def _places(
    one: "Deletions", sequences: Mapping[str, int], files: TableFiles, limits: UnpackLimits
) -> Iterator[tuple[str, Places]]:
    for frame in _frames(one, files, limits, lambda _: ["file_path", "pos"]):
        concerned = [
            location
            for location in frame["file_path"].unique().to_list()
            if sequences.get(location, one.file.sequence + 1) <= one.file.sequence
        ]
        for location in concerned:
            places = frame.filter(pl.col("file_path") == location)["pos"]
            yield location, places.cast(pl.Int64).to_numpy()


def _values(name: str, one: "Deletions", files: TableFiles, limits: UnpackLimits) -> pl.DataFrame:
    """The distinct values that are gone; columns are named by their numbers."""
    names: dict[int, str] = {}

    def chosen(numbers: Mapping[int, str]) -> list[str]:
        if any(number not in numbers for number in one.equality):
            raise said.unsupported(name, "has deletions by values within a column")
        names.update((number, numbers[number]) for number in one.equality)
        return list(names.values())

    parts = [
        frame.select(pl.col(own).alias(str(number)) for number, own in names.items()).unique()
        for frame in _frames(one, files, limits, chosen)
    ]
    return pl.concat(parts).unique() if parts else pl.DataFrame()


def _frames(
    one: "Deletions",
    files: TableFiles,
    limits: UnpackLimits,
    chosen: Callable[[Mapping[int, str]], list[str]],
) -> Iterator[pl.DataFrame]:
    file = files.find(one.file.location, one.file.size)
    with file.opened() as opened:
        try:
            columns = chosen(column_numbers(opened, file.name))
            yield from ParquetFormat(limits).chunks(opened, file.name, columns, _ROWS, Losses())
        except SourceError:
            opened.verify()
            raise
        opened.verify()


def _bits(name: str, one: "Deletions", files: TableFiles) -> Places:
    """A blob of a Puffin file: https://iceberg.apache.org/puffin-spec/#deletion-vector-v1-blob-type."""
    from pyroaring import BitMap64  # noqa: PLC0415 - comes with the extra

    data = files.read(one.file.location, _MAX_BITS_BYTES, "bits of deleted rows", one.part)
    length = int.from_bytes(data[:4], "big")
    vector = data[4 : 4 + length]
    if (
        len(data) != length + 8
        or not vector.startswith(_MAGIC)
        or zlib.crc32(vector) != int.from_bytes(data[-4:], "big")
    ):
        raise said.broken(name, "the bits of deleted rows")
    try:
        bits: Any = BitMap64.deserialize(vector[len(_MAGIC) :])
    except (ValueError, OverflowError, MemoryError):
        raise said.broken(name, "the bits of deleted rows") from None
    if len(bits) != one.file.rows:  # how many that may be was looked at before
        raise said.broken(name, "the bits of deleted rows")
    return np.fromiter(bits, dtype=np.int64, count=len(bits))


def _unlike(frame: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """The rows with none of these values; nulls are equal, types are brought to the wider one."""
    if not values.height:
        return frame
    columns = values.columns
    wide = pl.concat([frame.select(columns).clear(), values.clear()], how="vertical_relaxed").schema
    keys = frame.select(pl.col(column).cast(wide[column]) for column in columns)
    keep = keys.with_row_index("row").join(
        values.cast(wide), on=columns, how="anti", nulls_equal=True, maintain_order="left"
    )["row"]
    return frame[keep]
