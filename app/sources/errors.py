"""The sentences sources fail with, in one place, so that none of them ever holds a value.

Column names that come from a file are not repeated either: a file without a header line has a
member there. Columns the caller asked for are named, columns of the file are numbered.
"""

from app.errors import Culprit, SourceError


def invalid(detail: str) -> SourceError:
    """The description of the source itself makes no sense."""
    return SourceError(detail, code="source-invalid")


def not_allowed() -> SourceError:
    """Outside of what SEGMENT_ROOTS allows; says the same whether or not anything is there."""
    return SourceError(
        "This path is not inside a folder or address that SEGMENT_ROOTS allows. "
        "Put the file below one of them, or have the operator add its folder.",
        code="source-not-allowed",
    )


def not_found(name: str) -> SourceError:
    return SourceError(
        f"There is no file or folder {name} below SEGMENT_ROOTS. Check the path's spelling, "
        "and that the file was delivered.",
        code="source-not-found",
        source=name,
    )


def empty(name: str, what: str) -> SourceError:
    return SourceError(
        f"{name}: {what}. Check that the delivery of the file is complete.",
        code="source-empty",
        source=name,
    )


def unreadable(name: str, why: str) -> SourceError:
    return SourceError(f"{name} cannot be read: {why}.", code="source-unreadable", source=name)


def other_kind(name: str, kind: str) -> SourceError:
    """It begins as no text of members does."""
    return SourceError(
        f"{name} is {kind}, and no text: save it as CSV (UTF-8) or NDJSON, plain or packed by gzip or "
        "Zstandard; or as Parquet, and say so in its format.",
        code="source-unreadable",
        source=name,
    )


def changed(name: str) -> SourceError:
    """The file is not the one that was there when the source was opened."""
    return SourceError(
        f"{name} was changed or removed while it was being read. Deliver files under a new name, "
        "or write them elsewhere and rename them into place; then run again.",
        code="source-changed",
        source=name,
    )


def attribute_missing(name: str, columns: list[str], hint: str = "") -> SourceError:
    """Columns that were asked for and are not there."""
    listed = ", ".join(columns)
    return SourceError(
        f"{name} has no column {listed}. Map an attribute that is there, "
        f"or deliver the file with this column.{hint}",
        code="attribute-missing",
        source=name,
        attributes=columns,
    )


def broken(code: str, name: str, line: int | None, why: str, remedy: str) -> SourceError:
    """Something is wrong with the content, at that line (counted from 1, the header included)."""
    where = name if line is None else f"{name}, line {line}"
    return SourceError(f"{where}: {why}. {remedy}", code=code, source=name, line=line)


def cell_too_large(name: str, most: int) -> SourceError:
    """One value is no identifier of anybody."""
    return SourceError(
        f"{name}: a value is longer than {most:,} bytes. Map the column that holds the identifiers, or have "
        "the operator raise SOURCE_MAX_CELL_BYTES.",
        code="cell-too-large",
        source=name,
    )


def storage(name: str, code: str, why: str) -> SourceError:
    """The object storage said no, or nothing."""
    return SourceError(f"{name}: {why}.", code=code, culprit=Culprit.EXTERNAL, source=name)


def format_unknown(name: str, formats: str) -> SourceError:
    """The extension says nothing, or says something else than that of the first file."""
    return SourceError(
        f"{name}: the format cannot be told from the file's name, or is not that of the other "
        f'files. Set "format" to one of {formats}, or name only the data files with a pattern.',
        code="source-format-unknown",
        source=name,
    )


def columns_differ(name: str, first: str, lacking: list[int], surplus: list[int]) -> SourceError:
    """Two files of one source with different columns; `lacking` counts the first file's columns."""
    said = []
    if lacking:
        said.append(f"lacks column {', '.join(map(str, lacking))} of {first}")
    if surplus:
        said.append(f"has in column {', '.join(map(str, surplus))} what {first} has not")
    return SourceError(
        f"{name} {' and '.join(said)}. Deliver files with the same columns, or name those that "
        "belong together with a pattern.",
        code="source-columns-differ",
        source=name,
    )


def database_unknown() -> SourceError:
    """Not one of the names in SEGMENT_DATABASES."""
    return SourceError(
        "There is no database of this name among those SEGMENT_DATABASES allows. Check the "
        'spelling of "database", or have the operator add it.',
        code="database-unknown",
    )
