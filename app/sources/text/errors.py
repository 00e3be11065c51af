"""What every text format refuses, and how it says so: file, line, reason, remedy, no value."""

from dataclasses import dataclass

import polars as pl

from app.errors import SourceError
from app.sources import errors

_FAULTS = {
    "bad-line": (
        "the line is not one JSON object",
        "Write every member as one object on one line.",
    ),
    "header-missing": (
        "the first line is not a header (it is blank, or holds values)",
        "Put the names of the columns into the first line.",
    ),
    "line-ends": (
        "lines end with a carriage return only",
        "Save the file with line feeds (Unix) or both (Windows).",
    ),
    "line-too-long": (
        "the line is longer than 4 MiB",
        "Check that the file has line ends and is the file you mean.",
    ),
    "malformed": (
        "the text from here on cannot be told apart into rows and fields",
        'Check "delimiter" and "quote", and that the file is CSV (RFC 4180).',
    ),
    "nul-byte": (
        "there is a NUL byte",
        'Save the file as UTF-8 text, or set "encoding" to what it is written in.',
    ),
    "open-quote": (
        "a quote opened in this row is not closed",
        "Close it, and double quotes that belong to the value.",
    ),
    "quoted-cells": (
        'a value stands in double quotes, but "quote" is set to something else',
        'Leave "quote" out: the quotes are no part of the values.',
    ),
    "ragged-rows": (
        "the row has more values than the header has names",
        "Put quotes around values that hold the delimiter, or correct the row.",
    ),
    "report-lines": (
        "a line of a report stands below the table",
        "Delete what is below the members.",
    ),
    "stray-quote": (
        "a quote stands where it neither opens nor closes a value",
        "Put quotes around the whole field and double the inner ones.",
    ),
    "too-many-columns": (
        "the header has more columns than can be read",
        "Deliver the columns that exports send.",
    ),
    "wrong-encoding": (
        "the text is not UTF-8, or not in the encoding that was named",
        'Save the file as UTF-8, or set "encoding" to what it is in, such as "windows-1252".',
    ),
}


@dataclass(frozen=True, slots=True)
class TextFile:
    """Which file it is; `kind` is `csv` or `ndjson` and starts the codes of its errors."""

    name: str
    kind: str

    def fault(
        self, code: str, line: int | None, why: str | None = None, remedy: str | None = None
    ) -> SourceError:
        """Something is wrong at that line (counted from 1, the header included)."""
        known = _FAULTS.get(code, ("", ""))
        return errors.broken(
            f"{self.kind}-{code}", self.name, line, why or known[0], remedy or known[1]
        )


def is_clean(data: bytes) -> bool:
    """Whether the text is UTF-8 without NUL."""
    if b"\0" in data:
        return False
    if data.isascii():
        return True
    try:
        pl.Series([data]).cast(pl.String)  # five times as fast as bytes.decode, GIL released
    except pl.exceptions.PolarsError:
        return False
    return True


def uncleanness(record: bytes) -> str | None:
    """The code of what is wrong with the bytes of one record, if anything is."""
    if b"\0" in record:
        return "nul-byte"
    try:
        record.decode()
    except UnicodeDecodeError:
        return "wrong-encoding"
    return None
