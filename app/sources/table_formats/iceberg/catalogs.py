"""Where Iceberg's tables are looked up: a REST catalog, or the SQLite file of an SQL catalog.

The SQL catalog is the table of Iceberg's JDBC catalog, which holds the place of each table's newest
metadata: https://github.com/apache/iceberg/blob/main/core/src/main/java/org/apache/iceberg/jdbc.
"""

import gzip
import io
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson

from app.errors import SourceError
from app.sources.databases.segment_databases import (
    Rights,
    parse_address,
    writable,
)
from app.sources.table_formats.iceberg import errors as said
from app.sources.table_formats.iceberg import rest_catalog
from app.sources.table_formats.iceberg.files import TableFiles

_MAX_METADATA_BYTES: Final = 32 << 20
_MAX_VALUES: Final = 2_000_000
_MOST: Final = f"{_MAX_METADATA_BYTES >> 20} MiB"


def is_rest(address: str) -> bool:
    """Whether it names a server, and no file."""
    return not address.lower().startswith("iceberg+sqlite:")


def metadata_of(
    name: str, database: str, address: str, path: Sequence[str], files: TableFiles
) -> Any:
    """The JSON of a table's newest metadata, parsed.

    Raises as `rest_catalog.load_table` does; for files also as reading files.
    """
    if is_rest(address):
        return rest_catalog.load_table(name, database, address, path, files.access.patience)
    location = _location(name, database, address, path)
    data = files.read(location, _MAX_METADATA_BYTES, "a metadata file")
    if location.endswith((".gz.metadata.json", ".metadata.json.gz")):
        try:
            data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(_MAX_METADATA_BYTES + 1)
        except (OSError, EOFError):
            raise said.broken(name, "its metadata") from None
        if len(data) > _MAX_METADATA_BYTES:
            raise said.too_large(name, "a metadata file", _MOST)
    # a comma of three bytes may stand for an object of a hundred
    if data.count(b",") > _MAX_VALUES:
        raise said.too_large(name, "a metadata file", f"{_MAX_VALUES:,} values")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        raise said.broken(name, "its metadata") from None


def probe_iceberg(name: str, address: str, seconds: float) -> Rights:
    """See `app.sources.databases.segment_databases.Probe`."""
    if is_rest(address):
        return rest_catalog.probe(name, address, seconds)
    with closing(_connected(name, address)) as connection:
        rows = _asked(name, connection, "SELECT 1 FROM iceberg_tables LIMIT 1")
        try:
            connection.execute("CREATE TABLE audience_export_tries_to_write (a int)")
        except sqlite3.OperationalError:
            return Rights(may_read=bool(rows), may_write=False)
    raise writable(name)


def _location(name: str, database: str, address: str, path: Sequence[str]) -> str:
    catalog = parse_address(database, address).options.get("catalog")
    query = (
        "SELECT catalog_name, metadata_location FROM iceberg_tables"
        " WHERE table_namespace = ? AND table_name = ?"
    )
    given = [".".join(path[:-1]), path[-1]]
    if catalog is not None:
        query, given = query + " AND catalog_name = ?", [*given, catalog]
    with closing(_connected(database, address)) as connection:
        rows = _asked(database, connection, query, given)
    if not rows:
        raise said.table_missing(name)
    if len(rows) > 1:
        raise said.catalog(
            database,
            "address-invalid",
            "the file holds several catalogs with this table, and ?catalog=… does not say which is meant",
        )
    location = rows[0][1]
    if not isinstance(location, str):
        raise said.broken(name, "the place of its metadata")
    return location


def _connected(database: str, address: str) -> sqlite3.Connection:
    """The file, opened so that nothing can be written."""
    path = Path("/" + parse_address(database, address).database.lstrip("/"))
    if not os.path.isfile(path):  # noqa: PTH113 - says no where a name is too long
        raise said.catalog(
            database, "database-not-found", "there is no file of a catalog at this place"
        )
    try:
        return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=2)
    except sqlite3.Error:
        raise said.unreachable(database) from None


def _asked(
    database: str, connection: sqlite3.Connection, query: str, given: Sequence[str] = ()
) -> list[tuple[Any, ...]]:
    try:
        return connection.execute(query, given).fetchmany(2)
    except sqlite3.Error as error:
        raise _fault(database, error) from None
    except UnicodeError:  # SQLite keeps whatever it is given as a text
        raise _no_catalog(database) from None


def _fault(database: str, error: sqlite3.Error) -> SourceError:
    ours = any(words in str(error) for words in ("no such table", "decode to UTF-8"))
    if isinstance(error, sqlite3.OperationalError) and not ours:
        return said.unreachable(database)
    return _no_catalog(database)


def _no_catalog(database: str) -> SourceError:
    return said.catalog(
        database, "database-not-found", "the file at this place holds no catalog of Iceberg"
    )
