"""Which reader reads which file: by the format that was named, or by the file's extension."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self

import polars as pl

from app.sources import errors
from app.sources.file_formats.csv import DelimitedFormat
from app.sources.file_formats.ndjson import NdjsonFormat
from app.sources.file_formats.parquet import ParquetFormat
from app.sources.limits.parquet_footer import UnpackLimits
from app.sources.malformed_rows import Losses
from app.sources.member_source import Attribute
from app.sources.storage.file import OpenedFile, StoredFile
from app.sources.text.csv_dialect import Shape
from app.sources.text.decoding import ENCODINGS, UTF8

FORMATS = ("parquet", "csv", "tsv", "ndjson")
_EXTENSIONS = {
    "parquet": "parquet",
    "pq": "parquet",
    "csv": "csv",
    "tsv": "tsv",
    "tab": "tsv",
    "txt": "txt",  # beside other files it may be words
    "ndjson": "ndjson",
    "jsonl": "ndjson",
}
_PACKED = (".gz", ".zst", ".zstd")
_TEXT_OPTIONS = ("delimiter", "quote", "encoding")


class Format(Protocol):
    """Reads one opened file. `name` is what its errors call the file."""

    fixed_columns: ClassVar[bool]  # whether a file says up front which columns all rows have

    def shape(self, file: OpenedFile, name: str) -> Shape | None:
        """How its text is written; None if it is no text."""
        ...

    def like(self, shape: Shape | None) -> Self:
        """For files that must be written as one that was seen."""
        ...

    def attributes(self, file: OpenedFile, name: str) -> list[Attribute]:
        """Its columns."""
        ...

    def count(self, file: OpenedFile, name: str, losses: Losses) -> int:
        """Its rows that can be read."""
        ...

    def chunks(
        self, file: OpenedFile, name: str, columns: Sequence[str], rows: int, losses: Losses
    ) -> Iterator[pl.DataFrame]:
        """Frames of at most `rows` rows with these columns, in this order."""
        ...


def format_of(
    source: Mapping[str, Any], files: Sequence[StoredFile], limits: UnpackLimits
) -> Format:
    """The reader for all of these files, with the options the source gives.

    Raises `source-format-unknown` if the extension says nothing or the files differ, and
    `source-invalid` for an option that makes no sense.
    """
    name = source.get("format") or _common_format(files)
    name = {"jsonl": "ndjson", "txt": "csv"}.get(str(name), name)
    if name not in FORMATS:
        raise errors.invalid(f'"format" must be one of {", ".join(FORMATS)}.')
    given = [option for option in _TEXT_OPTIONS if option in source]
    usable = {"parquet": (), "ndjson": ("encoding",)}.get(name, _TEXT_OPTIONS)
    if surplus := [option for option in given if option not in usable]:
        raise errors.invalid(f'"{surplus[0]}" has no meaning for a file of format {name}.')
    encoding = _encoding(source["encoding"]) if "encoding" in source else None
    known = Shape.from_json(source["detected"]) if source.get("detected") else None
    if name == "parquet":
        return ParquetFormat(limits)
    if name == "ndjson":
        return NdjsonFormat(encoding, known, limits)
    delimiter = _delimiter(source["delimiter"]) if "delimiter" in source else None
    quote = _quote(source.get("quote", '"'))
    if delimiter is not None and delimiter == quote:
        raise errors.invalid('"delimiter" and "quote" must be different characters.')
    return DelimitedFormat(
        delimiter, quote, encoding, "\t" if name == "tsv" else ",", known, limits
    )


def _common_format(files: Sequence[StoredFile]) -> str:
    first = _by_extension(files[0].name)
    for file in files:
        if (known := _by_extension(file.name)) is None or known != first:
            raise errors.format_unknown(file.name, ", ".join(FORMATS))
    return first or ""


def _by_extension(name: str) -> str | None:
    name = name.lower()
    for ending in _PACKED:
        name = name.removesuffix(ending)
    return _EXTENSIONS.get(name.rpartition(".")[2])


def _encoding(value: object) -> str:
    name = str(value).lower().replace("_", "-")
    name = {"utf8": UTF8, "utf-8-sig": UTF8, "shift-jis": "shift_jis"}.get(name, name)
    if name not in ENCODINGS:
        raise errors.invalid(f'"encoding" must be one of {", ".join(sorted(ENCODINGS))}.')
    return name


def _delimiter(value: object) -> str:
    if isinstance(value, str) and len(value) == 1 and value.isascii() and value not in "\n\r\0":
        return value
    raise errors.invalid('"delimiter" must be a single ASCII character, such as ";" or a tab.')


def _quote(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and len(value) == 1 and value.isascii() and value not in "\n\r\0":
        return value
    raise errors.invalid('"quote" must be a single ASCII character, or null for no quoting.')
