"""What the log of a Delta table says about one version: its files, their partitions, what is deleted.

The log is read by the package `deltalake`, the files by our own Parquet reader; so whatever asks of
a reader more than that is refused, by the features of
https://github.com/delta-io/delta/blob/master/PROTOCOL.md#table-features.
"""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

import polars as pl

from app.errors import SourceError
from app.sources import errors
from app.sources.member_source import Attribute

# features that change nothing for a reader of whole files, or that are honoured here
_HONOURED = frozenset(
    {"deletionVectors", "timestampNtz", "typeWidening", "v2Checkpoint", "vacuumProtocolCheck"}
)
_TYPES = {
    **dict.fromkeys(("byte", "short", "integer", "long"), "integer"),
    **dict.fromkeys(("float", "double"), "number"),
    **dict.fromkeys(("timestamp", "timestamp_ntz"), "datetime"),
    "string": "string",
    "date": "date",
    "boolean": "boolean",
    "binary": "binary",
}


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file of the version; `path` is relative to the table's folder.

    `partition` holds the values its rows have in the partition columns, as text. `keep` says which
    rows are there still, None if all are.
    """

    path: str
    size: int
    partition: Mapping[str, str | None]
    keep: pl.Series | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TableVersion:
    """A version of the table, fixed when it was opened."""

    table_id: str
    version: int
    attributes: tuple[Attribute, ...]
    files: tuple[DataFile, ...]
    partition_columns: frozenset[str]


def read_log(address: str, name: str, version: int | None) -> TableVersion:
    """The newest version of the table at this path or address, or the one that is named.

    Raises `delta-not-installed`, `source-not-found`, `delta-version-missing`, `delta-unsupported`,
    `delta-broken`; the package's own words are left out, they may quote what it stumbled over.
    """
    try:
        delta: Any = importlib.import_module("deltalake")
    except ImportError:
        raise SourceError(
            'This installation cannot read Delta tables; have the operator add the extra "delta".',
            code="delta-not-installed",
        ) from None
    try:
        table = delta.DeltaTable(address)
        newest = table.version()
        if version is not None and version != newest:
            if version > newest:
                raise _version_missing(name, version, newest)
            table.load_as_version(version)
        _refuse_unsupported(table, name)
        return _described(table, name)
    except delta.exceptions.TableNotFoundError:
        raise SourceError(
            f"{name} is no Delta table: it has no _delta_log. Check the path's spelling.",
            code="source-not-found",
            source=name,
        ) from None
    except (delta.exceptions.DeltaError, OSError, ValueError, pl.exceptions.PolarsError):
        raise errors.broken(
            "delta-broken",
            name,
            None,
            "the table's log cannot be read, or asks for more than this reader can do",
            "Check that the log is complete; a version that was cleaned up cannot be read either.",
        ) from None


def _refuse_unsupported(table: Any, name: str) -> None:
    features = set(table.protocol().reader_features or ()) - _HONOURED
    mapping = table.metadata().configuration.get("delta.columnMapping.mode", "none")
    if mapping != "none":
        features.add("columnMapping")
    else:
        features.discard("columnMapping")
    if features:
        raise SourceError(
            f"{name} needs a reader of the Delta features {', '.join(sorted(features))}. Write the "
            "members to a table without them, or to Parquet files.",
            code="delta-unsupported",
            source=name,
        )


def _version_missing(name: str, version: int, newest: int) -> SourceError:
    return SourceError(
        f"{name} has no version {version}; its newest is {newest}. Leave version out to read that.",
        code="delta-version-missing",
        source=name,
    )


def _described(table: Any, name: str) -> TableVersion:
    metadata = table.metadata()
    partition_columns = frozenset(metadata.partition_columns)
    attributes = tuple(
        Attribute(item.name, _TYPES.get(str(getattr(item.type, "type", "")), _other(item.type)))
        for item in table.schema().fields
    )
    actions = pl.DataFrame(table.get_add_actions())
    partitions: Sequence[Mapping[str, Any]] = [{}] * actions.height
    if partition_columns and "partition" in actions.columns:
        partitions = actions["partition"].struct.unnest().cast(pl.String).to_dicts()
    kept = _kept_rows(table)
    files = []
    for path, size, partition in zip(
        actions["path"].to_list(), actions["size_bytes"].to_list(), partitions, strict=True
    ):
        if path.startswith("/") or "://" in path:
            raise SourceError(
                f"{name} names files outside of its own folder, as a shallow clone does. Copy the "
                "table whole.",
                code="delta-unsupported",
                source=name,
            )
        relative = unquote(path)
        files.append(
            DataFile(relative, size, MappingProxyType(dict(partition)), kept.pop(relative, None))
        )
    if kept:
        raise errors.broken(
            "delta-broken",
            name,
            None,
            "rows are marked as deleted in a file that is not there",
            "Have the table checked by whoever writes it.",
        )
    files.sort(key=lambda file: file.path)
    return TableVersion(
        str(metadata.id), int(table.version()), attributes, tuple(files), partition_columns
    )


def _kept_rows(table: Any) -> dict[str, pl.Series]:
    """Which rows of which file are still there, by relative path; files without deletions lack."""
    if "deletionVectors" not in (table.protocol().reader_features or ()):
        return {}
    vectors = pl.DataFrame(table.deletion_vectors().read_all())
    root = unquote(table.table_uri.rstrip("/")) + "/"
    return {
        unquote(path).removeprefix("file://").removeprefix(root.removeprefix("file://")): keep
        for path, keep in zip(
            vectors["filepath"].to_list(), vectors["selection_vector"], strict=True
        )
    }


def _other(kind: Any) -> str:
    name = str(getattr(kind, "type", ""))
    if name == "array" and str(getattr(kind.element_type, "type", "")) == "string":
        return "list"
    return "number" if name.startswith("decimal") else "other"
