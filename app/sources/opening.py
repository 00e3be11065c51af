"""The one place that knows which kinds of source there are."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.sources import faults, local, remote
from app.sources.access import SourceAccess
from app.sources.clickhouse import open_clickhouse
from app.sources.delta import open_delta
from app.sources.files import StoredFile
from app.sources.filesource import FileSource
from app.sources.formats import format_of
from app.sources.iceberg import open_iceberg
from app.sources.mysql import open_mysql
from app.sources.port import MemberSource
from app.sources.postgres import open_postgres
from app.sources.pushed import open_pushed

_FILE_FIELDS = {"kind", "url", "format", "delimiter", "quote", "encoding", "detected", "hashed"}


def open_source(source: Mapping[str, Any], access: SourceAccess) -> MemberSource:
    """Open the source a segment names: find and pin its files, read nothing yet.

    Raises `app.errors.SourceError`: `source-invalid`, `source-not-allowed`, `source-not-found`, …
    """
    kind = source.get("kind")
    if kind == "file":
        return _open_files(source, access)
    if kind == "postgres":
        return open_postgres(source, access)
    if kind == "mysql":
        return open_mysql(source, access)
    if kind == "iceberg":
        return open_iceberg(source, access)
    if kind == "clickhouse":
        return open_clickhouse(source, access)
    if kind == "delta":
        return open_delta(source, access)
    if kind == "upload":
        return open_pushed(source, access)
    raise faults.invalid(
        '"kind" must be one of file, delta, postgres, mysql, clickhouse, iceberg, upload.'
    )


def check_source(source: Mapping[str, Any], access: SourceAccess) -> None:
    """Raise `SourceError` unless it is allowed, there, readable, and its columns can be told."""
    open_source(source, access).attributes()


def _open_files(source: Mapping[str, Any], access: SourceAccess) -> FileSource:
    if surplus := sorted(set(source) - _FILE_FIELDS):
        raise faults.invalid(f'A source of kind file has no field "{surplus[0]}".')
    url = source.get("url")
    if not isinstance(url, str) or not url:
        raise faults.invalid('"url" must be the path of a file, a folder or a pattern.')
    files: Sequence[StoredFile]
    if remote.is_remote(url):
        files = remote.find_files(url, access.root_urls)
    else:
        files = local.find_files(url, access.roots)
    return FileSource(files, format_of(source, files, access.unpacking), access.tolerance)
