"""Parquet in slices: bounded memory even for a file that is one single row group.

polars decodes only the pages a slice needs, so slices stay small where its streaming engine would
hold a whole row group (10 million rows in one group, one column: 216 MB against 561 MB), and for
files with ordinary row groups they cost the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self, TypeVar

import polars as pl

from app.sources import errors
from app.sources.limits.parquet_footer import (
    Group,
    UnpackLimits,
    read_groups,
    too_large,
    unpacked_sizes,
)
from app.sources.limits.parquet_footer import broken as _broken
from app.sources.malformed_rows import Losses
from app.sources.member_source import Attribute
from app.sources.storage.file import OpenedFile

_CELLS_PER_SLICE = 500_000
_REMOTE_CELLS_PER_SLICE = 4_000_000  # a row group cut by a slice is fetched once for each part
_ROWS_PER_SLICE = 1_000_000

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ParquetFormat:
    """Columns with types of their own; see `app.sources.file_formats.by_extension.Format`."""

    limits: UnpackLimits = field(default_factory=UnpackLimits)
    fixed_columns: ClassVar[bool] = True

    def shape(self, file: OpenedFile, name: str) -> None:
        """It is no text."""

    def like(self, shape: object) -> Self:  # noqa: ARG002 - there is nothing to guess
        """The same."""
        return self

    def attributes(self, file: OpenedFile, name: str) -> list[Attribute]:
        """The columns of the schema."""
        read_groups(file, name, self.limits)
        return self._attributes(file, name)

    def _attributes(self, file: OpenedFile, name: str) -> list[Attribute]:
        schema = _guarded(name, "its footer", lambda: _scan(file).collect_schema())
        return [Attribute(column, _data_type(dtype)) for column, dtype in schema.items()]

    def count(self, file: OpenedFile, name: str, losses: Losses) -> int:  # noqa: ARG002
        """Rows by the footer."""
        return sum(group.rows for group in read_groups(file, name, self.limits))

    def chunks(
        self, file: OpenedFile, name: str, columns: Sequence[str], rows: int, losses: Losses
    ) -> Iterator[pl.DataFrame]:
        """Frames with the file's own types, of few enough rows to take little memory.

        Raises `attribute-missing`, `parquet-broken`, `parquet-too-large-unpacked`, `cell-too-large`.
        """
        groups = read_groups(file, name, self.limits)
        present = {attribute.name for attribute in self._attributes(file, name)}
        if missing := [column for column in columns if column not in present]:
            raise errors.attribute_missing(name, missing)
        query, given = _scan(file).select(columns), 0
        for start, step in self._slices(file, name, columns, rows, groups):
            where = f"rows {start + 1:,} to {start + step:,}"
            frame = _guarded(name, where, query.slice(start, step).collect)
            if frame.height != step:
                raise _broken(name, where)
            losses.note(frame.height, 0, None)
            for part, size in self._portions(frame, name, rows):
                given += size + part.height
                if not self.limits.allows(given, file.size):
                    raise too_large(name, "it", "the same values again and again")
                yield part

    def _slices(
        self,
        file: OpenedFile,
        name: str,
        columns: Sequence[str],
        rows: int,
        groups: Sequence[Group],
    ) -> Iterator[tuple[int, int]]:
        """Where slices start and how many rows they have: they may span groups that are small.

        The pages' heads of a group are looked at before a slice comes near it.
        """
        remote = isinstance(file.scannable(), str)
        cells = _REMOTE_CELLS_PER_SLICE if remote else _CELLS_PER_SLICE
        most = max(min(cells // len(columns), _ROWS_PER_SLICE) // rows, 1) * rows
        start = waiting = held = 0
        for group in groups:
            size = unpacked_sizes(file, name, group, columns, self.limits)
            if waiting and (waiting + group.rows > most or held + size > self.limits.page):
                yield start, waiting
                start, waiting, held = start + waiting, 0, 0
            waiting, held = waiting + group.rows, held + size
            step = most
            if held > self.limits.page and waiting:
                step = max(min(most, waiting * self.limits.page // held), 1)
            while waiting >= step:
                yield start, step
                held -= held * step // waiting
                start, waiting = start + step, waiting - step
        if waiting:
            yield start, waiting

    def _portions(
        self, frame: pl.DataFrame, name: str, rows: int
    ) -> Iterator[tuple[pl.DataFrame, int]]:
        """The frame in parts whose values take little memory once each has its own, and their bytes."""
        sizes = [
            _length(column.name, column.dtype)
            for column in frame.get_columns()
            if isinstance(column.dtype, (pl.String, pl.Binary, pl.Categorical, pl.Enum))
        ]
        # their sum is more than 32 bits
        sums = [size.cast(pl.UInt64).sum() for size in sizes]
        longest, total = (
            frame.select(
                pl.max_horizontal(0, *(size.max() for size in sizes)).alias("longest"),
                pl.sum_horizontal(0, *sums).alias("total"),
            ).row(0)
            if sizes
            else (0, 0)
        )
        if longest > self.limits.cell:
            raise errors.cell_too_large(name, self.limits.cell)
        share = rows
        if total > self.limits.page:
            share = max(min(rows, frame.height * self.limits.page // total), 1)
        if frame.height <= share:
            yield frame, total
            return
        for part in frame.iter_slices(share):
            yield part, sum(part.select(sums).row(0)) if sums else 0


def _length(name: str, dtype: pl.DataType) -> pl.Expr:
    """How many bytes each value has; without giving each category's text to every row of it."""
    if dtype == pl.Binary:
        return pl.col(name).bin.size()
    if dtype == pl.String:
        return pl.col(name).str.len_bytes()
    return pl.col(name).cat.len_bytes()


def _scan(file: OpenedFile) -> pl.LazyFrame:
    return pl.scan_parquet(
        file.scannable(), glob=False, hive_partitioning=False, credential_provider=None
    )


def _guarded(name: str, where: str, read: Callable[[], Result]) -> Result:
    try:
        return read()
    except (pl.exceptions.PolarsError, OSError, ValueError):
        raise _broken(name, where) from None  # its message may quote what it stumbled over
    except pl.exceptions.PanicException:  # no Exception: polars met what it never expected
        raise _broken(name, where) from None


def _data_type(dtype: pl.DataType) -> str:
    if dtype.is_integer():
        return "integer"
    if dtype.is_numeric():  # floats and decimals
        return "number"
    if isinstance(dtype, pl.Datetime):
        return "datetime"
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, (pl.String, pl.Categorical, pl.Enum)):
        return "list"
    names: list[tuple[tuple[type[pl.DataType], ...], str]] = [
        ((pl.String, pl.Categorical, pl.Enum, pl.Null), "string"),
        ((pl.Date,), "date"),
        ((pl.Boolean,), "boolean"),
        ((pl.Binary,), "binary"),
    ]
    return next((name for types, name in names if isinstance(dtype, types)), "other")
