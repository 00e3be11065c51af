"""The one place that knows which kinds of source there are."""

import contextlib
import hashlib
import importlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import orjson

from app.sources import errors
from app.sources.access import SourceAccess
from app.sources.databases.mysql.source import open_mysql
from app.sources.databases.postgres.source import open_postgres
from app.sources.databases.segment_databases import kind_of
from app.sources.file_formats.by_extension import format_of
from app.sources.file_formats.file_source import FileSource
from app.sources.hash_tally import tally_beside
from app.sources.member_source import Cost, MemberSource, Priced
from app.sources.pushed_members import open_pushed
from app.sources.storage import local, object_storage
from app.sources.storage.file import StoredFile
from app.sources.table_formats.delta.source import open_delta
from app.sources.table_formats.iceberg.source import open_iceberg
from app.sources.warehouses.bigquery.source import open_bigquery
from app.sources.warehouses.clickhouse.source import open_clickhouse
from app.sources.warehouses.snowflake.source import open_snowflake

_LOADED: Final = {
    "iceberg": "app.sources.table_formats.iceberg.metadata",
    "mysql": "asyncmy.cursors",
}
_PRICED: Final = frozenset({"bigquery"})
_FILE_FIELDS = {"kind", "url", "format", "delimiter", "quote", "encoding", "detected", "hashed"}


def open_source(source: Mapping[str, Any], access: SourceAccess) -> MemberSource:
    """Open the source a segment names: find and pin its files, read nothing yet.

    Raises `app.errors.SourceError`: `source-invalid`, `source-not-allowed`, `source-not-found`, …
    """
    kind = source.get("kind")
    opened = _KINDS.get(kind) if isinstance(kind, str) else None
    if opened is None:
        raise errors.invalid(f'"kind" must be one of {", ".join(_KINDS)}.')
    return opened(source, access)


def load_readers(access: SourceAccess) -> None:
    """Load what the databases of this deployment are read with, so that no run waits for it.

    Blocking, a third of a second for Iceberg; what is not installed says so where a segment asks for it.
    """
    kinds = {kind_of(address) for address in access.databases.values()}
    for kind, module in _LOADED.items():
        if kind in kinds:
            with contextlib.suppress(ImportError):
                importlib.import_module(module)


def fingerprint_of(
    opened: MemberSource, source: Mapping[str, Any], access: SourceAccess
) -> str | None:
    """What the source says it is, with what a job left beside its rows; None where it cannot tell.

    Raises `SourceError`.
    """
    found, tally = opened.fingerprint(), tally_beside(source, access)
    if found is None or tally is None:
        return found
    text = found.encode() + orjson.dumps(tally, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()


def cost_of(sources: Sequence[Mapping[str, Any]], access: SourceAccess) -> Cost | None:
    """What reading all columns of these would be billed for, and what one query may be; None where none is.

    Blocking; costs nothing itself. Raises `SourceError`.
    """
    priced = [open_source(one, access) for one in sources if one["kind"] in _PRICED]
    costs = [one.cost() for one in priced if isinstance(one, Priced)]
    if not costs:
        return None
    return Cost(sum(one.bytes for one in costs), min(one.maximum for one in costs))


def check_source(source: Mapping[str, Any], access: SourceAccess) -> None:
    """Raise `SourceError` unless it is allowed, there, readable, and its columns can be told."""
    open_source(source, access).attributes()


def _open_files(source: Mapping[str, Any], access: SourceAccess) -> FileSource:
    if surplus := sorted(set(source) - _FILE_FIELDS):
        raise errors.invalid(f'A source of kind file has no field "{surplus[0]}".')
    url = source.get("url")
    if not isinstance(url, str) or not url:
        raise errors.invalid('"url" must be the path of a file, a folder or a pattern.')
    files: Sequence[StoredFile]
    if object_storage.is_remote(url):
        files = object_storage.find_files(url, access.root_urls)
    else:
        files = local.find_files(url, access.roots)
    return FileSource(files, format_of(source, files, access.unpacking), access.tolerance)


_KINDS: Final[Mapping[str, Callable[[Mapping[str, Any], SourceAccess], MemberSource]]] = (
    MappingProxyType(
        {
            "file": _open_files,
            "delta": open_delta,
            "postgres": open_postgres,
            "mysql": open_mysql,
            "clickhouse": open_clickhouse,
            "bigquery": open_bigquery,
            "snowflake": open_snowflake,
            "iceberg": open_iceberg,
            "upload": open_pushed,
        }
    )
)
