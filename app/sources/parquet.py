"""Parquet in slices: bounded memory even for a file that is one single row group.

polars decodes only the pages a slice needs, so slices stay small where its streaming engine would
hold a whole row group (10 million rows in one group, one column: 216 MB against 561 MB), and for
files with ordinary row groups they cost the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, TypeVar

import polars as pl

from app.errors import SourceError
from app.sources import faults
from app.sources.files import OpenedFile
from app.sources.losses import Losses
from app.sources.port import Attribute

_CELLS_PER_SLICE = 500_000
_REMOTE_CELLS_PER_SLICE = 4_000_000  # a row group cut by a slice is fetched once for each part
_ROWS_PER_SLICE = 1_000_000

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ParquetFormat:
    """Columns with types of their own; see `app.sources.formats.Format`."""

    fixed_columns: ClassVar[bool] = True

    def shape(self, file: OpenedFile, name: str) -> None:
        """It is no text."""

    def like(self, shape: object) -> Self:  # noqa: ARG002 - there is nothing to guess
        """The same."""
        return self

    def attributes(self, file: OpenedFile, name: str) -> list[Attribute]:
        """The columns of the schema; nested ones are `other`."""
        schema = _guarded(name, "its footer", lambda: _scan(file).collect_schema())
        return [Attribute(column, _data_type(dtype)) for column, dtype in schema.items()]

    def count(self, file: OpenedFile, name: str, losses: Losses) -> int:  # noqa: ARG002
        """Rows by the footer."""
        return self._count(file, name)

    def _count(self, file: OpenedFile, name: str) -> int:
        query = _scan(file).select(pl.len())
        return int(_guarded(name, "its footer", query.collect).item())

    def chunks(
        self, file: OpenedFile, name: str, columns: Sequence[str], rows: int, losses: Losses
    ) -> Iterator[pl.DataFrame]:
        """Frames with the file's own types."""
        present = {attribute.name for attribute in self.attributes(file, name)}
        if missing := [column for column in columns if column not in present]:
            raise faults.attribute_missing(name, missing)
        total = self._count(file, name)
        remote = isinstance(file.scannable(), str)
        cells = _REMOTE_CELLS_PER_SLICE if remote else _CELLS_PER_SLICE
        step = max(min(cells // len(columns), _ROWS_PER_SLICE) // rows, 1) * rows
        query = _scan(file).select(columns)
        for start in range(0, total, step):
            part = query.slice(start, step)
            where = f"rows {start + 1:,} to {min(start + step, total):,}"
            frame = _guarded(name, where, part.collect)
            if frame.height != min(step, total - start):
                raise _broken(name, where)
            losses.note(frame.height, 0, None)
            yield from frame.iter_slices(rows)


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


def _broken(name: str, where: str) -> SourceError:
    return faults.broken(
        "parquet-broken",
        name,
        None,
        f"{where} cannot be decoded: the file is damaged, cut short or no Parquet file",
        "Check that the delivery is complete and deliver the file again.",
    )


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
